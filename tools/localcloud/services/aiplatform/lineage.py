"""Lineage: contexts with their members, and the artifacts that executions read and wrote.

Source: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.metadataStores.contexts, …/executions, …/artifacts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call
from localcloud.errors import invalid
from localcloud.services.aiplatform import names
from localcloud.services.aiplatform.names import API

TABLES = """
CREATE TABLE IF NOT EXISTS metadata_links (
  source TEXT NOT NULL, target TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (source, target)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS metadata_links_back ON metadata_links (target, source);
"""
"""Links from a context to its children, artifacts and executions, and from an execution to an artifact, with the event's body."""
_KINDS = {"contexts": "Context", "executions": "Execution", "artifacts": "Artifact"}
_MOST_PARENTS = 10
_MOST_NODES = 10_000


def members(cloud: Cloud, source: str, kind: str) -> list[str]:
    """The nodes of one kind ("artifacts") that a context or an execution links to."""
    rows = cloud.store.sql("SELECT target FROM metadata_links WHERE source = ?", source)
    return [name for (name,) in rows if _kind(name) == kind]


def owners(cloud: Cloud, target: str, kind: str) -> list[str]:
    """The nodes of one kind ("contexts") that link to a context, an execution or an artifact."""
    rows = cloud.store.sql("SELECT source FROM metadata_links WHERE target = ?", target)
    return [name for (name,) in rows if _kind(name) == kind]


def forget(cloud: Cloud, name: str) -> None:
    """Removes the links of a deleted node; for a metadata store, those of everything in it."""
    low, high = f"{name}/", f"{name}0"  # "0" follows "/"
    cloud.store.changed("DELETE FROM metadata_links WHERE source = ? OR source > ? AND source < ?", name, low, high)
    cloud.store.changed("DELETE FROM metadata_links WHERE target = ?", name)


def add_children(call: Call) -> Body:
    """contexts.addContextChildren: ignores contexts that are children already."""
    parent = _node(call)
    for child in _named(call, call.body.get("childContexts", []), "contexts"):
        if child == parent or child in _above(call.cloud, parent):
            raise invalid(f"{child} cannot be a child of {parent}: it would be its own ancestor.", "child_contexts")
        others = set(owners(call.cloud, child, "contexts")) - {parent}
        if len(others) >= _MOST_PARENTS:
            raise invalid(f"{child} has {_MOST_PARENTS} parents, the most that a Context may have.", "child_contexts")
        _link(call.cloud, parent, child)
    return {}


def remove_children(call: Call) -> Body:
    """contexts.removeContextChildren: ignores contexts that are not children."""
    parent = _node(call)
    for child in _named(call, call.body.get("childContexts", []), "contexts"):
        call.cloud.store.changed("DELETE FROM metadata_links WHERE source = ? AND target = ?", parent, child)
    return {}


def add_members(call: Call) -> Body:
    """contexts.addContextArtifactsAndExecutions: ignores those that the context has already."""
    context = _node(call)
    for kind in ("artifacts", "executions"):
        for name in _named(call, call.body.get(kind, []), kind):
            _link(call.cloud, context, name)
    return {}


def add_events(call: Call) -> Body:
    """executions.addExecutionEvents: at most one event per execution and artifact; further ones are ignored."""
    execution = _node(call)
    for event in call.body.get("events", []):
        if event.get("type") not in ("INPUT", "OUTPUT"):
            raise invalid("The type of an event must be INPUT or OUTPUT.", "events.type")
        (artifact,) = _named(call, [event.get("artifact", "")], "artifacts")
        stored = {key: event[key] for key in ("type", "labels") if key in event}
        _link(call.cloud, execution, artifact, {"eventTime": call.cloud.clock.rfc3339(), **stored})
    return {}


def of_context(call: Call) -> Body:
    """contexts.queryContextLineageSubgraph: the artifacts and executions of a context, and the events between them."""
    context = _node(call)
    nodes = (*members(call.cloud, context, "artifacts"), *members(call.cloud, context, "executions"))
    return _subgraph(call, nodes)


def of_execution(call: Call) -> Body:
    """executions.queryExecutionInputsAndOutputs: an execution with the artifacts that it read and wrote."""
    execution = _node(call)
    return _subgraph(call, (execution, *members(call.cloud, execution, "artifacts")))


def of_artifact(call: Call, fits: Iterable[str] | None = None) -> Body:
    """artifacts.queryArtifactLineageSubgraph: the nodes within the requested number of hops of an artifact, in both directions."""
    hops = call.params.get("maxHops", -1)
    if "maxHops" in call.params and hops < 0:
        raise invalid("max_hops must not be negative.", "max_hops")
    allowed = None if fits is None else set(fits)
    visited = {_node(call): None}
    edge = list(visited)
    while edge and hops and len(visited) < _MOST_NODES:
        near = (name for one in edge for name in _beside(call.cloud, one))
        edge = [name for name in dict.fromkeys(near) if name not in visited and _fits(name, allowed)]
        visited |= dict.fromkeys(edge)
        hops -= 1
    return _subgraph(call, visited)


def _fits(name: str, allowed: set[str] | None) -> bool:
    return allowed is None or _kind(name) != "artifacts" or name in allowed


def _beside(cloud: Cloud, name: str) -> list[str]:
    return members(cloud, name, "artifacts") if _kind(name) == "executions" else owners(cloud, name, "executions")


def _subgraph(call: Call, nodes: Iterable[str]) -> Body:
    known = dict.fromkeys(nodes)
    graph: dict[str, list[Body]] = {"artifacts": [], "executions": [], "events": []}
    for name in known:
        body = call.cloud.store.get(API, name)
        if body is not None:
            graph[_kind(name)].append(names.shown(call.cloud, {"name": name, **body}))
        if _kind(name) == "executions":
            graph["events"] += [event for artifact, event in _events(call.cloud, name) if artifact in known]
    return {key: value for key, value in graph.items() if value}


def _events(cloud: Cloud, execution: str) -> Iterable[tuple[str, Body]]:
    for artifact, body in cloud.store.sql("SELECT target, body FROM metadata_links WHERE source = ?", execution):
        ends = {"artifact": cloud.projects.numbered(artifact), "execution": cloud.projects.numbered(execution)}
        yield artifact, {**ends, **json.loads(body)}


def _above(cloud: Cloud, context: str) -> set[str]:
    ancestors: set[str] = set()
    edge = [context]
    while edge:
        edge = [name for one in edge for name in owners(cloud, one, "contexts") if name not in ancestors]
        ancestors.update(edge)
    return ancestors


def _node(call: Call) -> str:
    """The full name of the URL's node; 404 if it does not exist."""
    return _named(call, [call.name], _kind(call.name))[0]


def _named(call: Call, given: Sequence[str], kind: str) -> list[str]:
    """The stored names of nodes in the URL's metadata store; 400 for nodes of another store, 404 for missing ones."""
    store = call.name.rsplit("/", 2)[0]
    names_ = [call.cloud.projects.named(name) for name in given]
    for name in names_:
        if name.rpartition("/")[0] != f"{store}/{kind}":
            raise invalid(f"{name or '(none)'} is not one of the {_KINDS[kind]}s of {store}.", kind)
        if call.cloud.store.get(API, name) is None:
            raise names.absent(call.cloud, _KINDS[kind], name)
    return names_


def _link(cloud: Cloud, source: str, target: str, body: Body | None = None) -> None:
    cloud.store.changed("INSERT OR IGNORE INTO metadata_links VALUES (?, ?, ?)", source, target, json.dumps(body or {}))


def _kind(name: str) -> str:
    return name.split("/")[-2]
