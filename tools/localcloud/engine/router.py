"""Routes a URL to the service and method that answer it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import unquote

from localcloud.engine.dialect import OLDER, RESOURCE_ORIENTED
from localcloud.engine.service import Alias, Service
from localcloud.errors import CloudError, invalid, not_found, unimplemented
from localcloud.spec.discovery import Document, Method, document, slots, versions
from localcloud.spec.routes import Routes, Slot

_MEDIA = (("resumable/upload/", True), ("upload/", True), ("download/", False))
_SLASH = re.compile("%2F", re.IGNORECASE)
_IN_PLACE = re.compile(r"/(?:projects|locations)/[^/]*%2f", re.IGNORECASE)
_REMEMBERED = 8192
_BETWEEN_WORDS = re.compile("[/:]")
_DEEPEST = 3  # segments in which a path says its version: "v1/…", "dns/v1/…", "apps/licensing/v1/…"
_REGIONAL = re.compile(r"([a-z]+(?:-[a-z]+)*-[a-z]+\d+)-([a-z]+)")
_LIKE_API = re.compile(r"[a-z]+/v\d+[a-z0-9]*/")
SERVICES_FOLDER = "tools/localcloud/services"

_CONSOLE = "ui"
"""In place of a version: what Google's Python client of Vertex AI asks for operations."""


class Target(NamedTuple):
    """What a URL means. `upload`: its body is handed over raw; `preset`: parameters that the path itself sets.

    `region`: that of the host, for an API that has one in each region (europe-west1-run).
    `guessed`: the path looks like an API's but is none's, and was taken for a bucket and object.
    """

    service: Service
    method: Method
    params: Mapping[str, str]
    path: str
    upload: bool = False
    preset: Mapping[str, Any] = MappingProxyType({})
    guessed: bool = False
    region: str = ""


class Router:
    """Finds targets for the registered services, and caches them."""

    def __init__(self, services: Sequence[Service]) -> None:
        self.services = {(service.api, version): service for service in services for version in service.versions}
        self._written: dict[str, list[str]] = {}
        for api, version in self.services:
            self._written.setdefault(api, []).append(version)
        self._aliases: Routes[tuple[Service, Alias]] = Routes()
        self._seen: dict[tuple[str, str, bool], Target] = {}
        for service in services:
            for alias in service.aliases:
                self._aliases.add(
                    alias.http, alias.path.replace("...}", "}"), (service, alias), _alias_slots(alias.path)
                )

    def find(self, http: str, path: str, *, named: bool = False) -> Target:
        """The target of a raw path without its leading slash; 501 when only documented, 404 when unknown.

        `named`: the host was that of an API, so that the path is not a bucket's.
        """
        key = (http, path, named)
        target = self._seen.get(key)
        if target is None:
            if len(self._seen) > _REMEMBERED:
                self._seen.clear()
            target = self._seen[key] = self._find(http, path, named=named)
        return target

    def _find(self, http: str, path: str, *, named: bool) -> Target:
        _check_encoding(path)
        inner, upload, preset = _media(path)
        prefix, _, rest = inner.partition("/")
        region, api = _regional(prefix)
        after, late_upload, _ = _media(rest)
        if api in self._written or (rest and versions(api)):
            target = self._documented(http, api, after)
            if target is not None:
                upload = upload or late_upload
                plain = not (upload or preset or region)
                return target if plain else target._replace(upload=upload, preset=preset, region=region)
        first, _, second = path.partition("/")
        alias = None if second.partition("/")[0] in versions(first) else self._aliases.find(http, path)
        if alias is not None and not (named and alias[0][1].path.startswith("{")):
            return _aliased(*alias, guessed=_LIKE_API.match(path) is not None or bool(versions(first)))
        raise self.unknown(http, path)

    def _documented(self, http: str, api: str, rest: str) -> Target | None:
        for version in self._versions(api, rest):
            match = document(api, version).match(http, rest)
            if match is None:
                continue
            method, params = match
            service = self.services.get((api, version)) or _unwritten(api, version)
            if not service.dialect.slashes and _misplaced_slash(service, method, rest):
                continue
            return Target(service, method, params, _resource(method, rest, kept=service.encoded_slashes == "kept"))
        return self._operation(http, api, rest)

    def _versions(self, api: str, rest: str) -> list[str]:
        """The versions that a path may mean: those that it says, else those that are written, else all there are."""
        known = versions(api)
        words = _BETWEEN_WORDS.split(rest, _DEEPEST)[:_DEEPEST]
        return [version for version in known if version in words] or self._written.get(api) or list(known)

    def _operation(self, http: str, api: str, rest: str) -> Target | None:
        """Operations may lie below any resource, documented or not, and some clients ask for them as Google's console does."""
        version, _, path = rest.partition("/")
        if version == _CONSOLE:
            version = next((known for one, known in self.services if one == api), "")
        words = path.split("/")
        service = self.services.get((api, version))
        if service is None or http != "GET" or len(words) < 2 or words[-2] != "operations":
            return None
        name = unquote(path)
        method = Method(
            f"{api}.operations.get", api, version, "GET", f"{version}/{{+name}}", rest, response="Operation"
        )
        return Target(service, method, {"name": name}, name)

    def unknown(self, http: str, path: str) -> CloudError:
        """The 404 for a path that no document has, with a hint at what exists."""
        api, _, rest = _media(path)[0].partition("/")
        if api not in self._written and not versions(api):
            return not_found(
                f"The requested URL /{path} was not found: the local cloud has no API or bucket path of that form. "
                "API paths begin with the API's name, e.g. /secretmanager/v1/…"
            )
        verbs = sorted({verb for version in self._versions(api, rest) for verb in document(api, version).verbs(rest)})
        hint = (
            f"this path answers {', '.join(verbs)} only"
            if verbs
            else "Google's description of the API has no such path"
        )
        return not_found(f"The requested URL {http} /{path} was not found: {hint}.")


def _regional(prefix: str) -> tuple[str, str]:
    """Region and API of a host's first word or of a path's: "europe-west1-run" → ("europe-west1", "run")."""
    match = _REGIONAL.fullmatch(prefix)
    return (match[1], match[2]) if match else ("", prefix)


def _check_encoding(path: str) -> None:
    """400 for percent-encoded bytes that are not UTF-8: two names of objects could not be told apart."""
    try:
        unquote(path, errors="strict")
    except UnicodeDecodeError:
        raise invalid(f"The requested URL /{path} holds percent-encoded bytes that are not UTF-8.") from None


@lru_cache(maxsize=64)
def _unwritten(api: str, version: str) -> Service:
    """A placeholder for an API that Google documents, but that is not implemented here."""
    return Service(api=api, versions=(version,), dialect=OLDER if document(api, version).older else RESOURCE_ORIENTED)


def _misplaced_slash(service: Service, method: Method, rest: str) -> bool:
    """Whether a percent-encoded slash stands inside a name that can hold none."""
    if "%2" not in rest:
        return False
    if service.encoded_slashes:
        return _IN_PLACE.search(rest) is not None
    method_slots = slots(method)
    open_ended = bool(method_slots) and method_slots[-1][2] is None
    return not open_ended and unquote(rest).count("/") != method.flat_path.count("/")


def absent(method: Method) -> CloudError:
    """The 501 for a method that Google documents, but that is not implemented here."""
    return unimplemented(
        f"{method.id} ({method.version}) is a method of Google's that the local cloud does not emulate. "
        f"To add it: {where(method.api)}."
    )


def where(api: str) -> str:
    """The file or folder in which a service is written: "tools/localcloud/services/iam.py"."""
    folder = Path(__file__).parent.parent / "services" / api
    return f"{SERVICES_FOLDER}/{api}/" if folder.is_dir() else f"{SERVICES_FOLDER}/{api}.py"


def _media(path: str) -> tuple[str, bool, dict[str, Any]]:
    for prefix, upload in _MEDIA:
        if path.startswith(prefix):
            return path[len(prefix) :], upload, {} if upload else {"alt": "media"}
    return path, False, {}


def _resource(method: Method, rest: str, *, kept: bool) -> str:
    """The path without version and custom verb, decoded, but for the slashes that are `kept`."""
    path = rest.partition("/")[2]
    _, colon, verb = method.flat_path.rpartition("/")[2].rpartition(":")
    if colon and "}" not in verb:
        path = path.removesuffix(":" + verb).removesuffix("%3A" + verb)
    return unquote(_SLASH.sub("%252F", path) if kept else path)


def _aliased(route: tuple[Service, Alias], params: Mapping[str, str], *, guessed: bool) -> Target:
    service, alias = route
    method = _method(service, alias)
    path = alias.path
    for name, value in params.items():
        path = path.replace(f"{{{name}...}}", value).replace(f"{{{name}}}", value)
    raw_body = bool(method.uploads) or not method.request
    return Target(service, method, params, path, raw_body, alias.params, guessed)


def _method(service: Service, alias: Alias) -> Method:
    for version in service.versions:
        methods = document(service.api, version).methods
        if alias.method in methods:
            return methods[alias.method]
    return Method(alias.method, service.api, service.versions[0], alias.http, alias.path, alias.path)


def _alias_slots(path: str) -> list[Slot]:
    slots: list[Slot] = []
    for at, segment in enumerate(path.split("/")):
        if segment.startswith("{"):
            name = segment.strip("{}")
            slots.append((name.removesuffix("..."), at, None if name.endswith("...") else at + 1))
    return slots


def described(service: Service) -> list[Document]:
    """The documents behind a service."""
    return [document(service.api, version) for version in service.versions]
