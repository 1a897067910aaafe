"""Our provider plans, applies, refreshes, imports and destroys as Google's own does, attribute by attribute."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.modules.readme import Example, examples
from tests.provider.compare import Comparison, compare
from tests.provider.sides import Sides
from tests.provider.steps import ROOTS, Script, beside_modules, changing, prepared
from tests.terraform_runs import ROOT

SCRIPTS = [pytest.param(Script(folder), id=folder.name) for folder in sorted(ROOTS.iterdir()) if folder.is_dir()]
EXAMPLES = [
    pytest.param(example, id=f"{readme.parent.name}: {example.heading}")
    for readme in sorted((ROOT / "modules").glob("*/README.md"))
    for example in examples(readme)
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_root_is_the_same_through_its_life(
    script: Script, sides: Sides, compared: list[Comparison], tmp_path: Path
) -> None:
    terraforms = prepared(sides.real, tmp_path), prepared(sides.ours, tmp_path)
    found = compare(
        script.folder.name, script.steps({"real": sides.real, "ours": sides.ours}), *terraforms, sides.hosts
    )
    compared.append(found)
    assert not found.different, found.sentence()


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_modules_example_is_the_same(
    example: Example, sides: Sides, compared: list[Comparison], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    terraforms = [beside_modules(side, tmp_path, ROOT / "modules") for side in (sides.real, sides.ours)]
    name = request.node.callspec.id
    found = compare(name, changing(example.hcl, example.changed), *terraforms, sides.hosts)
    compared.append(found)
    assert not found.different, found.sentence()
