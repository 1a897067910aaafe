"""google_storage_project_service_account: Cloud Storage's service agent in a project."""

from __future__ import annotations

from localcloud.provider.values import Object
from localcloud.provider.work import Work


def read(work: Work) -> Object:
    """The agent's address; the API creates the agent on the first request."""
    project = work.configured_project()
    query = {"userProject": work.config["user_project"]} if work.config.get("user_project") else {}
    email = work.call("get", {"projectId": project}, query=query).get("email_address", "")
    return {"id": email, "project": project, "email_address": email, "member": f"serviceAccount:{email}"}
