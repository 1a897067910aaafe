"""The --as option: on the local cloud, a command can act as any principal."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment
from groundwork.errors import UsageProblem
from groundwork.google import local
from groundwork.google.cloud import GoogleCloud, connect
from groundwork.people.team import checked_email

F = TypeVar("F", bound=Callable[..., Any])


def as_option(command: F) -> F:
    """--as WHO."""
    return click.option(
        "--as",
        "who",
        default=None,
        metavar="WHO",
        help="On the local cloud: act as WHO, e.g. alice@example.com; by default as set by the shell's `local env --as`, or as the owner.",
    )(command)


def connected(environment: Environment, checkout: Checkout, who: str | None) -> tuple[GoogleCloud, str]:
    """Connect as `who`; the cloud, and the principal's address ("" on Google Cloud). Raises UsageProblem, see `principal_in`."""
    principal = principal_in(environment, who)
    return connect(environment, principal or None, checkout), principal.partition(":")[2]


def principal_in(environment: Environment, who: str | None) -> str:
    """The principal to act as on the local cloud; "" on Google Cloud, where giving `who` raises UsageProblem."""
    if environment.local:
        return local.shells_principal(os.environ) if who is None else principal_of(who)
    if who is not None:
        raise UsageProblem(
            f"--as is for the local cloud; {environment.name} is on Google Cloud, where you act as your login "
            f"(`groundwork whoami --env {environment.name}`)."
        )
    return ""


def principal_of(who: str) -> str:
    """The principal of an address, such as "user:alice@example.com". Raises UsageProblem for an invalid address."""
    if who.removeprefix("serviceAccount:").endswith(".gserviceaccount.com"):
        return f"serviceAccount:{who.removeprefix('serviceAccount:')}"
    return f"user:{checked_email(who)}"
