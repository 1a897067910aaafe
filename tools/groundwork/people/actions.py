"""What people want to do, as data: the permission it needs, on which kind of thing, and a harmless way to try it.

A trial is let in or refused before it does anything: it reads, or it names something that does not exist, or what it sends
can never be accepted. So 401 and 403 mean refused and every other answer means let in. Where no such trial is beyond doubt,
as with whole policies, the service is asked with testIamPermissions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from groundwork.environment.values import DEPLOYER, Environment
from groundwork.google.cloud import Cloud, CloudProblem
from groundwork.people.personas import Target

NOBODY = "groundwork-trial"
_ASK = ":testIamPermissions"
_ASK_BUCKET = "/iam/testPermissions?permissions="


@dataclass(frozen=True)
class Action:
    """Something that a person wants to do to a kind of thing.

    `path` and `body` may hold {project}, {region}, {name} (the thing as its API names it) and {email}. A path of
    testIamPermissions asks the service instead of doing it.
    """

    name: str
    kind: str
    permission: str
    verb: str
    api: str
    path: str
    body: Mapping[str, Any] | None = field(default=None, hash=False)

    @property
    def verb_only(self) -> str:
        """The action without its kind: "read" of "secret.read"."""
        return self.name.partition(".")[2]


_PROJECT = "v1/projects/{project}"
_REPOSITORY = "v1/projects/{project}/locations/{region}/repositories/{name}"
_CONTAINER = "v1/projects/{project}/secrets/{name}"
_ACCOUNT = "v1/projects/{project}/serviceAccounts/{email}"
_IMPERSONATION = "v1/projects/-/serviceAccounts/{email}:generateAccessToken"
_SCOPE = {"scope": ["https://www.googleapis.com/auth/cloud-platform"]}
_WRONG_SUM = {"payload": {"data": "eA==", "dataCrc32c": "1"}}

ACTIONS = (
    Action("project.see", "project", "resourcemanager.projects.get", "GET", "cloudresourcemanager", _PROJECT),
    Action("project.see-access", "project", "resourcemanager.projects.getIamPolicy", "POST", "cloudresourcemanager", f"{_PROJECT}:getIamPolicy", {}),
    Action("project.change-access", "project", "resourcemanager.projects.setIamPolicy", "POST", "cloudresourcemanager", f"{_PROJECT}{_ASK}"),
    Action("project.delete", "project", "resourcemanager.projects.delete", "POST", "cloudresourcemanager", f"{_PROJECT}{_ASK}"),
    Action("project.see-apis", "project", "serviceusage.services.list", "GET", "serviceusage", f"{_PROJECT}/services"),
    Action("project.enable-api", "project", "serviceusage.services.enable", "POST", "cloudresourcemanager", f"{_PROJECT}{_ASK}"),
    Action("project.list-buckets", "project", "storage.buckets.list", "GET", "storage", "v1/b?project={project}"),
    Action("project.create-bucket", "project", "storage.buckets.create", "POST", "cloudresourcemanager", f"{_PROJECT}{_ASK}"),
    Action("project.list-secrets", "project", "secretmanager.secrets.list", "GET", "secretmanager", f"{_PROJECT}/secrets"),
    Action("project.create-secret", "project", "secretmanager.secrets.create", "POST", "cloudresourcemanager", f"{_PROJECT}{_ASK}"),
    Action("project.create-identity", "project", "iam.serviceAccounts.create", "POST", "iam", f"{_PROJECT}/serviceAccounts", {"accountId": "x"}),
    Action("project.create-role", "project", "iam.roles.create", "POST", "iam", f"{_PROJECT}/roles", {"roleId": "x"}),
    Action("bucket.see", "bucket", "storage.buckets.get", "GET", "storage", "v1/b/{name}"),
    Action("bucket.change", "bucket", "storage.buckets.update", "PATCH", "storage", "v1/b/{name}?ifMetagenerationMatch=9999999", {"labels": {}}),
    Action("bucket.delete", "bucket", "storage.buckets.delete", "DELETE", "storage", "v1/b/{name}?ifMetagenerationMatch=9999999"),
    Action("bucket.see-access", "bucket", "storage.buckets.getIamPolicy", "GET", "storage", "v1/b/{name}/iam"),
    Action("bucket.list-objects", "bucket", "storage.objects.list", "GET", "storage", "v1/b/{name}/o?maxResults=1"),
    Action("bucket.read-object", "bucket", "storage.objects.get", "GET", "storage", f"v1/b/{{name}}/o/{NOBODY}?alt=media"),
    Action("bucket.write-object", "bucket", "storage.objects.create", "GET", "storage", f"v1/b/{{name}}{_ASK_BUCKET}storage.objects.create"),
    Action("bucket.delete-object", "bucket", "storage.objects.delete", "DELETE", "storage", f"v1/b/{{name}}/o/{NOBODY}?generation=1"),
    Action("repository.see", "repository", "artifactregistry.repositories.get", "GET", "artifactregistry", _REPOSITORY),
    Action("repository.list-images", "repository", "artifactregistry.packages.list", "GET", "artifactregistry", f"{_REPOSITORY}/packages"),
    Action("repository.pull", "repository", "artifactregistry.repositories.downloadArtifacts", "POST", "artifactregistry", f"{_REPOSITORY}{_ASK}"),
    Action("repository.push", "repository", "artifactregistry.repositories.uploadArtifacts", "POST", "artifactregistry", f"{_REPOSITORY}{_ASK}"),
    Action("repository.delete-image", "repository", "artifactregistry.packages.delete", "POST", "artifactregistry", f"{_REPOSITORY}{_ASK}"),
    Action("repository.delete", "repository", "artifactregistry.repositories.delete", "POST", "artifactregistry", f"{_REPOSITORY}{_ASK}"),
    Action("secret.see", "secret", "secretmanager.secrets.get", "GET", "secretmanager", _CONTAINER),
    Action("secret.list-versions", "secret", "secretmanager.versions.list", "GET", "secretmanager", f"{_CONTAINER}/versions"),
    Action("secret.read", "secret", "secretmanager.versions.access", "GET", "secretmanager", f"{_CONTAINER}/versions/latest:access"),
    Action("secret.set", "secret", "secretmanager.versions.add", "POST", "secretmanager", f"{_CONTAINER}:addVersion", _WRONG_SUM),
    Action("secret.disable", "secret", "secretmanager.versions.disable", "POST", "secretmanager", f"{_CONTAINER}/versions/999999:disable", {}),
    Action("secret.destroy", "secret", "secretmanager.versions.destroy", "POST", "secretmanager", f"{_CONTAINER}/versions/999999:destroy", {}),
    Action("secret.delete", "secret", "secretmanager.secrets.delete", "POST", "secretmanager", f"{_CONTAINER}{_ASK}"),
    Action("secret.change-access", "secret", "secretmanager.secrets.setIamPolicy", "POST", "secretmanager", f"{_CONTAINER}{_ASK}"),
    Action("identity.act-as", "identity", "iam.serviceAccounts.actAs", "POST", "iam", f"{_ACCOUNT}{_ASK}"),
    Action("identity.impersonate", "identity", "iam.serviceAccounts.getAccessToken", "POST", "iamcredentials", _IMPERSONATION, _SCOPE),
    Action("identity.change-access", "identity", "iam.serviceAccounts.setIamPolicy", "POST", "iam", f"{_ACCOUNT}{_ASK}"),
    Action("identity.create-key", "identity", "iam.serviceAccountKeys.create", "POST", "iam", f"{_ACCOUNT}{_ASK}"),
    Action("deployer.impersonate", "deployer", "iam.serviceAccounts.getAccessToken", "POST", "iamcredentials", _IMPERSONATION, _SCOPE),
)  # fmt: skip


def on(target: Target) -> tuple[Action, ...]:
    """The actions that there are on a target."""
    return tuple(action for action in ACTIONS if action.kind == target.kind)


def email(environment: Environment, target: Target) -> str:
    """The address of the service account that a target is, "" when it is none."""
    if target.kind == "identity":
        return environment.identities[target.name].email
    return f"{DEPLOYER}@{environment.project}.iam.gserviceaccount.com" if target.kind == "deployer" else ""


def api_name(environment: Environment, target: Target) -> str:
    """A target as its API names it: a bucket's full name, else the name in the file."""
    return environment.buckets[target.name].full_name if target.kind == "bucket" else target.name


def attempt(cloud: Cloud, environment: Environment, action: Action, target: Target) -> int:
    """Try an action on the cloud as the principal of `cloud`; the HTTP status, 200 or 403 where it was asked for.

    Raises CloudProblem when there was no answer or the service itself failed: then nothing is known.
    """
    names = {
        "project": environment.project,
        "region": environment.region,
        "name": api_name(environment, target),
        "email": email(environment, target),
    }
    path = action.path.format(**names)
    asked = path.endswith(_ASK) or _ASK_BUCKET in path
    body = {"permissions": [action.permission]} if path.endswith(_ASK) else action.body
    try:
        place, _, query = path.partition("?")
        answer = cloud.request(action.verb, action.api, place, params=dict(parse_qsl(query)), json=body)
    except CloudProblem as problem:
        if problem.passes_by_itself or problem.code == 501 or problem.reason == "SERVICE_DISABLED":
            raise
        return problem.code
    if asked:
        return 200 if action.permission in answer.get("permissions", ()) else 403
    return 200


def let_in(status: int) -> bool:
    """Whether a status says that the caller may do it."""
    return status not in (401, 403)
