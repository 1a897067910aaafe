"""Resources made up from Google's documents: a request that sends every field of a schema, and the path that it goes to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.engine.service import Resource, Service
from localcloud.spec.conformance import message
from localcloud.spec.discovery import Document, Method, document

from tests.localcloud.contract_values import OWN_PLACES, OWN_VALUES, PLACES
from tests.localcloud.services.requests_inside import PROJECT

SERVER_MADE = {
    "kind",
    "id",
    "selfLink",
    "name",
    "zone",
    "region",
    "creationTimestamp",
    "etag",
    "fingerprint",
    "labelFingerprint",
}
FORMATS = {
    "google-datetime": "2030-01-01T00:00:00Z",
    "google-duration": "600s",
    "google-fieldmask": "a",
    "byte": "eA==",
    "int64": "7",
    "uint64": "7",
}
TYPES = {"boolean": True, "integer": 7, "number": 7, "any": {"a": "b"}}


@dataclass(frozen=True)
class Sample:
    """A declared resource with the document that has its create method."""

    service: Service
    collection: str
    resource: Resource
    document: Document

    @property
    def id(self) -> str:
        """As a test is named after it: "pubsub.projects.topics"."""
        return f"{self.service.api}.{self.collection}"

    @property
    def schema(self) -> str:
        """The schema of the resource itself, as its get method returns it."""
        return self.method("get").response

    @property
    def parent(self) -> Sample | None:
        """The declared resource in which this one lies."""
        return found(self.service, self.collection.rpartition(".")[0])

    def method(self, *verbs: str) -> Method:
        """The first documented method of these verbs."""
        known = self.document.methods
        return next(known[name] for verb in verbs if (name := f"{self.id}.{verb}") in known)

    def has(self, verb: str) -> bool:
        """Whether the document has this verb for the collection."""
        return f"{self.id}.{verb}" in self.document.methods

    def body(self, name: str) -> dict[str, Any]:
        """Every field that a create accepts, with a valid value where the service checks it."""
        fields: dict[str, Any] = self._value({"$ref": self.schema}, ())
        own = OWN_VALUES.get(self.service.api, {}).get(self.collection, {})
        fields = {key: one for key, one in (fields | own).items() if one is not None and key not in SERVER_MADE}
        return fields | ({"name": name} if self.service.dialect.older else self._own_name(name))

    def request(self, method: Method, body: dict[str, Any], **beside: Any) -> dict[str, Any]:
        """The body in the message that a method takes: as it is, or as a field beside others."""
        fields = self.document.schemas[method.request].get("properties", {})
        wrapper = next((name for name, one in fields.items() if one.get("$ref") == self.schema), "")
        return {wrapper: body, **beside} if wrapper and method.request != self.schema else body

    def path(self, method: Method, name: str, around: Mapping[str, str]) -> str:
        """A method's path, in which the resource has this name, and what it lies in has the ids of `around`."""
        path = re.sub(r"projects/\{\w+\}", f"projects/{PROJECT}", method.flat_path)
        for place, value in ({**PLACES, **OWN_PLACES.get(self.service.api, {}), **around}).items():
            path = re.sub(rf"{place}/\{{\w+\}}", f"{place}/{value}", path)
        return f"/{self.service.api}/{re.sub(r'{[^}]*}', name, path)}"

    def _own_name(self, name: str) -> dict[str, Any]:
        field = self.resource.id_field
        return {field: name} if field else {}

    def _value(self, schema: Mapping[str, Any], above: tuple[str, ...]) -> Any:
        """A value of a schema, None where there is none: what a message holds of its own kind is left out."""
        if name := schema.get("$ref", ""):
            return None if name in above else self._message(name, (*above, name))
        kind = schema.get("type")
        if kind == "array":
            one = self._value(schema["items"], above)
            return None if one is None else [one]
        if "additionalProperties" in schema:
            one = self._value(schema["additionalProperties"], above)
            return None if one is None else {"a": one}
        if kind == "object":
            return self._fields(schema, above)
        if "enum" in schema:
            return next(one for one in schema["enum"] if "UNSPECIFIED" not in one)
        return TYPES.get(str(kind), FORMATS.get(schema.get("format", ""), "b"))

    def _message(self, name: str, above: tuple[str, ...]) -> Any:
        own = OWN_VALUES.get(self.service.api, {}).get(message(name), {})
        if own is None:
            return None
        value = self._value(self.document.schemas[name], above)
        return {key: one for key, one in (value | own).items() if one is not None} if own else value

    def _fields(self, schema: Mapping[str, Any], above: tuple[str, ...]) -> dict[str, Any]:
        fields = schema.get("properties", {}).items()
        values = {name: self._value(one, above) for name, one in fields if not _one_way(one)}
        return {name: value for name, value in values.items() if value is not None}


def found(service: Service, collection: str) -> Sample | None:
    """A declared resource in the first document that can create it."""
    resource = service.resources.get(collection)
    for version in service.versions if resource is not None else ():
        sample = Sample(service, collection, resource, document(service.api, version))
        if sample.has("create") or sample.has("insert"):
            return sample
    return None


def holds(found: Any, sent: Any, path: str) -> None:
    """Asserts that the result has everything that was sent; references may have become full URLs."""
    if isinstance(sent, dict):
        for key, value in sent.items():
            assert key in found, f"{path}.{key} is lost"
            holds(found[key], value, f"{path}.{key}")
    elif isinstance(sent, list):
        assert len(found) == len(sent), path
        for one, other in zip(found, sent, strict=True):
            holds(one, other, path)
    elif isinstance(sent, str) and "/" in sent:
        assert str(found).endswith(sent), path
    else:
        assert found == sent, path


def _one_way(field: Mapping[str, Any]) -> bool:
    description = field.get("description", "").lower()
    return bool(field.get("readOnly")) or "output only" in description or "input only" in description
