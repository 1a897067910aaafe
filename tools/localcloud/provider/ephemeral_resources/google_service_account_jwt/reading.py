"""google_service_account_jwt: claims, signed by a service account."""

from __future__ import annotations

import json
import time

from localcloud.provider.credentials import of_account
from localcloud.provider.values import Object
from localcloud.provider.work import Problem, Work


def read(work: Work) -> Object:
    """The claims as they are written, or with the time at which they expire."""
    payload = work.config["payload"]
    if work.config["expires_in"] is not None:
        # By this machine's clock, as hashicorp/google counts, not by the local cloud's.
        payload = json.dumps(_claims(payload) | {"exp": int(time.time()) + work.config["expires_in"]})
    return {"jwt": of_account(work, "signJwt", {"payload": payload})["signedJwt"]}


def _claims(payload: str) -> Object:
    """The claims that expires_in adds to. A refusal does not show them."""
    try:
        found = json.loads(payload)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Problem(
            "google_service_account_jwt: the payload is no JSON object.",
            "Write payload = jsonencode({...}).",
            "payload",
        )
    return found
