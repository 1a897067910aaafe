"""`groundwork unlock`."""

from __future__ import annotations

import click

from groundwork.cli.options import dry_run_option, environment_option, here, yes_option
from groundwork.cli.terminal import Terminal
from groundwork.environment.checkout import LAYERS
from groundwork.google.cloud import connect
from groundwork.terraform import lock, runs
from groundwork.terraform.state import StateLocation


@click.command()
@environment_option
@yes_option
@dry_run_option
def unlock(name: str, yes: bool, dry_run: bool) -> None:
    """Show who holds the state lock, ask, and remove it. Only for a run that is certainly dead.

    A lock left by a dead run on this machine needs no unlock: the next `up` releases it.

    Example: groundwork unlock --env dev
    """
    checkout, environment = here(name)
    talk = Terminal()
    with runs.alone(checkout.runs / name, runs.this_run("unlock", name)):
        cloud = connect(environment, checkout=checkout)
        places = {layer: StateLocation(environment.state_bucket, f"{name}/{layer}") for layer in LAYERS}
        locks = lock.current_locks(cloud, places)
        for layer, found in locks.items():
            talk.say(f"{name}/{layer} is locked by {lock.text(found)}")
            if dry_run:
                continue
            if not yes:
                talk.confirm("Is that run dead, and should its lock be removed?")
            lock.release(cloud, places[layer], found)
            talk.say(f"{name}/{layer} is unlocked")
        if not locks:
            talk.say(f"{name} is not locked")
