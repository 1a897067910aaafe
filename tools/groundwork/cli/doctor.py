"""`groundwork doctor`."""

from __future__ import annotations

from dataclasses import asdict

import click

from groundwork.cli.options import environment_option, here, json_option
from groundwork.cli.printing import echo, print_json
from groundwork.doctor import machine as feature
from groundwork.errors import Exit

_COLOURS = {"ok": "green", "note": "yellow", "missing": "yellow", "broken": "red"}


@click.command()
@environment_option
@json_option
def doctor(name: str, as_json: bool) -> int:
    """Check what this machine and the project have and lack, with a remedy for each problem. Exits with 1 when something required does not work.

    Example: groundwork doctor
    """
    findings = feature.examine(*here(name))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        width = max(len(finding.subject) for finding in findings)
        for finding in findings:
            mark = click.style(f"{finding.health:<7}", fg=_COLOURS[finding.health])
            echo(f" {finding.subject:<{width}}  {finding.text}", mark=mark)
            if finding.remedy:
                echo(f"{'':8}{'':<{width}}  → {finding.remedy}")
    return int(Exit.FAILED if any(finding.health == "broken" for finding in findings) else Exit.OK)
