"""google_project: a project and its billing account."""

from __future__ import annotations

from localcloud.provider.client import HttpError
from localcloud.provider.paths import last
from localcloud.provider.values import Object
from localcloud.provider.work import Problem, Work
from localcloud.spec.discovery import document


def read(work: Work) -> Object:
    """The project that is named, or the provider block's."""
    project = last(str(work.config.get("project_id") or work.settings.project))
    if not project:
        raise Problem(
            "google_project: no project is named.", "Set project_id, or project in the provider block.", "project_id"
        )
    try:
        found = work.call("get", {"projectId": project})
    except HttpError as error:
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
    except HttpError as error:
        if error.code in (403, 404, 501):
            return None
        raise
    account = str(found.get("billingAccountName", "")).removeprefix("billingAccounts/")
    return account or None
