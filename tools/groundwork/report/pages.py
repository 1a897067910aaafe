"""The report as a self-contained HTML page, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape

from groundwork.report.handin import EnvironmentReport
from groundwork.report.mermaid import mermaid
from groundwork.report.section import Section
from groundwork.report.svg import svg

_TEMPLATES = Path(__file__).parent / "templates"


def html(report: EnvironmentReport) -> str:
    """The page: no script, no network, light and dark, with the map inside."""
    templates = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=select_autoescape(default=True), trim_blocks=True
    )
    return templates.get_template("report.html").render(report=report, map=svg(report.map))


def markdown(report: EnvironmentReport) -> str:
    """The same as Markdown, with the map as Mermaid."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: EnvironmentReport) -> Iterator[str]:
    environment = report.environment
    yield f"# Report on {environment.name}"
    yield ""
    yield f"Project {environment.project}, region {environment.region}, on {environment.where}. Written {report.written:%Y-%m-%d %H:%M} UTC."
    yield ""
    if not report.complete:
        yield "**Something could not be read, so this report is not complete.**"
        yield ""
    for section in report.sections:
        yield from _section(section)
    yield "## What does the platform look like?"
    yield ""
    if report.map_problem:
        yield f"**The state could not be read**: {_plain(report.map_problem)}"
        yield ""
    yield "```mermaid"
    yield mermaid(report.map).rstrip()
    yield "```"


def _section(section: Section) -> Iterator[str]:
    yield f"## {section.question}"
    yield ""
    if section.rows:
        yield _row(section.columns)
        yield _row("---" for _ in section.columns)
        yield from map(_row, section.rows)
        yield ""
    for note in section.notes:
        yield _plain(note)
        yield ""
    for what, why in section.unread.items():
        yield f"**{_plain(what)} could not be read**: {_plain(why)}"
        yield ""


def _row(cells: object) -> str:
    assert hasattr(cells, "__iter__")
    return "| " + " | ".join(_plain(str(cell)) for cell in cells) + " |"


def _plain(text: str) -> str:
    """Escapes Markdown and HTML: names can come from anybody who may create resources."""
    escaped = "".join(f"\\{letter}" if letter in "\\`*_[]|" else letter for letter in " ".join(text.split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;")
