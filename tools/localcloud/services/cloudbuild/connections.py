"""Connections to GitHub and their repositories (v2). Creating one takes two steps, since a person has to authorize it in between.

Here that person names a folder that stands in for the repository (see folders.py) instead.
Source: https://cloud.google.com/build/docs/automating-builds/github/connect-repo-github.
"""

from __future__ import annotations

import json

from localcloud.engine import asking, lro
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import CloudError, error_info, failed_precondition, invalid, permission_denied
from localcloud.services.cloudbuild import folders
from localcloud.services.cloudbuild.names import API

CONFIGS = (
    "githubConfig", "githubEnterpriseConfig", "gitlabConfig", "bitbucketCloudConfig", "bitbucketDataCenterConfig",
)  # fmt: skip
_ID = r"[A-Za-z][A-Za-z0-9._~%+@-]{0,49}"
_NEXT = (
    "Please log in to https://accounts.google.com and authorize GitHub. The local cloud does not contact GitHub: name a folder that stands in "
    "for a repository instead, with `groundwork local repository https://github.com/OWNER/NAME FOLDER`."
)
_COMPLETE: Body = {"stage": "COMPLETE"}
_CONNECT = "cloudbuild.repositories.create"


def completed(call: Call, body: Body) -> Body:
    """A new connection, completed; 400 unless it has exactly one configuration."""
    kinds = [one for one in CONFIGS if one in body]
    if len(kinds) != 1:
        raise invalid("A connection has exactly one configuration, such as github_config.", "connection")
    return body | {"installationState": _state(call, body), "reconciling": False}


def changed(call: Call, _old: Body, new: Body) -> Body:
    """A patched connection, with its new installation state."""
    return new | {"installationState": _state(call, new)}


def linked(call: Call, body: Body) -> Body:
    """A new repository; 400 while its connection has not been authorized, or if it is connected already."""
    connection = call.cloud.store.get(API, call.parent) or {}
    if connection.get("installationState") != _COMPLETE:
        raise failed_precondition(
            f"Connection {call.parent} is not complete: its installation state is "
            f"{connection.get('installationState', {}).get('stage')}. {_NEXT}"
        )
    folders.remote(body.get("remoteUri", ""))
    for _, existing in call.cloud.store.list(API, call.parent, "repositories"):
        if folders.remote(existing["remoteUri"]) == folders.remote(body["remoteUri"]):
            raise failed_precondition(f"{body['remoteUri']} is connected already, as {existing['name']}.")
    return body


def remote(cloud: Cloud, repository: str, project: str) -> str:
    """The URL of a connected repository; 400 if it is not in the project, whose builds alone may read it."""
    name = cloud.projects.named(repository)
    stored = cloud.store.get(API, name) if name.startswith(f"projects/{project}/") else None
    if stored is None:
        raise failed_precondition(
            f"the repository {repository or '(none)'} does not exist in {project}; connect it first"
        )
    return str(stored["remoteUri"])


def check_address(cloud: Cloud, principal: str, project: str, url: str) -> None:
    """403 for a repository, by its address, that the project has not been given, unless the principal may connect it.

    Folders stand in for repositories of the whole machine; without this, whoever may build would read those of every project.
    """
    wanted, below = folders.remote(url), (f"projects/{project}/", f"projects/{project}0")
    query = "SELECT body FROM resources WHERE service = ? AND collection IN ('repositories', 'triggers') AND name > ? AND name < ?"
    for (text,) in cloud.store.sql(query, API, *below):
        body = json.loads(text)
        hub = body.get("github", {})
        known = body.get("remoteUri") or (f"https://github.com/{hub['owner']}/{hub['name']}" if hub else "")
        if known and folders.remote(known) == wanted:
            return
    where = f"projects/{project}"
    if not cloud.iam.allowed(principal, _CONNECT, API, where, project):
        raise permission_denied(
            f"The repository {url} is not connected to {project}: that takes the permission {_CONNECT}.",
            [
                error_info(
                    "IAM_PERMISSION_DENIED", "cloudbuild.googleapis.com", {"permission": _CONNECT, "resource": where}
                )
            ],
        )


def complete_all(cloud: Cloud) -> list[str]:
    """Completes all connections that were waiting for authorization; returns their names."""
    rows = cloud.store.sql("SELECT name FROM resources WHERE service = ? AND collection = 'connections'", API)
    done = []
    for (name,) in rows:
        body = cloud.store.get(API, name)
        if body is not None and body["installationState"] != _COMPLETE:
            cloud.store.put(API, name, body | {"installationState": _COMPLETE})
            done.append(name)
    return done


def linkable(call: Call) -> Body:
    """connections.fetchLinkableRepositories: the repositories that folders stand in for."""
    remotes = folders.all_(call.cloud)
    return {"repositories": [{"remoteUri": f"https://{one}.git"} for one in remotes]} if remotes else {}


def refs(call: Call) -> Body:
    """repositories.fetchGitRefs: the branches or tags of the folder that stands in."""
    repository = call.cloud.store.get(API, call.name)
    if repository is None:
        raise CloudError(404, "NOT_FOUND", REPOSITORY.missing.format(name=call.name))
    prefix = "refs/tags/" if call.params.get("refType") == "TAG" else "refs/heads/"
    names = folders.find(call.cloud, repository["remoteUri"]).refs()
    return {"refNames": [name.removeprefix(prefix) for name in sorted(names) if name.startswith(prefix)]}


def batch(call: Call) -> Body:
    """repositories.batchCreate"""
    created = []
    for one in call.body.get("requests", []):
        body = {**one.get("repository", {})}
        name = f"{call.parent}/repositories/{one.get('repositoryId', '')}"
        now = call.cloud.clock.rfc3339()
        repository = linked(call, body | {"name": name, "createTime": now, "updateTime": now})
        call.cloud.store.insert(API, name, repository)
        created.append(repository)
    kind = "google.devtools.cloudbuild.v2.BatchCreateRepositoriesResponse"
    return lro.finished(call, {"repositories": created}, kind=kind)


def _state(call: Call, body: Body) -> Body:
    """COMPLETE with a credential that the service agent can read (400 if it cannot), otherwise waiting for authorization."""
    credential = body.get("githubConfig", {}).get("authorizerCredential", {}).get("oauthTokenSecretVersion", "")
    if not credential and "githubConfig" in body:
        stand_ins = folders.all_(call.cloud)
        return (
            _COMPLETE if stand_ins else {"stage": "PENDING_USER_OAUTH", "message": _NEXT, "actionUri": f"{call.base}/"}
        )
    if credential:
        agent = call.cloud.agents.member(API, call.project or "")
        try:
            asking.ask_json(call.cloud, agent, "GET", f"secretmanager/v1/{credential}:access")
        except CloudError as problem:
            raise failed_precondition(
                f"could not access secret {credential!r} as {agent.partition(':')[2]}: {problem.message}"
            ) from None
    return _COMPLETE


CONNECTION = Resource(
    kind="Connection",
    id_param="connectionId",
    id_rule=_ID,
    complete=completed,
    changed=changed,
    iam=True,
)
REPOSITORY = Resource(
    kind="Repository",
    id_param="repositoryId",
    id_rule=_ID,
    complete=linked,
)
