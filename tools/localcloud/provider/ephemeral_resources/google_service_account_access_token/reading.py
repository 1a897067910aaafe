"""google_service_account_access_token: an access token of a service account."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from localcloud.provider.credentials import of_account
from localcloud.provider.values import Object
from localcloud.provider.work import Work


def read(work: Work) -> Object:
    """A token for the scopes, some of which have short names."""
    lifetime = "3600s" if work.config["lifetime"] is None else work.config["lifetime"]
    body = {"scope": [_short_scopes().get(scope, scope) for scope in work.config["scopes"]], "lifetime": lifetime}
    return {"access_token": of_account(work, "generateAccessToken", body)["accessToken"], "lifetime": lifetime}


@cache
def _short_scopes() -> dict[str, str]:
    scopes: dict[str, str] = json.loads(Path(__file__).with_name("row.json").read_text(encoding="utf-8"))[
        "short_scopes"
    ]
    return scopes
