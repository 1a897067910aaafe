"""Prints the outputs of an environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from groundwork.cli.printing import echo
from groundwork.environment.values import Environment
from groundwork.terraform.state import Output


def print_outputs(outputs: Mapping[str, Output], environment: Environment) -> None:
    """Print the outputs, without the values of sensitive ones."""
    pointed = f', in a shell after eval "$(groundwork env --env {environment.name})"' if environment.local else ""
    for name, output in outputs.items():
        value = "(sensitive)" if output.sensitive else output.value
        if isinstance(value, dict) and value:
            echo(f"{name}{pointed if name == 'commands' else ''}:")
            width = max(map(len, map(str, value)))
            for key, item in value.items():
                echo(f"  {key:<{width}}  {_text(item)}")
        elif value not in ({}, [], None):
            echo(f"{name}: {_text(value)}")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={_text(item)}" for key, item in value.items() if item is not None)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
