"""Archives of functions' code: the same bytes from the same files, called by their content, without secrets and what git ignores."""

from __future__ import annotations

import os
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from groundwork.environment.values import Environment, load
from groundwork.errors import UsageProblem
from groundwork.terraform import packing, sources

from tests.terraform_runs import ROOT


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """An example's environment in a folder of its own, with one function: envs/examples/crop-nitrogen/preprocess."""
    found = replace(load("crop-nitrogen", ROOT), path=tmp_path / "envs" / "crop-nitrogen.yaml")
    code = tmp_path / "envs/examples/crop-nitrogen/preprocess"
    (code / "inside").mkdir(parents=True)
    (code / "main.py").write_text("def preprocess(event): ...\n")
    (code / "inside" / "words.txt").write_text("a\n")
    return found


def code(environment: Environment) -> Path:
    """The folder of the function's code."""
    return environment.root / environment.functions["preprocess"].source


def names(environment: Environment, into: Path) -> list[str]:
    """The files in the function's archive."""
    with zipfile.ZipFile(packing.pack(environment, into)["preprocess"]) as archive:
        return archive.namelist()


def test_an_archive_has_the_same_bytes_whenever_and_by_whomever_it_is_made(
    environment: Environment, tmp_path: Path
) -> None:
    mine = packing.pack(environment, tmp_path / "mine")["preprocess"]
    for file in code(environment).rglob("*"):
        os.utime(file, (1, 1))
    (code(environment) / "main.py").chmod(0o664)
    theirs = packing.pack(environment, tmp_path / "theirs")["preprocess"]
    assert theirs.name == mine.name
    assert theirs.read_bytes() == mine.read_bytes()


def test_new_code_is_another_archive_and_the_earlier_one_goes(environment: Environment, tmp_path: Path) -> None:
    into = tmp_path / "archives"
    before = packing.pack(environment, into)["preprocess"]
    (code(environment) / "main.py").write_text("def preprocess(event): return\n")
    after = packing.pack(environment, into)["preprocess"]
    assert after != before
    assert [*into.iterdir()] == [after]


def test_neither_secrets_nor_what_git_ignores_is_packed(environment: Environment, tmp_path: Path) -> None:
    (environment.root / ".gitignore").write_text("*.log\n/only-here\nsecrets/*\n!.env\n")
    folder = code(environment)
    (folder / ".gitignore").write_text("data/\n!.env\n")
    for name in (".env", ".env.local", "run.log", "data/raw.csv", "__pycache__/main.pyc", "only-here"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    assert names(environment, tmp_path / "archives") == ["inside/words.txt", "main.py", "only-here"]


def test_a_link_out_of_the_folder_is_left_out_and_one_to_a_folder_refused(
    environment: Environment, tmp_path: Path
) -> None:
    (tmp_path / "key.json").write_text("secret")
    (code(environment) / "key.json").symlink_to(tmp_path / "key.json")
    (code(environment) / "copy.py").symlink_to("main.py")
    assert names(environment, tmp_path / "archives") == ["copy.py", "inside/words.txt", "main.py"]
    (code(environment) / "again").symlink_to("inside")
    with pytest.raises(
        UsageProblem, match=r"again is a link to a folder, which an archive cannot contain: exclude it\."
    ):
        packing.pack(environment, tmp_path / "archives")


def test_a_link_that_leads_out_by_way_of_a_circle_is_left_out(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text("secret")
    folder = code(environment)
    (folder / ".gcloudignore").write_text("hidden/\n")
    (folder / "hidden").mkdir()
    (folder / "hidden" / "circle").symlink_to("circle")
    (folder / "circle").symlink_to("circle")
    (folder / "hidden" / "key.json").symlink_to(tmp_path / "key.json")
    (folder / "key.json").symlink_to("hidden/circle/../key.json")
    assert names(environment, tmp_path / "archives") == ["inside/words.txt", "main.py"]
    shutil.rmtree(folder)
    folder.parent.mkdir(exist_ok=True)
    (folder.parent / "circle").symlink_to("circle")
    (folder.parent / "elsewhere").symlink_to(tmp_path.parent)
    folder.symlink_to("circle/../elsewhere")
    with pytest.raises(UsageProblem, match=r"which is not a folder|put the code itself there"):
        packing.archive(environment, environment.functions["preprocess"])


def test_a_link_to_an_excluded_file_is_refused(environment: Environment, tmp_path: Path) -> None:
    (code(environment) / ".env").write_text("KEY=secret")
    (code(environment) / "settings.txt").symlink_to(".env")
    with pytest.raises(
        UsageProblem, match=r"settings\.txt is a link to a file that is excluded: exclude the link as well\."
    ):
        packing.pack(environment, tmp_path / "archives")


def test_code_that_is_not_there_is_named_with_its_place_in_the_file(environment: Environment, tmp_path: Path) -> None:
    moved = code(environment).rename(tmp_path / "elsewhere")
    with pytest.raises(UsageProblem) as refused:
        packing.pack(environment, tmp_path / "archives")
    assert refused.value.message == (
        "functions.preprocess.source in envs/crop-nitrogen.yaml is envs/examples/crop-nitrogen/preprocess, which is not a folder in "
        f"{tmp_path}: put the function's code there."
    )
    assert packing.digests(environment) == {"envs/examples/crop-nitrogen/preprocess/": ""}
    assert moved.is_dir()


def test_a_saved_plan_is_older_than_new_code(environment: Environment, tmp_path: Path) -> None:
    plan = tmp_path / "plan.tfplan"
    plan.write_bytes(b"")
    sources.note(plan, sources.sources(environment.root, environment))
    assert sources.changed(plan, environment.root, environment) == []
    (code(environment) / "more.py").write_text("x = 1\n")
    assert sources.changed(plan, environment.root, environment) == ["envs/examples/crop-nitrogen/preprocess/"]


def test_a_link_to_a_folder_elsewhere_is_not_packed(environment: Environment, tmp_path: Path) -> None:
    elsewhere = tmp_path.parent / f"{tmp_path.name}-private"
    elsewhere.mkdir()
    (elsewhere / "main.py").write_text("private")
    shutil.rmtree(code(environment))
    code(environment).symlink_to(elsewhere)
    with pytest.raises(UsageProblem, match="put the code itself there, not a link to it"):
        packing.archive(environment, environment.functions["preprocess"])
