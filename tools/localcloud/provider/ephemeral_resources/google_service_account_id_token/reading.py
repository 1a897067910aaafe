"""google_service_account_id_token: an ID token of a service account."""

from __future__ import annotations

from localcloud.provider.credentials import of_account
from localcloud.provider.values import Object
from localcloud.provider.work import Problem, Work


def read(work: Work) -> Object:
    """A token for the audience; the local cloud has no other account to ask for."""
    said = work.config
    if said["target_service_account"] is None:
        raise Problem(
            "google_service_account_id_token: whose token is wanted?",
            "The local cloud gives ID tokens of service accounts only: set target_service_account.",
            "target_service_account",
        )
    body = {"audience": said["target_audience"], "includeEmail": bool(said["include_email"])}
    return {"id_token": of_account(work, "generateIdToken", body)["token"]}
