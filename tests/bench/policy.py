"""The policy check compared with checkov alone on the same code: without a cache, and with nothing changed since."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from statistics import median

from groundwork.policy import outside
from groundwork.terraform import installation, process

from . import processes
from .rows import Row

ROOT = Path(__file__).parents[2]
_BARE = ["--directory", ".", "--framework", "terraform", "--skip-download", "--quiet", "--compact", "--soft-fail"]
_PAIRS = 3


def rows(folder: Path) -> list[Row]:
    """`groundwork policy --code` ÷ `checkov` in turn, and the same again answered from the cache."""
    clone = folder / "policy"
    for part in ("infra", "modules", "envs"):
        shutil.copytree(ROOT / part, clone / part, ignore=shutil.ignore_patterns(".terraform*"))
    checkov = [str(outside.python(ROOT / "tools", installation.user_cache(), process.run, print)), "-m", "checkov.main"]
    ours = [sys.executable, "-m", "groundwork", "policy", "--code"]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "tools")}
    fresh, cached, bare = [], [], []
    for _ in range(_PAIRS):
        bare.append(processes.seconds([*checkov, *_BARE], cwd=clone))
        shutil.rmtree(clone / ".groundwork", ignore_errors=True)
        fresh.append(processes.seconds(ours, env=env, cwd=clone))
        cached.append(processes.seconds(ours, env=env, cwd=clone))
    beside = f"s against {median(bare):.2f} s of checkov alone, the same code, median of {_PAIRS}"
    return [
        Row("policy ÷ checkov", _ratio(fresh, bare), at_most=1.1, note=f"{median(fresh):.2f} {beside}"),
        Row("policy unchanged ÷ checkov", _ratio(cached, bare), at_most=0.1, note=f"{median(cached):.2f} {beside}"),
    ]


def _ratio(ours: list[float], bare: list[float]) -> float:
    return median(left / right for left, right in zip(ours, bare, strict=True))
