"""Upper bounds for the width of text in common sans-serif fonts, and line breaks that keep it inside its box."""

from __future__ import annotations

import unicodedata

_NARROW, _BROAD = frozenset("ijltfr.,:;'|!()[] /-"), frozenset("mwMW@%—→±")


def width_of(text: str, size: int) -> float:
    """An upper bound of the text's width in any common font, in the units of `size`."""
    return round(sum(_part(letter) for letter in text) * size, 1)


def lines_of(text: str, width: float, size: int) -> tuple[str, ...]:
    """The text in lines no wider than `width`: broken at spaces, and within overlong words."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        tried = f"{line} {word}".strip()
        if width_of(tried, size) <= width:
            line = tried
            continue
        lines += [line] if line else []
        line = ""
        for letter in word:
            if width_of(line + letter, size) > width:
                lines.append(line)
                line = ""
            line += letter
    return tuple([*lines, line] if line else lines)


def _part(letter: str) -> float:
    if letter in _NARROW:
        return 0.42
    if letter in _BROAD or unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    return 0.74 if letter.isupper() else 0.62
