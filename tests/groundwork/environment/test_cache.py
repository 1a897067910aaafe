"""An environment file is checked again only if something changes that affects its validity."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from groundwork.environment import cache
from groundwork.environment.values import EnvironmentProblem, load

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with the three environments, whose local one was found right."""
    shutil.copytree(ROOT / "envs", tmp_path / "envs")
    load("local", tmp_path)
    return tmp_path


def file(root: Path) -> Path:
    return root / "envs" / "local.yaml"


def test_a_remembered_file_is_the_same_environment(root: Path) -> None:
    assert cache.recall(file(root), root) is not None
    fresh = load("local", root)
    shutil.rmtree(root / ".groundwork")
    assert load("local", root) == fresh


def test_a_remembered_file_is_read_without_the_parser_and_the_schema(root: Path) -> None:
    code = f"import sys; from pathlib import Path; from groundwork.environment.values import load; import groundwork.cli.up, groundwork.lifecycle.up; load('local', Path({str(root)!r})); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"ruamel.yaml", "jsonschema"} & set(loaded)


def test_a_mistake_made_since_is_found(root: Path) -> None:
    file(root).write_text(file(root).read_text("utf-8").replace("region: europe-west1", "region: atlantis"), "utf-8")
    with pytest.raises(EnvironmentProblem, match="atlantis"):
        load("local", root)


def test_another_environment_with_the_same_project_is_found(root: Path) -> None:
    neighbour = root / "envs" / "dev.yaml"
    neighbour.write_text(
        neighbour.read_text("utf-8").replace("project: groundwork-dev", "project: groundwork-local"), "utf-8"
    )
    with pytest.raises(EnvironmentProblem, match=r"as in dev\.yaml"):
        load("local", root)


def test_a_stricter_schema_applies(root: Path) -> None:
    schema = root / "envs" / "schema.json"
    schema.write_text(schema.read_text("utf-8").replace('"europe-west1",', ""), "utf-8")
    with pytest.raises(EnvironmentProblem, match="europe-west1"):
        load("local", root)


def test_only_the_newest_is_kept(root: Path) -> None:
    for number in range(3):
        file(root).write_text(f"{file(root).read_text('utf-8')}# {number}\n", "utf-8")
        load("local", root)
    assert len(list((root / ".groundwork" / "checked").iterdir())) == 1


def test_a_damaged_cache_entry_is_ignored(root: Path) -> None:
    for entry in (root / ".groundwork" / "checked").iterdir():
        entry.write_text("{", "utf-8")
    assert load("local", root).project == "groundwork-local"


def test_a_project_that_cannot_be_written_to_is_still_read(root: Path) -> None:
    shutil.rmtree(root / ".groundwork")
    (root / ".groundwork").write_text("in the way", "utf-8")
    assert load("local", root).project == "groundwork-local"
