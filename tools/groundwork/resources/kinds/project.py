"""The project itself: it is in no list of its own things, and it has the policy that reaches all of them."""

from __future__ import annotations

from groundwork.resources.kind import (
    NEVER_WAITS,
    NOT_REPORTED,
    Action,
    FileSection,
    Free,
    Kind,
    PolicyAccess,
    Provisioning,
    Without,
)

_ONE = "v1/projects/{project}"
_ASK = f"{_ONE}:testIamPermissions"
_MANAGER = "cloudresourcemanager"

ACTIONS = (
    Action("project.see", "resourcemanager.projects.get", "GET", _MANAGER, _ONE),
    Action("project.see-access", "resourcemanager.projects.getIamPolicy", "POST", _MANAGER, f"{_ONE}:getIamPolicy", {}),
    Action("project.change-access", "resourcemanager.projects.setIamPolicy", "POST", _MANAGER, _ASK),
    Action("project.delete", "resourcemanager.projects.delete", "POST", _MANAGER, _ASK),
    Action("project.see-apis", "serviceusage.services.list", "GET", "serviceusage", f"{_ONE}/services"),
    Action("project.enable-api", "serviceusage.services.enable", "POST", _MANAGER, _ASK),
    Action("project.list-buckets", "storage.buckets.list", "GET", "storage", "v1/b?project={project}"),
    Action("project.create-bucket", "storage.buckets.create", "POST", _MANAGER, _ASK),
    Action("project.list-secrets", "secretmanager.secrets.list", "GET", "secretmanager", f"{_ONE}/secrets"),
    Action("project.create-secret", "secretmanager.secrets.create", "POST", _MANAGER, _ASK),
    Action(
        "project.create-identity",
        "iam.serviceAccounts.create",
        "POST",
        "iam",
        f"{_ONE}/serviceAccounts",
        {"accountId": "x"},
    ),
    Action("project.read-logs", "logging.logEntries.list", "POST", _MANAGER, _ASK),
    Action("project.see-alerts", "monitoring.alerts.list", "POST", _MANAGER, _ASK),
    Action("project.snooze-alerts", "monitoring.snoozes.create", "POST", _MANAGER, _ASK),
    Action("project.create-role", "iam.roles.create", "POST", "iam", f"{_ONE}/roles", {"roleId": "x"}),
)

KIND = Kind(
    name="project",
    why="what is in it",
    maker="the console",
    terraform=(
        Provisioning(
            "google_project",
            "project",
            "{project_id}",
            Free("projects are free"),
            (
                "resourcemanager.projects.get",
                "resourcemanager.projects.getIamPolicy",
                "resourcemanager.projects.setIamPolicy",
            ),
        ),
    ),
    components={"team_access": "people"},
    listings=Without("it is read by its ID"),
    removal=Without("`down --delete-project` asks for more than a name"),
    pausing=NEVER_WAITS,
    policy=PolicyAccess(
        "v1/projects/{project}", "POST", "project", "projects {verb} {project}", version="", api=_MANAGER
    ),
    inside=Without("`verify` lists all that it holds"),
    reported=NOT_REPORTED,
    parts=(FileSection("project", "project", 0, lambda environment: {"": environment.project}, ACTIONS),),
)
