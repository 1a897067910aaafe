"""Runs a command with secrets: all values are read first, and passed only as environment variables of its process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from groundwork.errors import GroundworkError, UsageProblem
from groundwork.secrets import names
from groundwork.secrets.vault import Vault
from groundwork.text import listed


def chosen(vault: Vault, only: Sequence[str]) -> tuple[str, ...]:
    """The secrets to pass on: those named, or all in the file. Raises UsageProblem."""
    wanted = tuple(dict.fromkeys(names.checked(vault.environment, name) for name in only or vault.environment.secrets))
    if not wanted:
        raise UsageProblem(
            f"{vault.environment.file} has no secrets to run a command with. {names.how_to_add(vault.environment)}"
        )
    for name in wanted:
        names.for_variable(vault.environment, names.variable(name))
    return wanted


def variables(vault: Vault, wanted: Sequence[str]) -> Mapping[str, str]:
    """The newest value of each, by its variable. Raises GroundworkError when one is missing or cannot be a variable."""
    return {names.variable(name): _text(name, vault.read(name)) for name in wanted}


def _text(name: str, value: bytes) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise GroundworkError(
            f"{name} is not text, so it cannot be a variable: leave it out by naming the others with --only, and read it with "
            f"`groundwork secrets get {name} > FILE`."
        )
    return text


def program(command: Sequence[str]) -> str:
    """The executable of a command. Raises UsageProblem when there is none."""
    from shutil import which

    if not command:
        raise UsageProblem(
            "There is no command to run: put it after two dashes, as in `groundwork secrets run -- python train.py`."
        )
    found = which(command[0])
    if found is None:
        raise UsageProblem(f"{command[0]} was not found, or is not executable; no secret was read.")
    return found


def summary(wanted: Sequence[str]) -> str:
    """The message of a dry run."""
    return f"would run it with {listed(names.variable(name) for name in wanted)}"
