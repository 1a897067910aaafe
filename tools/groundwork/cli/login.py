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
@click.option("--again", is_flag=True, help="Log in again even though the login is valid, e.g. as somebody else.")
@click.option(
    "--impersonate", is_flag=True, help="Log in as the deployer, for operators: `up` and `down` need no more."
)
@click.option("--no-browser", is_flag=True, help="Print an address to open elsewhere instead of starting a browser.")
@environment_option
@dry_run_option
def login(again: bool, impersonate: bool, no_browser: bool, name: str, dry_run: bool) -> None:
    """Log in to Google Cloud: gcloud's application default credentials, charged to the project; says who you are then.

    Nothing is done when the login is valid. On ENV=local nobody logs in.

    Example: groundwork login --env dev
    """
    _checkout, environment = here(name)
    if environment.local:
        echo(
            f"Nobody logs in to the local cloud (simulated): every command runs as {local.OWNER.partition(':')[2]}, or as whoever --as names."
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
    """Say who you are to the environment: principal, project, impersonation, quota project, when the token expires.

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


def _show(found: Caller) -> None:
    rows = {
        "principal": found.principal or "not known (the login does not tell its e-mail address)",
        "login": found.source,
        "project": found.project,
        "impersonation": f"acts as {found.impersonated}" if found.impersonated else "none",
        "quota project": found.quota_project or "none",
        "token expires": found.expiry(datetime.now(UTC)),
    }
    for label, value in rows.items():
        echo(f"{label:<14} {value}")
