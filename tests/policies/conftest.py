"""One scan of all cases for all tests: checkov takes seconds to start, the scan itself a moment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from groundwork.policy import outside
from groundwork.terraform import installation, process

from tests.once import made_once
from tests.policies.cases import ROOT, SETTINGS, stage
from tests.policies.record import RECORDED


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """The output of tests/policies/inventory.py."""
    folder = made_once(
        tmp_path_factory, "policy-cases", lambda made: (made / "answer.json").write_text(_ask(made), encoding="utf-8")
    )
    return dict(json.loads((folder / "answer.json").read_text(encoding="utf-8")))


def _ask(folder: Path) -> str:
    stage(folder)
    plan, request = folder / "plan.json", folder / "request.json"
    plan.write_text(json.dumps(json.loads(RECORDED.read_text(encoding="utf-8"))["plan"]), encoding="utf-8")
    settings = {name: sorted(value) for name, value in asdict(SETTINGS).items()}
    wanted = {"root": str(folder), "folders": ["cases"], "plans": {"platform": str(plan)}, "settings": settings}
    request.write_text(json.dumps(wanted), encoding="utf-8")
    python = outside.python(ROOT / "tools", installation.user_cache(), process.run, print)
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT / 'tools'}:{ROOT}"}
    result = process.run([str(python), "-m", "tests.policies.inventory", str(request)], env=env, seconds=120)
    assert result.code == 0, result.err
    return result.out


@pytest.fixture(scope="session")
def reports(seen: Mapping[str, Any]) -> Mapping[str, Any]:
    """The scanner's reports on the cases by part: "code", and "platform" for the recorded plan of the same cases."""
    return {report["part"]: report for report in seen["reports"]}
