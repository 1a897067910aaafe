"""Access as wrapped paragraphs, one for each thing or persona, where the columns of a table do not fit."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

from groundwork.people.access import Cell

NOBODY = "nobody"


def mark(cell: Cell) -> str:
    """One answer as a word: "yes", "if" for a condition, "-"."""
    if not cell.allowed:
        return "-"
    return "if" if all(binding.condition for binding in cell.by) else "yes"


def by_thing(cells: Sequence[Cell], wide: int) -> Iterator[str]:
    """A paragraph per thing, with one line for actions that the same people may do."""
    for thing, held in _grouped(cells).items():
        yield thing
        same: dict[tuple[str, ...], list[str]] = {}
        for action, answers in held.items():
            may = tuple(
                f"{cell.person} (if)" if mark(cell) == "if" else cell.person for cell in answers if cell.allowed
            )
            same.setdefault(may, []).append(action)
        for may, actions in same.items():
            yield from _filled(f"{', '.join(actions)}: {', '.join(may) or NOBODY}", wide)


def by_persona(cells: Sequence[Cell], roles: Mapping[str, str], wide: int) -> Iterator[str]:
    """A paragraph per persona with its members and what they all may do; individual differences follow by name, others last."""
    people = list(dict.fromkeys(cell.person for cell in cells))
    personas = list(dict.fromkeys(roles[person] for person in people if person in roles))
    for persona in personas:
        members = [person for person in people if roles.get(person) == persona]
        yield from _filled(f"{persona}: {', '.join(members)}", wide, "")
        for thing, actions in _grouped(cells).items():
            yield from _filled(_may(thing, actions, members), wide)
    for person in (person for person in people if person not in roles):
        yield f"not in the file: {person}"
        for thing, actions in _grouped(cells).items():
            yield from _filled(_may(thing, actions, [person]), wide)


def _may(thing: str, held: Mapping[str, Sequence[Cell]], members: Sequence[str]) -> str:
    phrases = []
    for action, answers in held.items():
        marks = {cell.person: mark(cell) for cell in answers if cell.person in members}
        if all(answer == "yes" for answer in marks.values()):
            phrases.append(action)
        else:
            phrases += [
                f"{action} ({person}{' if' if answer == 'if' else ''})"
                for person, answer in marks.items()
                if answer != "-"
            ]
    return f"{thing}: {', '.join(phrases)}" if phrases else ""


def _grouped(cells: Iterable[Cell]) -> dict[str, dict[str, list[Cell]]]:
    found: dict[str, dict[str, list[Cell]]] = {}
    for cell in cells:
        found.setdefault(cell.target.text, {}).setdefault(cell.action.verb_only, []).append(cell)
    return found


def _filled(text: str, wide: int, indent: str = "  ") -> list[str]:
    return textwrap.wrap(
        text,
        wide,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
