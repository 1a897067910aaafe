"""`groundwork report`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from groundwork.cli.options import OutputFile, environment_option, here, json_option
from groundwork.cli.printing import as_written, echo, print_json
from groundwork.display import harmless
from groundwork.errors import Exit
from groundwork.text import listed

_FILE = OutputFile()


@click.command()
@environment_option
@json_option
@click.option("--html", "page", type=_FILE, metavar="FILE", help="Write a self-contained HTML page to FILE.")
@click.option("--md", "text", type=_FILE, metavar="FILE", help="Write the Markdown to FILE.")
@click.option(
    "--parts", "folder", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
    help="Write the map as SVG, and each part as PNG if Chromium or Chrome is installed.",
)  # fmt: skip
@click.option("--names", is_flag=True, help="Show members' addresses instead of their initials.")
def report(name: str, as_json: bool, page: Path | None, text: Path | None, folder: Path | None, names: bool) -> int:
    """Write the page that a team hands in: services, machines, contents, images, builds, training, monitoring, costs, and a map.

    Prints Markdown, unless files are named. Exits with 8 when something could not be read, and says what.

    Example: groundwork report --html report.html
    """
    from groundwork.report import handin, pages, pictures

    found = handin.report(*here(name), datetime.now(UTC), names=names)
    for file, render in ((page, pages.html), (text, pages.markdown)):
        if file:
            file.write_text(harmless(render(found)), encoding="utf-8")
            echo(f"Wrote {file}.", err=True)
    if folder:
        for file in pictures.write(found, folder):
            echo(f"Wrote {file}.", err=True)
        if pictures.browser() is None:
            echo(f"There are no PNGs: none of {listed(pictures.BROWSERS)} is on this machine to draw them.", err=True)
    if as_json:
        print_json(handin.as_data(found))
    elif not (page or text or folder):
        as_written(pages.markdown(found))
    if found.complete:
        return int(Exit.OK)
    echo("The report is incomplete: something could not be read; the report says what and why.", err=True)
    return int(Exit.UNKNOWN)
