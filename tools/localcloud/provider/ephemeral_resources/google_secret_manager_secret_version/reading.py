"""google_secret_manager_secret_version: a secret's value."""

from __future__ import annotations

import base64

from localcloud.provider.values import BYTES, Object
from localcloud.provider.work import Work


def read(work: Work) -> Object:
    """The version that is named, or the latest, with its value."""
    said = work.config
    project = str(said["project"] or work.settings.project)
    secret = said["secret"] if "/" in said["secret"] else f"projects/{project}/secrets/{said['secret']}"
    found = work.call("get", {"name": f"{secret}/versions/{said['version'] or 'latest'}"})
    data = work.call("access", {"name": found["name"]})["payload"].get("data", "")
    return {
        "project": project,
        "name": found["name"],
        "create_time": found["createTime"],
        "destroy_time": found.get("destroyTime"),
        "enabled": True,
        "secret_data": data if said["is_secret_data_base64"] else base64.b64decode(data).decode(errors=BYTES),
    }
