"""Service agents: the accounts as which Google's services act in a project. Each service declares its own (Service.agent)."""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.engine.projects import Projects


class Agents:
    """The primary agent of each API, by project."""

    def __init__(self, projects: Projects, forms: Mapping[str, str], roles: Mapping[str, str]) -> None:
        """`forms`: API -> e-mail address ("service-{number}@gcp-sa-pubsub.iam.gserviceaccount.com"); `roles`: address -> its standing role."""
        self._projects = projects
        self._forms = forms
        self._roles = roles

    def email(self, api: str, project: str) -> str:
        """The agent of an API in a project; "" for an API that has none."""
        return self._forms.get(api, "").format(number=self._projects.number(project))

    def member(self, api: str, project: str) -> str:
        """Its address as a member of policies."""
        return f"serviceAccount:{self.email(api, project)}"

    def standing(self, principal: str, project: str) -> str:
        """The role that a service agent has in its own project without a binding in the policy; "" for other principals.

        Google adds the binding to the project's policy when the API is enabled, and shows it only on request.
        """
        if not principal.startswith("serviceAccount:"):
            return ""
        number, email = self._projects.number(project), principal.partition(":")[2]
        return next((role for form, role in self._roles.items() if form.format(number=number) == email), "")
