"""Files that come with groundwork: a damaged, empty, outdated or missing one is named in one sentence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from groundwork.environment import cache
from groundwork.environment.shipped import PERSONAS, SCHEMA
from groundwork.environment.values import load
from groundwork.errors import Exit, UsageProblem
from groundwork.people.personas import personas

from tests.terraform_runs import ROOT

DAMAGED = {
    b"": "is not JSON",
    b"{": "is not JSON",
    b"\xff\xfe": "is not JSON",
    b"[]": "is empty or not a JSON object",
    b"{}": "is empty or not a JSON object",
    b"[" * 100_000: "is nested too deeply",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A root folder with one healthy environment."""
    for name in (SCHEMA, PERSONAS, "envs/local.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_file_is_named_with_how_to_restore_it(content: bytes, project: Path) -> None:
    for name in (SCHEMA, PERSONAS):
        (project / name).write_bytes(content)
        with pytest.raises(UsageProblem) as problem:
            load("local", project) if name == SCHEMA else personas(project)
        assert problem.value.message.startswith(f"{name} {DAMAGED[content]}")
        assert problem.value.message.endswith(f"`git checkout {name}` restores it.")


def test_a_file_that_is_gone_is_named(project: Path) -> None:
    (project / SCHEMA).unlink()
    with pytest.raises(UsageProblem, match=rf"{SCHEMA} cannot be read \(No such file or directory\)"):
        load("local", project)


@pytest.mark.parametrize("part", json.loads((ROOT / SCHEMA).read_text("utf-8"))["properties"])
def test_an_older_schema_is_reported_as_such_whatever_it_lacks(part: str, project: Path) -> None:
    schema = json.loads((project / SCHEMA).read_text("utf-8"))
    del schema["properties"][part]
    schema["additionalProperties"] = True
    (project / SCHEMA).write_text(json.dumps(schema), "utf-8")
    (project / "envs" / "local.yaml").write_text("project: groundwork-local\nregion: europe-west1\n", "utf-8")
    if part in ("region", "github", "alerts", "budget"):  # what the file says itself, or need not say
        load("local", project)
        return
    with pytest.raises(UsageProblem, match=rf"{SCHEMA} is from another version of groundwork: it has no '{part}'"):
        load("local", project)


def test_a_newer_schema_is_reported_as_another_version(project: Path) -> None:
    schema = json.loads((project / SCHEMA).read_text("utf-8"))
    secrets = schema["properties"]["repositories"]["additionalProperties"]["properties"]
    secrets["colour"] = {"type": "string", "default": "red"}
    (project / SCHEMA).write_text(json.dumps(schema), "utf-8")
    with pytest.raises(UsageProblem, match=f"{SCHEMA} is from another version") as problem:
        load("local", project)
    assert problem.value.exit_code is Exit.USAGE


def test_an_invalid_schema_is_reported_as_such(project: Path) -> None:
    (project / SCHEMA).write_text('{"type": 5, "properties": {"project": {}}}', "utf-8")
    with pytest.raises(UsageProblem, match=f"{SCHEMA} is from another version"):
        load("local", project)


def test_personas_of_another_version_are_reported_as_such(project: Path) -> None:
    (project / PERSONAS).write_text('{"viewer": {"description": "Looks."}}', "utf-8")
    with pytest.raises(UsageProblem, match=f"{PERSONAS} is from another version of groundwork: it has no 'project'"):
        personas(project)


@pytest.mark.parametrize("content", [b"[]", b'{"a": 1}', b"{", b"\xff"])
def test_a_damaged_cache_is_not_believed(content: bytes, project: Path) -> None:
    before = load("local", project)
    (entry,) = (project / ".groundwork" / "checked").iterdir()
    entry.write_bytes(content)
    assert load("local", project) == before
    assert cache.recall(project / "envs" / "local.yaml", project) is not None
