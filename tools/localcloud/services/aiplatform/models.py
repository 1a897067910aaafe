"""Models in the registry: uploaded by clients or training pipelines, in numbered versions with aliases.

A model's stored resource has its default version; each version is a resource below it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.engine import paging
from localcloud.engine.cloud import Cloud
from localcloud.engine.interfaces import Buckets
from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError, failed_precondition, invalid
from localcloud.services.aiplatform import answers, instances, names
from localcloud.services.aiplatform.names import API
from localcloud.spec import fields, filters
from localcloud.spec.discovery import camel

_ALIAS = re.compile(r"[a-z][a-zA-Z0-9-]{0,126}[a-zA-Z0-9]")
_ID = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_DEFAULT = "default"
_SORTED = ("createTime", "updateTime", "displayName")
_OF_ALL = ("displayName", "description", "labels")


def upload(call: Call) -> Body:
    """models.upload: creates a model, or a new version of one."""
    names.check_place(call)
    parent = call.path.removesuffix(":upload").removesuffix("/models")
    sent = call.body.get("model", {})
    identity = call.body.get("parentModel", "").rpartition("/")[2] or call.body.get("modelId", "")
    name, version = put(call.cloud, parent, sent, identity, new=not call.body.get("parentModel"))
    response = {"model": call.cloud.projects.numbered(name), "modelVersionId": version}
    return answers.finished(call, "UploadModelOperationMetadata", response, "UploadModelResponse")


def put(cloud: Cloud, parent: str, sent: Body, identity: str, *, new: bool) -> tuple[str, str]:
    """Stores a model or a new version (a write); returns its name and version number. Raises CloudError if it is not valid."""
    names.check_described(sent, "model", "model")
    if identity and not _ID.fullmatch(identity):
        raise invalid(f"model_id '{identity}' must match {_ID.pattern}.", "model_id")
    if not sent.get("containerSpec", {}).get("imageUri") and not sent.get("artifactUri"):
        raise invalid("model: container_spec.image_uri or artifact_uri is required.", "model")
    _check_artifacts(cloud, parent, sent.get("artifactUri", ""))
    name = f"{parent}/models/{identity or uuid.uuid4().int % 10**19}"
    row = cloud.store.get(API, name)
    if row is None and not new:
        raise names.absent(cloud, "Model", name)
    if row is not None and new and not identity:
        raise names.absent(cloud, "Model", name)
    row = row or {"default": "1", "last": 0}
    version, now = str(row["last"] + 1), cloud.clock.rfc3339()
    aliases = list(dict.fromkeys(sent.get("versionAliases", [])))
    for alias in aliases:
        _check_alias(alias)
    if version == "1" and _DEFAULT not in aliases:
        aliases.append(_DEFAULT)
    body = {
        "supportedDeploymentResourcesTypes": ["DEDICATED_RESOURCES"],
        "supportedInputStorageFormats": list(instances.FORMATS),
        "supportedOutputStorageFormats": ["jsonl"],
        **sent,
        "name": name,
        "versionId": version,
        "versionAliases": [],
        **dict.fromkeys(("createTime", "updateTime", "versionCreateTime", "versionUpdateTime"), now),
        "modelSourceInfo": {"sourceType": "CUSTOM"},
        "etag": uuid.uuid4().hex[:16],
    }
    cloud.store.put(API, name, {**row, "last": int(version), "name": name})
    cloud.store.put(API, f"{name}/versions/{version}", body)
    _alias(cloud, name, version, aliases, [])
    return name, version


def get(call: Call) -> Body:
    """models.get: ID, ID@2 or ID@alias."""
    return presented(call.cloud, found(call.cloud, call.name))


def list_(call: Call) -> Body:
    """models.list: the default version of each model."""
    bodies = [found(call.cloud, name) for name, _ in call.cloud.store.list(API, call.parent, "models")]
    return _page(call, bodies)


def list_versions(call: Call) -> Body:
    """models.listVersions."""
    name = _bare(call.name)
    found(call.cloud, name)
    return _page(call, _versions(call.cloud, name))


def patch(call: Call) -> Body:
    """models.patch: changes the fields that all versions share, and one version's description."""
    old = found(call.cloud, call.name)
    kind = call.method.request
    new = fields.updated(old, call.body, call.params.get("updateMask", "*"), call.document.schemas, kind)
    names.check_described(new, "model", "model")
    now = call.cloud.clock.rfc3339()
    for one in _versions(call.cloud, _bare(call.name)):
        shared = {key: new[key] for key in _OF_ALL if key in new}
        mine = {"versionDescription": new.get("versionDescription", "")} if one["versionId"] == old["versionId"] else {}
        unchanged = {key: value for key, value in one.items() if key not in _OF_ALL}
        _keep(call.cloud, {**unchanged, **shared, **mine, "updateTime": now})
    return presented(call.cloud, found(call.cloud, call.name))


def merge_aliases(call: Call) -> Body:
    """models.mergeVersionAliases: adds aliases; "-alias" removes one."""
    body = found(call.cloud, call.name)
    aliases = call.body.get("versionAliases", [])
    added, removed = (
        [one for one in aliases if not one.startswith("-")],
        [one[1:] for one in aliases if one.startswith("-")],
    )
    for alias in (*added, *removed):
        _check_alias(alias)
    if _DEFAULT in removed:
        raise invalid("The alias default cannot be removed; give it to another version.", "version_aliases")
    _alias(call.cloud, body["name"], body["versionId"], added, removed)
    return presented(call.cloud, found(call.cloud, call.name))


def delete(call: Call) -> Body:
    """models.delete: deletes all versions; none may be deployed."""
    name = _bare(call.name)
    found(call.cloud, name)
    _check_idle(call.cloud, name, "")
    call.cloud.store.delete(API, name)
    call.cloud.store.delete_below(API, name)
    return answers.deleted(call)


def delete_version(call: Call) -> Body:
    """models.deleteVersion: for any version except the default one."""
    body = found(call.cloud, call.name)
    if "@" not in call.name or _DEFAULT in body["versionAliases"]:
        raise failed_precondition(
            "The default version of a model cannot be deleted; delete the model, or make another the default."
        )
    _check_idle(call.cloud, body["name"], body["versionId"])
    call.cloud.store.delete(API, f"{body['name']}/versions/{body['versionId']}")
    return answers.deleted(call)


def found(cloud: Cloud, name: str) -> Body:
    """The version for a name: ID (the default version), ID@2 or ID@alias; 404 if there is none."""
    bare, _, version = name.partition("@")
    row = cloud.store.get(API, bare)
    versions = _versions(cloud, bare) if row is not None else []
    version = version or (row or {}).get("default", "")
    body = next((one for one in versions if version in {one["versionId"], *one["versionAliases"]}), None)
    if body is None:
        raise names.absent(cloud, "Model", name)
    return body


def presented(cloud: Cloud, body: Body) -> Body:
    """A version as clients see it, with the endpoints that it is deployed on."""
    where = body["name"].rpartition("/models/")[0]
    deployed = [
        {"endpoint": cloud.projects.numbered(name), "deployedModelId": one["id"]}
        for name, endpoint in cloud.store.list(API, where, "endpoints")
        for one in endpoint.get("deployedModels", [])
        if one["model"].partition("@")[0] == body["name"] and one["modelVersionId"] == body["versionId"]
    ]
    return names.shown(cloud, body) | ({"deployedModels": deployed} if deployed else {})


def _bare(name: str) -> str:
    return name.partition("@")[0]


def _versions(cloud: Cloud, name: str) -> list[Body]:
    rows = [body for _, body in cloud.store.list(API, name, "versions")]
    return sorted(rows, key=lambda body: int(body["versionId"]))


def _page(call: Call, bodies: Sequence[Body]) -> Body:
    filter_text = call.params.get("filter", "")
    test = filters.compiled(filter_text) if filter_text else None
    question = f"{call.path} {filter_text} {call.params.get('orderBy', '')}"
    start = int(paging.after(call.params.get("pageToken", ""), question) or 0)
    size = paging.size(call.params.get("pageSize"), 100, 1000)
    models = [presented(call.cloud, one) for one in bodies]
    matching = _ordered([one for one in models if test is None or test(one)], call.params.get("orderBy", ""))
    page: Body = {"models": matching[start : start + size]} if matching[start:] else {}
    more = start + size < len(matching)
    return page | ({"nextPageToken": paging.token(str(start + size), question)} if more else {})


def _ordered(bodies: list[Body], order: str) -> list[Body]:
    """Sorted by the fields in orderBy, the first one most significant; 400 for other fields."""
    for part in reversed([one.split() for one in order.split(",") if one.strip()]):
        field = camel(part[0])
        if field not in _SORTED or part[1:] not in ([], ["asc"], ["desc"]):
            raise invalid(f"order_by takes {', '.join(_SORTED)}, each with asc or desc.", "order_by")
        bodies = sorted(bodies, key=lambda body, by=field: str(body.get(by, "")), reverse=part[1:] == ["desc"])  # type: ignore[misc]
    return bodies


def _alias(cloud: Cloud, name: str, version: str, added: Sequence[str], removed: Sequence[str]) -> None:
    """Moves aliases to a version, and removes others from it."""
    for one in _versions(cloud, name):
        remaining = [alias for alias in one["versionAliases"] if alias not in {*added, *removed}]
        mine = (
            [*remaining, *added]
            if one["versionId"] == version
            else [a for a in one["versionAliases"] if a not in added]
        )
        if mine != one["versionAliases"]:
            _keep(cloud, {**one, "versionAliases": mine})
    if _DEFAULT in added:
        row: Mapping[str, Any] = cloud.store.get(API, name) or {}
        cloud.store.put(API, name, {**row, "default": version})


def _keep(cloud: Cloud, body: Body) -> None:
    body = {**body, "versionUpdateTime": cloud.clock.rfc3339(), "etag": uuid.uuid4().hex[:16]}
    cloud.store.put(API, f"{body['name']}/versions/{body['versionId']}", body)


def _check_alias(alias: str) -> None:
    if not _ALIAS.fullmatch(alias):
        raise invalid(f"The version alias '{alias}' must match {_ALIAS.pattern}.", "version_aliases")


def _check_idle(cloud: Cloud, name: str, version: str) -> None:
    for endpoint, body in cloud.store.list(API, name.rpartition("/models/")[0], "endpoints"):
        for one in body.get("deployedModels", []):
            if one["model"].partition("@")[0] == name and version in {"", one["modelVersionId"]}:
                raise failed_precondition(
                    f"The Model {cloud.projects.numbered(name)} is deployed on {cloud.projects.numbered(endpoint)}; undeploy it first."
                )


def _check_artifacts(cloud: Cloud, parent: str, uri: str) -> None:
    """400 unless Vertex AI's service agent can read a model's files, whatever the caller may read."""
    if not uri:
        return
    bucket, storage = uri.removeprefix("gs://").partition("/")[0], cloud.offers.get(Buckets)
    owner = storage.owner(bucket) if storage else ""
    agent = cloud.agents.member(API, names.project(parent))
    resource = f"projects/_/buckets/{bucket}"
    if not owner or not cloud.iam.allowed(agent, "storage.objects.get", "storage", resource, owner):
        raise CloudError(
            400,
            "FAILED_PRECONDITION",
            f"Service account `{agent.partition(':')[2]}` does not have `[storage.objects.get]` IAM permission(s) to the directory "
            f'"{uri}". Copy the files to a bucket of this project, or grant it roles/storage.objectViewer there.',
        )
