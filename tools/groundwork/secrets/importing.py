"""Imports a file of KEY=VALUE lines; everything is checked before the first value is set."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from groundwork.environment.values import Environment
from groundwork.errors import GroundworkError, UsageProblem
from groundwork.secrets import dotenv, names, values
from groundwork.secrets.changing import ChangeResult, Intent, carry_out, has, to_set
from groundwork.secrets.vault import Vault
from groundwork.terraform import git
from groundwork.text import listed


@dataclass(frozen=True)
class ImportedSecret:
    """A secret and its value from a file."""

    name: str
    value: bytes = field(repr=False)
    line: int


def wanted(file: Path, environment: Environment, only: Collection[str]) -> tuple[ImportedSecret, ...]:
    """What the file sets; `only` selects keys, empty for all.

    Raises UsageProblem naming every key that cannot be imported.
    """
    entries = dotenv.read(file, only)
    missing = sorted(set(only) - {entry.key for entry in entries})
    if missing:
        raise UsageProblem(f"{file.name} has no {listed(missing)}; it has {listed(entry.key for entry in entries)}.")
    chosen = [entry for entry in entries if not only or entry.key in only]
    if not chosen:
        raise UsageProblem(f"{file.name} has no KEY=VALUE line: there is nothing to import.")
    found: dict[str, ImportedSecret] = {}
    mistakes: list[str] = []
    for entry in chosen:
        try:
            found[entry.key] = _resolved(entry, environment)
        except UsageProblem as mistake:
            mistakes.append(f"{file.name}:{entry.line}: {mistake.message}")
    others = " ".join(f"--only {key}" for key in found) if mistakes else ""
    mistakes += _collisions(found.values(), file.name)
    if mistakes:
        way = [f"To import the others: groundwork secrets import {shlex.quote(str(file))} {others}"] if others else []
        said = f"{len(mistakes)} of {len(chosen)} keys cannot be imported; nothing was set:"
        raise UsageProblem(said, [*mistakes, *way])
    return tuple(found.values())


def _resolved(entry: dotenv.Assignment, environment: Environment) -> ImportedSecret:
    name = names.for_variable(environment, entry.key)
    if name is None:
        suggested = names.suggested(entry.key)
        if not suggested:
            raise UsageProblem(
                f"{entry.key} cannot become the name of a secret: rename it, using letters, digits and underscores."
            )
        raise UsageProblem(
            f"{entry.key} would be {suggested}, which the environment does not have. {names.how_to_add(environment, suggested)} "
            "If it is not a secret, leave it out with --only."
        )
    try:
        return ImportedSecret(name, values.checked(entry.value.encode("utf-8"), exact=True), entry.line)
    except UsageProblem as mistake:
        raise UsageProblem(f"{entry.key}: {mistake.message}") from None


def _collisions(found: Iterable[ImportedSecret], file_name: str) -> Iterator[str]:
    lines: dict[str, int] = {}
    for each in found:
        if each.name in lines:
            yield f"{file_name}:{each.line}: it stands for {each.name}, as line {lines[each.name]} does; keep one of the two."
        lines.setdefault(each.name, each.line)


def intents(vault: Vault, found: Sequence[ImportedSecret], keep: int | None) -> tuple[Intent, ...]:
    """What importing will do, checked against the project beforehand: the secrets exist, and the caller may set each.

    Raises GroundworkError for the first problem; nothing is set then.
    """
    for each in found:
        vault.require_setting(each.name)
    return tuple(
        Intent(each.name) if has(vault, each.name, each.value) else to_set(vault, each.name, keep) for each in found
    )


def import_all(vault: Vault, found: Sequence[ImportedSecret], planned: Sequence[Intent]) -> Iterator[ChangeResult]:
    """Sets them one after the other. On failure, raises GroundworkError saying which were already set."""
    done: list[str] = []
    for each, intent in zip(found, planned, strict=True):
        try:
            yield carry_out(vault, intent, each.value)
        except GroundworkError as problem:
            before = f"Set before it stopped: {listed(done)}. Running the same command again continues; nothing is set twice."
            problem.details = (before, *problem.details)
            raise
        done.append(each.name)


def afterwards(file: Path) -> Iterator[str]:
    """What to do with the file afterwards."""
    if git.is_tracked(file):
        yield (
            f"{file.name} is in git, whose history keeps its values readable: `git rm --cached {file.name}`, add it to "
            ".gitignore, and rotate the values (groundwork secrets rotate)."
        )
    else:
        yield f"{file.name} is no longer needed: delete it, and use `groundwork secrets run -- COMMAND`."
