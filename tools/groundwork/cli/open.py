"""`groundwork open`."""

from __future__ import annotations

import click

from groundwork.cli.options import environment_option, here
from groundwork.cli.printing import echo
from groundwork.report import console


@click.command(name="open")
@click.argument("thing", required=False, default="")
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening it.")
@environment_option
def open_(thing: str, no_browser: bool, name: str) -> None:
    """Open a page of the console: the project's, that of a thing in the environment file, such as bucket/NAME, secret/NAME or service/NAME, access or logs.

    On the local cloud it is that cloud's own console (simulated), and its address holds a secret; on Google Cloud it is Google's.

    Example: groundwork open bucket/data
    """
    address = console.address(*here(name), thing)
    if no_browser or click.launch(address) != 0:
        echo(address)
