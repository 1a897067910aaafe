"""What `pause` has stopped and `resume` has not started yet: an object beside Terraform's state, where the whole team finds it.

Who may not write there, such as an ML engineer, keeps it in the clone's own folder.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import quote

from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment
from groundwork.google.cloud import CloudProblem, GoogleCloud

_FILE = "paused.json"


def read(cloud: GoogleCloud, environment: Environment, checkout: Checkout) -> frozenset[str]:
    """The full names of what is paused. Raises CloudProblem when that is unknown."""
    path = f"v1/b/{environment.state_bucket}/o/{quote(_object(environment), safe='')}"
    try:
        shared = _names(cloud.read("storage", path, params={"alt": "media"}))
    except CloudProblem as problem:
        if problem.code not in (403, 404):
            raise
        shared = frozenset()
    file = _own(environment, checkout)
    return shared | (_names(file.read_bytes()) if file.is_file() else frozenset())


def write(
    cloud: GoogleCloud, environment: Environment, checkout: Checkout, names: Iterable[str], say: Callable[[str], None]
) -> None:
    """Notes the full names of all that is paused now."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    text = json.dumps({"paused": sorted(names)}, indent=1)
    own = _own(environment, checkout)
    try:
        blob = cloud.storage().bucket(environment.state_bucket).blob(_object(environment))
        blob.upload_from_string(text, content_type="application/json")
    except (GoogleAPIError, GoogleAuthError, OSError):
        own.parent.mkdir(parents=True, exist_ok=True)
        own.write_text(text, "utf-8")
        say(f"noted in this clone only, where `resume` finds it: gs://{environment.state_bucket} could not be written")
    else:
        own.unlink(missing_ok=True)


def _object(environment: Environment) -> str:
    return f"{environment.name}/{_FILE}"


def _own(environment: Environment, checkout: Checkout) -> Path:
    return checkout.runs / environment.name / _FILE


def _names(content: bytes) -> frozenset[str]:
    """The names in a note; none in one that is not readable, for what is paused can be named."""
    try:
        return frozenset(str(name) for name in json.loads(content)["paused"])
    except (ValueError, KeyError, TypeError):
        return frozenset()
