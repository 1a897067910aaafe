"""/gcs/BUCKET inside a job: the buckets that it names, copied in before it starts, and what it has written copied out when it ends.

On Google Cloud Storage FUSE shows every bucket there. Here only those appear whose name a job's arguments, variables or output directory say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from localcloud.engine.service import Body
from localcloud.services.aiplatform.specs import Pool

_NAMED = re.compile(r"/gcs/([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])")


def named(spec: Body, pools: Iterable[Pool]) -> list[str]:
    """The buckets that a job names."""
    texts = [spec.get("baseOutputDirectory", {}).get("outputUriPrefix", "").replace("gs://", "/gcs/", 1)]
    for pool in pools:
        texts += [*pool.program.get("command", []), *pool.program.get("args", []), *pool.variables.values()]
    return sorted({found for text in texts for found in _NAMED.findall(text)})
