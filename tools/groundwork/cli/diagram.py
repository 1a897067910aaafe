"""`groundwork diagram`."""

from __future__ import annotations

from pathlib import Path

import click

from groundwork.cli.options import OutputFile, environment_option, here, json_option, provider_option
from groundwork.cli.printing import as_written, echo, print_json
from groundwork.display import harmless
from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment
from groundwork.errors import Exit
from groundwork.report import diagram as feature
from groundwork.report import existing
from groundwork.report.existing import Existing


@click.command()
@environment_option
@provider_option
@json_option
@click.option("--svg", "drawing", type=OutputFile(), metavar="FILE", help="Write an SVG drawing to FILE instead.")
@click.option("--plan", "planned", is_flag=True, help="Mark what the plan saved by `plan` would change.")
@click.option("--names", is_flag=True, help="Show members' addresses instead of their initials.")
def diagram(name: str, provider: str | None, as_json: bool, drawing: Path | None, planned: bool, names: bool) -> int:
    """Draw a map of the platform: people, personas and identities, what they build, serve and run, and what they can reach.

    Prints Mermaid, which GitHub renders, or writes an SVG with --svg. What is only in the file is marked +, what is only in the state is marked -. Exits with 8 when the state could not be read: the map then shows the file alone.

    Example: groundwork diagram --svg map.svg
    """
    from groundwork.people.personas import personas
    from groundwork.report.mermaid import mermaid
    from groundwork.report.svg import svg

    checkout, environment = here(name)
    existing_things = (
        _planned(checkout, environment, provider) if planned else existing.from_state(checkout, environment)
    )
    found = feature.diagram(environment, personas(checkout.root), existing_things, names=names)
    if drawing:
        drawing.write_text(harmless(svg(found)), encoding="utf-8")
        echo(f"Wrote {drawing}: open it in a browser.", err=True)
    if as_json:
        print_json(feature.as_data(found))
    elif not drawing:
        as_written(mermaid(found))
    if existing_things.problem:
        echo(f"The state could not be read: {existing_things.problem}", err=True)
        return int(Exit.UNKNOWN)
    return int(Exit.OK)


def _planned(checkout: Checkout, environment: Environment, provider: str | None) -> Existing:
    from groundwork.cli.terminal import Terminal
    from groundwork.terraform.process import signals_passed_on
    from groundwork.terraform.session import open_session

    with signals_passed_on():
        return existing.from_plan(open_session(checkout, environment, provider, "diagram", Terminal().say))
