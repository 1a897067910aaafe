"""google_secret_manager_secret_version: a secret's value."""

from __future__ import annotations

import base64

from localcloud.provider.values import BYTES, Object
from localcloud.provider.work import Work


def read(work: Work) -> Object:
    """The named version, or the latest, with its value."""
    config = work.config
    project = str(config["project"] or work.settings.project)
    secret = config["secret"] if "/" in config["secret"] else f"projects/{project}/secrets/{config['secret']}"
    version = work.call("get", {"name": f"{secret}/versions/{config['version'] or 'latest'}"})
    data = work.call("access", {"name": version["name"]})["payload"].get("data", "")
    return {
        "project": project,
        "name": version["name"],
        "create_time": version["createTime"],
        "destroy_time": version.get("destroyTime"),
        "enabled": True,
        "secret_data": data if config["is_secret_data_base64"] else base64.b64decode(data).decode(errors=BYTES),
    }
