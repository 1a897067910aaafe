"""The ephemeral resources: their schemas in ephemeral_resources/, their opening here. What they read is stored nowhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from localcloud.discovery import document
from localcloud.provider import schema
from localcloud.provider.schema import Schema
from localcloud.provider.values import BYTES, Object
from localcloud.provider.work import Work

_FOLDER = Path(__file__).parent / "ephemeral_resources"


def names() -> tuple[str, ...]:
    """Every ephemeral resource."""
    return tuple(_OPENERS)


@lru_cache(maxsize=64)
def schema_of(name: str) -> Schema:
    """An ephemeral resource's schema."""
    return schema.parse(json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))["schema"])


def opened(name: str, work: Work) -> Object:
    """The values for the configuration in `work`; raises Problem when there is nothing to read."""
    return schema_of(name).null | work.config | _OPENERS[name](work)


def _secret_version(work: Work) -> Object:
    said = work.config
    project = str(said["project"] or work.settings.project)
    secret = said["secret"] if "/" in said["secret"] else f"projects/{project}/secrets/{said['secret']}"
    methods = document("secretmanager", "v1").methods
    get = methods["secretmanager.projects.secrets.versions.get"]
    found = work.ask(get, {"name": f"{secret}/versions/{said['version'] or 'latest'}"})
    access = methods["secretmanager.projects.secrets.versions.access"]
    data = work.ask(access, {"name": found["name"]})["payload"].get("data", "")
    return {
        "project": project,
        "name": found["name"],
        "create_time": found["createTime"],
        "destroy_time": found.get("destroyTime"),
        "enabled": True,
        "secret_data": data if said["is_secret_data_base64"] else base64.b64decode(data).decode(errors=BYTES),
    }


_OPENERS: Mapping[str, Callable[[Work], Object]] = {
    "google_secret_manager_secret_version": _secret_version,
}
