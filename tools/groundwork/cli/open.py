"""`groundwork open`."""

from __future__ import annotations

import click

from groundwork.cli.browser import show
from groundwork.cli.options import completed, environment_option, here
from groundwork.cli.printing import echo
from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment
from groundwork.report import console


@click.command(name="open")
@click.argument("thing", required=False, default="", shell_complete=completed(console.pages))
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening it.")
@environment_option
def open_(thing: str, no_browser: bool, name: str) -> None:
    """Open a page of the console: the project's, that of something in the environment file (bucket/NAME, secret/NAME, service/NAME), access or logs.

    On Google Cloud this is Google's console; on the local cloud it is that cloud's own (simulated), whose address contains a secret.

    Example: groundwork open bucket/data
    """
    checkout, environment = here(name)
    address = console.address(checkout, environment, thing)
    if environment.local:
        _leave_map(checkout, environment)
    if stranger := console.stranger(environment, thing):
        echo(stranger, err=True)
    show(address, wanted=not no_browser)


def _leave_map(checkout: Checkout, environment: Environment) -> None:
    """Store the current map where the local cloud's console shows it."""
    from groundwork.display import harmless
    from groundwork.google import local
    from groundwork.people.personas import personas
    from groundwork.report import diagram, existing
    from groundwork.report.svg import svg

    existing_things = existing.from_state(checkout, environment)
    drawn = svg(diagram.diagram(environment, personas(checkout.root), existing_things, names=True))
    local.keep_map(checkout, environment.project, harmless(drawn))
