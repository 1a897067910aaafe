"""Names of builds and triggers: one store for global and regional paths."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from localcloud.engine import places
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Call

Body = dict[str, Any]
API = "cloudbuild"
GLOBAL = "global"
_NAMING = ("CancelBuildRequest", "RetryBuildRequest")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def place(call: Call) -> str:
    """Project and location of a call on builds or triggers: "projects/p/locations/l"; "-" for all locations.

    The older paths have no location; their `parent` or `name` may hold one, which Google's clients send in the body of a cancel.
    """
    words = call.path.split("/")
    if words[2:3] == ["locations"]:
        return _known(call, "/".join(words[:4]))
    named = call.body.get("name") if call.method.request in _NAMING else ""
    said = str(call.params.get("parent") or call.params.get("name") or named or "").split("/")
    location = said[3] if said[2:3] == ["locations"] and len(said) > 3 else GLOBAL
    return _known(call, f"projects/{words[1]}/locations/{location}")


def build(call: Call) -> str:
    """The full name of the build that a call is about."""
    return f"{place(call)}/builds/{call.id}"


def of_operation(cloud: Cloud, name: str) -> str | None:
    """The build whose operation this is, None when it is no build's: the id is that of the build, or its base64."""
    words = name.split("/")
    identity = _decoded(words[-1])
    if words[:2] == ["operations", "build"] and len(words) == 4:
        parent = f"projects/{cloud.projects.id_of(words[2])}/locations/-"
        rows = cloud.store.list(API, parent, "builds")
        return next((found for found, _ in rows if found.endswith(f"/{identity}")), None)
    if words[0] == "projects" and words[2:3] == ["locations"]:
        found = f"{'/'.join(words[:4])}/builds/{identity}"
        return found if cloud.store.get(API, found) is not None else None
    return None


def operation(name: str) -> str:
    """What the operation of a build is called."""
    _, project, _, location, _, identity = name.split("/")
    coded = base64.urlsafe_b64encode(identity.encode()).decode()
    if location == GLOBAL:
        return f"operations/build/{project}/{coded}"
    return f"projects/{project}/locations/{location}/operations/{coded}"


def account_name(project: str, email: str) -> str:
    """A service account as builds name it."""
    return f"projects/{project}/serviceAccounts/{email}"


def account(body: Mapping[str, Any]) -> str:
    """The principal that a build acts as."""
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
