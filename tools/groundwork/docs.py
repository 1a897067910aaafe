"""Generates the tables of modules, personas and the environment file in Markdown files, each between markers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundwork.environment.json_schema import span
from groundwork.environment.shipped import PERSONAS, SCHEMA, read_shipped
from groundwork.errors import GroundworkError
from groundwork.resources.registry import parts
from groundwork.terraform.hcl import Module, read_module
from groundwork.text import listed

# How a persona's roles are granted where it is not on each thing of a kind.
_GRANTED = {
    "project": "In the project, by a custom role",
    "identities": "On identities that name it",
    "deployer": "On the deployer",
}

COMMAND = "groundwork docs"


@dataclass(frozen=True)
class Generated:
    """The generated text between the markers called `name` in the file at `path`."""

    path: Path
    name: str
    text: str


Generator = Callable[[Path], Iterable[Generated]]
"""From the project's root folder to the texts generated from its files."""


class StaleDocs(GroundworkError):
    """Generated text is out of date."""


def module_tables(root: Path) -> Iterator[Generated]:
    """The variables, outputs and resources of every module, in its README."""
    for folder in sorted(path.parent for path in (root / "modules").glob("*/README.md")):
        yield Generated(folder / "README.md", "module tables", _module_text(read_module(folder)))


def persona_table(root: Path) -> Iterator[Generated]:
    """What each persona may do, in the README of team_access and on the page about people."""
    folder = root / "modules" / "team_access"
    personas = read_shipped(root, PERSONAS)
    places = [key for key in next(iter(personas.values())) if key not in ("description", "project")]
    rows = [
        [
            f"**{name}**",
            persona["description"],
            _permissions(persona["project"]),
            *(_codes(persona[place], "<br>") for place in places),
        ]
        for name, persona in personas.items()
    ]
    words = {part.place: part.word for _, part in parts()}
    headings = (_GRANTED.get(place) or f"On each {words[place]}" for place in ("project", *places))
    columns = ["Persona", "In short", *headings]
    for page in (folder / "README.md", root / "docs" / "people.md"):
        yield Generated(page, "personas", table(columns, rows))


def environment_table(root: Path) -> Iterator[Generated]:
    """Every key of the environment file, in envs/README.md."""
    schema = read_shipped(root, SCHEMA)
    columns = ["Key", "What it is", "Allowed", "Default"]
    yield Generated(root / "envs" / "README.md", "keys", table(columns, list(_keys(schema, ""))))


GENERATORS: Sequence[Generator] = (module_tables, persona_table, environment_table)


def write(root: Path, generators: Sequence[Generator] = GENERATORS) -> list[Path]:
    """Update all generated text; returns the files that changed."""
    changed = _changed(root, generators)
    for path, text in changed.items():
        path.write_text(text, encoding="utf-8")
    return list(changed)


def check(root: Path, generators: Sequence[Generator] = GENERATORS) -> None:
    """Raises StaleDocs, with the files and the command that updates them, if text is out of date."""
    changed = _changed(root, generators)
    if changed:
        files = [path.relative_to(root).as_posix() for path in changed]
        raise StaleDocs(f"Generated text is out of date in {listed(files)}: run `{COMMAND}`.", files)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar in a cell is escaped."""
    lines = [list(columns), ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def refreshed(page: str, name: str, text: str) -> str:
    """The page with new text between the markers called `name`. Raises GroundworkError unless both exist exactly once."""
    begin, end = f"<!-- BEGIN GENERATED {name}: `{COMMAND}` -->", f"<!-- END GENERATED {name} -->"
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise GroundworkError(f'it needs the lines "{begin}" and "{end}", once each and in this order.')
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}"


def _changed(root: Path, generators: Sequence[Generator]) -> dict[Path, str]:
    pages: dict[Path, str] = {}
    for generator in generators:
        for generated in generator(root):
            page = pages.get(generated.path) or (generated.path.read_text("utf-8") if generated.path.exists() else "")
            try:
                pages[generated.path] = refreshed(page, generated.name, generated.text)
            except GroundworkError as error:
                raise GroundworkError(f"{generated.path.relative_to(root).as_posix()}: {error.message}") from error
    return {path: text for path, text in pages.items() if text != path.read_text(encoding="utf-8")}


def _permissions(permissions: Iterable[str]) -> str:
    """Permissions as one line per resource type, with its verbs."""
    things: dict[str, list[str]] = {}
    for thing, _, verb in (permission.rpartition(".") for permission in permissions):
        things.setdefault(thing, []).append(verb)
    return "<br>".join(f"`{thing}`: {', '.join(verbs)}" for thing, verbs in things.items())


def _codes(words: Iterable[str], between: str) -> str:
    return between.join(f"`{word}`" for word in words) or "-"


def _module_text(module: Module) -> str:
    variables = [
        [f"`{one.name}`", one.description, f"`{one.type}`", "required" if one.default is None else f"`{one.default}`"]
        for one in module.variables
    ]
    outputs = [[f"`{one.name}`", one.description] for one in module.outputs]
    return "\n\n".join(
        [
            "## Variables",
            table(["Name", "What it is", "Type", "Default"], variables),
            "## Outputs",
            table(["Name", "What it is"], outputs),
            f"Creates: {_codes(module.resources, ', ')}.",
        ]
    )


def _keys(schema: Mapping[str, Any], prefix: str) -> Iterator[list[str]]:
    required = schema.get("required", [])
    for key, part in schema.get("properties", {}).items():
        default = "required" if key in required else f"`{json.dumps(part['default'])}`" if "default" in part else "-"
        yield [f"`{prefix}{key}`", part["description"], _allowed(part), default]
        yield from _keys(part, f"{prefix}{key}.")
        for inner, step in (("additionalProperties", "NAME."), ("items", "")):
            if isinstance(part.get(inner), dict):
                yield from _keys(part[inner], f"{prefix}{key}.{step}")


def _allowed(part: Mapping[str, Any]) -> str:
    if "enum" in part:
        return _codes((word if isinstance(word, str) else json.dumps(word) for word in part["enum"]), ", ")
    if "x-allowed" in part:
        return str(part["x-allowed"])
    allowed_names = part.get("propertyNames", {}).get("x-allowed")
    return f"names: {allowed_names}" if allowed_names else _allowed_kind(part)


def _allowed_kind(part: Mapping[str, Any]) -> str:
    match part["type"]:
        case "array":
            return f"list of {_allowed(part['items'])}"
        case "integer" | "number":
            return span(part)
        case kind:
            return {"object": "names with values", "string": "text", "boolean": "`true`, `false`"}[kind]
