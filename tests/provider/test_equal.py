"""Our provider plans, applies, refreshes, imports and destroys like Google's own, attribute by attribute."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from groundwork.environment.values import names

from tests.infra.layers import Platform
from tests.modules.readme import Example, examples
from tests.provider.compare import Comparison, Step, applied, compare, planned
from tests.provider.sides import Side, Sides
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
    script: Script, sides: Sides, compared: Callable[[Comparison], None], tmp_path: Path
) -> None:
    terraforms = prepared(sides.real, tmp_path), prepared(sides.ours, tmp_path)
    found = compare(
        script.folder.name, script.steps({"real": sides.real, "ours": sides.ours}), *terraforms, sides.hosts
    )
    compared(found)
    assert not found.different, found.sentence()


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_modules_example_is_the_same(
    example: Example,
    sides: Sides,
    compared: Callable[[Comparison], None],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    terraforms = [beside_modules(side, tmp_path, ROOT / "modules") for side in (sides.real, sides.ours)]
    for terraform in terraforms:
        with zipfile.ZipFile(terraform.folder / "preprocess.zip", "w") as archive:  # the code of the function's example
            archive.writestr(zipfile.ZipInfo("main.py"), "def preprocess(event): pass\n")
    name = request.node.callspec.id
    found = compare(name, changing(example.hcl, example.changed), *terraforms, sides.hosts)
    compared(found)
    assert not found.different, found.sentence()


@pytest.mark.parametrize("name", names(ROOT))
def test_an_environment_is_the_same(
    name: str, sides: Sides, compared: Callable[[Comparison], None], tmp_path: Path
) -> None:
    platforms = [_platform(side, name, tmp_path / side.provider) for side in (sides.real, sides.ours)]
    file = platforms[0].file
    steps = [
        Step("apply", lambda terraform: applied(terraform, file)),
        Step("again", lambda terraform: planned(terraform, file)),
    ]
    gone = Step("destroy", lambda terraform: applied(terraform, "-destroy", file))
    for layer, asked in (("bootstrap", steps), ("platform", [*steps, gone])):
        real, ours = (platform.layer(layer) for platform in platforms)
        found = compare(f"{name}: {layer}", asked, real, ours, sides.hosts)
        compared(found)
        assert not found.different, found.sentence()


def _platform(side: Side, name: str, folder: Path) -> Platform:
    """An environment on one side, with nothing in its project but the bucket of the state."""
    folder.mkdir()
    platform = Platform.prepared(name, side.checkout, folder)
    variables = side.variables(platform.environment.project, platform.environment.region)
    return replace(platform, project=replace(platform.project, variables=variables))
