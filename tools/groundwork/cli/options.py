"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from groundwork.cli import ENVIRONMENT
from groundwork.environment.checkout import Checkout, find_checkout
from groundwork.environment.values import Environment, examples, load, names
from groundwork.errors import GroundworkError, UsageProblem

F = TypeVar("F", bound=Callable[..., Any])


class EnvironmentName(click.ParamType[str]):
    """The name of an environment, completed from envs/ and envs/examples/."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, which is noted for error messages that say what to run."""
        if ctx is not None:
            ctx.ensure_object(dict)[ENVIRONMENT] = value
        return str(super().convert(value, param, ctx))

    def shell_complete(self, _ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The environments whose names start with what was typed."""
        try:
            root = find_checkout(Path.cwd()).root
        except UsageProblem:
            return []
        return [CompletionItem(name) for name in (*names(root), *examples(root)) if name.startswith(incomplete)]


def completed(
    offers: Callable[[Environment], Iterable[str]],
) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Complete a word with what `offers` returns for the environment that the command line names so far."""

    def complete(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
        try:
            _, environment = here(context.params.get("name") or "local")
        except GroundworkError:
            return []
        return [word for word in offers(environment) if word.startswith(incomplete)]

    return complete


def members(environment: Environment) -> Iterable[str]:
    """The addresses of an environment's members."""
    return environment.members


class OutputFile(click.Path):
    """A file that a command will write; its folder is checked before the command starts."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, if a file can be created there."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if not path.parent.is_dir():
            self.fail(f"{path} cannot be written: there is no folder {path.parent}.", param, ctx)
        if not os.access(path.parent, os.W_OK):
            self.fail(f"{path} cannot be written: you may not write in the folder {path.parent}.", param, ctx)
        return path


def environment_option(command: F) -> F:
    """--env NAME."""
    return click.option(
        "-e", "--env", "name", type=EnvironmentName(), default="local", envvar="GROUNDWORK_ENV", show_default=True,
        help="Environment, described by envs/NAME.yaml.",
    )(command)  # fmt: skip


def provider_option(command: F) -> F:
    return click.option(
        "--provider", type=click.Choice(["local", "google"]), default=None,
        help="Terraform provider: groundwork's own (the default on the local cloud) or Google's.",
    )(command)  # fmt: skip


def yes_option(command: F) -> F:
    return click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")(command)


def verbose_option(command: F) -> F:
    return click.option(
        "-v", "--verbose", is_flag=True, help="Report each resource as it finishes, not only each component."
    )(command)


def dry_run_option(command: F) -> F:
    return click.option("-n", "--dry-run", is_flag=True, help="Show what would happen, and change nothing.")(command)


def json_option(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def here(name: str) -> tuple[Checkout, Environment]:
    """The clone that contains the working directory, and its environment of this name."""
    checkout = find_checkout(Path.cwd())
    return checkout, load(name, checkout.root)
