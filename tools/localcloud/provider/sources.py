"""The data sources: their schemas in data_sources/, their reading here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from localcloud.provider import schema
from localcloud.provider.client import Refused
from localcloud.provider.paths import last
from localcloud.provider.schema import Schema
from localcloud.provider.values import Object
from localcloud.provider.work import Problem, Work
from localcloud.spec.discovery import document

_FOLDER = Path(__file__).parent / "data_sources"


def names() -> tuple[str, ...]:
    """Every data source."""
    return tuple(_READERS)


@lru_cache(maxsize=64)
def schema_of(name: str) -> Schema:
    """A data source's schema."""
    return schema.parse(json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))["schema"])


def read(name: str, work: Work) -> Object:
    """The values of a data source for the configuration in `work`; raises Problem when there is nothing to read."""
    return schema_of(name).null | work.config | _READERS[name](work)


def _project(work: Work) -> Object:
    project = last(str(work.config.get("project_id") or work.settings.project))
    if not project:
        raise Problem(
            "google_project: no project is named.", "Set project_id, or project in the provider block.", "project_id"
        )
    method = document("cloudresourcemanager", "v1").methods["cloudresourcemanager.projects.get"]
    try:
        found = work.ask(method, {"projectId": project})
    except Refused as error:
        raise Problem(f"The project {project} cannot be read: {error}") from error
    if found.get("lifecycleState", "ACTIVE") != "ACTIVE":
        raise Problem(f"The project {project} is not active: {found['lifecycleState']}.")
    parent = found.get("parent") or {}
    labels = found.get("labels") or {}
    return {
        "id": f"projects/{project}",
        "project_id": found.get("projectId", project),
        "number": str(found.get("projectNumber", "")),
        "name": found.get("name", ""),
        "org_id": parent.get("id") if parent.get("type") == "organization" else None,
        "folder_id": parent.get("id") if parent.get("type") == "folder" else None,
        "deletion_policy": work.settings.deletion_policy or "PREVENT",
        "labels": labels,
        "terraform_labels": labels,
        "effective_labels": labels,
        "billing_account": _billing_account(work, project),
    }


def _billing_account(work: Work, project: str) -> str | None:
    """The project's billing account without its prefix; None where it cannot be seen or there is none."""
    method = document("cloudbilling", "v1").methods["cloudbilling.projects.getBillingInfo"]
    try:
        found = work.ask(method, {"name": f"projects/{project}"})
    except Refused as error:
        if error.code in (403, 404, 501):
            return None
        raise
    account = str(found.get("billingAccountName", "")).removeprefix("billingAccounts/")
    return account or None


def client_config(work: Work) -> Object:
    """What the provider block says."""
    said = work.settings
    return {
        "id": f"projects/{said.project}/regions/{said.region}/zones/{said.zone}",
        "project": said.project,
        "region": said.region,
        "zone": said.zone,
        "access_token": said.token,
        "default_labels": dict(said.default_labels),
    }


def _storage_service_account(work: Work) -> Object:
    project = str(work.config.get("project") or work.settings.project)
    method = document("storage", "v1").methods["storage.projects.serviceAccount.get"]
    query = {"userProject": work.config["user_project"]} if work.config.get("user_project") else {}
    email = work.ask(method, {"projectId": project}, query=query).get("email_address", "")
    return {"id": email, "project": project, "email_address": email, "member": f"serviceAccount:{email}"}


_READERS: Mapping[str, Callable[[Work], Object]] = {
    "google_client_config": client_config,
    "google_project": _project,
    "google_storage_project_service_account": _storage_service_account,
}
