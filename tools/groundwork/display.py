"""Makes text from others safe to show: it cannot move the cursor, hide anything or change colours on a terminal."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

# Control characters except tab and newline (C0, DEL and C1), marks that change the writing direction, separators that some
# terminals treat as line ends, and characters without width, by which a name can look like another one: unicode.org/reports/tr9,
# section 2, and tr36, sections 2 and 3. The joiners U+200C and U+200D stay, since words and emoji are written with them.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]|\r(?!\n)"
)


def harmless(text: str) -> str:
    r"""The text with every control character escaped, e.g. as "\x1b"."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def on_one_line(text: str) -> str:
    """The same for a name, in which line breaks and tabs are escaped as well: it cannot pretend to be another line."""
    return harmless(text).replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t")


def columns(elsewhere: int) -> int:
    """The width of standard output: COLUMNS, else its terminal; `elsewhere` if it is not a terminal."""
    return shutil.get_terminal_size((elsewhere, 24)).columns


_GAP = re.compile(r"\s{2,}")
_NARROW = 80
# A line that people copy into a shell stays in one piece: it begins with a command and does not end as a sentence.
_COMMAND = re.compile(
    r"(?:\$ |→ )?(?:\.venv/bin/|\./)?(?:bash|cd|curl|docker|dvc|echo|eval|export|gcloud|git|groundwork|gsutil|make|podman|source|terraform|tofu) .*[^.:?]"
)


def is_command(text: str) -> bool:
    """Whether a line is a shell command for copying."""
    return _COMMAND.fullmatch(text.strip()) is not None


def at_words(text: str, wide: int, before: int = 0) -> str:
    """Wrap lines that are wider than the terminal at words; the first line starts `before` columns from the left edge.

    Text in a line's last column continues below that column, or further left on a narrow terminal. Words and commands are
    never broken, so that they can be copied.
    """
    if "\n" in text:
        first, *rest = text.split("\n")
        return "\n".join([at_words(first, wide, before), *(at_words(line, wide) for line in rest)])
    if len(text) + before <= wide:
        return text
    line = "x" * before + text
    indent = " " * (len(line) - len(line.lstrip()))
    cells = _GAP.split(line.strip())
    if len(cells) == 1:
        return (line if is_command(line) else _filled(line.strip(), wide, indent, f"{indent}  "))[before:]
    head = line[: len(line.rstrip()) - len(cells[-1])]
    crowded = len(head) > wide // 2 or len(head) + len(cells[-1].split()[0]) > wide
    if crowded or is_command(cells[-1]):
        return "\n".join(_cells(line.strip(), wide, indent))[before:]
    under = len(head) if wide >= _NARROW else len(indent) + 4
    return _filled(cells[-1], wide, head, " " * under)[before:]


def _cells(inside: str, wide: int, indent: str) -> Iterator[str]:
    """Columns that do not fit side by side: each stays where it was if there is room, else it gets a line of its own."""
    first, *others = re.split(f"({_GAP.pattern})", inside)
    line = f"{indent}{first}"
    for gap, cell in zip(others[::2], others[1::2], strict=True):
        if len(line) + len(gap) + len(cell) <= wide:
            line += gap + cell
            continue
        yield line
        line = f"{indent}    {cell}"
        if not is_command(cell):
            line = _filled(cell, wide, f"{indent}    ", f"{indent}    ")
    yield line


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
    """The width of a stream's terminal, None if it is not one."""
    return shutil.get_terminal_size((80, 24)).columns if stream is not None and stream.isatty() else None


def screen(**options: Any) -> Console:
    """rich's console, for tables and live displays; control characters, markup and emoji names in the text have no effect."""
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment
    from rich.text import Text

    class Screen(Console):
        def render_str(self, text: str, **named: Any) -> Text:
            """Escape text before it is measured, so that columns are wide enough."""
            return super().render_str(harmless(text), **named)

        def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
            """Escape all text; rich's own cursor movements are control segments, and its colours are not part of the text."""
            for segment in super().render(renderable, options):
                yield segment if segment.control else segment._replace(text=harmless(segment.text))

    return Screen(markup=False, emoji=False, highlight=False, **options)
