"""google_project: a project and its billing account."""

from __future__ import annotations

from localcloud.provider.client import HttpError
from localcloud.provider.paths import last
from localcloud.provider.values import Object
from localcloud.provider.work import Problem, Work
from localcloud.spec.discovery import document


def read(work: Work) -> Object:
    """The named project, or the provider block's."""
    project = last(str(work.config.get("project_id") or work.settings.project))
    if not project:
        raise Problem(
            "google_project: no project is named.", "Set project_id, or project in the provider block.", "project_id"
        )
    try:
        answer = work.call("get", {"projectId": project})
    except HttpError as error:
        raise Problem(f"The project {project} cannot be read: {error}") from error
    if answer.get("lifecycleState", "ACTIVE") != "ACTIVE":
        raise Problem(f"The project {project} is not active: {answer['lifecycleState']}.")
    parent = answer.get("parent") or {}
    labels = answer.get("labels") or {}
    return {
        "id": f"projects/{project}",
        "project_id": answer.get("projectId", project),
        "number": str(answer.get("projectNumber", "")),
        "name": answer.get("name", ""),
        "org_id": parent.get("id") if parent.get("type") == "organization" else None,
        "folder_id": parent.get("id") if parent.get("type") == "folder" else None,
        "deletion_policy": work.settings.deletion_policy or "PREVENT",
        "labels": labels,
        "terraform_labels": labels,
        "effective_labels": labels,
        "billing_account": _billing_account(work, project),
    }


def _billing_account(work: Work, project: str) -> str | None:
    """The project's billing account id; None if there is none or it may not be read."""
    method = document("cloudbilling", "v1").methods["cloudbilling.projects.getBillingInfo"]
    try:
        info = work.ask(method, {"name": f"projects/{project}"})
    except HttpError as error:
        if error.code in (403, 404, 501):
            return None
        raise
    account = str(info.get("billingAccountName", "")).removeprefix("billingAccounts/")
    return account or None
