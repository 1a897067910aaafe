"""`groundwork token`."""

from __future__ import annotations

import click

from groundwork.cli.options import completed, environment_option
from groundwork.cli.principal import as_option
from groundwork.cli.printing import echo
from groundwork.cli.workloads import opened
from groundwork.errors import UsageProblem
from groundwork.workloads import services, tokens


@click.command()
@click.argument("service", metavar="NAME", shell_complete=completed(lambda environment: environment.services))
@environment_option
@as_option
def token(service: str, name: str, who: str | None) -> None:
    """Print an identity token of yours for a service, valid for an hour: for curl, locust, and tests in CI.

    Example: echo "Authorization: Bearer $(groundwork token api)" | curl --header @- "$URL/predict"
    """
    project = opened(name, who)
    found = services.service(project, service)
    if not found.url:
        raise UsageProblem(f"{service} has no address that a token could be for: {found.problem or found.state}.")
    echo(tokens.identity_token(project, found.url))
