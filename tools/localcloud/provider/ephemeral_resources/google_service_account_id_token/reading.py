"""google_service_account_id_token: an ID token of a service account."""

from __future__ import annotations

from localcloud.provider.credentials import of_account
from localcloud.provider.values import Object
from localcloud.provider.work import Problem, Work


def read(work: Work) -> Object:
    """A token for the audience; the local cloud requires target_service_account."""
    config = work.config
    if config["target_service_account"] is None:
        raise Problem(
            "google_service_account_id_token: target_service_account is not set.",
            "The local cloud issues ID tokens only for service accounts. Set target_service_account.",
            "target_service_account",
        )
    body = {"audience": config["target_audience"], "includeEmail": bool(config["include_email"])}
    return {"id_token": of_account(work, "generateIdToken", body)["token"]}
