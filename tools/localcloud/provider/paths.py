"""Resource names as templates over attributes: "projects/{project}/secrets/{secret_id}"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote

_PLACEHOLDER = re.compile(r"\{(\+?)([^}]+)\}")


def fill(template: str, values: Mapping[str, object]) -> str:
    """The name with each placeholder replaced by its value; a null value leaves nothing."""
    return _PLACEHOLDER.sub(lambda found: str(values.get(found[2]) or ""), template)


def parse(template: str, name: str) -> dict[str, str] | None:
    """The values that make the template this name; None when it has another form. A value holds no slash."""
    found = _pattern(template).fullmatch(name)
    return found.groupdict() if found else None


def names(template: str) -> tuple[str, ...]:
    """The placeholders of a template, in order."""
    return tuple(found[1] for found in _PLACEHOLDER.findall(template))


def parent(path: str) -> str:
    """The name of the resource that holds this one: two segments less."""
    return "/".join(path.split("/")[:-2])


def last(path: str) -> str:
    """The resource's own id: the last segment of its name."""
    return path.rpartition("/")[2]


def relative(path: str) -> str:
    """The part of a URL or path from "projects/" on; empty without one."""
    _, found, rest = path.partition("projects/")
    return found + rest


def full(template: str, values: Mapping[str, object], said: str) -> str:
    """The full name of what a configuration names in full, by its URL or in short; nothing stays nothing."""
    return relative(said) or fill(template, values) if said else said


def route(template: str, params: Mapping[str, str]) -> str:
    """A method's path with its parameters: `{+name}` keeps slashes, `{name}` is one escaped segment."""
    return _PLACEHOLDER.sub(lambda found: quote(params[found[2]], safe="/:@" if found[1] else ""), template)


@lru_cache(maxsize=512)
def _pattern(template: str) -> re.Pattern[str]:
    parts = _PLACEHOLDER.split(template)
    text = re.escape(parts[0])
    for name, literal in zip(parts[2::3], parts[3::3], strict=True):
        text += f"(?P<{name}>[^/]+)" + re.escape(literal)
    return re.compile(text)
