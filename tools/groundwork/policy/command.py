"""`groundwork policy`: chooses the plans to check, and writes the output files."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from groundwork.environment.checkout import LAYERS, Checkout
from groundwork.environment.values import Environment
from groundwork.errors import CouldNotTell, GroundworkError, UsageProblem
from groundwork.policy import check as checks
from groundwork.policy.check import SavedPlan
from groundwork.policy.junit import junit
from groundwork.policy.markdown import markdown
from groundwork.policy.result import Result
from groundwork.policy.sarif import sarif
from groundwork.terraform import plans, sources

GIVEN = "platform"
_MOST_BYTES = 256 << 20


@dataclass(frozen=True)
class CheckOptions:
    """What to check: a plan file (None: the saved ones) or only the code; and the output files by format."""

    plan: Path | None = None
    code_only: bool = False
    provider: str | None = None
    files: Mapping[str, Path] = field(default_factory=dict)


def run(checkout: Checkout, environment: Environment, options: CheckOptions, say: Callable[[str], None]) -> Result:
    """Checks, and writes the requested files. Raises what groundwork.policy.check.check raises."""
    found = {} if options.code_only else _plans(checkout, environment, options, say)
    result = checks.check(
        checks.scanner(checkout, say), environment, found, checkout.runs / checks.FOLDER, checks.today()
    )
    for form, path in options.files.items():
        write(result, form, path, environment.path.relative_to(checkout.root).as_posix())
    return result


def write(result: Result, form: str, path: Path, environment_file: str) -> None:
    """Writes the result as "sarif", "junit" or "markdown"."""
    match form:
        case "sarif":
            text = json.dumps(sarif(result, environment_file), indent=1) + "\n"
        case "junit":
            text = junit(result)
        case _:
            text = markdown(result)
    path.write_text(text, encoding="utf-8")


def _plans(
    checkout: Checkout, environment: Environment, options: CheckOptions, say: Callable[[str], None]
) -> dict[str, SavedPlan]:
    if options.plan is not None:
        return {_layer(checkout, environment, options.plan): _saved(checkout, environment, options, options.plan)}
    files = {layer: checkout.data(environment.name, layer) / plans.FILE for layer in LAYERS}
    saved_plans = {layer: file for layer, file in files.items() if file.exists()}
    if not saved_plans:
        say(f"no plan of {environment.name} is saved here, so only the code is checked (`groundwork plan` saves one)")
    for layer, file in saved_plans.items():
        saved = datetime.fromtimestamp(file.stat().st_mtime, UTC).astimezone()
        say(f"plan of {layer}: as saved {saved:%Y-%m-%d %H:%M}")
    return {layer: _saved(checkout, environment, options, file) for layer, file in saved_plans.items()}


def _layer(checkout: Checkout, environment: Environment, file: Path) -> str:
    """The layer whose folder contains the plan; a plan from elsewhere counts as the platform's."""
    known = {checkout.data(environment.name, layer).resolve(): layer for layer in LAYERS}
    return known.get(file.resolve().parent, GIVEN)


def _saved(checkout: Checkout, environment: Environment, options: CheckOptions, file: Path) -> SavedPlan:
    written = _content(file)
    if not zipfile.is_zipfile(file):
        return SavedPlan(partial(_json, written, file))
    _refuse_older(checkout, environment, file)
    load = partial(_plan_json, checkout, environment, options, file)
    return SavedPlan(load, hashlib.sha256(written).hexdigest())


def _refuse_older(checkout: Checkout, environment: Environment, file: Path) -> None:
    """Raises CouldNotTell for a saved plan that is older than the code or the environment file."""
    if younger := sources.changed(file, checkout.root, environment):
        raise CouldNotTell(
            f"The saved plan {file.name} of {_layer(checkout, environment, file)} is older than these, so nothing is claimed about "
            f"them: run `groundwork plan --env {environment.name}` and then this again, or check the code alone with --code.",
            younger,
        )


def _content(file: Path) -> bytes:
    """The bytes of a file, which may be a pipe from Terraform, up to a limit."""
    try:
        with file.open("rb") as stream:
            found = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageProblem(f"{file} cannot be read: {error.strerror}.") from None
    if len(found) > _MOST_BYTES:
        raise UsageProblem(f"{file} is larger than {_MOST_BYTES >> 20} MiB, so it is not a plan.")
    return found


def _json(written: bytes, file: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(written)
        environment_file = document.get("variables", {}).get("environment_file", {}).get("value")
    except (ValueError, RecursionError, AttributeError):
        document = environment_file = None
    if not isinstance(document, dict) or not isinstance(environment_file, str | None):
        raise UsageProblem(
            f"{file} is not a plan: neither saved by Terraform nor its JSON (`terraform show -json PLAN`)."
        )
    return document


def _plan_json(checkout: Checkout, environment: Environment, options: CheckOptions, file: Path) -> Mapping[str, Any]:
    """The plan as JSON. Terraform can open a saved plan only in an initialised folder, with the provider that made it."""
    from groundwork.terraform.session import open_session

    layer = _layer(checkout, environment, file)
    session = open_session(checkout, environment, options.provider, "policy", lambda _text: None)
    try:
        return session.terraform(layer).show(file.resolve())
    except GroundworkError as error:
        raise UsageProblem(
            f"Terraform cannot open the plan {file}: create it again with `groundwork plan --env {environment.name}`.",
            [error.message, *error.details],
        ) from error
