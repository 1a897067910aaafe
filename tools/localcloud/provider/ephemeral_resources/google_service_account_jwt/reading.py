"""google_service_account_jwt: a JWT signed by a service account."""

from __future__ import annotations

import json
import time

from localcloud.provider.credentials import of_account
from localcloud.provider.values import Object
from localcloud.provider.work import Problem, Work


def read(work: Work) -> Object:
    """The signed claims, with an expiry time if expires_in is set."""
    payload = work.config["payload"]
    if work.config["expires_in"] is not None:
        # By this machine's clock, as in hashicorp/google, not the local cloud's.
        payload = json.dumps(_claims(payload) | {"exp": int(time.time()) + work.config["expires_in"]})
    return {"jwt": of_account(work, "signJwt", {"payload": payload})["signedJwt"]}


def _claims(payload: str) -> Object:
    """The parsed payload, to add the expiry to. The error does not show it."""
    try:
        claims = json.loads(payload)
    except ValueError:
        claims = None
    if not isinstance(claims, dict):
        raise Problem(
            "google_service_account_jwt: the payload is not a JSON object.",
            "Write payload = jsonencode({...}).",
            "payload",
        )
    return claims
