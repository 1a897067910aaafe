"""`groundwork docker`."""

from __future__ import annotations

import os

import click

from groundwork.cli.options import dry_run_option, environment_option, here
from groundwork.cli.printing import echo, near
from groundwork.google.cloud import connect
from groundwork.login import docker as feature


@click.command()
@click.option(
    "--token", is_flag=True, help="Log in with a token that lasts an hour, even if gcloud's credential helper is there."
)
@environment_option
@dry_run_option
def docker(token: bool, name: str, dry_run: bool) -> None:
    """Let docker push to and pull from the environment's image repositories.

    Uses gcloud's credential helper, so that no token is stored in docker's config; where gcloud is not on PATH, a token that is piped
    to `docker login` and lasts an hour.

    Example: groundwork docker --env dev
    """
    checkout, environment = here(name)
    registry = feature.host(environment)
    file = feature.config_file(os.environ)
    if token or not feature.has_helper():
        if dry_run:
            echo(f"would run, with a token on its standard input: {' '.join(feature.login_command(registry))}")
            return
        feature.log_in(connect(environment, None, checkout), registry)
        echo(f"docker is logged in to {registry} for an hour.")
        return
    if not dry_run:
        feature.refuse_without_gcloud()
    text = feature.with_helper(file, registry)
    if text is None:
        echo(f"{near(file)} already uses gcloud's helper for {registry}. Nothing was changed.")
    elif dry_run:
        echo(f"would set gcloud's helper for {registry} in {near(file)}")
    else:
        feature.write(file, text)
        echo(f"docker now gets its credentials for {registry} from gcloud, as set in {near(file)}.")
