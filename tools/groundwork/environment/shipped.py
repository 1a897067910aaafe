"""JSON files of a clone that belong to one version of groundwork: what is missing, damaged or of another version is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from groundwork.errors import UsageProblem

SCHEMA = "envs/schema.json"
PERSONAS = "modules/team_access/personas.json"


def read_shipped(root: Path, name: str) -> dict[str, Any]:
    """The object in the file `name` below `root`. Raises UsageProblem where there is none."""
    try:
        content = json.loads((root / name).read_text("utf-8"))
    except OSError as problem:
        raise _unusable(name, f"cannot be read ({problem.strerror})") from None
    except ValueError as problem:
        raise _unusable(name, f"is not JSON ({problem})") from None
    except RecursionError:
        raise _unusable(name, "is nested too deeply") from None
    if not isinstance(content, dict) or not content:
        raise _unusable(name, "holds nothing of what it should")
    return content


def other_version(name: str, problem: Exception) -> UsageProblem:
    """What to say when code and file do not know the same keys."""
    key = f": it has no {problem}" if isinstance(problem, KeyError) else ""
    return UsageProblem(
        f"{name} is of another version than this groundwork{key}. Take envs/schema.json, infra/ and modules/ from the same version: in a clone, "
        "`git pull` does; elsewhere, copy the three from one."
    )


def _unusable(name: str, why: str) -> UsageProblem:
    return UsageProblem(f"{name} {why}. It comes with groundwork: `git checkout {name}` brings it back.")
