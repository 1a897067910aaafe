"""What is wrong with a file that is not YAML: the line of the mistake, and a sentence without a parser's words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ruamel.yaml.error import MarkedYAMLError, YAMLError

Complaint = tuple[int, str]
"""A line, counted from 1, and the sentence about it."""

_CONFLICT = re.compile(r"(<<<<<<<|>>>>>>>|\|\|\|\|\|\|\|)( .*)?|=======")
_INDENTATION = re.compile(r"\s*")
_UNLIKE = "is not indented like the lines above it; lines on the same level begin in the same column, with spaces only."

# What ruamel.yaml says of a mistake, whether its line is that of the context, and the rest of a sentence that begins with "the line".
_SENTENCES = (
    (r"expected <block end>, but found '<block mapping start>'", False, _UNLIKE),
    (r"expected <block end>, but found '[}\]]'", False, "has a closing bracket too many."),
    (
        r"could not find expected ':'",
        True,
        "has neither a value nor a colon with a space after it; write a name, a colon, a space and a value.",
    ),
    (
        r"mapping values are not allowed here",
        False,
        "has a colon where none can be; check the indentation of this line and the end of the one above, and put text with a colon in quotes.",
    ),
    (
        r"while parsing a flow (mapping|sequence)",
        True,
        "opens a bracket that is not closed before the next value, or lacks a comma or a closing quote.",
    ),
    (r"while scanning a quoted scalar|while scanning a .*-quoted .*end of stream", True, "opens a quote that is never closed."),
    (r"found undefined alias|while scanning an (anchor|alias)", False, "has a value that begins with * or &; put it in quotes."),
    (r"found character '(?P<sign>[^\\])' that cannot start", False, "has text that begins with {sign}; put it in quotes."),
    (r"found another document", False, "begins a second document; a file is one environment."),
)  # fmt: skip


def before_parsing(text: str) -> Iterator[Complaint]:
    """What a parser would report in a later line or not at all: a merge conflict, or else tabs and other blanks as indentation."""
    lines = text.split("\n")
    conflict = next((number for number, line in enumerate(lines, start=1) if _CONFLICT.fullmatch(line)), None)
    if conflict:
        yield (
            conflict,
            "the line is left from a merge conflict; keep one of the two versions, and remove all such lines.",
        )
        return
    for number, line in enumerate(lines, start=1):
        blanks = _INDENTATION.match(line)[0]  # type: ignore[index]  # it matches always
        if "\t" in blanks and line.strip():
            yield number, "the line is indented with a tab; YAML allows spaces only."
        elif blanks.strip(" ") and line.strip():
            yield number, "the line is indented with a character that only looks like a space; retype its indentation."


def unreadable(error: YAMLError) -> Complaint:
    """What the parser's error means."""
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return 1, f"the file is not YAML ({str(error).splitlines()[0]})."
    line = error.problem_mark.line + 1
    what = ", ".join(filter(None, (error.context, error.problem))).replace("\n", " ")
    for pattern, opened, rest in _SENTENCES:
        if found := re.search(pattern, what):
            line = error.context_mark.line + 1 if opened and error.context_mark is not None else line
            return line, f"the line {rest.format(**found.groupdict())}"
    return line, f"from here on the file is not valid YAML ({what}); check indentation, colons and quotes up to here."
