"""Tokens and signatures of service accounts, for the ephemeral resources."""

from __future__ import annotations

from localcloud.provider.values import Object
from localcloud.provider.work import Work


def of_account(work: Work, verb: str, body: Object) -> Object:
    """Calls one of the row's methods for the configured service account, through its chain of delegates."""
    name = f"projects/-/serviceAccounts/{work.config['target_service_account']}"
    return work.call(verb, {"name": name}, body=body | {"delegates": work.config["delegates"] or []})
