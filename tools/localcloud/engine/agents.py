"""Service agents: the accounts by which Google's services act in a project. A service names its own (Service.agent)."""

from __future__ import annotations

from localcloud.engine.projects import Projects

UNWRITTEN = {
    "aiplatform": "service-{number}@gcp-sa-aiplatform.iam.gserviceaccount.com",
    "bigquery": "bq-{number}@bigquery-encryption.iam.gserviceaccount.com",
    "cloudasset": "service-{number}@gcp-sa-cloudasset.iam.gserviceaccount.com",
    "cloudbuild": "service-{number}@gcp-sa-cloudbuild.iam.gserviceaccount.com",
    "cloudfunctions": "service-{number}@gcf-admin-robot.iam.gserviceaccount.com",
    "cloudscheduler": "service-{number}@gcp-sa-cloudscheduler.iam.gserviceaccount.com",
    "eventarc": "service-{number}@gcp-sa-eventarc.iam.gserviceaccount.com",
    "monitoring": "service-{number}@gcp-sa-monitoring-notification.iam.gserviceaccount.com",
    "notebooks": "service-{number}@gcp-sa-notebooks.iam.gserviceaccount.com",
    "run": "service-{number}@serverless-robot-prod.iam.gserviceaccount.com",
}
"""Those of APIs that nobody has written here: a new service takes its row along. Source: https://cloud.google.com/iam/docs/service-agents."""


class Agents:
    """The primary agent of each API, by project."""

    def __init__(self, projects: Projects) -> None:
        self._projects = projects
        self._forms = dict(UNWRITTEN)

    def know(self, api: str, form: str) -> None:
        """Names an API's agent: "service-{number}@gcp-sa-pubsub.iam.gserviceaccount.com"."""
        self._forms[api] = form

    def email(self, api: str, project: str) -> str:
        """The agent of an API in a project; "" for an API that has none."""
        return self._forms.get(api, "").format(number=self._projects.number(project))

    def member(self, api: str, project: str) -> str:
        """The same as policies name it."""
        return f"serviceAccount:{self.email(api, project)}"
