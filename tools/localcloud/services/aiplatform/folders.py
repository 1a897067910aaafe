"""/gcs/BUCKET inside a job: copies of buckets, made before the job starts and uploaded when it ends.

On Google Cloud, Cloud Storage FUSE mounts every bucket there. Here it is those that a job's arguments, variables or output directory
name, and the project's small buckets that its account may read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from localcloud.engine.cloud import Cloud
from localcloud.engine.interfaces import Buckets
from localcloud.engine.service import Body
from localcloud.services.aiplatform.specs import Pool

_SMALL, _FEW = 256 << 20, 2000
_MOST_BUCKETS = 100
_NEEDED = ("storage.objects.list", "storage.objects.get")
_NAMED = re.compile(r"/gcs/([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])")


def named(spec: Body, pools: Iterable[Pool]) -> list[str]:
    """The buckets that a job's spec names."""
    texts = [spec.get("baseOutputDirectory", {}).get("outputUriPrefix", "").replace("gs://", "/gcs/", 1)]
    for pool in pools:
        texts += [*pool.program.get("command", []), *pool.program.get("args", []), *pool.variables.values()]
    return sorted({bucket for text in texts for bucket in _NAMED.findall(text)})


def small(cloud: Cloud, project: str, account: str) -> list[str]:
    """The project's buckets that are small and that an account may read, since code may use paths that appear in no argument."""
    buckets = []
    storage = cloud.offers.get(Buckets)
    for bucket, count, size in storage.sizes(project, _MOST_BUCKETS) if storage else ():
        resource = f"projects/_/buckets/{bucket}"
        if count <= _FEW and size <= _SMALL:
            allowed = (cloud.iam.allowed(account, one, "storage", resource, project) for one in _NEEDED)
            buckets += [bucket] if all(allowed) else []
    return buckets
