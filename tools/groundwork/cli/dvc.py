"""`groundwork dvc`."""

from __future__ import annotations

from pathlib import Path

import click

from groundwork.cli.options import dry_run_option, environment_option, here, yes_option
from groundwork.cli.printing import echo, near
from groundwork.cli.terminal import Terminal
from groundwork.google import local
from groundwork.login import dvc as feature


@click.command()
@click.option("--bucket", default=None, metavar="NAME", help="Which bucket; by default the one with dvc: true.")
@click.option(
    "--repository",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Your DVC repository; by default the current folder.",
)
@environment_option
@yes_option
@dry_run_option
def dvc(bucket: str | None, repository: Path, name: str, yes: bool, dry_run: bool) -> None:
    """Set the environment's bucket as the default remote of a DVC repository.

    For Google Cloud it is written to .dvc/config, which is committed; for the local cloud, whose address is valid only on this machine,
    to .dvc/config.local.

    Example: groundwork dvc --repository ../cats-dogs
    """
    checkout, environment = here(name)
    chosen = feature.bucket(environment, bucket)
    folder = feature.find_repository(repository)
    wanted = feature.remote(environment, chosen, local.start(checkout).base if environment.local else None)
    texts = feature.written(folder, wanted, private=environment.local)
    if not texts:
        echo(f"{near(folder.parent)} already has remote {wanted.name}: {chosen.url}. Nothing was changed.")
        return
    files = " and ".join(map(near, texts))
    if dry_run:
        echo(f"would write remote {wanted.name} ({chosen.url}) into {files}")
        return
    before = feature.present(folder, wanted, private=environment.local)
    if before not in ("", chosen.url) and not yes:
        Terminal().confirm(
            f"Remote {wanted.name} of {near(folder.parent)} is {before}. Point it at {chosen.url} instead?"
        )
    feature.write(texts)
    echo(f"remote {wanted.name} is {chosen.url}, in {files}")
    if environment.local:
        echo(f'To point dvc at the local cloud (simulated) in a shell: eval "$(groundwork env --env {name})"')
