"""A part of the report: a question, and its answer as a table and sentences; what could not be read is part of the answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from groundwork.report.initials import initials

_ADDRESS = re.compile(r"[\w.%+-]+@[\w-]+(?:\.[\w-]+)+")


@dataclass(frozen=True)
class Section:
    """One section; `key` names it in JSON; `unread` says what could not be read and why."""

    key: str
    question: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        """The section as JSON: a row is an object by column."""
        return {
            "question": self.question,
            "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
            "notes": list(self.notes),
            "could_not_be_read": dict(self.unread),
        }


def without_addresses(section: Section, members: Mapping[str, str]) -> Section:
    """The section with people's addresses as initials (`members`: those in the file); service accounts keep theirs."""

    def short(text: str) -> str:
        return _ADDRESS.sub(lambda found: _initials(found[0], members), text)

    return _spelled(section, short)


def _initials(address: str, members: Mapping[str, str]) -> str:
    if address.endswith(".gserviceaccount.com"):
        return address
    return members.get(address.lower()) or initials([address])[address]


def _spelled(section: Section, spell: Callable[[str], str]) -> Section:
    return replace(
        section,
        rows=tuple(tuple(map(spell, row)) for row in section.rows),
        notes=tuple(map(spell, section.notes)),
        unread={spell(what): spell(why) for what, why in section.unread.items()},
    )
