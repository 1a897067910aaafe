"""`groundwork secrets list | set | get | rotate | enable | disable | destroy | import | run`."""

from __future__ import annotations

import os
import sys
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from groundwork.cli.group import Group
from groundwork.cli.options import completed, dry_run_option, environment_option, here, json_option, yes_option
from groundwork.cli.principal import as_option, connected
from groundwork.cli.printing import echo, print_json, prompt_hidden, raw
from groundwork.cli.terminal import Terminal
from groundwork.errors import Refused, UsageProblem
from groundwork.secrets import changing, importing, keeping, listing, names, running, values
from groundwork.secrets.changing import Intent
from groundwork.secrets.vault import LATEST, Vault
from groundwork.terraform import process

_keep = click.option(
    "--keep",
    type=int,
    default=None,
    metavar="N",
    help="Keep the newest N versions; by default as many as cost nothing.",
)
_exact = click.option(
    "--exact", is_flag=True, help="Keep every byte, including surrounding spaces and the final newline."
)
_rest = click.argument("rest", nargs=-1, metavar="", type=click.UNPROCESSED)
_names = completed(lambda environment: environment.secrets)
_secret = click.argument("secret", metavar="NAME", shell_complete=_names)
_value = click.option("--value", hidden=True, help="Refused, since others can read a command line.")


@click.group(cls=Group)
def secrets() -> None:
    """Set, read, rotate and import secrets, or run a command with them; values come from a prompt or a pipe, never from the command line.

    Example: groundwork secrets list
    """


def _vault(environment_name: str, who: str | None) -> Vault:
    checkout, environment = here(environment_name)
    cloud, principal = connected(environment, checkout, who)
    return Vault(cloud, environment, principal)


def _read_value(name: str, *, exact: bool) -> bytes:
    """Read the value: from a prompt at a terminal, else from standard input."""
    if sys.stdin is None:
        raise UsageProblem(f"There is no standard input to read the value of {name} from: pipe it in.")
    if sys.stdin.isatty():
        text = prompt_hidden(f"Value of {name} (not shown)")
        return values.typed(text, exact=exact)
    return values.piped(sys.stdin.buffer.read(values.MOST_BYTES + 3), exact=exact)


@secrets.command("list")
@environment_option
@as_option
@json_option
def list_(name: str, who: str | None, as_json: bool) -> None:
    """List the secrets: how many versions each has, how old the newest is, and who may read it.

    Example: groundwork secrets list --json
    """
    vault = _vault(name, who)
    found = listing.rows(vault)
    if as_json:
        active = sum(version.active for row in found for version in row.versions)
        free = keeping.free(vault.environment.region)
        rows = [listing.data(row) for row in found]
        head = {"environment": name, "simulated": vault.environment.local}
        print_json({**head, "active_versions": active, "free_versions": free, "secrets": rows})
    else:
        _table(vault, found)


def _table(vault: Vault, secret_rows: Sequence[listing.SecretRow]) -> None:
    now = datetime.now(UTC)
    if not secret_rows:
        echo(f"There are no secrets. {names.how_to_add(vault.environment)}")
        return
    width = max(len(row.name) for row in secret_rows)
    for row in secret_rows:
        readers = ", ".join(reader.text(vault.environment) for reader in row.readers) or "nobody"
        who = f"unknown, since {row.unknown}" if row.unknown else readers
        state = ", ".join(part for part in (row.counted(), row.age(now)) if part)
        note = "" if row.in_file else "  (not in the environment file)"
        echo(f"{row.name:<{width}}  {state}{note}")
        if row.in_project:
            echo(f"{'':<{width}}  readable by {who}")
    active = sum(version.active for row in secret_rows for version in row.versions)
    kept = "1 version is" if active == 1 else f"{active} versions are"
    free = keeping.free(vault.environment.region)
    echo(f"{kept} kept in {vault.environment.place}; {free} per billing account are free.")


@secrets.command("set")
@_secret
@_rest
@_value
@_keep
@_exact
@environment_option
@as_option
@yes_option
@dry_run_option
def set_(
    secret: str, rest: tuple[str, ...], value: str | None, keep: int | None, exact: bool, name: str, who: str | None,
    yes: bool, dry_run: bool,
) -> None:  # fmt: skip
    """Set a secret's value, typed at a hidden prompt or piped in.

    Unless --keep says otherwise, versions beyond those that cost nothing are destroyed, oldest first, but never the newest two. Setting
    the same value again changes nothing. The newline that ends a one-line value is dropped.

    Example: groundwork secrets set wandb-api-key < key.txt
    """
    names.refuse_arguments((*rest, *([value] if value is not None else [])))
    vault = _vault(name, who)
    _new_value(vault, secret, lambda: changing.to_set(vault, secret, keeping.checked(keep)), exact, yes, dry_run)


@secrets.command()
@_secret
@_rest
@_value
@click.option("--destroy", is_flag=True, help="Destroy all older versions instead of disabling them.")
@_keep
@_exact
@environment_option
@as_option
@yes_option
@dry_run_option
def rotate(
    secret: str, rest: tuple[str, ...], value: str | None, destroy: bool, keep: int | None, exact: bool, name: str,
    who: str | None, yes: bool, dry_run: bool,
) -> None:  # fmt: skip
    """Set a new value and make all older versions unreadable: disabled, or destroyed with --destroy.

    A service that reads the latest version gets the new value at its next start; a disabled version can be read again after
    `groundwork secrets enable`.

    Example: groundwork secrets rotate wandb-api-key < new-key.txt
    """
    names.refuse_arguments((*rest, *([value] if value is not None else [])))
    vault = _vault(name, who)

    def plan() -> Intent:
        return changing.to_rotate(vault, secret, keeping.checked(keep), destroy=destroy)

    _new_value(vault, secret, plan, exact, yes, dry_run)


def _new_value(vault: Vault, secret: str, plan: Callable[[], Intent], exact: bool, yes: bool, dry_run: bool) -> None:
    names.checked(vault.environment, secret)
    vault.require_setting(secret)
    intent = plan()
    if dry_run:
        echo(f"would do: {intent.text}")
        return
    value = _read_value(secret, exact=exact)
    if intent.destroy and not yes and sys.stdin.isatty():
        Terminal().confirm(f"{intent.text}. Go on?")
    echo(changing.carry_out(vault, intent, value).text)


@secrets.command()
@_secret
@click.option("--version", default=LATEST, show_default=True, metavar="N", help="Which version.")
@click.option("--show", is_flag=True, help="Show the value on this terminal.")
@environment_option
@as_option
@json_option
def get(secret: str, version: str, show: bool, name: str, who: str | None, as_json: bool) -> None:
    """Write a secret's value, byte for byte, to a pipe or a file; to a terminal only with --show.

    Example: groundwork secrets get kaggle-json > ~/.kaggle/kaggle.json
    """
    vault = _vault(name, who)
    names.checked(vault.environment, secret)
    if version != LATEST and not (version.isascii() and version.isdecimal() and int(version)):
        raise UsageProblem(f"That is not a version of {secret}: it is a number such as 3, or latest.")
    if sys.stdout.isatty() and not show:
        raise Refused(
            f"The value of {secret} would stay visible on this terminal: pipe it (groundwork secrets get {secret} | COMMAND), "
            "or pass --show."
        )
    value = vault.read(secret, version)
    if as_json:
        print_json({"name": secret, "version": version, **_for_json(value)})
    else:
        raw(value)


def _for_json(value: bytes) -> dict[str, str]:
    try:
        return {"value": value.decode("utf-8")}
    except UnicodeDecodeError:
        return {"value_base64": b64encode(value).decode("ascii")}


@secrets.command()
@_secret
@click.argument("version")
@environment_option
@as_option
@yes_option
@dry_run_option
def disable(secret: str, version: str, name: str, who: str | None, yes: bool, dry_run: bool) -> None:
    """Make versions unreadable until they are enabled again; VERSION is a number, latest, or old (all but the newest).

    Example: groundwork secrets disable wandb-api-key old
    """
    vault = _vault(name, who)
    _move(vault, secret, version, "disable", yes=yes or vault.environment.local, dry_run=dry_run)


@secrets.command()
@_secret
@click.argument("version")
@environment_option
@as_option
@yes_option
@dry_run_option
def enable(secret: str, version: str, name: str, who: str | None, yes: bool, dry_run: bool) -> None:
    """Make disabled versions readable again.

    Example: groundwork secrets enable wandb-api-key 3
    """
    vault = _vault(name, who)
    _move(vault, secret, version, "enable", yes=yes or vault.environment.local, dry_run=dry_run)


@secrets.command()
@_secret
@click.argument("version")
@environment_option
@as_option
@yes_option
@dry_run_option
def destroy(secret: str, version: str, name: str, who: str | None, yes: bool, dry_run: bool) -> None:
    """Destroy the values of versions for good; VERSION is a number, latest, or old (all but the newest).

    Example: groundwork secrets destroy wandb-api-key old --dry-run
    """
    _move(_vault(name, who), secret, version, "destroy", yes=yes, dry_run=dry_run)


_INTO = {"disable": "disabled", "enable": "enabled", "destroy": "destroyed"}


def _move(vault: Vault, secret: str, version: str, verb: str, *, yes: bool, dry_run: bool) -> None:
    """Change the state of versions, after asking."""
    names.checked(vault.environment, secret)
    found = changing.chosen(vault, secret, version)
    state = _INTO[verb]
    numbers = changing.movable(secret, found, state)
    if not numbers:
        echo(f"{secret}: {'there are no older versions' if not found else f'already {state}'}, nothing was changed")
        return
    versions = changing.numbered(numbers)
    if dry_run:
        echo(f"would be {state}: {secret} {versions}")
        return
    if not yes:
        Terminal().confirm(f"{verb.capitalize()} {versions} of {secret}{' for good' if verb == 'destroy' else ''}?")
    acts = {"disable": vault.disable, "enable": vault.enable, "destroy": vault.destroy}
    changing.move(acts[verb], secret, numbers)
    echo(f"{secret}: {versions} {state}")


@secrets.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--only", multiple=True, metavar="KEY", help="Only this key; may be given more than once.")
@_keep
@environment_option
@as_option
@yes_option
@dry_run_option
def import_(
    file: Path, only: tuple[str, ...], keep: int | None, name: str, who: str | None, yes: bool, dry_run: bool
) -> None:
    """Set secrets from a file of KEY=VALUE lines: WANDB_API_KEY becomes wandb-api-key. The whole file is checked before any is set.

    Example: groundwork secrets import .env --only WANDB_API_KEY
    """
    vault = _vault(name, who)
    keeping.checked(keep)
    found = importing.wanted(file, vault.environment, only)
    planned = importing.intents(vault, found, keep)
    if dry_run:
        for intent in planned:
            echo(f"would do: {intent.text}")
        return
    lost = [intent.text for intent in planned if intent.destroy]
    if lost and not yes and sys.stdin.isatty():
        Terminal().confirm(f"{'; '.join(lost)}. Go on?")
    for done in importing.import_all(vault, found, planned):
        echo(done.text)
    for line in importing.afterwards(file):
        echo(line, err=True)


@secrets.command(context_settings={"allow_interspersed_args": False})
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    shell_complete=_names,
    help="Only this secret; may be given more than once.",
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@environment_option
@as_option
@dry_run_option
def run(only: tuple[str, ...], command: tuple[str, ...], name: str, who: str | None, dry_run: bool) -> None:
    """Run a command with the secrets as environment variables: wandb-api-key as WANDB_API_KEY. The exit code is the command's own.

    Example: groundwork secrets run -- python train.py
    """
    vault = _vault(name, who)
    program = running.program(command)
    wanted = running.chosen(vault, only)
    if dry_run:
        echo(f"{program} {running.summary(wanted)}")
        return
    handed = running.variables(vault, wanted)
    sys.stdout.flush()
    process.become(program, command, {**os.environ, **handed})
