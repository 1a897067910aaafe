"""Metadata stores: experiments and their runs are contexts, with their executions and artifacts.

Source: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.metadataStores.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from localcloud.engine import standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import invalid
from localcloud.services.aiplatform import answers, lineage, names
from localcloud.services.aiplatform.names import API
from localcloud.spec import filters

_ID = r"[a-z0-9][a-z0-9-]{0,127}"
_TITLE = re.compile(r"[a-z][a-z0-9-_]{2,20}[.][A-Z][a-zA-Z0-9-_]{2,49}")
_OWN = ("system.", "google.")
"""The prefixes of the titles of schemas that every metadata store has."""
_FIRST_VERSION = "0.0.1"
_LARGEST = 200 * 1000
_SAMPLE = 100
_TYPES = {"artifacts": "ARTIFACT_TYPE", "executions": "EXECUTION_TYPE", "contexts": "CONTEXT_TYPE"}


def _store_completed(call: Call, body: Body) -> Body:
    names.check_place(call)
    return {**body, "state": {"diskUtilizationBytes": "0"}}


def create(call: Call) -> Body:
    """Creates a context, execution, artifact or schema, with an optional id."""
    resource = call.service.resources[call.method.collection]
    identity = call.params.get(resource.id_param) or str(uuid.uuid4())
    return standard.create(call._replace(params={**call.params, resource.id_param: identity}), resource)


def _completed(call: Call, body: Body) -> Body:
    _check(call, body)
    if body.get("schemaTitle"):
        body = {"schemaVersion": _FIRST_VERSION, **body}
        _check_schema(call, body)
    return body


def _changed(call: Call, _old: Body, new: Body) -> Body:
    _check(call, new)
    return new


def _check(call: Call, body: Body) -> None:
    kind = call.service.resources[call.method.collection].kind
    names.check_described(body, kind, kind.lower(), needed=False)
    size = len(json.dumps(body.get("metadata", {})))
    if size > _LARGEST:
        raise invalid(f"metadata has {size} bytes; it may have at most {_LARGEST}.", f"{kind.lower()}.metadata")


def _check_schema(call: Call, body: Body) -> None:
    """400 for a schema that the metadata store does not have; any title in Google's own namespaces is accepted."""
    title, version = body["schemaTitle"], body["schemaVersion"]
    store, _, noun = call.path.rpartition("/")
    if title.startswith(_OWN):
        return
    for _, schema in call.cloud.store.list(API, store, "metadataSchemas"):
        if (_title(schema), schema["schemaVersion"], schema["schemaType"]) == (title, version, _TYPES[noun]):
            return
    raise invalid(
        f'There is no schema "{title}" of version {version} for {noun} in this metadata store; create it, or use one of Google\'s, '
        'such as "system.Model".',
        "schema_title",
    )


def _schema_completed(_call: Call, body: Body) -> Body:
    title = _title(body)
    if not _TITLE.fullmatch(title):
        raise invalid(
            "MetadataSchema must include a schema title that satisfies the following regex: "
            "^[a-z][a-z0-9-_]{2,20}[.][A-Z][a-zA-Z0-9-_]{2,49}$",
            "metadata_schema.schema",
        )
    if body.get("schemaType", "") not in _TYPES.values():
        raise invalid(
            f"schema_type must be one of {', '.join(sorted(_TYPES.values()))}.", "metadata_schema.schema_type"
        )
    return {"schemaVersion": _FIRST_VERSION, **body}


def _title(schema: Body) -> str:
    """The title in a schema's YAML text."""
    match = re.search(r"""^title:[ \t]*["']?([\w.-]+)""", schema.get("schema", ""), re.MULTILINE)
    return match[1] if match else ""


def _context_shown(cloud: Cloud, body: Body) -> Body:
    parents = [cloud.projects.numbered(name) for name in lineage.owners(cloud, body["name"], "contexts")]
    return names.shown(cloud, {**body, **({"parentContexts": parents} if parents else {})})


def _filtered(call: Call, text: str) -> filters.Test:
    """A filter over contexts, executions or artifacts: by fields, typed metadata values, and membership in contexts."""
    cloud = call.cloud

    def in_context(name: str) -> filters.Test:
        context, kind = cloud.projects.named(name), call.collection
        members = {cloud.projects.numbered(one) for one in lineage.members(cloud, context, kind)}
        return lambda body: body["name"] in members

    test = filters.compiled(text, {"in_context": in_context})
    return lambda body: test({**body, **_family(cloud, body), "metadata": _typed(body.get("metadata", {}))})


def _family(cloud: Cloud, body: Mapping[str, Any]) -> Body:
    """A context's parents and children for filters, by all forms of their names, which must match as a whole."""
    name = cloud.projects.named(body["name"])
    family = {"parentContexts": lineage.owners(cloud, name, "contexts")}
    family["childContexts"] = lineage.members(cloud, name, "contexts")
    return {
        key: {spelling: True for one in value for spelling in (one, cloud.projects.numbered(one))}
        for key, value in family.items()
    }


def _typed(metadata: Mapping[str, Any]) -> Body:
    """Metadata in the form that filters use: {"epochs": 3} becomes {"epochs": {"number_value": 3}}."""
    typed: Body = {}
    for key, value in metadata.items():
        if isinstance(value, Mapping):
            typed[key] = {"struct_value": _typed(value)}
        elif isinstance(value, bool):
            typed[key] = {"bool_value": value}
        elif isinstance(value, str):
            typed[key] = {"string_value": value}
        elif value is not None:
            typed[key] = {"list_value" if isinstance(value, list) else "number_value": value}
    return typed


def artifact_lineage(call: Call) -> Body:
    """artifacts.queryArtifactLineageSubgraph, restricted to the artifacts that match the filter."""
    text = call.params.get("filter", "")
    if not text:
        return lineage.of_artifact(call)
    store = call.name.rsplit("/", 2)[0]
    test = _filtered(call._replace(path=f"{store}/artifacts"), text)
    rows = call.cloud.store.list(API, store, "artifacts")
    return lineage.of_artifact(call, (name for name, body in rows if test(names.shown(call.cloud, body))))


def purge(call: Call) -> Body:
    """contexts.purge and the like: deletes what matches a filter, or only counts it without `force`."""
    text = call.body.get("filter", "")
    if not text.strip():
        raise invalid("filter is required.", "filter")
    store, noun = call.path.removesuffix(":purge").rsplit("/", 1)
    if call.cloud.store.get(API, store) is None:
        raise names.absent(call.cloud, "MetadataStore", store)
    resource = call.service.resources[call.method.collection]
    test = _filtered(call._replace(path=f"{store}/{noun}"), text)
    rows = call.cloud.store.list(API, store, noun)
    present: Callable[[Cloud, Body], Body] = resource.present or names.shown
    matching = [name for name, body in rows if test(present(call.cloud, {"name": name, **body}))]
    answer: Body = {"purgeCount": str(len(matching))}
    if call.body.get("force"):
        for name in matching:
            lineage.forget(call.cloud, name)
            standard.remove(call.cloud, API, name)
    elif matching:
        answer["purgeSample"] = [call.cloud.projects.numbered(name) for name in matching[:_SAMPLE]]
    kind = f"Purge{resource.kind}s"
    return answers.finished(call, f"{kind}Metadata", answer, f"{kind}Response")


def _node(kind: str, **more: Any) -> Resource:
    return Resource(
        kind=kind,
        id_param=f"{kind.lower()}Id",
        id_rule=_ID,
        complete=_completed,
        changed=_changed,
        delete=lambda call, body: lineage.forget(call.cloud, body["name"]),
        filtered=_filtered,
        immutable=("schemaTitle", "schemaVersion"),
        missing=f'The {kind} "{{numbered}}" does not exist.',
        **more,
    )


STORE = Resource(
    kind="MetadataStore",
    id_param="metadataStoreId",
    id_rule=r"[a-z0-9]([a-z0-9-]{0,126}[a-z0-9])?",
    complete=_store_completed,
    delete=lambda call, body: lineage.forget(call.cloud, body["name"]),
    present=names.shown,
    missing='The MetadataStore "{numbered}" does not exist.',
)
SCHEMA = Resource(
    kind="MetadataSchema",
    id_param="metadataSchemaId",
    id_rule=_ID,
    complete=_schema_completed,
    present=names.shown,
    missing='The MetadataSchema "{numbered}" does not exist.',
)
CONTEXT = _node("Context", present=_context_shown)
EXECUTION = _node("Execution", present=names.shown)
ARTIFACT = _node("Artifact", present=names.shown)
