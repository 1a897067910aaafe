"""`groundwork verify`."""

from __future__ import annotations

import click

from groundwork.cli.options import environment_option, here, json_option
from groundwork.cli.printing import echo, print_json
from groundwork.display import on_one_line
from groundwork.google.cloud import connect
from groundwork.lifecycle import verify as feature
from groundwork.lifecycle.verify import Remains, as_data, created, ends, made_by, why
from groundwork.text import counted


@click.command()
@environment_option
@json_option
def verify(name: str, as_json: bool) -> int:
    """Show what is in the project that no Terraform state knows: clean, going, left over, or unknown.

    Reads every layer's state and makes the list calls of the enabled APIs, of those that docs/teardown.md names. Exit codes: 0 clean,
    or only things that are already deleted and will be gone on the day shown; 7 something is left over; 8 unknown: a list call failed or a state could not be read, so nothing is claimed.

    Example: groundwork verify --json
    """
    checkout, environment = here(name)
    found = feature.verify(connect(environment, checkout=checkout), environment)
    if as_json:
        print_json(as_data(found, environment))
        return int(found.exit_code)
    show(found, environment.project)
    found.verdict(environment.place, "Project")
    echo(
        f"{found.word}: project {environment.place} holds nothing that Terraform does not know of{found.but} ({calls(found)})."
    )
    return 0


def calls(remains: Remains) -> str:
    """How many list calls were answered, as text, and how many enabled APIs were not asked."""
    answered = f"{counted(remains.calls, 'list call')}{'' if remains.calls == 1 else ', all'} answered"
    return f"{answered}; {counted(len(remains.unlisted), 'API')} not asked" if remains.unlisted else answered


def show(remains: Remains, project: str) -> None:
    """Print what is kept, with its contents, what is left, with its cost, and which APIs were not asked, with the reason."""
    inside = {(one.item.kind, one.item.name): one.text for one in remains.contents}
    for item in remains.kept:
        echo(f"kept  {item.kind:<18} {item.short}" + _indented(inside.get((item.kind, item.name))))
    for item in remains.left:
        born = created(item)
        echo(f"left  {item.kind:<18} {item.short}" + _indented(inside.get((item.kind, item.name))))
        echo(
            f"      costs: {why(item)}; made by: {made_by(item, project)}"
            + (f", {born:%Y-%m-%d %H:%M}" if born else "")
        )
    for item in remains.going:
        echo(f"goes  {item.kind:<18} {item.short}")
        echo(f"      costs: {why(item)}; it can be restored until {ends(item)}")
    for item in remains.records:
        echo(f"over  {item.kind:<18} {on_one_line(item.body.get('displayName') or item.short)}")
    for item in remains.own:
        echo(f"      {item.kind:<18} {item.short} (Google's own, not billed)")
    off = sorted({text.partition(".googleapis.com")[0] for text in remains.off.values()})
    if off:
        echo(f"off   Service Usage says that these APIs are off, and so hold nothing: {', '.join(off)}")
    if remains.unlisted:
        names = ", ".join(host.removesuffix(".googleapis.com") for host in remains.unlisted)
        echo(f"skip  these APIs are on, but verify has no list call for them; look in the console: {names}")
    if remains.absent:
        echo(f"none  the local cloud does not simulate, and so cannot hold: {', '.join(remains.absent)}")


def _indented(text: str | None) -> str:
    return f"  {text}" if text else ""
