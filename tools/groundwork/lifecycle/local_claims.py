"""Keeps the local cloud from being stopped or emptied while a command or its Terraform is using it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from groundwork.environment.checkout import LAYERS, Checkout
from groundwork.environment.values import load
from groundwork.errors import StateLocked, UsageProblem
from groundwork.google import local
from groundwork.lifecycle import recovery
from groundwork.terraform import runs


@contextmanager
def claimed(checkout: Checkout, command: str) -> Iterator[None]:
    """Within this context no other command of this clone can change an environment on the local cloud. Raises StateLocked, naming the command that is."""
    with ExitStack() as claims:
        for folder in _folders(checkout):
            claims.enter_context(runs.alone(folder, runs.this_run(command, folder.name)))
            for run in filter(None, (runs.read(folder / layer) for layer in LAYERS)):
                if run.at_work:
                    raise StateLocked(
                        f"The Terraform of an earlier {run.text} is still working on {folder.name}: wait for it to end."
                    )
        yield


def empty(checkout: Checkout) -> None:
    """Empties the local cloud, and deletes what interrupted runs left to resume from: their unsaved states describe resources that are gone."""
    local.empty(checkout)
    for folder in _folders(checkout):
        for layer in LAYERS:
            recovery.forget(folder / layer)


def _folders(checkout: Checkout) -> list[Path]:
    """The folders of the environments on the local cloud that a command has ever changed."""
    return [
        claim.parent for claim in sorted(checkout.runs.glob("*/claim.json")) if _is_local(claim.parent.name, checkout)
    ]


def _is_local(name: str, checkout: Checkout) -> bool:
    try:
        return load(name, checkout.root).local
    except UsageProblem:
        return False
