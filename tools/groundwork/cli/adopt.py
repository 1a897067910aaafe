"""`groundwork adopt`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from groundwork.cli.options import dry_run_option, environment_option, here, json_option, provider_option, yes_option
from groundwork.cli.printing import echo, print_json
from groundwork.cli.terminal import Terminal
from groundwork.cost.planned import saying_cost
from groundwork.errors import UsageProblem
from groundwork.lifecycle.up import UpOptions
from groundwork.policy.gate import gate
from groundwork.start import adoption
from groundwork.start.adoption import AdoptionScan
from groundwork.terraform.process import signals_passed_on
from groundwork.terraform.session import open_session
from groundwork.text import counted


@click.command()
@environment_option
@provider_option
@yes_option
@dry_run_option
@json_option
def adopt(name: str, provider: str | None, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Take over buckets, image repositories, secrets and service accounts that were created by hand in the project.

    Each gets an entry in the environment file and is imported by Terraform; the plan shows this before asking. Nothing is recreated
    or deleted, and a plan afterwards must show no changes.

    Example: groundwork adopt --env dev --dry-run
    """
    if as_json and not dry_run:
        raise UsageProblem("--json lists what would be taken over; give it with --dry-run.")
    talk = Terminal(quiet=as_json)
    with signals_passed_on():
        session = open_session(*here(name), provider, "adopt", talk.say)
        scan = adoption.scan(session)
        if as_json:
            print_json(_data(scan))
            return
        for one in scan.found:
            echo(f"{'would adopt' if dry_run else 'adopt'}  {one.text}")
        for stays in scan.left:
            echo(f"leave  {stays.item.kind} {stays.item.short}: {stays.why}")
        if not scan.found:
            echo(f"There is nothing to take over in project {session.environment.place}.")
            return
        if dry_run:
            return
        checks = [saying_cost(session.environment, talk.say, datetime.now(UTC).date()), gate(talk.say)]
        adoption.adopt(session, scan, UpOptions(yes=yes), talk, checks)
    echo(f"{counted(len(scan.found), 'resource')} taken over; a new plan shows no changes.")


def _data(seen: AdoptionScan) -> dict[str, list[dict[str, object]]]:
    return {
        "found": [
            {
                "kind": one.item.kind,
                "name": one.item.name,
                "section": one.section,
                "entry": one.entry.name,
                "values": dict(one.entry.values),
                "written": one.written,
            }
            for one in seen.found
        ],
        "left": [{"kind": one.item.kind, "name": one.item.name, "why": one.why} for one in seen.left],
    }
