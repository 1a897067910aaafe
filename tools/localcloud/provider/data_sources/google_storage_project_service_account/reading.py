"""google_storage_project_service_account: the account that Cloud Storage acts as in a project."""

from __future__ import annotations

from localcloud.provider.values import Object
from localcloud.provider.work import Work


def read(work: Work) -> Object:
    """Its address, which the API makes on the first question."""
    project = str(work.config.get("project") or work.settings.project)
    query = {"userProject": work.config["user_project"]} if work.config.get("user_project") else {}
    email = work.call("get", {"projectId": project}, query=query).get("email_address", "")
    return {"id": email, "project": project, "email_address": email, "member": f"serviceAccount:{email}"}
