"""Patterns end where the text ends: no pattern accepts a trailing newline, in Python, in JSON or in Terraform.

In Python `$` also matches before a newline at the end; in Go, and so in Terraform, and in JavaScript it does not.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from groundwork.environment.json_schema import objections

from tests.terraform_runs import ROOT

PYTHON = sorted((ROOT / "tools").rglob("*.py"))
HCL = [file for folder in ("modules", "infra") for file in sorted((ROOT / folder).rglob("*.tf"))]
FUNCTIONS = {"compile", "match", "search", "fullmatch", "sub", "split", "findall", "finditer"}
SCHEMA = json.loads((ROOT / "envs" / "schema.json").read_text(encoding="utf-8"))

Place = tuple[str, ...]
# A value of every pattern in the schema, by where it stands there.
GOOD: Mapping[str, str] = {
    "project": "my-project",
    "labels names": "team",
    "labels values": "cats-dogs",
    "members names": "alice@example.com",
    "buckets names": "data",
    "buckets values called": "made-by-hand",
    "buckets values location": "eu",
    "repositories names": "images",
    "secrets names": "wandb-api-key",
    "secrets values location": "automatic",
    "identities names": "train",
    "identities values called": "by-hand",
    "identities values project_roles items": "roles/logging.logWriter",
    "github repository": "team/cats",
    "github owner_id": "1234567",
    "github repository_id": "7654321",
    "github branch": "main",
    "github pool": "github",
    "alerts notify items": "team@example.com",
    "budget currency": "USD",
    "budget billing_account": "012345-6789AB-CDEF01",
    "budget notify items": "team@example.com",
    "cost export project": "my-project",
    "cost export dataset": "billing",
    "cost export location": "EU",
    "cost grants items currency": "USD",
    "cost grants items start": "2026-09-01",
    "cost grants items expires": "2026-09-01",
    "cost grants items billing_account": "012345-6789AB-CDEF01",
    "cost grants items checked day": "2026-09-01",
    "policy exceptions items expires": "2026-09-01",
    "services names": "api",
    "services values image": "europe-west1-docker.pkg.dev/p/images/api:1",
    "services values health": "/health",
    "services values memory": "2Gi",
    "services values env names": "MODEL_NAME",
    "services values secrets names": "WANDB_API_KEY",
    "services values sidecars names": "prometheus",
    "services values sidecars values env names": "MODEL_NAME",
    "services values sidecars values memory": "512Mi",
    "functions names": "preprocess",
    "functions values source": "functions/preprocess",
    "functions values entry_point": "preprocess",
    "functions values runtime": "python312",
    "functions values memory": "512Mi",
    "functions values env names": "MODEL_NAME",
    "functions values secrets names": "WANDB_API_KEY",
    "jobs names": "drift",
    "jobs values image": "europe-west1-docker.pkg.dev/p/images/drift:1",
    "jobs values memory": "2Gi",
    "jobs values schedule": "0 6 * * 1",
    "jobs values time_zone": "Europe/Copenhagen",
    "jobs values env names": "MODEL_NAME",
    "jobs values secrets names": "WANDB_API_KEY",
    "builds names": "api",
    "builds values image": "images/api",
    "builds values dir": "services/api",
    "builds values dockerfile": "docker/Dockerfile",
    "builds values file": "cloudbuild.yaml",
    "builds values substitutions names": "_MODEL",
    "builds values secrets names": "WANDB_API_KEY",
    "training names": "train",
    "training values image": "europe-west1-docker.pkg.dev/p/images/train:1",
    "training values env names": "MODEL_NAME",
    "training values machine_type": "n1-highmem-2",
    "workstations names": "work",
    "workstations values machine_type": "n1-standard-1",
    "workstations values image": "debian-cloud/debian-12",
    "workstations values zone": "b",
}
_STEPS = {"propertyNames": "names", "additionalProperties": "values"}


def patterns(part: Any, place: Place = ()) -> Iterator[tuple[str, str]]:
    """Every pattern in a JSON schema, with its place in words."""
    if isinstance(part, dict):
        if isinstance(part.get("pattern"), str):
            yield " ".join(_STEPS.get(step, step) for step in place if step != "properties"), part["pattern"]
        for name, inner in part.items():
            yield from patterns(inner, (*place, name))


def test_every_pattern_of_the_schema_is_tried() -> None:
    assert dict(patterns(SCHEMA)).keys() == GOOD.keys()


@pytest.mark.parametrize(("place", "pattern"), list(patterns(SCHEMA)))
@pytest.mark.parametrize("more", ["\n", "\n\n", "\r\n", "\u2028"])
def test_the_schema_refuses_trailing_text(place: str, pattern: str, more: str) -> None:
    part = {"type": "string", "pattern": pattern, "x-allowed": "such"}
    assert objections(part, GOOD[place]) == []
    assert objections(part, GOOD[place] + more) != []
    assert re.search(pattern, GOOD[place] + more) is None


@cache
def regular_expressions() -> list[tuple[str, str, str]]:
    """The place, the text and the call of every regular expression that is written out in Python."""
    return [found for file in PYTHON for found in _regular_expressions(file)]


def _regular_expressions(file: Path) -> Iterator[tuple[str, str, str]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in FUNCTIONS):
            continue
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.args:
            parts = [part for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)]
            place = f"{file.relative_to(ROOT)}:{node.lineno}"
            yield place, "".join(str(part.value) for part in parts), ast.unparse(node)


def test_no_expression_in_python_ends_before_a_newline() -> None:
    found = [
        f"{place}: write \\Z, or fullmatch without it: {text}"
        for place, text, call in regular_expressions()
        if "MULTILINE" not in call and re.search(r"(?<!\\)\$", re.sub(r"\[(?:\\.|[^\]])*\]", "[]", text))
    ]
    assert found == []


def test_the_search_for_expressions_finds_them() -> None:
    assert len(regular_expressions()) > 100


@pytest.mark.parametrize("file", HCL, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_expression_in_terraform_accepts_a_newline(file: Path) -> None:
    for text in re.findall(r'regex(?:all)?\("((?:[^"\\]|\\.)*)"', file.read_text(encoding="utf-8")):
        for inner in re.findall(r"\[\^(?:\\.|[^\]])*\]", text):
            assert r"\\s" in inner or r"\\n" in inner, f"{text}: {inner} is also a newline"
        assert text.endswith("$") or not text.startswith("^") or text.startswith("^goog"), f"{text} has no end"
