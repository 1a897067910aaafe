"""What a file with mistakes probably means: a sentence for each mistake, and the values as they would be without it.

The rest of the file is checked against these values, so that nothing is reported that only follows from a mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jsonschema import Draft202012Validator

from groundwork.environment.document import Place, dotted
from groundwork.environment.json_schema import Objection, Schema, disallowed_name, not_listed, unknown_key
from groundwork.text import listed, most_similar


@dataclass
class Meant:
    """The mistakes found so far, the places of the file where moved values are, and those about which all is said."""

    objections: list[Objection] = field(default_factory=list)
    _origins: dict[Place, Place] = field(default_factory=dict)
    _settled: list[Place] = field(default_factory=list)

    def file(self, schema: Schema, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a whole file as they were probably meant."""
        sections: Mapping[str, Schema] = schema["properties"]
        missing = [name for name in sections if name not in values]
        inside = self._indented(
            values, (), lambda name: _entry(sections.get(name, {})), lambda _, key: _is_entry(key, sections, missing)
        )
        outside: dict[str, Any] = {}
        for name, value in inside.items():
            entry = _entry(sections.get(name, {}))
            apart = (
                self._outdented(name, value, sections, missing) if entry and isinstance(value, dict) else {name: value}
            )
            outside.update(apart)
        return self._mapping(schema, outside, ())

    def origin(self, place: Place) -> Place:
        """Where in the file the value is that was meant to be at a place."""
        for length in range(len(place), 0, -1):
            if place[:length] in self._origins:
                return (*self._origins[place[:length]], *place[length:])
        return place

    def is_settled(self, place: Place) -> bool:
        """Whether a mistake that is already reported makes further sentences about a place pointless."""
        return any(place[: len(settled)] == settled for settled in self._settled)

    def _indented(
        self,
        values: Mapping[str, Any],
        place: Place,
        entry: Callable[[str], Schema],
        owns: Callable[[Schema, str], bool],
    ) -> dict[str, Any]:
        """The values with those that follow an empty one, and would fit into it, inside."""
        result: dict[str, Any] = {}
        owner = ""
        for key, value in values.items():
            if owner and owns(entry(owner), key):
                result[owner] = {**(result[owner] or {}), key: value}
                self._origins[(*place, owner, key)] = (*self.origin(place), key)
            else:
                result[key] = value
                owner = key if value is None and entry(key) else ""
        for owner, inside in result.items():
            if inside and values[owner] is None:
                whole, first = dotted((*self.origin(place), owner)), next(iter(inside))
                sentence = f"{whole} is empty, and {listed(inside)} below it would fit into it; indent by two more spaces what belongs to it."
                self.objections.append(((*self.origin(place), first), sentence))
        return result

    def _outdented(
        self, section: str, entries: Mapping[str, Any], sections: Mapping[str, Schema], missing: list[str]
    ) -> dict[str, Any]:
        """A section, and those that are indented as if they were entries of it."""
        result: dict[str, dict[str, Any]] = {section: {}}
        into, names = section, list(entries)
        for index, (key, value) in enumerate(entries.items()):
            if (
                key in missing
                and key not in result
                and _is_section(value, sections[key], _entry(sections[section]), names[index + 1 :])
            ):
                result[key] = value or {}
                self._origins[(key,)] = (section, key)
                sentence = f"{section}.{key} is indented like an entry of {section}; begin the line with {key}: if it is a section of its own."
                self.objections.append(((section, key), sentence))
                into = section if value else key
            else:
                result[into][key] = value
                if into != section:
                    self._origins[(into, key)] = (section, key)
        return result

    def _value(self, schema: Schema, value: Any, place: Place) -> Any:
        if schema.get("type") == "object":
            if isinstance(value, list):
                value = self._names(schema, value, place)
            elif isinstance(value, str):
                value = self._setting(schema, value, place)
            return self._mapping(schema, value, place) if isinstance(value, dict) else value
        if isinstance(value, list) and isinstance(schema.get("items"), dict):
            return [self._value(schema["items"], item, (*place, index)) for index, item in enumerate(value)]
        choices = {str(choice): choice for choice in schema.get("enum", ())}
        if (
            isinstance(value, str)
            and value not in schema.get("enum", (value,))
            and (near := most_similar(value, choices))
        ):
            here = self.origin(place)
            self.objections.append((here, f"{dotted(here)} {not_listed(schema, value)}"))
            return choices[near]
        return value

    def _names(self, schema: Schema, items: list[Any], place: Place) -> Any:
        """A list where names with a value each belong, as such names."""
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        pairs: dict[str, Any] = {}
        for item in items:
            if isinstance(item, str):
                pairs[item] = {} if _entry(schema) else None
            elif isinstance(item, dict) and len(item) == 1:
                pairs.update(item)
        first = next(iter(pairs), "")
        entry = known.get(first) or others
        if len(pairs) != len(items) or not isinstance(entry, dict):
            return items
        here = self.origin(place)
        self._settled.append(place)
        way = f"write names with a value each, without dashes and square brackets, such as {first}: {_example(entry)}."
        self.objections.append((here, f"{dotted(here)} is a list; {way}"))
        return pairs

    def _setting(self, schema: Schema, word: str, place: Place) -> Any:
        """A word where settings belong, as the one setting that it is a value of."""
        keys = [key for key, part in schema.get("properties", {}).items() if word in part.get("enum", ())]
        if len(keys) != 1:
            return word
        here = self.origin(place)
        self.objections.append((here, f'{dotted(here)} is "{word}"; write {{{keys[0]}: {word}}}.'))
        return {keys[0]: word}

    def _mapping(self, schema: Schema, values: dict[str, Any], place: Place) -> dict[str, Any]:
        if len(place) == 1 and (entry := _entry(schema)):
            values = self._indented(values, place, lambda _: entry, lambda part, key: key in part.get("properties", {}))
        others = schema.get("additionalProperties")
        result: dict[str, Any] = {}
        for key, value in values.items():
            name, meant = self._key(schema, key, value, place, values)
            if name != key:
                self._origins[(*place, name)] = (*self.origin(place), key)
            part = schema.get("properties", {}).get(name) or (others if isinstance(others, dict) else {})
            result[name] = self._value(part, meant, (*place, name))
        return result

    def _key(self, schema: Schema, key: str, value: Any, place: Place, siblings: Mapping[str, Any]) -> tuple[str, Any]:
        """The key and the value that were probably meant."""
        known = schema.get("properties", {})
        here = self.origin((*place, key))
        if key in known:
            return key, value
        name, brace, _ = key.partition(":{")
        if brace and name not in siblings:
            self.objections.append(
                (here, f"{dotted((*here[:-1], name))} has no space after its colon; write {name}: {{...}}.")
            )
            self._settled.append((*place, name))
            return name, {}
        if schema.get("additionalProperties") is False:
            word, _, rest = key.partition(":")
            if rest and value is None and word in known and word not in siblings:
                self.objections.append((here, f"{dotted(here)} has no space after the colon; write {word}: {rest}."))
                return word, rest
            near = most_similar(key, [name for name in known if name not in siblings])
            if near:
                self.objections.append((here, unknown_key(here, known)))
            return near or key, value
        names = schema.get("propertyNames")
        if len(place) == 1 and isinstance(names, dict) and not Draft202012Validator(names).is_valid(key):
            for name in (key.lower(), key.lower().replace("_", "-").replace(" ", "-")):
                if name not in siblings and Draft202012Validator(names).is_valid(name):
                    self.objections.append((here, disallowed_name(here, names, name)))
                    return name, value
        return key, value


def _entry(section: Schema) -> Schema:
    """The schema of a section's entries, if they have settings; otherwise an empty one."""
    entry = section.get("additionalProperties")
    return entry if isinstance(entry, dict) and entry.get("type") == "object" else {}


def _is_entry(key: str, sections: Mapping[str, Any], missing: list[str]) -> bool:
    return key not in sections and not most_similar(key, missing)


def _is_section(value: Any, section: Schema, entry: Schema, following: list[str]) -> bool:
    """Whether what has a section's name among the entries of another one is that section."""
    if value is None:
        return bool(following)
    if not isinstance(value, dict) or not value:
        return False
    settings, known = set(value), set(entry.get("properties", {}))
    if not _entry(section):
        return settings <= set(section.get("properties", {})) and not settings <= known
    return not settings & known and all(item is None or isinstance(item, dict) for item in value.values())


def _example(entry: Schema) -> str:
    if entry.get("type") != "object":
        return str(next(iter(entry.get("enum", ())), "a value"))
    parts = {key: entry["properties"][key] for key in entry.get("required", ())}
    return "{" + listed(f"{key}: {_example(part)}" for key, part in parts.items()) + "}" if parts else "{}"
