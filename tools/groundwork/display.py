"""What was written by others, shown so that it cannot move, hide or recolour anything on a terminal."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

# Control characters but the tab and the end of a line (C0, DEL and C1), what turns the direction of writing, and what separates
# lines without being the end of one: unicode.org/reports/tr9, section 2, and tr36, section 3.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]|\r(?!\n)"
)


def harmless(text: str) -> str:
    r"""The text with every control character written out, e.g. "\x1b" for the one that begins a terminal's commands."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def columns(elsewhere: int) -> int:
    """How wide standard output is: COLUMNS, else its terminal; `elsewhere` where it is none."""
    return shutil.get_terminal_size((elsewhere, 24)).columns


_SIGNED = re.compile(r"(  [+~±<>x!✓✗-] (?:\S.*?\s{2,})?)(\S.*)")


def at_words(text: str, wide: int, before: int = 0) -> str:
    """A sentence, or a line of a plan, broken at words where it is wider than a terminal, `before` columns of which are taken.

    Other columns stay whole, and so do commands, which are copied.
    """
    inside = text.strip()
    if len(text) + before <= wide or "\n" in text:
        return text
    if signed := _SIGNED.fullmatch(text):
        return _filled(signed[2], wide, signed[1], " " * (6 if wide < _NARROW else len(signed[1])))
    if "  " in inside or not inside.endswith((".", ")", ":", "?")):
        return text
    indent = text[: len(text) - len(text.lstrip())]
    filled = _filled(" " * before + inside, wide, indent, f"{indent}  ")
    return filled if not before else indent + filled.lstrip()


_NARROW = 80


def _filled(text: str, wide: int, first: str, then: str) -> str:
    return textwrap.fill(
        text,
        max(wide, 20),
        initial_indent=first,
        subsequent_indent=then,
        break_long_words=False,
        break_on_hyphens=False,
    )


def wide_of(stream: Any) -> int | None:
    """How wide the terminal behind a stream is, None where it is none."""
    return shutil.get_terminal_size((80, 24)).columns if stream is not None and stream.isatty() else None


def screen(**options: Any) -> Console:
    """rich's console, for tables and for what moves: it takes no commands, markup or emoji names from what it shows."""
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment
    from rich.text import Text

    class Screen(Console):
        def render_str(self, text: str, **named: Any) -> Text:
            """Before it is measured, so that a column is wide enough."""
            return super().render_str(harmless(text), **named)

        def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
            """Rich's own movements are segments of their own kind, and its colours are none of the text."""
            for segment in super().render(renderable, options):
                yield segment if segment.control else segment._replace(text=harmless(segment.text))

    return Screen(markup=False, emoji=False, highlight=False, **options)
