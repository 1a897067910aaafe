"""Validates an environment file: as YAML, against envs/schema.json, and for consistency; every mistake with its line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import SchemaError

from groundwork.environment import own_buckets
from groundwork.environment.document import Mistake, Place, YamlDocument, dotted, parsed, read
from groundwork.environment.json_schema import Objection, completed, objections, part_at
from groundwork.environment.meant import Meant
from groundwork.environment.shipped import SCHEMA, other_version, read_shipped
from groundwork.environment.wiring import Wiring, gathered, unknown
from groundwork.errors import UsageProblem

LONGEST_BUCKET_NAME = 63
_PARTS = (
    "identities", "buckets", "repositories", "secrets", "services", "functions", "jobs", "builds", "training", "workstations",
)  # fmt: skip


def examined(path: Path, root: Path, file_name: str, text: str | None = None) -> tuple[dict[str, Any], list[Mistake]]:
    """The file's values with all defaults, and its mistakes; if there are any, the values are meaningless.

    `root` holds the schema, `file_name` is the file's name in sentences, `text` its content if it is not written yet.
    Raises UsageProblem when it cannot be read at all.
    """
    schema = _schema(root)
    document = _document(path, file_name) if text is None else parsed(text.encode())
    found = _mistakes(document, schema, path)
    return ({}, found) if found else (completed(schema, document.values), [])


def _schema(root: Path) -> dict[str, Any]:
    schema = read_shipped(root, SCHEMA)
    try:
        _check(json.dumps(schema))
        schema["properties"]["project"]
    except (SchemaError, KeyError) as problem:
        raise other_version(SCHEMA, problem) from problem
    return schema


@cache
def _check(schema: str) -> None:
    """Raises SchemaError. Checked once, however many environments are examined: it takes half of the time of each."""
    # Of draft 7: what it says about the keywords used here is the same as later, and checking against it takes a fifth of the time.
    Draft7Validator.check_schema(json.loads(schema))


def _document(path: Path, file_name: str) -> YamlDocument:
    try:
        return read(path)
    except OSError as error:
        raise UsageProblem(f"{file_name} cannot be read: {error.strerror}.") from error


def _mistakes(document: YamlDocument, schema: Mapping[str, Any], path: Path) -> list[Mistake]:
    if document.mistakes and document.values is None:
        return list(document.mistakes)
    if not isinstance(document.values, dict):
        return [Mistake(1, "the file describes no environment; it needs at least project and region.")]
    own = [*document.mistakes, *_moments(document, schema), *_values_of_secrets(document)]
    explained = {mistake.place for mistake in own}
    meant, values = Meant(), document.values
    found = objections(schema, _without_nulls(schema, values))
    if found:
        values = meant.file(schema, values)
        found = objections(schema, _without_nulls(schema, values))
    found += gathered(_contradictions(values))
    found = [(meant.origin(place), sentence) for place, sentence in found if not meant.is_settled(place)]
    found += [*meant.objections, *_file_name(path), *_shared_project(values, path)]
    rest = [Mistake(document.line(place), sentence, place) for place, sentence in found if place not in explained]
    return [*own, *rest]


def _moments(document: YamlDocument, schema: Mapping[str, Any]) -> Iterator[Mistake]:
    """Unquoted dates where text belongs: Terraform would read them as timestamps, midnight UTC."""
    for place in sorted(document.days, key=str):
        if not str(part_at(schema, place).get("x-allowed", "")).startswith("days"):
            yield Mistake(
                document.line(place),
                f"{dotted(place)} is a date without quotes, which Terraform reads as a timestamp; put it in quotes.",
                place,
            )


def _values_of_secrets(document: YamlDocument) -> Iterator[Mistake]:
    """Values in place of a secret's settings; the sentence does not repeat them."""
    secrets = document.values.get("secrets")
    for name, value in secrets.items() if isinstance(secrets, dict) else ():
        if isinstance(value, (str, int, float)):
            place = ("secrets", name)
            yield Mistake(
                document.line(place),
                f"{dotted(place)} has a value, but this file must not contain secret values; write {{}} and run `groundwork secrets set {name}`.",
                place,
            )


def _without_nulls(schema: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values without the sections that are present but empty."""
    return {key: value for key, value in values.items() if value is not None or key not in schema["properties"]}


def _file_name(path: Path) -> Iterator[Objection]:
    stem = path.stem
    plain = stem.isascii() and stem.replace("-", "").isalnum() and stem == stem.lower() and stem[:1].isalpha()
    if path.suffix != ".yaml" or not plain or len(stem) > 31:
        yield (
            (),
            "the file needs a name like dev.yaml: at most 31 lower-case letters, digits and dashes, beginning with a letter.",
        )


def _shared_project(values: Mapping[str, Any], path: Path) -> Iterator[Objection]:
    """Two environments in one project would overwrite each other's names."""
    for other in sorted(path.parent.glob("*.yaml")):
        if other == path or other.name.startswith(".") or values.get("project") is None:
            continue
        theirs = _values(other)
        if isinstance(theirs, dict) and theirs.get("project") == values["project"]:
            yield (
                ("project",),
                f'project is "{values["project"]}", as in {other.name}; each environment needs a project of its own.',
            )


def _values(path: Path) -> Any:
    """Another file's values, as far as it can be read."""
    try:
        return read(path).values
    except OSError:
        return None


def _contradictions(values: Mapping[str, Any]) -> Iterator[Objection]:
    """Settings that are valid on their own but not together."""
    yield from _bucket_contradictions(values)
    yield from _alert_contradictions(values)
    yield from _budget_contradictions(values)
    identities, buckets, repositories = (_part(values, name) for name in ("identities", "buckets", "repositories"))
    for name, identity in identities.items():
        yield from unknown(("identities", name, "buckets"), identity.get("buckets"), buckets, "buckets")
        yield from unknown(
            ("identities", name, "repositories"), identity.get("repositories"), repositories, "repositories"
        )
    for name, secret in _part(values, "secrets").items():
        yield from unknown(("secrets", name, "readers"), secret.get("readers"), identities, "identities")
    parts = {name: _part(values, name) for name in _PARTS}
    yield from Wiring(parts, isinstance(values.get("github"), dict)).objections()
    exceptions = _part(values, "policy", entries=False).get("exceptions")
    for index, exception in enumerate(exceptions if isinstance(exceptions, list) else []):
        yield from _impossible_day(("policy", "exceptions", index, "expires"), exception)


def _part(values: Mapping[str, Any], name: str, *, entries: bool = True) -> dict[str, Any]:
    """A section of the file if it has the right shape; the schema reports other shapes."""
    part = values.get(name)
    if not isinstance(part, dict):
        return {}
    return {key: value if isinstance(value, dict) else {} for key, value in part.items()} if entries else part


def _bucket_contradictions(values: Mapping[str, Any]) -> Iterator[Objection]:
    for name, bucket in _part(values, "buckets").items():
        if bucket.get("called") in own_buckets.names(str(values.get("project"))):
            yield (
                ("buckets", name, "called"),
                f"buckets.{name}.called is {bucket['called']}, one of groundwork's own buckets; leave it out.",
            )
        full_name = bucket.get("called", f"{values.get('project')}-{name}")
        if len(full_name) > LONGEST_BUCKET_NAME:
            yield (
                ("buckets", name),
                f"buckets.{name} would be called {full_name}, which has {len(full_name)} characters; allowed are {LONGEST_BUCKET_NAME}.",
            )
        place = ("buckets", name, "noncurrent_versions")
        if "noncurrent_versions" in bucket and bucket.get("dvc") is True:
            yield (
                place,
                f"{dotted(place)} is not allowed with dvc: true, because old commits refer to old versions; leave out one of the two.",
            )
        elif "noncurrent_versions" in bucket and bucket.get("versioning") is not True:
            yield place, f"{dotted(place)} has no effect without versioning: true; add that, or remove this."


def _budget_contradictions(values: Mapping[str, Any]) -> Iterator[Objection]:
    budget = values.get("budget")
    if isinstance(budget, dict) and budget.get("notify") and "billing_account" not in budget:
        yield (
            ("budget", "notify"),
            "budget.notify has no effect without billing_account, where Google's budget is created; add that, or remove this.",
        )


def _alert_contradictions(values: Mapping[str, Any]) -> Iterator[Objection]:
    alerts, services = values.get("alerts", {}), _part(values, "services")
    if alerts is None:
        yield ("alerts",), "alerts has no value; write alerts: {}, or leave it out."
    if not isinstance(alerts, dict) or "alerts" not in values:
        return
    if not any(_part(values, part) for part in ("services", "functions", "jobs")):
        yield (
            ("alerts",),
            "alerts watches services, functions and jobs, and the file has none; add one, or leave out alerts.",
        )
    elif "notify" not in alerts and not _may_operate(_part(values, "members")):
        yield (
            ("alerts",),
            "alerts has nobody to notify: no member is an operator; add notify: with an e-mail address.",
        )
    if alerts.get("uptime") is True and services and not any(map(_is_page, services.values())):
        yield (
            ("alerts", "uptime"),
            "alerts.uptime has no service to call: none is public and answers HTTP; make one public: true, or leave out uptime.",
        )


def _may_operate(members: Mapping[str, Any]) -> bool:
    """Whether a member is an operator, or has a role that cannot be read, which is a mistake of its own."""
    return any(member.get("role") in ("operator", None) for member in members.values())


def _is_page(service: Mapping[str, Any]) -> bool:
    """Whether anybody may call it, by HTTP."""
    return service.get("public") is True and service.get("health") != "grpc"


def _impossible_day(place: Place, exception: Any) -> Iterator[Objection]:
    day = exception.get("expires") if isinstance(exception, dict) else None
    try:
        date.fromisoformat(day if isinstance(day, str) and len(day) == 10 else "2000-01-01")
    except ValueError:
        yield (
            place,
            f'{dotted(place)} is "{day}", which does not exist; allowed are days such as 2027-03-31.',
        )
