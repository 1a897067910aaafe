"""Connections to GitHub and their repositories (v2): created in two phases, since a person has to authorise them in between.

Here that person names a folder that stands in for the repository; see folders.
Source: https://cloud.google.com/build/docs/automating-builds/github/connect-repo-github.
"""

from __future__ import annotations

from typing import Any

from localcloud.engine import lro
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Call, Resource
from localcloud.errors import CloudError, failed_precondition, invalid
from localcloud.services.cloudbuild import asking, folders
from localcloud.services.cloudbuild.names import API

Body = dict[str, Any]
CONFIGS = (
    "githubConfig", "githubEnterpriseConfig", "gitlabConfig", "bitbucketCloudConfig", "bitbucketDataCenterConfig",
)  # fmt: skip
_ID = r"[A-Za-z][A-Za-z0-9._~%+@-]{0,49}"
_NEXT = (
    "Please log in to https://accounts.google.com and authorize GitHub. On the local cloud nobody asks GitHub: name the folder that stands in "
    "for a repository instead, by `groundwork local repository https://github.com/OWNER/NAME FOLDER`."
)
_COMPLETE: Body = {"stage": "COMPLETE"}


def completed(call: Call, body: Body) -> Body:
    """A new connection as it is kept."""
    kinds = [one for one in CONFIGS if one in body]
    if len(kinds) != 1:
        raise invalid("A connection has exactly one configuration, such as github_config.", "connection")
    return body | {"installationState": _state(call, body), "reconciling": False}


def changed(call: Call, _old: Body, new: Body) -> Body:
    """A patched connection as it is kept: with a credential it is complete."""
    return new | {"installationState": _state(call, new)}


def linked(call: Call, body: Body) -> Body:
    """A new repository as it is kept; 400 while its connection waits for a person."""
    connection = call.cloud.store.get(API, call.parent) or {}
    if connection.get("installationState") != _COMPLETE:
        raise failed_precondition(
            f"Connection {call.parent} is not complete: its installation state is "
            f"{connection.get('installationState', {}).get('stage')}. {_NEXT}"
        )
    folders.remote(body.get("remoteUri", ""))
    for _, known in call.cloud.store.list(API, call.parent, "repositories"):
        if folders.remote(known["remoteUri"]) == folders.remote(body["remoteUri"]):
            raise failed_precondition(f"{body['remoteUri']} is connected already, as {known['name']}.")
    return body


def remote(cloud: Cloud, named: str, project: str) -> str:
    """The address of a connected repository; 400 for one that is none of the project's, whose builds alone may read it."""
    name = cloud.projects.named(named)
    found = cloud.store.get(API, name) if name.startswith(f"projects/{project}/") else None
    if found is None:
        raise failed_precondition(f"the repository {named or '(none)'} does not exist in {project}; connect it first")
    return str(found["remoteUri"])


def complete_all(cloud: Cloud) -> list[str]:
    """A person has said yes: the connections that waited for it are complete. Their names."""
    rows = cloud.store.sql("SELECT name FROM resources WHERE service = ? AND collection = 'connections'", API)
    done = []
    for (name,) in rows:
        body = cloud.store.get(API, name)
        if body is not None and body["installationState"] != _COMPLETE:
            cloud.store.put(API, name, body | {"installationState": _COMPLETE})
            done.append(name)
    return done


def linkable(call: Call) -> Body:
    """connections.fetchLinkableRepositories: those that a folder stands in for."""
    remotes = folders.all_(call.cloud)
    return {"repositories": [{"remoteUri": f"https://{one}.git"} for one in remotes]} if remotes else {}


def refs(call: Call) -> Body:
    """repositories.fetchGitRefs: branches or tags of the folder that stands in."""
    repository = call.cloud.store.get(API, call.name)
    if repository is None:
        raise CloudError(404, "NOT_FOUND", REPOSITORY.missing.format(name=call.name))
    prefix = "refs/tags/" if call.params.get("refType") == "TAG" else "refs/heads/"
    found = folders.find(call.cloud, repository["remoteUri"]).refs()
    return {"refNames": [name.removeprefix(prefix) for name in sorted(found) if name.startswith(prefix)]}


def batch(call: Call) -> Body:
    """repositories.batchCreate"""
    made = []
    for one in call.body.get("requests", []):
        body = {**one.get("repository", {})}
        name = f"{call.parent}/repositories/{one.get('repositoryId', '')}"
        now = call.cloud.clock.rfc3339()
        kept = linked(call, body | {"name": name, "createTime": now, "updateTime": now})
        call.cloud.store.insert(API, name, kept)
        made.append(kept)
    kind = "google.devtools.cloudbuild.v2.BatchCreateRepositoriesResponse"
    return lro.finished(call, {"repositories": made}, kind=kind)


def _state(call: Call, body: Body) -> Body:
    """Complete when a credential was given that the service's agent may read, else waiting for a person."""
    credential = body.get("githubConfig", {}).get("authorizerCredential", {}).get("oauthTokenSecretVersion", "")
    if not credential and "githubConfig" in body:
        named = folders.all_(call.cloud)
        return _COMPLETE if named else {"stage": "PENDING_USER_OAUTH", "message": _NEXT, "actionUri": f"{call.base}/"}
    if credential:
        agent = call.cloud.agents.member(API, call.project or "")
        try:
            asking.asked(call.cloud, agent, "GET", f"secretmanager/v1/{credential}:access")
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
