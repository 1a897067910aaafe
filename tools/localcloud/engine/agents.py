"""Service agents: the accounts by which Google's services act in a project. A service names its own (Service.agent)."""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.engine.projects import Projects


class Agents:
    """The primary agent of each API, by project."""

    def __init__(self, projects: Projects, forms: Mapping[str, str]) -> None:
        """`forms`: API -> e-mail address ("service-{number}@gcp-sa-pubsub.iam.gserviceaccount.com")."""
        self._projects = projects
        self._forms = forms

    def email(self, api: str, project: str) -> str:
        """The agent of an API in a project; "" for an API that has none."""
        return self._forms.get(api, "").format(number=self._projects.number(project))

    def member(self, api: str, project: str) -> str:
        """The same as policies name it."""
        return f"serviceAccount:{self.email(api, project)}"
