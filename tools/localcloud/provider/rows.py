"""The resource types: one folder each in types/, with rows loaded on first use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

from localcloud.provider import schema
from localcloud.provider.schema import Schema

FOLDER = Path(__file__).parent / "types"

Kind = Literal["rest", "member", "binding", "policy", "source"]
# The attributes of a member, a binding or a whole IAM policy, besides those of its parent.
_CONDITION = {
    "$": "list optional force_new max=1",
    "description": "string optional force_new",
    "expression": "string required force_new",
    "title": "string required force_new",
}
_ETAG = "string computed"
_POLICY_PART = {"condition": _CONDITION, "etag": _ETAG, "role": "string required force_new"}
_MEMBER = "string required force_new check=iam_member suppress=member"
_MEMBERS = "set(string) required check=iam_member suppress=case"
_IAM_ATTRIBUTES: Mapping[Kind, Mapping[str, Any]] = {
    "member": _POLICY_PART | {"member": _MEMBER},
    "binding": _POLICY_PART | {"members": _MEMBERS},
    "policy": {"etag": _ETAG, "policy_data": "string required check=iam_policy suppress=policy"},
}
_UNITS: Mapping[str, int] = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Parent:
    """The resource whose IAM policy a member, a binding or a whole policy changes.

    id         template for its name in Terraform ids; `accepts` lists the forms in which a configuration may name it
    attribute  the attribute that names it, stored as the full name; "" stores it as written
    body       sent to getIamPolicy if that is a POST; `mask` is setIamPolicy's update mask
    versioned  whether hashicorp/google requests policies with conditions; otherwise it cannot handle any
    """

    id: str
    accepts: tuple[str, ...] = ()
    attribute: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    mask: str = ""
    versioned: bool = True


@dataclass(frozen=True)
class Setter:
    """A method that changes one attribute: its verb, and (request field, attribute) pairs."""

    verb: str
    sends: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ResourceType:
    """One resource type.

    api, version     the discovery document; `collection` the resource in its method ids ("projects.secrets")
    id               template for the resource's id and path, e.g. "projects/{project}/secrets/{secret_id}"
    omits            template for the part of the path that Terraform ids leave out
    imports          other accepted forms of import ids
    verbs            the API's names for get, create, patch and delete, where they differ
    update           how changes are sent: "mask" with an update mask, "merge" with nulls for unset fields, "whole" without a mask
    query            query parameter -> attribute, for methods that have it
    setters          attribute -> the method that changes it
    switches         attribute -> the methods that turn it on and off
    also_read        further methods whose answers are part of what is read
    additions        what the provider itself adds to a plan: labels, annotations, project, deletion_policy
    gone             API field values that mean that the resource no longer exists
    masks            attribute -> mask paths, where they differ from its API field; a key with dots is one value inside a block
    fingerprinted    whether an update sends the fingerprint that the resource has
    taken_over       whether a create changes what is there already under its name, as every project has some sinks
    undeletable      ids of resources that are always there: a destroy only forgets them
    refreshed        whether an update reads the resource back, or leaves the plan in the state
    partial          whether a failed update keeps the old state; otherwise the state has the plan until the next refresh
    retry            (HTTP code, text) of errors that are temporary, for this type only
    identity         the attributes of its identity (see identities.py), with "?" if optional for import
    data             what its data source of the same name asks for, with "?" if optional; () if it has no data source
    data_bare        whether the data source leaves out labels that others set, and defaults of virtual attributes
    """

    type: str
    kind: Kind
    api: str
    version: str
    collection: str
    id: str
    schema: Schema
    omits: str = ""
    imports: tuple[str, ...] = ()
    verbs: Mapping[str, str] = field(default_factory=dict)
    update: Literal["mask", "merge", "whole", ""] = ""
    query: Mapping[str, str] = field(default_factory=dict)
    setters: Mapping[str, Setter] = field(default_factory=dict)
    switches: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    also_read: tuple[str, ...] = ()
    additions: tuple[str, ...] = ()
    gone: Mapping[str, Any] = field(default_factory=dict)
    masks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fingerprinted: bool = False
    taken_over: bool = False
    undeletable: tuple[str, ...] = ()
    refreshed: bool = True
    partial: bool = False
    retry: tuple[tuple[int, str], ...] = ()
    identity: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    data_bare: bool = False
    parent: Parent | None = None


class ResourceTypes:
    """All resource types by name; adding a folder adds one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: dict[str, ResourceType] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def __getitem__(self, name: str) -> ResourceType:
        if name not in self._rows:
            self._rows[name] = _row(name, json.loads(self._files[name].read_text(encoding="utf-8")))
        return self._rows[name]

    @cached_property
    def _files(self) -> dict[str, Path]:
        files: dict[str, Path] = {}
        for path in sorted(self._folder.glob("*/*.json")):
            name = path.parent.name
            parts = [name] if path.stem == "row" else [f"{name}_iam_{part}" for part in _IAM_ATTRIBUTES]
            files |= dict.fromkeys(parts, path)
        return files


@lru_cache(maxsize=1)
def catalogue() -> ResourceTypes:
    """This package's resource types."""
    return ResourceTypes(FOLDER)


def _row(name: str, raw: Mapping[str, Any]) -> ResourceType:
    timeouts = {step: int(text[:-1]) * _UNITS[text[-1]] for step, text in raw.get("timeouts", {}).items()}
    api, _, version = raw["api"].partition(".")
    common = {"type": name, "api": api, "version": version, "collection": raw["collection"], "id": raw["id"]}
    if "iam" in raw:
        kind = next(one for one in _IAM_ATTRIBUTES if name.endswith(f"_{one}"))
        tree = _IAM_ATTRIBUTES[kind] | raw["schema"] | {"id": "string optional computed virtual"}
        identity = tuple(raw.get("identity", {}).get(kind, ()))
        parsed = schema.parse(tree, timeouts=timeouts)
        return ResourceType(**common, kind=kind, schema=parsed, identity=identity, parent=_parent(raw))
    tree = {"id": "string optional computed virtual"} | raw["schema"]
    return ResourceType(
        **common,
        kind="rest",
        schema=replace(
            schema.parse(tree, version=raw.get("version", 0), timeouts=timeouts), framework=raw.get("framework", False)
        ),
        omits=raw.get("omits", ""),
        imports=tuple(raw.get("imports", ())),
        verbs=raw.get("verbs", {}),
        update=raw.get("update", ""),
        query=raw.get("query", {}),
        setters={
            name: Setter(one["verb"], tuple(one["sends"].items())) for name, one in raw.get("setters", {}).items()
        },
        switches={name: (on, off) for name, (on, off) in raw.get("switches", {}).items()},
        also_read=tuple(raw.get("also_read", ())),
        additions=tuple(raw.get("additions", ())),
        gone=raw.get("gone", {}),
        masks={attribute: tuple(paths) for attribute, paths in raw.get("masks", {}).items()},
        fingerprinted=raw.get("fingerprinted", False),
        taken_over=raw.get("taken_over", False),
        undeletable=tuple(raw.get("undeletable", ())),
        refreshed=raw.get("refreshed", True),
        partial=raw.get("partial", False),
        retry=tuple((code, text) for code, text in raw.get("retry", ())),
        identity=tuple(raw.get("identity", ())),
        data=tuple(raw.get("data", ())),
        data_bare=raw.get("data_bare", False),
    )


def source(name: str, raw: Mapping[str, Any]) -> ResourceType:
    """The row of a data source or an ephemeral resource; some call no API."""
    api, _, version = raw.get("api", "").partition(".")
    return ResourceType(name, "source", api, version, raw.get("collection", ""), "", schema.parse(raw["schema"]))


def policy_source(row: ResourceType) -> ResourceType:
    """The data source for an IAM policy, from its resource's row: policy_data is computed instead of configured."""
    children = row.schema.root.children
    text = schema.Attribute("policy_data", computed=True)
    root = replace(row.schema.root, children={**children, "policy_data": text})
    return replace(row, kind="source", schema=Schema(root), identity=())


def data_source(row: ResourceType) -> ResourceType:
    """The data source that reads what the resource makes: the same attributes, of which few are asked for."""
    asked = {name.rstrip("?"): not name.endswith("?") for name in row.data}
    children = {name: _read_only(one) for name, one in row.schema.root.children.items()}
    for name, required in asked.items():
        children[name] = replace(children[name], required=required, optional=not required, computed=not required)
    return replace(row, kind="source", schema=Schema(replace(row.schema.root, children=children)), identity=())


def _read_only(child: schema.Attribute | schema.Block) -> schema.Attribute | schema.Block:
    flags: dict[str, Any] = {"required": False, "optional": False, "computed": True, "rules": schema.Rules()}
    if isinstance(child, schema.Attribute):
        return replace(child, **flags, default=None)
    inner = {name: _read_only(one) for name, one in child.children.items()}
    return replace(child, **flags, min=0, max=0, children=inner)


def _parent(raw: Mapping[str, Any]) -> Parent:
    iam = raw["iam"]
    return Parent(
        raw["id"],
        tuple(iam.get("accepts", ())),
        iam.get("attribute", ""),
        iam.get("body", {}),
        iam.get("mask", ""),
        iam.get("versioned", True),
    )
