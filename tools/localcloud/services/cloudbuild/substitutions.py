"""Substitutions: built-in and user-defined variables in the strings of a build, with Bash's string operations.

Source: https://cloud.google.com/build/docs/configuring-builds/substitute-variable-values, …/use-bash-and-bindings-in-substitutions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from localcloud.engine.service import Body
from localcloud.errors import invalid
from localcloud.spec import patterns

OVERRIDABLE = (
    "BRANCH_NAME", "COMMIT_SHA", "REF_NAME", "REPO_FULL_NAME", "REPO_NAME", "REVISION_ID", "SHORT_SHA", "TAG_NAME",
    "TRIGGER_BUILD_CONFIG_PATH", "TRIGGER_NAME",
)  # fmt: skip
"""Built-in keys that a trigger sets, or a request may set; empty otherwise."""
OWN = ("PROJECT_ID", "PROJECT_NUMBER", "BUILD_ID", "LOCATION", "SERVICE_ACCOUNT", "SERVICE_ACCOUNT_EMAIL")
_KEY = re.compile(r"_[A-Z0-9_]+")
LONGEST_VALUE = 4000
_MOST_KEYS, _LONGEST_KEY = 200, 100
_BARE = re.compile(r"\$(?:\$|(_?[A-Z][A-Z0-9_]*))")
_BARE_OR_BRACED = re.compile(rf"{_BARE.pattern}|\$\{{(_?[A-Z][A-Z0-9_]*)([^}}]*)\}}")
_GLOB = re.compile(
    r"\\(?P<literal>.)|(?P<any>\*+)|(?P<one>\?)|\[(?P<none>[!^]?)(?P<set>\]?[^]]*)\]|(?P<plain>.)", re.DOTALL
)
_SLICE = re.compile(r":\s*(-?\d+)(?::(-?\d+))?")
_DEEPEST = 10
_NOT_IN = frozenset({"source", "substitutions", "script"})
_MOST_TEXT = 4 << 20
_OPERATION = 8
"""The cost of a string operation with a short pattern, relative to inserting the value unchanged."""


def check(substitutions: Mapping[str, str]) -> None:
    """400 for invalid keys, too many of them, or keys or values that are too long."""
    if len(substitutions) > _MOST_KEYS:
        raise _refused(f"{len(substitutions)} substitutions were given; at most {_MOST_KEYS} are allowed")
    for key, value in substitutions.items():
        if not _KEY.fullmatch(key) and key not in OVERRIDABLE:
            raise _refused(
                f'substitution key "{key}" does not respect format "^_[A-Z0-9_]+$" and is not an overridable built-in substitutions'
            )
        if len(key) > _LONGEST_KEY or len(value) > LONGEST_VALUE:
            raise _refused(
                f'substitution "{key[:_LONGEST_KEY]}" is too long: a key has at most {_LONGEST_KEY} characters, a value {LONGEST_VALUE}'
            )


def resolved(values: Mapping[str, str], *, dynamic: bool) -> dict[str, str]:
    """All values; with dynamic substitutions, values may refer to other keys, in any order but without cycles."""
    if not dynamic:
        return dict(values)
    current, room = dict(values), _Room()
    for _ in range(_DEEPEST):
        replaced = {
            key: _put(text, current, room, dynamic=True) if "$" in text else text for key, text in current.items()
        }
        if replaced == current:
            return current
        current = replaced
    raise _refused("substitutions refer to each other in a cycle, or too deeply")


def applied(build: Body, values: Mapping[str, str], *, dynamic: bool, loose: bool) -> Body:
    """The build with its placeholders replaced. Unless `loose`, 400 for unknown keys and unused values."""
    used: set[str] = set()
    unknown: list[str] = []
    room = _Room()

    def replace(text: str) -> str:
        for key in _named(text):
            used.add(key)
            if key not in values and key not in unknown:
                unknown.append(key)
        return _put(text, values, room, dynamic=dynamic)

    result: Body = _each(build, replace)
    if loose:
        return result
    if unknown:
        raise invalid(
            "invalid value for 'build.substitutions': "
            + "; ".join(f'key in the template "{key}" is not a valid built-in substitution' for key in unknown),
            "build.substitutions",
        )
    used |= {key for text in build.get("substitutions", {}).values() for key in _named(text)}
    automapped = any(one.get("automapSubstitutions") for one in (build.get("options", {}), *build.get("steps", [])))
    unmatched = (
        [] if automapped else [key for key in build.get("substitutions", {}) if key[0] == "_" and key not in used]
    )
    if unmatched:
        raise invalid(
            "invalid value for 'build.substitutions': "
            + ";".join(f'key "{key}" in the substitution data is not matched in the template' for key in unmatched),
            "build.substitutions",
        )
    return result


class _Place(NamedTuple):
    """A placeholder in a text: its own text, the key, "" for an escaped dollar sign, and the string operation, "" for none."""

    start: int
    text: str
    key: str
    change: str


def _places(text: str) -> Iterator[_Place]:
    end = text.rfind("}") + 1
    for match in _BARE_OR_BRACED.finditer(text, 0, end):
        yield _Place(match.start(), match[0], match[1] or match[2] or "", match[3] or "")
    # No ${KEY} ends behind the last brace: to look for the end of each would take time that grows with the square of their number.
    for match in _BARE.finditer(text, end):
        yield _Place(match.start(), match[0], match[1] or "", "")


def _named(text: str) -> Iterator[str]:
    return (place.key for place in _places(text) if place.key)


def _each(value: Any, replace: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, list):
        return [_each(one, replace) for one in value]
    if isinstance(value, dict):
        return {key: one if key in _NOT_IN else _each(one, replace) for key, one in value.items()}
    return value


@dataclass
class _Room:
    """A limit on the number of characters that substitutions may add to a build."""

    left: int = _MOST_TEXT

    def take(self, characters: int) -> None:
        self.left -= characters
        if self.left < 0:
            raise _refused("substitutions make the build too long")


def _put(text: str, values: Mapping[str, str], room: _Room, *, dynamic: bool) -> str:
    parts, end = [], 0
    for place in _places(text):
        parts += [text[end : place.start], _value(place, values, room, dynamic=dynamic) if place.key else "$"]
        end = place.start + len(place.text)
    return "".join([*parts, text[end:]])


def _value(place: _Place, values: Mapping[str, str], room: _Room, *, dynamic: bool) -> str:
    """What comes in the place of a placeholder."""
    value = values.get(place.key, "")
    room.take(len(value) * (max(_OPERATION, len(place.change)) if place.change else 1))
    if not place.change:
        return value
    if not dynamic:
        return place.text
    if len(value) > LONGEST_VALUE:
        raise _refused(f"{place.text[:_LONGEST_KEY]} has a value of more than {LONGEST_VALUE} characters")
    result = _operated(value, place.change, place.text)
    room.take(len(result))
    return result


def _operated(value: str, change: str, whole: str) -> str:
    """A value after one of Bash's string operations; 400 for unsupported ones."""
    if change.startswith(":-"):
        return value or change[2:]
    if (cut := _SLICE.fullmatch(change)) is not None:
        start = int(cut[1])
        tail = value[max(start, -len(value)) if start < 0 else start :]
        return tail if cut[2] is None else tail[: int(cut[2])]
    for operator in ("##", "#", "%%", "%"):
        if change.startswith(operator):
            return _trimmed(value, change[len(operator) :], operator, whole)
    if change.startswith("/"):
        every = change.startswith("//")
        pattern, *rest = re.split(r"(?<!\\)/", change[2 if every else 1 :], maxsplit=1)
        new = rest[0] if rest else ""
        regex = _compiled(_glob(pattern, ".*"), whole)
        return str(regex.sub(lambda _: new, value, count=0 if every else 1)) if pattern else value
    cases: dict[str, Callable[[], str]] = {
        "^^": value.upper,
        ",,": value.lower,
        "^": lambda: value[:1].upper() + value[1:],
        ",": lambda: value[:1].lower() + value[1:],
    }
    if change in cases:
        return cases[change]()
    raise _refused(f"{whole} is not a supported operation on a substitution")


def _trimmed(value: str, pattern: str, operator: str, whole: str) -> str:
    """The value without the shortest (#, %) or longest (##, %%) prefix or suffix that matches a pattern."""
    longest = len(operator) == 2
    glob = _glob(pattern, ".*" if longest else ".*?")
    if operator[0] == "#":
        found = _compiled(rf"\A(?:{glob})", whole).search(value)
        return value[found.end() :] if found else value
    found = _compiled(rf"\A(.*{'?' if longest else ''})(?:{glob})\z", whole).search(value)
    return str(found[1]) if found else value


def _glob(pattern: str, any_: str) -> str:
    """A shell's pattern as a regular expression; `any_` stands for its asterisk."""

    def put(match: re.Match[str]) -> str:
        if match["any"]:
            return any_
        if match["one"]:
            return "."
        if match["set"]:
            chosen = re.sub(r"[][\\^]", r"\\\g<0>", match["set"])
            return f"[{'^' if match['none'] else ''}{chosen}]"
        return re.escape(match["literal"] or match["plain"])

    return _GLOB.sub(put, pattern)


def _compiled(expression: str, whole: str) -> Any:
    try:
        return patterns.compiled(expression)
    except patterns.BadPattern:
        raise _refused(f"{whole[:_LONGEST_KEY]} has a pattern that cannot be read") from None


def _refused(text: str) -> Exception:
    return invalid(f"invalid build: invalid .substitutions field: {text}", "build.substitutions")
