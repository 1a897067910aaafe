"""`groundwork policy` beside checkov alone on the same folders, and beside its own answer from the cache."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from statistics import median

from groundwork.errors import GroundworkError
from groundwork.policy import outside
from groundwork.terraform import run
from groundwork.tools import user_cache

from . import processes
from .rows import Row
from .terraform import ROOT, copied

NAMES = ("policy ÷ bare checkov", "policy of unchanged input ÷ bare checkov")


def rows(folder: Path) -> list[Row]:
    """Both ratios, each a median of runs taken in turn."""
    home = folder / "policy"
    home.mkdir()
    tree = copied(home)
    try:
        interpreter = outside.python(ROOT / "tools", user_cache(), run, lambda _line: None)
    except GroundworkError as problem:
        return [
            Row(name, None, at_most=goal, note=problem.message) for name, goal in zip(NAMES, (1.1, 0.1), strict=True)
        ]
    bare = [str(interpreter), "-m", "checkov.main", "--directory", "infra", "--directory", "modules"]
    bare += ["--framework", "terraform", "--skip-download", "--quiet", "--compact", "--soft-fail"]
    ours = [sys.executable, "-m", "groundwork", "policy", "--code"]
    whole, cached = [], []
    for _ in range(3):
        shutil.rmtree(tree / ".groundwork" / "policy", ignore_errors=True)
        alone = processes.seconds(bare, cwd=tree)
        whole.append(processes.seconds(ours, cwd=tree) / alone)
        cached.append(processes.seconds(ours, cwd=tree) / alone)
    return [Row(NAMES[0], median(whole), at_most=1.1), Row(NAMES[1], median(cached), at_most=0.1)]
