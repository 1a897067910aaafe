"""A team of five hundred compared with a team of five: `up` and `plan` on the local cloud."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from . import processes
from .rows import Row
from .terraform import copied

SMALL, LARGE = 5, 500
PERSONAS = ("viewer", "data-scientist", "ml-engineer", "operator")


def rows(folder: Path) -> list[Row]:
    """The large team's seconds divided by the small one's, on a fresh local cloud, the minimum of two runs each."""
    taken = {size: [_measured(folder / f"members-{size}-{turn}", size) for turn in range(2)] for size in (SMALL, LARGE)}
    small, large = (tuple(map(min, zip(*taken[size], strict=True))) for size in (SMALL, LARGE))
    return [
        Row(
            f"{name} with {LARGE} members ÷ with {SMALL}",
            one / other,
            at_most=3,
            note=f"{one:.2f} s against {other:.2f} s",
        )
        for name, one, other in zip(("up", "plan"), large, small, strict=True)
    ]


def _measured(folder: Path, members: int) -> tuple[float, float]:
    """Seconds of `up` and of a `plan` after it."""
    folder.mkdir()
    tree = copied(folder)
    file = tree / "envs" / "local.yaml"
    before, _, after = file.read_text(encoding="utf-8").partition("members:\n")
    rest = after[after.index("\n\n") :]
    team = [f"  member{n}@example.com: {{role: {PERSONAS[n % len(PERSONAS)]}}}\n" for n in range(members)]
    file.write_text(f"{before}members:\n{''.join(team)}{rest}", encoding="utf-8")
    variables = {**os.environ, "PYTHONPATH": str(tree / "tools")}

    def run(*arguments: str) -> float:
        return processes.seconds([sys.executable, "-m", "groundwork", *arguments], env=variables, cwd=tree)

    run("local", "start")
    try:
        return run("up"), run("plan", "--detailed-exitcode")
    finally:
        run("local", "stop")
