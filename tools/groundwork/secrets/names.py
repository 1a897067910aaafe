"""Names of secrets in the environment file, in the project, and as shell variables."""

from __future__ import annotations

import re

from groundwork.environment.values import Environment
from groundwork.errors import UsageProblem
from groundwork.text import listed

_AS_GIVEN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)\Z")
_ALLOWED = re.compile(r"[a-z][a-z0-9_-]{0,62}")


def checked(environment: Environment, text: str) -> str:
    """The name, if the environment file has it.

    Raises UsageProblem, which never repeats the text: it may be a value given instead of a name.
    """
    if text in environment.secrets:
        return text
    if "=" in text:
        raise UsageProblem(
            "That looks like NAME=VALUE, but a value on the command line can be read in the process list and in the shell's "
            f"history: give the name only, and {HOW}"
        )
    known = listed(environment.secrets) if environment.secrets else "none at all"
    raise UsageProblem(f"{_file(environment)} has no secret of that name; it has {known}. {how_to_add(environment)}")


HOW = "type the value at the prompt or pipe it in: groundwork secrets set NAME < FILE."


def refuse_arguments(rest: tuple[str, ...]) -> None:
    """Raises UsageProblem for extra arguments, without repeating them."""
    if rest:
        raise UsageProblem(
            "A value on the command line can be read in the process list and stays in the shell's history; nothing was set. Treat "
            f"that value as exposed, and replace it if you can. Leave it out, and {HOW}"
        )


def how_to_add(environment: Environment, name: str = "kaggle-key") -> str:
    """How to add a secret of this name to the environment file."""
    reader = next(iter(environment.identities), "")
    return (
        f"To add one, write a line such as `{name}: {{readers: [{reader}]}}` under secrets: in {_file(environment)} and run "
        f"`groundwork up --env {environment.name}`."
    )


def variable(name: str) -> str:
    """The environment variable of a secret: WANDB_API_KEY for wandb-api-key."""
    return name.upper().replace("-", "_")


def for_variable(environment: Environment, key: str) -> str | None:
    """The file's secret for a variable; None when there is none. Raises UsageProblem when there are two."""
    found = [name for name in environment.secrets if variable(name) == key.upper()]
    if len(found) > 1:
        raise UsageProblem(f"{key} could be any of {listed(found)}: rename one of them in {_file(environment)}.")
    return found[0] if found else None


def is_of_a_secret(key: str) -> bool:
    """Whether a variable's name says that its value is secret: WANDB_API_KEY, but not KEYBOARD."""
    return _SECRET.search(key.upper()) is not None


def suggested(key: str) -> str:
    """The secret name for a variable, e.g. "wandb-api-key"; "" when it has no valid one."""
    name = key.lower().replace("_", "-").strip("-")
    return name if _AS_GIVEN.fullmatch(key) and _ALLOWED.fullmatch(name) else ""


def _file(environment: Environment) -> str:
    return environment.file
