"""Validates an environment file: as YAML, against envs/schema.json, and for consistency; every mistake with its line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import SchemaError

from groundwork.environment import contradictions, references
from groundwork.environment.document import Mistake, YamlDocument, dotted, parsed, project_of, read
from groundwork.environment.json_schema import Objection, completed, objections, part_at
from groundwork.environment.meant import Meant
from groundwork.environment.shipped import SCHEMA, other_version, read_shipped
from groundwork.errors import UsageProblem


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
    found += [*contradictions.objections(values), *references.objections(references.parts_of(values))]
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
        if project_of(other) == values["project"]:
            yield (
                ("project",),
                f'project is "{values["project"]}", as in {other.name}; each environment needs a project of its own.',
            )
