"""`groundwork review`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from groundwork.cli.options import OutputFile, environment_option, here, json_option, provider_option
from groundwork.cli.printing import as_written, print_json
from groundwork.cli.terminal import Terminal
from groundwork.errors import Exit
from groundwork.report import github
from groundwork.report import review as feature
from groundwork.terraform.process import signals_passed_on
from groundwork.terraform.session import open_session

_FILE = OutputFile()


@click.command()
@environment_option
@provider_option
@json_option
@click.option("--markdown", type=_FILE, metavar="FILE", help="Append the page to FILE, e.g. $GITHUB_STEP_SUMMARY.")
@click.option("--record", type=_FILE, metavar="FILE", help="Write what was reviewed to FILE, for `up --reviewed FILE`.")
@click.option(
    "--fetch",
    type=_FILE,
    metavar="FILE",
    help="In a GitHub workflow: only fetch the record of the merged change to FILE.",
)
@click.option("--detailed-exitcode", is_flag=True, help=f"Exit with {int(Exit.CHANGES)} when something would change.")
def review(
    name: str,
    provider: str | None,
    as_json: bool,
    markdown: Path | None,
    record: Path | None,
    fetch: Path | None,
    detailed_exitcode: bool,
) -> int:
    """Show on one page what a change would do, what it would cost, and what the policies find.

    Exits with 6 on findings, with 8 when the policies could not be checked. The record holds addresses and digests, no values.

    Example: groundwork review --record reviewed.json
    """
    if fetch:
        fetch.write_bytes(github.fetch(github.this_merge(os.environ)))
        return int(Exit.OK)
    talk = Terminal(quiet=as_json)
    with signals_passed_on():
        session = open_session(*here(name), provider, "review", talk.say)
        found = feature.review(session, talk, talk.say)
    if markdown:
        with markdown.open("a", encoding="utf-8") as page:
            page.write(found.markdown)
    if record:
        record.write_text(found.record.text, encoding="utf-8")
    if as_json:
        print_json(feature.as_data(found))
    else:
        as_written(found.markdown)
    if not found.policy.ok:
        return int(Exit.POLICY)
    return int(Exit.CHANGES) if found.pending and detailed_exitcode else int(Exit.OK)
