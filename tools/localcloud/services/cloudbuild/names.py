"""Names of builds and triggers, which are the same for global and regional paths."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from localcloud.engine import places
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Call

API = "cloudbuild"
GLOBAL = "global"
_NAMING = ("CancelBuildRequest", "RetryBuildRequest")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def place(call: Call) -> str:
    """The project and location of a call on builds or triggers: "projects/p/locations/l"; "-" for all locations.

    The older paths have no location, but `parent` or `name` may; Google's clients send `name` in the body of a cancel.
    """
    words = call.path.split("/")
    if words[2:3] == ["locations"]:
        return _known(call, "/".join(words[:4]))
    name = call.body.get("name") if call.method.request in _NAMING else ""
    parent = str(call.params.get("parent") or call.params.get("name") or name or "").split("/")
    location = parent[3] if parent[2:3] == ["locations"] and len(parent) > 3 else GLOBAL
    return _known(call, f"projects/{words[1]}/locations/{location}")


def build(call: Call) -> str:
    """The full name of a call's build."""
    return f"{place(call)}/builds/{call.id}"


def of_operation(cloud: Cloud, name: str) -> str | None:
    """The full name of an operation's build; None for other operations. The id is the build's, or that in base64."""
    words = name.split("/")
    identity = _decoded(words[-1])
    if words[:2] == ["operations", "build"] and len(words) == 4:
        parent = f"projects/{cloud.projects.id_of(words[2])}/locations/-"
        rows = cloud.store.list(API, parent, "builds")
        return next((name_of_build for name_of_build, _ in rows if name_of_build.endswith(f"/{identity}")), None)
    if words[0] == "projects" and words[2:3] == ["locations"]:
        name_of_build = f"{'/'.join(words[:4])}/builds/{identity}"
        return name_of_build if cloud.store.get(API, name_of_build) is not None else None
    return None


def operation(name: str) -> str:
    """The name of a build's operation."""
    _, project, _, location, _, identity = name.split("/")
    coded = base64.urlsafe_b64encode(identity.encode()).decode()
    if location == GLOBAL:
        return f"operations/build/{project}/{coded}"
    return f"projects/{project}/locations/{location}/operations/{coded}"


def account_name(project: str, email: str) -> str:
    """A service account's full name, as used in builds."""
    return f"projects/{project}/serviceAccounts/{email}"


def account(body: Mapping[str, Any]) -> str:
    """A build's service account, as an IAM member."""
    return f"serviceAccount:{body['serviceAccount'].rpartition('/')[2]}"


def _known(call: Call, name: str) -> str:
    location = name.rpartition("/")[2]
    if location not in (GLOBAL, "-") and location not in places.REGIONS:
        raise places.unknown(call, location)
    return name


def _decoded(text: str) -> str:
    if _UUID.fullmatch(text):
        return text
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return ""
