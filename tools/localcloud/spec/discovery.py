"""Google's discovery documents: methods, parameters, schemas and routes, read lazily, one document at a time."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from localcloud.spec.routes import Routes, Slot

_PLACEHOLDER = re.compile(r"\{\+?([^}]+)\}")
_UNPUBLISHED: Mapping[tuple[str, str], Mapping[str, Mapping[str, Any]]] = {
    ("compute", "v1"): {
        "Network": {"fingerprint": {"type": "string"}},
        "NetworkRoutingConfig": {
            "deleteBgpAlwaysCompareMed": {
                "type": "boolean",
                "description": "[Input Only] Takes bgpAlwaysCompareMed away.",
            }
        },
    },
    ("run", "v2"): {
        "GoogleCloudRunV2Job": {"tags": {"type": "object", "additionalProperties": {"type": "string"}}},
        "GoogleCloudRunV2Probe": {"successThreshold": {"type": "integer", "format": "int32"}},
        "GoogleCloudRunV2Service": {"tags": {"type": "object", "additionalProperties": {"type": "string"}}},
    },
}
"""Fields that Google's APIs take, as hashicorp/google 7.45.0 sends them, and that Google's documents leave out: by schema."""
_BOUNDARY = re.compile(r"(?<=[a-z0-9])([A-Z])")


class UnknownDocument(LookupError):
    """google-api-python-client has no description of that API and version."""


@dataclass(frozen=True, slots=True)
class Param:
    """One documented parameter. `type` is string, integer, boolean or number; `format` e.g. int64, google-fieldmask."""

    name: str
    location: str
    type: str = "string"
    format: str = ""
    repeated: bool = False
    required: bool = False
    enum: tuple[str, ...] = ()
    pattern: str = ""


@dataclass(frozen=True)
class Method:
    """One documented method.

    `path` is the template with `{+name}`, `flat_path` the one with a placeholder for every segment; both start after the
    API's root ("v1/…"; for storage "storage/v1/b/…" without "storage/"). `request` and `response` are schema names ("" = none).
    `uploads` are host-absolute media upload paths; `downloads` says that `alt=media` answers bytes.
    """

    id: str
    api: str
    version: str
    http: str
    path: str
    flat_path: str
    params: Mapping[str, Param] = field(default_factory=dict)
    request: str = ""
    response: str = ""
    uploads: tuple[str, ...] = ()
    downloads: bool = False

    @cached_property
    def verb(self) -> str:
        """The last word of the id: get, list, create, addVersion …"""
        return self.id.rpartition(".")[2]

    @cached_property
    def collection(self) -> str:
        """The id between API and verb: "projects.secrets"."""
        return self.id.partition(".")[2].rpartition(".")[0]

    @cached_property
    def trailing(self) -> int:
        """How many segments of the path follow its last parameter: 0 for …/disks/{disk}, 2 for …/{project}/global/networks."""
        segments = self.flat_path.split("/")
        return next((at for at, one in enumerate(reversed(segments)) if "{" in one), len(segments))

    @cached_property
    def query(self) -> Mapping[str, Param]:
        """Query parameters by every accepted spelling: as documented and in snake_case."""
        params = {param.name: param for param in self.params.values() if param.location == "query"}
        return {snake(name): param for name, param in params.items()} | params

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The required query parameters."""
        return tuple(param.name for param in self.params.values() if param.location == "query" and param.required)


class Document:
    """One discovery document. `older`: its paths stand below one of their own, as those of Compute, BigQuery and Storage do."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.api: str = raw["name"]
        self.version: str = raw["version"]
        self.title: str = raw["title"]
        self.revision: str = raw.get("revision", "")
        self.schemas: Mapping[str, Any] = raw.get("schemas", {})
        self._raw = raw
        service_path: str = raw.get("servicePath", "")
        self.older = bool(service_path)
        own = self.api + "/"
        self._lead = service_path.removeprefix(own)

    @cached_property
    def global_params(self) -> Mapping[str, Param]:
        """Parameters that every method takes (alt, fields, prettyPrint …)."""
        return {name: _param(name, raw) for name, raw in self._raw.get("parameters", {}).items()}

    @cached_property
    def methods(self) -> Mapping[str, Method]:
        """Every method of the document by id."""
        return {method.id: method for method in self._methods(self._raw)}

    def match(self, http: str, path: str) -> tuple[Method, dict[str, str]] | None:
        """The method for a raw path below the API's prefix ("v1/projects/p/secrets/s:addVersion"), and its parameters."""
        return self._routes.find(http, path)

    def verbs(self, path: str) -> list[str]:
        """HTTP verbs that the document knows for this path; empty when it does not know the path."""
        return self._routes.verbs(path)

    @cached_property
    def _routes(self) -> Routes[Method]:
        routes: Routes[Method] = Routes()
        by_literals = sorted(self.methods.values(), key=lambda m: -len(_PLACEHOLDER.sub("", m.flat_path)))
        for method in by_literals:
            routes.add(method.http, method.flat_path, method, slots(method))
        return routes

    def _methods(self, raw: Mapping[str, Any]) -> Iterator[Method]:
        for one in raw.get("methods", {}).values():
            yield self._method(one)
        for nested in raw.get("resources", {}).values():
            yield from self._methods(nested)

    def _method(self, raw: Mapping[str, Any]) -> Method:
        protocols = raw.get("mediaUpload", {}).get("protocols", {})
        return Method(
            id=raw["id"],
            api=self.api,
            version=self.version,
            http=raw["httpMethod"],
            path=self._lead + raw["path"],
            flat_path=self._lead + raw.get("flatPath", raw["path"]),
            params={name: _param(name, one) for name, one in raw.get("parameters", {}).items()},
            request=raw.get("request", {}).get("$ref", ""),
            response=raw.get("response", {}).get("$ref", ""),
            uploads=tuple(protocol["path"] for protocol in protocols.values()),
            downloads=bool(raw.get("supportsMediaDownload")),
        )


def document(api: str, version: str) -> Document:
    """The description of one API version; raises UnknownDocument."""
    if version not in versions(api):
        raise UnknownDocument(f"No discovery document describes {api} {version}.")
    return _load(api, version)


def versions(api: str) -> tuple[str, ...]:
    """The versions of an API that documents exist for, e.g. ("v1", "v3"); empty for an unknown API."""
    return _documented().get(api, ())


@lru_cache(maxsize=1)
def _documented() -> Mapping[str, tuple[str, ...]]:
    """The versions of each API; the folder has hundreds of files, and is listed once for all."""
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(path.stem for path in folder().glob("*.json")):
        api, _, version = name.partition(".")
        if version:
            found[api] = (*found.get(api, ()), version)
    return found


@lru_cache(maxsize=1)
def folder() -> Path:
    """The folder of google-api-python-client's documents."""
    spec = importlib.util.find_spec("googleapiclient")
    if spec is None or not spec.submodule_search_locations:
        raise UnknownDocument(
            "The package google-api-python-client is not installed; the local cloud needs its documents."
        )
    return Path(spec.submodule_search_locations[0]) / "discovery_cache" / "documents"


@lru_cache(maxsize=64)
def _load(api: str, version: str) -> Document:
    raw = json.loads((folder() / f"{api}.{version}.json").read_bytes())
    for schema, properties in _UNPUBLISHED.get((api, version), {}).items():
        raw["schemas"][schema]["properties"].update(properties)
    return Document(raw)


def slots(method: Method) -> tuple[Slot, ...]:
    """Which segments of the flat path make up each path parameter."""
    flat = method.flat_path.split("/")
    slots_: list[Slot] = []
    at = 0
    template = method.path.split("/")
    for index, segment in enumerate(template):
        name = _PLACEHOLDER.search(segment)
        if not name:
            at += 1
            continue
        width = _width(method, segment, name[1], len(flat) - at - (len(template) - index - 1))
        open_ended = index == len(template) - 1 and method.params[name[1]].pattern.endswith("/.*$")
        slots_.append((name[1], at, None if open_ended else at + width))
        at += width
    return tuple(slots_)


def _width(method: Method, segment: str, name: str, rest: int) -> int:
    if not segment.startswith("{+"):
        return 1
    reserved = method.path.count("{+")
    return rest if reserved == 1 else method.params[name].pattern.count("/") + 1


def _param(name: str, raw: Mapping[str, Any]) -> Param:
    return Param(
        name=name,
        location=raw.get("location", "query"),
        type=raw.get("type", "string"),
        format=raw.get("format", ""),
        repeated=bool(raw.get("repeated")),
        required=bool(raw.get("required")),
        enum=tuple(raw.get("enum", ())),
        pattern=raw.get("pattern", ""),
    )


@lru_cache(maxsize=8192)
def snake(name: str) -> str:
    """camelCase to snake_case: "updateMask" → "update_mask"."""
    return _BOUNDARY.sub(lambda match: "_" + match[1].lower(), name)


@lru_cache(maxsize=8192)
def camel(name: str) -> str:
    """snake_case to camelCase: "update_mask" → "updateMask"; a camelCase name stays."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)
