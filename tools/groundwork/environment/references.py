"""Names in an environment file by which one part of it refers to another, where they must be defined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from groundwork.environment.document import Place, dotted
from groundwork.environment.json_schema import Objection
from groundwork.environment.workloads import is_full
from groundwork.text import listed, most_similar

Parts = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""The sections of a file with the settings of each name in them, as far as they have the right shape."""

_MOST_PLACES = 3
# Section -> settings that are names in other sections (one, a list, or the keys of a mapping): the setting, its default in the schema, the section.
_REFERENCES: Mapping[str, tuple[tuple[str, str | None, str], ...]] = {
    "identities": tuple((part, None, part) for part in ("buckets", "repositories", "services", "functions", "jobs")),
    "secrets": (("readers", None, "identities"),),
    "services": (("identity", "serve", "identities"), ("buckets", None, "buckets")),
    "jobs": (("identity", None, "identities"), ("buckets", None, "buckets")),
    "functions": (
        ("identity", "function", "identities"),
        ("buckets", None, "buckets"),
        ("build_identity", "build", "identities"),
        ("repository", "images", "repositories"),
    ),
    "builds": (
        ("identity", "build", "identities"),
        ("repository", "images", "repositories"),
        ("deploys", None, "services and jobs"),
    ),
    "training": (("identity", "train", "identities"), ("output", None, "buckets")),
    "workstations": (("identity", None, "identities"),),
}
_WITH_SECRETS = ("services", "jobs", "functions", "builds")


def parts_of(values: Mapping[str, Any]) -> Parts:
    """The sections of a file; the schema reports those of another shape."""
    parts = {section: values.get(section) for section in (*_REFERENCES, "buckets", "repositories", "members")}
    return {
        section: {name: one if isinstance(one, dict) else {} for name, one in named.items()}
        for section, part in parts.items()
        for named in [part if isinstance(part, dict) else {}]
    }


def objections(parts: Parts) -> Iterator[Objection]:
    """One for each name that is not defined, or for each section that defines none: at the first place, with the others in the sentence."""
    found: dict[tuple[str, str], list[tuple[Place, Place, str]]] = {}
    for setting, used, section in _references(parts):
        known = _names(parts, section)
        for place, name in _uses(setting, used):
            if name not in known:
                found.setdefault((section, name if known else ""), []).append((place, setting, name))
    for (section, _), [(place, setting, name), *others] in found.items():
        known = _names(parts, section)
        near = most_similar(name, known)
        but = f"; did you mean {near}? The" if near else ", but the"
        there = f"file's {section} are {listed(sorted(known))}" if known else f"file has no {section}"
        rest = also([other for _, other, _ in others])
        yield place, f'{dotted(setting)} has "{name}"{but} {there}.{rest}'


def also(places: Sequence[Place]) -> str:
    """A further sentence that says of which other places one is true, "" without any."""
    settings = list(dict.fromkeys(map(dotted, places)))
    more = f" and {len(settings) - _MOST_PLACES} more places" if len(settings) > _MOST_PLACES else ""
    return f" The same is true of {listed(settings[:_MOST_PLACES])}{more}." if settings else ""


def _references(parts: Parts) -> Iterator[tuple[Place, Any, str]]:
    """The place of each setting that refers to others, its value, and the section whose names it has."""
    for section, settings in _REFERENCES.items():
        for name, values in parts[section].items():
            place = (section, name)
            for key, default, other in settings:
                yield (*place, key), values.get(key, default), other
            secrets = values.get("secrets") if section in _WITH_SECRETS else None
            for variable, secret in secrets.items() if isinstance(secrets, dict) else ():
                yield (*place, "secrets", variable), secret, "secrets"
    for name, values in parts["functions"].items():
        if isinstance(trigger := values.get("trigger"), dict):
            yield ("functions", name, "trigger", "bucket"), trigger.get("bucket"), "buckets"
    for name, values in parts["training"].items():
        image = values.get("image", "images/")
        if isinstance(image, str) and not is_full(image):
            yield ("training", name, "image"), image.partition("/")[0], "repositories"


def _names(parts: Parts, section: str) -> dict[str, Any]:
    return {name: values for one in section.split(" and ") for name, values in parts[one].items()}


def _uses(setting: Place, used: Any) -> Iterator[tuple[Place, str]]:
    """The names in a setting, each with its place."""
    if isinstance(used, str):
        yield setting, used
    elif isinstance(used, list):
        yield from (((*setting, index), name) for index, name in enumerate(used) if isinstance(name, str))
    elif isinstance(used, dict):
        yield from (((*setting, name), name) for name in used)
