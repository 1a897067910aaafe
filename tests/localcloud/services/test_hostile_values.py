"""Hostile values in every place of every method: the answer is Google's refusal, never a server error."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import pytest
from localcloud.engine.dialect import RESOURCE_ORIENTED
from localcloud.engine.dispatch import handler
from localcloud.engine.service import Service
from localcloud.errors import CloudError
from localcloud.services import SERVICES
from localcloud.spec import conformance
from localcloud.spec.discovery import Document, Method, document

from tests.localcloud.services.requests_inside import PROJECT, Sender, sender

OTHERS = [service for service in SERVICES if service.dialect is RESOURCE_ORIENTED]
DIGITS = "9" * 5000
TEXTS = ["", ".", "a..b", "`", "a`b", "*", "/", "a/b", "-", "..", "a\r\nb", "a\n", "\x00", "æ☃", "ª²", DIGITS, "-1", "1e999", "NaN", "Infinity",
         "(" * 1500, "a(" * 1500, ")", "()", "a,,b", "NOT " * 2000 + "a", "-" * 2000 + "a:b", "a" * 5000, "{}", "%00", "٣", "9999999999999s",
         f"{DIGITS}s", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "projects/٣", f"projects/{DIGITS}", "a@b\n"]  # fmt: skip
# As a part of a URL; that takes longer than most answers, so once.
QUOTED = [quote(text, safe="") for text in TEXTS]
# What shapes an answer, regardless of the method: once in a service.
OF_ANSWERS = {"fields", "alt", "prettyPrint"}
ODD = [
    *TEXTS,
    0,
    -1,
    10**40,
    1e308,
    0.5,
    True,
    None,
    [],
    {},
    [[]],
    [{}],
    [None],
    {"": ""},
    {"a": {"b": [{}]}},
    ["a", 1],
]


def methods(service: Service) -> Iterator[tuple[Document, Method]]:
    for version in service.versions:
        described = document(service.api, version)
        for method in described.methods.values():
            if handler(service, method) is not None:
                yield described, method


def path(method: Method, values: Mapping[str, str] | None = None) -> str:
    """The method's path with usual names, or with the given ones, which are quoted already."""
    segments = []
    for index, word in enumerate(method.flat_path.split("/")):
        name, closing, rest = word.partition("}")
        if not closing:
            segments.append(word)
        else:
            usual = (
                PROJECT
                if index == 2 and segments[-1] == "projects"
                else "global"
                if segments[-1] == "locations"
                else "thing-one"
            )
            segments.append((values or {}).get(name[1:], usual) + rest)
    return f"/{method.api}/{'/'.join(segments)}"


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Sender:
    call = sender(tmp_path_factory.mktemp("hostile"), *(service.api for service in SERVICES))
    call.cloud.store.sql("PRAGMA synchronous = OFF")  # thousands of writes that need not be durable
    call("POST", f"/secretmanager/v1/projects/{PROJECT}/secrets?secretId=thing-one", {"replication": {"automatic": {}}})
    pools = f"/iam/v1/projects/{PROJECT}/locations/global/workloadIdentityPools"
    call("POST", f"{pools}?workloadIdentityPoolId=thing-one", {})
    call("POST", f"/iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "thing-one"})
    return call


@pytest.fixture(scope="module")
def headers(call: Sender) -> dict[str, str]:
    return {"authorization": call.bearer(), "content-type": "application/json"}


def assert_answered(call: Sender, headers: dict[str, str], method: Method, target: str, body: Any = None) -> None:
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    reply = call.reply(method.http, target, headers, data)
    assert reply.status < 500 or reply.status == 501, (method.id, target[:300], data[:300], reply.body)
    if isinstance(reply.body, bytes) and reply.body:
        json.loads(reply.body, parse_constant=pytest.fail)


@pytest.mark.parametrize("service", OTHERS, ids=lambda service: service.api)
def test_no_parameter_breaks_a_method(call: Sender, headers: dict[str, str], service: Service) -> None:
    seen: set[tuple[str, str]] = set()
    for _, method in methods(service):
        for name in {*method.query, "updateMask", *OF_ANSWERS}:
            place = ("" if name in OF_ANSWERS else method.verb, name)
            if place in seen:
                continue
            seen.add(place)
            target, body = path(method), {} if method.request else None
            for value in QUOTED:
                assert_answered(call, headers, method, f"{target}?{name}={value}", body)


@pytest.mark.parametrize("service", OTHERS, ids=lambda service: service.api)
def test_no_name_in_the_path_breaks_a_method(call: Sender, headers: dict[str, str], service: Service) -> None:
    seen: set[tuple[str, str]] = set()
    for _, method in methods(service):
        for name in [word[1:].partition("}")[0] for word in method.flat_path.split("/") if word.startswith("{")]:
            if (method.verb, name) in seen:
                continue
            seen.add((method.verb, name))
            for value in QUOTED:
                assert_answered(call, headers, method, path(method, {name: value}), {} if method.request else None)


@pytest.mark.parametrize("depth", [0, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("service", OTHERS, ids=lambda service: service.api)
def test_no_field_of_a_body_breaks_a_method(
    call: Sender, headers: dict[str, str], service: Service, depth: int
) -> None:
    seen: set[tuple[str, str]] = set()
    refused: set[tuple[str, str, int]] = set()
    for described, method in methods(service):
        if (method.verb, method.request) in seen:
            continue
        seen.add((method.verb, method.request))
        target = path(method)
        for body in bodies(service, described, method.request, refused, depth):
            assert_answered(call, headers, method, target, body)


def bodies(
    service: Service, described: Document, schema: str, refused: set[tuple[str, str, int]], depth: int
) -> Iterator[Any]:
    """Each value in each field. What the schema refuses never reaches a method's own code, so that once is enough."""
    for name, field in described.schemas.get(schema, {}).get("properties", {}).items():
        for number, value in enumerate(ODD):
            if (schema, name, number) not in refused:
                if not fits(service, described, schema, {name: value}):
                    refused.add((schema, name, number))
                yield {name: value}
        if depth and "$ref" in field:
            yield from ({name: inner} for inner in bodies(service, described, field["$ref"], refused, depth - 1))
        if depth and "$ref" in field.get("items", {}):
            inside = bodies(service, described, field["items"]["$ref"], refused, depth - 1)
            yield from ({name: [inner]} for inner in inside)


def fits(service: Service, described: Document, schema: str, body: Any) -> bool:
    try:
        conformance.check(described, schema, body, numbers=service.enum_numbers, lenient=service.lenient)
    except CloudError:
        return False
    return True


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"null", b"{", b"\xff", b'{"a":' * 20_000, b"[" * 20_000, b'{"policy":' * 200 + b"1" + b"}" * 200, b'{"a":NaN}',
     b'{"labels":{"a":' + DIGITS.encode() + b"}}", b'{"a":"\\ud800"}', b'{"a":1e999}'],
)  # fmt: skip
def test_no_body_breaks_a_method(call: Sender, headers: dict[str, str], data: bytes) -> None:
    for service in OTHERS:
        for _, method in methods(service):
            if method.request:
                assert_answered(call, headers, method, path(method), data)


@pytest.mark.parametrize("service", OTHERS, ids=lambda service: service.api)
def test_fields_of_the_path_may_also_be_in_the_body(call: Sender, headers: dict[str, str], service: Service) -> None:
    for _, method in methods(service):
        if method.request.endswith("Request"):
            body = {param.name: "x" for param in method.params.values() if param.location == "path"}
            reply = call.reply(method.http, path(method), headers, json.dumps(body).encode())
            assert b"Unknown name" not in (reply.body or b""), (method.id, reply.body)
