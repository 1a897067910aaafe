"""`groundwork login` and `groundwork whoami`."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import click

from groundwork.cli.options import dry_run_option, environment_option, here, json_option
from groundwork.cli.principal import as_option, connected
from groundwork.cli.printing import echo, print_json
from groundwork.cli.terminal import Terminal
from groundwork.google import local
from groundwork.login import identity
from groundwork.login import login as feature
from groundwork.login.identity import Caller
from groundwork.login.login import LoginOptions


@click.command()
@click.option("--again", is_flag=True, help="Log in again although the login is valid, for example as somebody else.")
@click.option(
    "--impersonate", is_flag=True, help="For operators: log in as the deployer, which is all that `up` and `down` need."
)
@click.option("--no-browser", is_flag=True, help="Print an address to open elsewhere instead of opening a browser.")
@environment_option
@dry_run_option
def login(again: bool, impersonate: bool, no_browser: bool, name: str, dry_run: bool) -> None:
    """Log in to Google Cloud: application default credentials by gcloud, with the project as quota project; then show who you are.

    Does nothing when the login is still valid. The local cloud needs no login.

    Example: groundwork login --env dev
    """
    _checkout, environment = here(name)
    if environment.local:
        echo(
            f"The local cloud (simulated) needs no login: every command runs as {local.OWNER.partition(':')[2]}, or as whomever --as names."
        )
        echo(f'For other tools, in a shell: eval "$(groundwork env --env {name})"')
        return
    options = LoginOptions(again, impersonate, not no_browser)
    if dry_run:
        feature.check_shell(environment, os.environ, options)
        echo(f"would run, unless the login is valid: {' '.join(feature.command(environment, options))}")
        echo(f"would run: {' '.join(feature.quota_command(environment))}")
        return
    who, found = feature.login(environment, os.environ, options, Terminal())
    _show(who)
    echo(f"deployer       {found.text}")
    if found.answer == "yes":
        echo(f"  for up and down: export GOOGLE_IMPERSONATE_SERVICE_ACCOUNT={found.account}")


@click.command()
@environment_option
@as_option
@json_option
def whoami(name: str, who: str | None, as_json: bool) -> None:
    """Show who you are in the environment: principal, project, impersonation, quota project, and when the token expires.

    Example: groundwork whoami --env dev
    """
    checkout, environment = here(name)
    cloud, address = connected(environment, checkout, who)
    found = identity.simulated(environment.project, address) if cloud.simulated else identity.of(cloud, os.environ)
    if as_json:
        print_json(
            {
                "environment": name,
                "principal": found.principal,
                "source": found.source,
                "project": found.project,
                "impersonated": found.impersonated or None,
                "quota_project": found.quota_project or None,
                "expires": found.expires.isoformat() if found.expires else None,
                "simulated": found.simulated,
            }
        )
    else:
        _show(found)


def _show(caller: Caller) -> None:
    rows = {
        "principal": caller.principal or "unknown (the login does not reveal its e-mail address)",
        "login": caller.source,
        "project": caller.project,
        "impersonation": f"acts as {caller.impersonated}" if caller.impersonated else "none",
        "quota project": caller.quota_project or "none",
        "token expires": caller.expiry(datetime.now(UTC)),
    }
    for label, value in rows.items():
        echo(f"{label:<14} {value}")
