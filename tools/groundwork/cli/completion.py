"""`groundwork completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from groundwork.cli import groundwork
from groundwork.cli.printing import as_written


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for SHELL.

    Example: eval "$(groundwork completion bash)"
    """
    found = get_completion_class(shell)
    assert found is not None
    as_written(found(groundwork, {}, "groundwork", "_GROUNDWORK_COMPLETE").source())
