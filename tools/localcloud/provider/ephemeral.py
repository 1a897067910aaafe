"""The ephemeral resources: their schemas in ephemeral_resources/, their opening here. What they read is stored nowhere."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from localcloud.provider import schema, sources
from localcloud.provider.schema import Schema
from localcloud.provider.values import BYTES, Object
from localcloud.provider.work import Problem, Work
from localcloud.spec.discovery import document

_FOLDER = Path(__file__).parent / "ephemeral_resources"


def names() -> tuple[str, ...]:
    """Every ephemeral resource."""
    return tuple(_OPENERS)


@lru_cache(maxsize=64)
def schema_of(name: str) -> Schema:
    """An ephemeral resource's schema."""
    return schema.parse(_raw(name)["schema"])


@lru_cache(maxsize=64)
def _raw(name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


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


def _access_token(work: Work) -> Object:
    full = _raw("google_service_account_access_token")["short_scopes"]
    lifetime = "3600s" if work.config["lifetime"] is None else work.config["lifetime"]
    body = {"scope": [full.get(scope, scope) for scope in work.config["scopes"]], "lifetime": lifetime}
    return {"access_token": _credential(work, "generateAccessToken", body)["accessToken"], "lifetime": lifetime}


def _id_token(work: Work) -> Object:
    said = work.config
    if said["target_service_account"] is None:
        raise Problem(
            "google_service_account_id_token: whose token is wanted?",
            "The local cloud gives ID tokens of service accounts only: set target_service_account.",
            "target_service_account",
        )
    body = {"audience": said["target_audience"], "includeEmail": bool(said["include_email"])}
    return {"id_token": _credential(work, "generateIdToken", body)["token"]}


def _jwt(work: Work) -> Object:
    payload = work.config["payload"]
    if work.config["expires_in"] is not None:
        # By this machine's clock, as hashicorp/google counts, not by the local cloud's.
        payload = json.dumps(_claims(payload) | {"exp": int(time.time()) + work.config["expires_in"]})
    return {"jwt": _credential(work, "signJwt", {"payload": payload})["signedJwt"]}


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


def _credential(work: Work, verb: str, body: Object) -> Object:
    """What the account that is meant signs or is given, through the delegates in turn."""
    method = document("iamcredentials", "v1").methods[f"iamcredentials.projects.serviceAccounts.{verb}"]
    name = f"projects/-/serviceAccounts/{work.config['target_service_account']}"
    return work.ask(method, {"name": name}, body=body | {"delegates": work.config["delegates"] or []})


_OPENERS: Mapping[str, Callable[[Work], Object]] = {
    "google_client_config": sources.client_config,
    "google_secret_manager_secret_version": _secret_version,
    "google_service_account_access_token": _access_token,
    "google_service_account_id_token": _id_token,
    "google_service_account_jwt": _jwt,
}
