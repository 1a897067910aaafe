"""Service accounts: created, disabled, deleted, and undeleted within thirty days."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.iam import acting
from localcloud.engine.service import Body, Call
from localcloud.errors import already_exists, invalid, not_found
from localcloud.spec.discovery import camel

API = "iam"
TABLES = """
CREATE TABLE IF NOT EXISTS service_accounts (
  unique_id TEXT PRIMARY KEY, name TEXT NOT NULL, deleted REAL, kept TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS service_accounts_named ON service_accounts (name);
"""
"""Every account that still has a unique id: where its resource is, and for a deleted one since when and what it was."""
UNDELETE_DAYS = 30
PURGE = "account purge"
ETAG = "MDEwMjE5MjA="
_ID = re.compile(r"[a-z](?:[-a-z0-9]{4,28}[a-z0-9])")
_OF_COMPUTE = re.compile(r"(\d+)-compute@developer\.gserviceaccount\.com")
EMAIL = re.compile(r"[^@]+@(?P<project>[a-z0-9-]+)\.iam\.gserviceaccount\.com")
_LIMITS = {"displayName": 100, "description": 256}
_EDITABLE = ("displayName", "description")


def resolved(call: Call) -> str:
    """The stored name of the account in the URL, by e-mail or unique id, with "-" for the project or not."""
    words = call.path.split("/")
    project, account = words[1], words[3].lower() if len(words) > 3 else ""
    if not account:
        return "/".join(words[:2])
    if account.isdecimal():
        row = call.cloud.store.row("SELECT name, deleted FROM service_accounts WHERE unique_id = ?", account)
        if row and row[1] is None:
            return str(row[0])
        project = row[0].split("/")[1] if row else project
        return f"projects/{project}/serviceAccounts/{account}"
    owner = project if project != "-" else _project_of(call.cloud, account)
    return f"projects/{owner}/serviceAccounts/{account}"


def project(call: Call) -> str | None:
    """The project whose API enablement and policy apply to a call of this service."""
    words = call.path.split("/")
    if words[0] != "projects":
        return None
    if words[2:3] == ["serviceAccounts"] and len(words) > 3:
        words = resolved(call).split("/")
    return call.cloud.projects.id_of(words[1]) if words[1] != "-" else None


def find(call: Call) -> Body:
    """The account in the URL; 404 with IAM's message."""
    body = call.cloud.store.get(API, resolved(call))
    if body is None:
        name = "/".join(call.path.split("/")[:4])
        raise not_found("Unknown service account" if call.path == name else f"Service account {name} does not exist.")
    return body


def create(call: Call) -> Body:
    """Creates an account from {accountId, serviceAccount}."""
    account = call.body.get("accountId", "")
    owner = call.project or ""
    if not _ID.fullmatch(account):
        raise invalid(
            f'The account ID "{account}" does not have a length between 6 and 30, or does not match '
            "[a-z]([-a-z0-9]*[a-z0-9]).",
            "account_id",
        )
    email = f"{account}@{owner}.iam.gserviceaccount.com"
    name = f"projects/{owner}/serviceAccounts/{email}"
    if call.cloud.store.get(API, name) is not None:
        raise already_exists(f"Service account {account} already exists within project projects/{owner}.")
    unique = _unique_id(call, name)
    body = {
        "name": name,
        "projectId": owner,
        "uniqueId": unique,
        "email": email,
        **_edited(call.body.get("serviceAccount", {}), _EDITABLE),
        "etag": ETAG,
        "oauth2ClientId": unique,
    }
    call.cloud.store.insert(API, name, body)
    call.cloud.store.sql("INSERT INTO service_accounts VALUES (?, ?, NULL, NULL)", unique, name)
    return body


def get(call: Call) -> Body:
    """One account; that of Compute Engine is there without having been made."""
    return _of_compute(call.cloud, resolved(call)) or find(call)


def patch(call: Call) -> Body:
    """Changes the fields in the body's updateMask; returns only those, as Google does."""
    body = find(call)
    sent = call.body.get("serviceAccount", {})
    paths = [
        camel(path.removeprefix("serviceAccount.").strip())
        for path in call.body.get("updateMask", "").split(",")
        if path
    ] or list(sent)
    unknown = [path for path in paths if path not in _EDITABLE]
    if unknown:
        raise invalid(
            f"update_mask names {unknown[0]}; only display_name and description can be changed.", "update_mask"
        )
    changes = _edited(sent, paths)
    kept = {key: value for key, value in body.items() if key not in paths}
    call.cloud.store.put(API, body["name"], kept | changes)
    return changes | {"etag": ETAG}


def update(call: Call) -> Body:
    """The older PUT: replaces display name and description."""
    body = find(call)
    kept = {key: value for key, value in body.items() if key not in _EDITABLE}
    whole: Body = kept | _edited(call.body, _EDITABLE)
    call.cloud.store.put(API, body["name"], whole)
    return whole


def enable(call: Call) -> Body:
    """Enables an account."""
    body = find(call)
    body.pop("disabled", None)
    call.cloud.store.put(API, body["name"], body)
    return {}


def disable(call: Call) -> Body:
    """Disables an account: its tokens are refused from now on."""
    body = find(call)
    call.cloud.store.put(API, body["name"], body | {"disabled": True})
    return {}


def delete(call: Call) -> Body:
    """Deletes an account; policies keep it as deleted:serviceAccount:…?uid=…"""
    body = find(call)
    kept = {"account": body, "policy": call.cloud.iam.policy(API, body["name"])}
    call.cloud.store.delete(API, body["name"])
    call.cloud.store.delete_below(API, body["name"])
    call.cloud.iam.forget(API, body["name"])
    call.cloud.store.sql(
        "UPDATE service_accounts SET deleted = ?, kept = ? WHERE unique_id = ?",
        *(call.cloud.clock.seconds(), json.dumps(kept), body["uniqueId"]),
    )
    call.cloud.due.after(API, PURGE, body["uniqueId"], UNDELETE_DAYS * 86_400)
    call.cloud.iam.rename(_member(body), _deleted_member(body))
    return {}


def purged(cloud: Cloud, unique_id: str, _moment: float) -> None:
    """Purges a deleted account after thirty days."""
    cloud.store.sql("DELETE FROM service_accounts WHERE unique_id = ?", unique_id)


def undelete(call: Call) -> Body:
    """Restores an account, named by its unique id, within thirty days of its deletion, and its policy."""
    unique = call.id
    row = call.cloud.store.row("SELECT name, deleted, kept FROM service_accounts WHERE unique_id = ?", unique)
    if row is None or row[1] is None:
        raise not_found(
            f"Service account {call.path} was not deleted within the last {UNDELETE_DAYS} days. Name a deleted one by its unique id."
        )
    name, kept = row[0], json.loads(row[2])
    body: Body = kept["account"]
    if call.cloud.store.get(API, name) is not None:
        raise already_exists(f"A service account with the e-mail {body['email']} was created since; delete it first.")
    call.cloud.store.insert(API, name, body)
    call.cloud.due.forget(API, unique)
    call.cloud.store.sql("UPDATE service_accounts SET deleted = NULL, kept = NULL WHERE unique_id = ?", unique)
    if kept["policy"].get("bindings"):
        call.cloud.iam.write(API, name, kept["policy"])
    call.cloud.iam.rename(_deleted_member(body), _member(body))
    return {"restoredAccount": body}


def _project_of(cloud: Cloud, email: str) -> str:
    if match := _OF_COMPUTE.fullmatch(email):
        return cloud.projects.id_of(match[1])
    match = EMAIL.fullmatch(email)
    return match["project"] if match else "-"


def of_email(cloud: Cloud, email: str) -> Body | None:
    """The account with an address, be it Compute Engine's own; None for an address that is no account's."""
    project = _project_of(cloud, email)
    name = f"projects/{project}/serviceAccounts/{email}"
    return cloud.store.get(API, name) or _default(cloud, name)


def _of_compute(cloud: Cloud, name: str) -> Body | None:
    """The account that Compute Engine makes in a project; None for another, and where the API is off."""
    return _default(cloud, name) if cloud.projects.enabled(name.split("/")[1], "compute") else None


def _default(cloud: Cloud, name: str) -> Body | None:
    _, project, _, email = name.split("/")
    if email != acting.default(cloud, project):
        return None
    unique = f"1{cloud.projects.number(project):020d}"
    return {
        "name": name,
        "projectId": project,
        "uniqueId": unique,
        "email": email,
        "displayName": "Compute Engine default service account",
        "etag": ETAG,
        "oauth2ClientId": unique,
    }


def _member(body: Body) -> str:
    return f"serviceAccount:{body['email']}"


def _deleted_member(body: Body) -> str:
    return f"deleted:serviceAccount:{body['email']}?uid={body['uniqueId']}"


def _unique_id(call: Call, name: str) -> str:
    """Twenty-one digits, never given twice: an account made again under its old e-mail is another one."""
    seed = f"{name}/{call.cloud.store.next('service accounts')}"
    return f"1{int.from_bytes(hashlib.sha256(seed.encode()).digest()[:12], 'big') % 10**20:020d}"


def _edited(sent: Body, fields: Any) -> Body:
    for field, most in _LIMITS.items():
        if len(str(sent.get(field, "")).encode()) > most:
            raise invalid(f"{field} may take {most} bytes of UTF-8; this one takes more.", f"service_account.{field}")
    return {field: sent[field] for field in fields if sent.get(field)}
