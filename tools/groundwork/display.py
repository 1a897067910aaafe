"""What was written by others, shown so that it cannot move, hide or recolour anything on a terminal."""

from __future__ import annotations

import re
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
