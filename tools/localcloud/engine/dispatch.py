"""One request from its URL to its reply, synchronously: route, authenticate, check, admit, handle, render."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from localcloud import errors
from localcloud.engine import audit, empty_lists, gate, late_lists, lro, older, places, rendering, standard, zonal
from localcloud.engine.cloud import Cloud
from localcloud.engine.dialect import OLDER, RESOURCE_ORIENTED
from localcloud.engine.exchange import Content, Reply
from localcloud.engine.router import Router, Target, absent
from localcloud.engine.service import Body, Call, Handler, Service
from localcloud.engine.state_folder import disk_refused
from localcloud.spec import conformance, json_text
from localcloud.spec.discovery import Method, Param, document

_log = logging.getLogger("localcloud")
_FORM = "application/x-www-form-urlencoded"
_FORMS = {"json", "media"}
_PLAIN = frozenset({401, 403, 404, 416})
_BUG = "The local cloud failed on this request because of a bug of its own; the traceback is in its log."


class Request(NamedTuple):
    """A request as it arrived.

    `path`: raw, without leading slash, behind the API's name where the host says that. `headers`: with lower-case names. `base`: how
    the client reached us. `named`: by the host of an API. `known`: see Call.
    """

    verb: str
    path: str
    query: str
    headers: Mapping[str, str]
    content: Content | None
    base: str
    named: bool = False
    known: dict[str, Any] | None = None


class Outcome(NamedTuple):
    """A reply, with what the request log and the faults need to know about it."""

    reply: Reply
    target: Target | None = None
    call: Call | None = None
    body: Any = None


class _Handling(NamedTuple):
    """A method's handler, whether its calls are logged as admin activity, and their SKU ("" = not metered)."""

    handle: Handler
    activity: bool
    sku: str


@dataclass
class Dispatcher:
    """Runs requests against the cloud."""

    cloud: Cloud
    router: Router
    _handlings: dict[tuple[str, str], _Handling] = field(default_factory=dict)

    def target(self, request: Request) -> Target:
        """What the request's URL means; 404 or 501."""
        return self.router.find(request.verb, request.path, named=request.named)

    def run(self, request: Request, target: Target) -> Outcome:
        """The outcome of a request whose target is known. Raises CloudError so that the caller can take writes back."""
        if self.cloud.due.ready:
            self.cloud.due.run()
        call = self._call(request, target)
        handling = self._handling(target)
        try:
            gate.admit(call)
            _complete(call)
            result = self._handled(call, handling)
        except errors.CloudError as problem:
            problem.plain = (
                problem.code in _PLAIN and call.params.get("alt") == "media" and call.service.dialect is OLDER
            )
            if handling.activity and problem.status == "PERMISSION_DENIED":
                problem.afterwards = partial(audit.denied, call, problem)
            raise
        if handling.sku:
            thing = call.params.get(call.service.payer_param) if call.service.payer_param else call.project
            self.cloud.usage.count(call.service.api, thing or "", handling.sku)
        if isinstance(result, Reply):
            if result.status == 404 and target.guessed:
                raise self.router.unknown(request.verb, request.path)
            return Outcome(rendering.reply(call, result), target, call, result.body)
        return Outcome(rendering.reply(call, result), target, call, result)

    def announced(self, request: Request, target: Target) -> Outcome | None:
        """The refusal of a request whose large body has not been read yet; None when the body may be sent. Raises CloudError too."""
        call = self._call(request, target)
        gate.admit(call)
        ask = call.service.streams.get(call.method.id)
        reply = ask(call) if ask else None
        return Outcome(rendering.reply(call, reply), target, call, reply.body) if reply else None

    def failed(self, problem: Exception, target: Target | None) -> Outcome:
        """The outcome of a request that ended with an exception."""
        if not isinstance(problem, errors.CloudError):
            if disk_refused(problem):
                problem = self.cloud.store.explain(problem)
            elif isinstance(problem, RecursionError):
                problem = errors.invalid("The request is nested too deeply.")
            else:
                _log.error("A request failed.", exc_info=problem)
                problem = errors.CloudError(500, "INTERNAL", _BUG)
        if problem.afterwards is not None:
            problem.afterwards()
        if problem.code == 401 and target and problem.details:
            problem.details[0]["metadata"].setdefault("service", f"{target.service.api}.googleapis.com")
        body = (target.service.dialect if target else RESOURCE_ORIENTED).error(problem)
        shown, form = (
            (problem.message.encode(), rendering.TEXT) if problem.plain else (rendering.dump(body), rendering.JSON)
        )
        return Outcome(Reply(problem.code, shown, form | problem.headers), target, None, body)

    def inside(self, base: str, verb: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Runs another request inside a running one; it fails or succeeds on its own."""
        path, _, query = target.partition("?")
        content = Content(headers.get("content-type", ""), len(body), body) if body else None
        request = Request(verb, path.lstrip("/"), query, headers, content, base)
        inner: Target | None = None
        store = self.cloud.store
        mark = store.savepoint()
        try:
            inner = self.target(request)
            outcome = self.run(request, inner)
        except Exception as problem:
            store.undo(mark)
            if not store.open:
                raise
            return self.failed(problem, inner).reply
        store.release()
        return outcome.reply

    def _call(self, request: Request, target: Target) -> Call:
        now = self.cloud.clock.seconds()
        principal = gate.identified(self.cloud.tokens.principal(request.headers, now))
        params = _params(request.query, target)
        projects = self.cloud.projects
        path = projects.named(target.path)
        if path != target.path:
            params |= {
                key: projects.id_of(value) if value.isdecimal() else projects.named(value)
                for key, value in target.params.items()
            }
        return Call(
            target.service,
            target.method,
            path,
            params,
            _body(request, target),
            principal,
            self.cloud,
            request.base,
            partial(self.inside, request.base),
            request.headers,
            request.content,
            request.path,
            target.region,
            request.known,
        )

    def _handled(self, call: Call, handling: _Handling) -> Body | Reply:
        project = call.project if handling.activity else None  # looked up before a delete removes it
        if self.cloud.lateness.profile is None:
            result = handling.handle(call)
        else:
            result = late_lists.answered(call, handling.handle, _getter(call))
        if handling.activity:
            audit.note(call, project, result)
        return result

    def _handling(self, target: Target) -> _Handling:
        method, service = target.method, target.service
        key = (method.version, method.id)
        handling = self._handlings.get(key)
        if handling is None:
            known = document(method.api, method.version).methods
            handle = handler(service, method) or empty_lists.handler(
                method, lambda name: handler(service, known[name]) is not None
            )
            if handle is None:
                raise absent(method)
            handling = _Handling(handle, audit.is_activity(service, method), service.metered.get(method.id, ""))
            self._handlings[key] = handling
        return handling


def json_reply(outcome: Outcome, body: Any) -> Outcome:
    """The same outcome with another JSON body."""
    return outcome._replace(reply=Reply(outcome.reply.status, rendering.dump(body), rendering.JSON), body=body)


def _getter(call: Call) -> Handler | None:
    """The get method for the resource that a call's URL names; None if there is none."""
    method = call.document.methods.get(f"{call.method.id.rpartition('.')[0]}.get")
    return handler(call.service, method) if method else None


def handler(service: Service, method: Method) -> Handler | None:
    """The function that answers a method: the service's own, else a standard verb, else the generic operations and locations."""
    own = service.methods.get(method.id)
    if own is not None:
        return own
    if service.dialect is OLDER:
        return older.handler(service, method) or zonal.handler(method) or lro.handler(method.id)
    return standard.handler(service, method) or lro.handler(method.id) or places.handler(method.id)


def _complete(call: Call) -> None:
    """Raises 400 for a missing required parameter, and for a response format other than JSON."""
    form = call.params.get("alt", "json")
    if form not in _FORMS and not form.startswith("json;"):
        if form == "proto":
            raise errors.unimplemented("The local cloud answers in JSON only; leave out alt=proto.")
        raise errors.invalid(f"Invalid value at 'alt' (TYPE_ENUM), \"{form}\"", "alt")
    for name in call.method.required:
        if name not in call.params:
            raise call.service.dialect.required(name)


def _params(query: str, target: Target) -> dict[str, Any]:
    params: dict[str, Any] = dict(target.params)
    if target.preset:
        params |= target.preset
    if query:
        for key, value in _pairs(query):
            _add(params, key, value, target)
    return params


@lru_cache(maxsize=64)
def _pairs(query: str) -> Sequence[tuple[str, str]]:
    if "%" in query or "+" in query or ";" in query:
        try:
            return parse_qsl(query, keep_blank_values=True, errors="strict")
        except UnicodeDecodeError:
            raise errors.invalid("The URL's query holds percent-encoded bytes that are not UTF-8.") from None
    return [(key, value) for key, _, value in [pair.partition("=") for pair in query.split("&")] if key]


def _add(params: dict[str, Any], key: str, value: str, target: Target) -> None:
    method = target.method
    param = method.query.get(key) or _everywhere(method.api, method.version).get(key)
    if param is None:
        if target.service.lenient or key in target.service.undocumented:
            params.setdefault(key, value)
        elif not key.startswith("$"):
            raise conformance.unknown_parameter(key)
    elif param.repeated:
        params.setdefault(param.name, []).append(conformance.typed(param, value, target.service.dialect.mistyped))
    elif param.location == "query":
        params[param.name] = conformance.typed(param, value, target.service.dialect.mistyped)
    else:
        params[param.name] = value


@lru_cache
def _everywhere(api: str, version: str) -> Mapping[str, Param]:
    """The parameters that every method accepts: the document's global ones, with any value, and an update mask."""
    params = {name: Param(name, "global") for name in document(api, version).global_params}
    return params | {"updateMask": Param("updateMask", "query"), "update_mask": Param("updateMask", "query")}


def _body(request: Request, target: Target) -> dict[str, Any]:
    content = request.content
    if target.upload or content is None or not content.size or not target.method.request:
        return {}
    if _takes_anything(target.method.api, target.method.version, target.method.request):
        return {}
    if content.size > json_text.MOST_BYTES:
        raise errors.invalid(f"Request payload size exceeds the limit: {json_text.MOST_BYTES} bytes.")
    data = content.read()
    form = content.type.startswith(_FORM) and not data.lstrip().startswith(b"{")  # curl -d sends JSON under that type
    raw: Any = dict(parse_qsl(data.decode("utf-8", "replace"))) if form else _parsed(data)
    service = target.service
    described = document(target.method.api, target.method.version)
    return conformance.check(
        described,
        target.method.request,
        raw,
        numbers=service.enum_numbers,
        older=service.dialect.older,
        lenient=service.lenient,
        bound=target.params,
    )


@lru_cache
def _takes_anything(api: str, version: str, schema_name: str) -> bool:
    """Whether a request's body may be anything: a google.api.HttpBody."""
    described = document(api, version).schemas.get(schema_name, {})
    return schema_name == "HttpBody" or bool(
        described.get("properties", {}).get("httpBody", {}).get("$ref") == "GoogleApiHttpBody"
    )


def _parsed(data: bytes) -> Any:
    try:
        return json_text.read(data)
    except ValueError as problem:
        raise errors.invalid(f"Invalid JSON payload received. The body cannot be parsed: {problem}.") from None
