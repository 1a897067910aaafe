"""Checks links in the Markdown pages: the files and headings that they point to must exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

_LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
_FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)
_PLACES = ("*.md", "docs/**/*.md", "envs/*.md", "infra/**/*.md", "modules/**/*.md", "tools/localcloud/*.md")


def pages(root: Path) -> list[Path]:
    """Every Markdown page for readers."""
    return sorted({path for place in _PLACES for path in root.glob(place) if path.is_file()})


def broken(root: Path) -> Iterator[str]:
    """A sentence for each broken link into the repository; external sites are not checked."""
    for page in pages(root):
        text = _FENCE.sub(lambda found: "\n" * found[0].count("\n"), page.read_text("utf-8"))
        for line, words in enumerate(_CODE.sub("", text).splitlines(), 1):
            for target in _LINK.findall(words):
                if why := _wrong(page, target):
                    yield f"{page.relative_to(root).as_posix()}:{line}: {target} {why}"


def _wrong(page: Path, target: str) -> str:
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return ""
    path, _, heading = unquote(target).partition("#")
    there = (page.parent / path) if path else page
    if not there.exists():
        return "leads to nothing."
    if heading and (there.suffix != ".md" or heading not in headings(there.read_text("utf-8"))):
        return f"leads to no heading of {there.name}."
    return ""


def headings(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them: lower case, punctuation out, dashes for spaces, numbered where they repeat."""
    found: set[str] = set()
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        number = 0
        while (name := f"{anchor}-{number}" if number else anchor) in found:
            number += 1
        found.add(name)
    return found
