"""The environment variables with which Google's clients in a shell or notebook use an environment; none of them is secret."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment
from groundwork.google import local

_TERRAFORMS = ("TF_", "CHECKPOINT_")
_HOLDS_A_TOKEN = "GOOGLE_OAUTH_ACCESS_TOKEN"  # noqa: S105 - a variable's name
OFF = "GROUNDWORK_OFF"
_GCLOUD = "CLOUDSDK_CONFIG"
_FILES = ("GOOGLE_APPLICATION_CREDENTIALS", _GCLOUD)


@dataclass(frozen=True)
class NotebookVariables:
    """Variables to set and to unset; `base` is the local cloud's address, None on Google Cloud."""

    environment: Environment
    variables: Mapping[str, str]
    gone: tuple[str, ...]
    base: str | None


def variables_for(checkout: Checkout, environment: Environment, seen: Mapping[str, str]) -> NotebookVariables:
    """The variables for a shell that has `seen`; starts the local cloud if necessary."""
    if environment.local:
        found = local.shell_variables(checkout, environment.project, environment.region)
        kept = {
            name: value for name, value in found.items() if not name.startswith(_TERRAFORMS) and name != _HOLDS_A_TOKEN
        }
        return NotebookVariables(environment, kept, (), local.start(checkout).base)
    return NotebookVariables(environment, _on_google(environment), _left_by_local(seen), None)


def of_process(
    checkout: Checkout, environment: Environment, seen: Mapping[str, str], principal: str
) -> NotebookVariables:
    """The variables for a process started with `seen`, including Terraform; on the local cloud it acts as `principal`."""
    if environment.local:
        found = local.shell_variables(checkout, environment.project, environment.region, principal)
        return NotebookVariables(environment, found, (), local.start(checkout).base)
    return variables_for(checkout, environment, seen)


def _on_google(environment: Environment) -> dict[str, str]:
    return {
        "GOOGLE_CLOUD_PROJECT": environment.project,
        "GOOGLE_CLOUD_QUOTA_PROJECT": environment.project,
        "CLOUDSDK_CORE_PROJECT": environment.project,
        "CLOUDSDK_COMPUTE_REGION": environment.region,
    }


def _left_by_local(seen: Mapping[str, str]) -> tuple[str, ...]:
    """The variables that a shell still has from a local environment."""
    ours = local.left_in(seen)
    files = [name for name in _FILES if ".groundwork/local/" in Path(seen.get(name, "")).as_posix()]
    token = [_HOLDS_A_TOKEN] if local.principal(seen.get(_HOLDS_A_TOKEN, "")) else []
    account = ["CLOUDSDK_CORE_ACCOUNT"] if _GCLOUD in files else []
    return tuple(name for name in (*ours, *files, *account, *token) if seen.get(name))


def shell(variables: NotebookVariables, seen: Mapping[str, str]) -> list[str]:
    """Lines for eval in the shell that has `seen`; `eval "$GROUNDWORK_OFF"` undoes them."""
    return [
        *(f"unset {name}" for name in variables.gone),
        *(f"export {name}={shlex.quote(value)}" for name, value in variables.variables.items()),
        f"export {OFF}={shlex.quote(_undoing(variables, seen))}",
    ]


def _undoing(variables: NotebookVariables, seen: Mapping[str, str]) -> str:
    """Commands that restore the shell's variables; a token is removed but not restored.

    If the shell was already set up for another environment, the commands that undo that are kept.
    """
    touched = (*variables.gone, *variables.variables)
    former = seen.get(OFF, "")
    restorable = [name for name in touched if name in seen and name != _HOLDS_A_TOKEN and not former]
    lines = [f"unset {' '.join(name for name in touched if name not in restorable)} {OFF}"]
    return "; ".join(
        [*lines, *(f"export {name}={shlex.quote(seen[name])}" for name in restorable), *filter(None, [former])]
    )


def python(variables: NotebookVariables) -> list[str]:
    """Lines for the first cell of a notebook; they need only Google's own packages."""
    where = "the local cloud (simulated)" if variables.base else "Google Cloud"
    lines = [
        f"# {variables.environment.project} on {where}; run this before creating any of Google's clients.",
        "import os",
        "",
    ]
    lines += [f"os.environ.pop({name!r}, None)" for name in variables.gone]
    lines += ["os.environ.update(", *(f"    {name}={value!r}," for name, value in variables.variables.items()), ")"]
    return [*lines, *(_OPTIONS.format(base=variables.base).splitlines() if variables.base else ())]


_OPTIONS = '''

def local_cloud(api: str) -> dict:
    """For clients that read no variables: Client(transport="rest", client_options=local_cloud("secretmanager"))."""
    return {{"api_endpoint": "{base}/" + api}}
'''
