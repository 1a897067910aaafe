"""Reads the JSON files that come with groundwork, and names one that is missing, damaged or from another version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from groundwork.errors import UsageProblem

SCHEMA = "envs/schema.json"
PERSONAS = "modules/team_access/personas.json"


def read_shipped(root: Path, name: str) -> dict[str, Any]:
    """The JSON object in the file `name` below `root`. Raises UsageProblem if there is none."""
    try:
        content = json.loads((root / name).read_text("utf-8"))
    except OSError as problem:
        raise _unusable(name, f"cannot be read ({problem.strerror})") from None
    except ValueError as problem:
        raise _unusable(name, f"is not JSON ({problem})") from None
    except RecursionError:
        raise _unusable(name, "is nested too deeply") from None
    if not isinstance(content, dict) or not content:
        raise _unusable(name, "is empty or not a JSON object")
    return content


def other_version(name: str, problem: Exception) -> UsageProblem:
    """The error for a file whose keys are not the ones that this code expects."""
    key = f": it has no {problem}" if isinstance(problem, KeyError) else ""
    return UsageProblem(
        f"{name} is from another version of groundwork{key}. Take envs/schema.json, infra/ and modules/ from the same version: in a clone, "
        "`git pull` does; elsewhere, copy the three from one."
    )


def _unusable(name: str, why: str) -> UsageProblem:
    return UsageProblem(f"{name} {why}. It comes with groundwork: `git checkout {name}` restores it.")
