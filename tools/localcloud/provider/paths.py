"""Resource names as templates over attributes: "projects/{project}/secrets/{secret_id}". In {%name} a slash is percent-encoded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote

_PLACEHOLDER = re.compile(r"\{([+%]?)([^}]+)\}")


def fill(template: str, values: Mapping[str, object]) -> str:
    """The template with its placeholders replaced; null values become empty."""

    def value(match: re.Match[str]) -> str:
        value = str(values.get(match[2]) or "")
        return value.replace("/", "%2F") if match[1] == "%" else value

    return _PLACEHOLDER.sub(value, template)


def parse(template: str, name: str) -> dict[str, str] | None:
    """The values that turn the template into this name; None if it does not match. Only the value of {%name} may contain a slash."""
    match = _pattern(template).fullmatch(name)
    return match.groupdict() if match else None


@lru_cache(maxsize=512)
def names(template: str) -> tuple[str, ...]:
    """A template's placeholders, in order."""
    return tuple(name for _, name in _PLACEHOLDER.findall(template))


def literals(template: str) -> int:
    """How many characters of a template are no placeholders."""
    return len(_PLACEHOLDER.sub("", template))


def is_whole(template: str) -> bool:
    """Whether a method's path has one placeholder, for a resource's full name."""
    return len(names(template)) == 1 and "{+" in template


def parent(path: str) -> str:
    """The parent's name: this one without its last two segments."""
    return "/".join(path.split("/")[:-2])


def last(path: str) -> str:
    """The last segment of a name: the resource's own id."""
    return path.rpartition("/")[2]


def relative(path: str) -> str:
    """The part of a URL or path that starts at "projects/"; empty if there is none."""
    _, prefix, rest = path.partition("projects/")
    return prefix + rest


def full(template: str, values: Mapping[str, object], name: str) -> str:
    """The full name for a full name, a URL or a short name; an empty name stays empty."""
    return relative(name) or fill(template, values) if name else name


def route(template: str, params: Mapping[str, str]) -> str:
    """A method's path with its parameters filled in: `{+name}` keeps slashes, `{name}` is one escaped segment."""
    return _PLACEHOLDER.sub(lambda match: quote(params[match[2]], safe="/:@%" if match[1] else ""), template)


@lru_cache(maxsize=512)
def _pattern(template: str) -> re.Pattern[str]:
    parts = _PLACEHOLDER.split(template)
    text = re.escape(parts[0])
    for sign, name, literal in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        text += f"(?P<{name}>{'.' if sign == '%' else '[^/]'}+)" + re.escape(literal)
    return re.compile(text)
