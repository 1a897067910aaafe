"""Our provider's `validate` refuses what Google's own refuses, at the same line or closer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from tests.provider.compare import Comparison, Difference
from tests.provider.sides import PROJECT, PROVIDER, REGION, Side, Sides
from tests.terraform_runs import Terraform

REFUSED = Path(__file__).parent / "refused.tf"
_HEAD = re.compile(r'^(?:resource|data|ephemeral) "(\w+)" "(\w+)"')
_BLOCK = '\nprovider "google" {{\n  alias = "{name}"\n{line}\n}}\n'
_BLOCKS = {
    "endpoint": '  storage_custom_endpoint = "http://127.0.0.1:8080"',
    "two_credentials": '  access_token = "a"\n  credentials = "{}"',
    "batching": '  batching {\n    send_after = "soon"\n  }',
}


def test_the_same_mistakes_are_refused_at_the_same_lines(
    sides: Sides, compared: Callable[[Comparison], None], tmp_path: Path
) -> None:
    found = Comparison("refused at validate")
    real, ours = (refusals(side, tmp_path / side.provider) for side in (sides.real, sides.ours))
    cases = [match[0] for line in REFUSED.read_text("utf-8").splitlines() if (match := _HEAD.match(line))]
    found.leaves = len(cases) + len(_BLOCKS)
    for case in sorted(real.keys() | ours.keys()):
        if not _agree(real.get(case, []), ours.get(case, [])):
            found.different.append(Difference(case, real.get(case, "accepted"), ours.get(case, "accepted")))
    compared(found)
    assert not found.different, found.sentence()
    assert len(real) > len(cases) // 2


def _agree(real: list[int], ours: list[int]) -> bool:
    """Whether the same lines are meant. Inside a set of blocks the real provider points at the block or resource around."""
    lines = REFUSED.read_text("utf-8").splitlines()
    return len(real) == len(ours) and all(
        one == other or (lines[one].partition("#")[0].rstrip().endswith("{") and one < other)
        for one, other in zip(real, ours, strict=True)
    )


def refusals(side: Side, folder: Path) -> dict[str, list[int]]:
    """Mistake -> the lines of the configuration that the refusals point at, counted from 0."""
    folder.mkdir()
    blocks = "".join(_BLOCK.format(name=name, line=line) for name, line in _BLOCKS.items())
    text = REFUSED.read_text("utf-8")
    (folder / "main.tf").write_text(text + blocks, "utf-8")
    (folder / "provider.tf").write_text(PROVIDER, "utf-8")
    terraform = Terraform(folder, side.variables(PROJECT, REGION))
    terraform.succeed("init", "-no-color", "-input=false")
    output = json.loads(terraform.run("validate", "-json").stdout)
    assert output["valid"] is False
    lines = (folder / "main.tf").read_text("utf-8").splitlines()
    found: dict[str, list[int]] = {}
    for diagnostic in output["diagnostics"]:
        number = diagnostic["range"]["start"]["line"] - 1
        found.setdefault(_case(lines, number), []).append(number)
    return {case: sorted(set(where)) for case, where in found.items()}


def _case(lines: list[str], number: int) -> str:
    """The head of the block around a line."""
    while not lines[number].startswith(("resource", "data", "ephemeral", "provider")):
        number -= 1
    return lines[number + 1].strip() if lines[number].startswith("provider") else lines[number].partition(" {")[0]
