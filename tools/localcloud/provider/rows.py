"""The resource types: one folder each in types/, whose rows are loaded on first use."""

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
# What a member, a binding or a whole IAM policy has besides the attributes of its parent.
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

    id         its name in Terraform ids, from the attributes; `accepts` the forms in which a configuration may name it
    attribute  the attribute that holds the name and is stored as the whole id; "" keeps what was written
    body       sent to getIamPolicy where that is a POST; `mask` goes into setIamPolicy
    versioned  whether hashicorp/google asks for a policy with conditions; where not, it cannot work with any
    """

    id: str
    accepts: tuple[str, ...] = ()
    attribute: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    mask: str = ""
    versioned: bool = True


@dataclass(frozen=True)
class Setter:
    """A method that changes one attribute: its verb, and the fields of its request with the attributes that they hold."""

    verb: str
    sends: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ResourceType:
    """One resource type.

    api, version     the discovery document; `collection` the resource in its method ids ("projects.secrets")
    id               the resource's id and path from attributes, e.g. "projects/{project}/secrets/{secret_id}"
    omits            the part of the path, from attributes, that ids in Terraform leave out
    imports          other forms that an import may use
    verbs            what the API calls the row's get, create, patch and delete, where it has other words
    update           how changes are sent: "mask" with an update mask, "merge" with nulls for what is unset, "whole" without a mask
    query            query parameters of create and patch, and the attributes that they hold
    setters          attribute -> the method that changes it
    switches         attribute -> the methods that turn it on and off
    also_read        further methods whose answers belong to what is read
    additions        what the provider itself adds to a plan: labels, annotations, project, deletion_policy
    gone             API field values that mean that the resource does not exist any more
    masks            attribute -> mask paths, where a changed attribute is not simply its API field; a key with dots
                     stands for one value inside a block
    refreshed        whether an update reads the resource again, or leaves the plan in the state
    partial          whether a failed update leaves the old state; else the plan is in the state until the next refresh
    retry            (HTTP code, text) of errors that pass by themselves, for this type only
    identity         the attributes of its identity (see identities.py), with "?" where an import may leave one out
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
    refreshed: bool = True
    partial: bool = False
    retry: tuple[tuple[int, str], ...] = ()
    identity: tuple[str, ...] = ()
    parent: Parent | None = None


class ResourceTypes:
    """Every resource type by name; adding one is adding its folder."""

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
        found: dict[str, Path] = {}
        for path in sorted(self._folder.glob("*/*.json")):
            name = path.parent.name
            parts = [name] if path.stem == "row" else [f"{name}_iam_{part}" for part in _IAM_ATTRIBUTES]
            found |= dict.fromkeys(parts, path)
        return found


@lru_cache(maxsize=1)
def catalogue() -> ResourceTypes:
    """The catalogue of this package."""
    return ResourceTypes(FOLDER)


def _row(name: str, raw: Mapping[str, Any]) -> ResourceType:
    timeouts = {step: _seconds(text) for step, text in raw.get("timeouts", {}).items()}
    api, _, version = raw["api"].partition(".")
    common = {"type": name, "api": api, "version": version, "collection": raw["collection"], "id": raw["id"]}
    if "iam" in raw:
        kind = next(one for one in _IAM_ATTRIBUTES if name.endswith(f"_{one}"))
        tree = _IAM_ATTRIBUTES[kind] | raw["schema"] | {"id": "string optional computed virtual"}
        identity = tuple(raw.get("identity", {}).get(kind, ()))
        found = schema.parse(tree, timeouts=timeouts)
        return ResourceType(**common, kind=kind, schema=found, identity=identity, parent=_parent(raw))
    tree = {"id": "string optional computed virtual"} | raw["schema"]
    return ResourceType(
        **common,
        kind="rest",
        schema=schema.parse(tree, version=raw.get("version", 0), timeouts=timeouts),
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
        refreshed=raw.get("refreshed", True),
        partial=raw.get("partial", False),
        retry=tuple((code, text) for code, text in raw.get("retry", ())),
        identity=tuple(raw.get("identity", ())),
    )


def source(name: str, raw: Mapping[str, Any]) -> ResourceType:
    """The row of a data source or an ephemeral resource, of which some ask no API."""
    api, _, version = raw.get("api", "").partition(".")
    return ResourceType(name, "source", api, version, raw.get("collection", ""), "", schema.parse(raw["schema"]))


def policy_source(row: ResourceType) -> ResourceType:
    """The data source of an IAM policy, from the resource that is one: what is written there is read here."""
    children = row.schema.root.children
    text = schema.Attribute("policy_data", computed=True)
    root = replace(row.schema.root, children={**children, "policy_data": text})
    return replace(row, kind="source", schema=Schema(root), identity=())


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


def _seconds(text: str) -> int:
    return int(text[:-1]) * _UNITS[text[-1]]
