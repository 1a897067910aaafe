"""DVC's remote: what is written where, and which settings are kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from groundwork.errors import Exit
from groundwork.google import local
from groundwork.login import dvc
from groundwork.terraform.process import run

from tests.groundwork.at_google import Google
from tests.small_clone import SmallClone
from tests.terminal import at_terminal


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """What `dvc init` leaves."""
    (tmp_path / "mine" / ".dvc").mkdir(parents=True)
    (tmp_path / "mine" / ".dvc" / "config").touch()
    return tmp_path / "mine"


def test_the_local_clouds_remote_stays_on_this_machine(clone: SmallClone, repository: Path) -> None:
    result = clone("dvc", "--repository", str(repository))
    assert result.code == Exit.OK, result.err
    assert (repository / ".dvc" / "config").read_text() == ""
    assert (repository / ".dvc" / "config.local").read_text() == (
        f"[core]\n    remote = data\n['remote \"data\"']\n    url = gs://{clone.project}-data\n    projectname = {clone.project}\n"
        f"    version_aware = true\n    endpointurl = {local.start(clone.checkout).base}\n"
    )
    assert 'eval "$(groundwork env --env local)"' in result.text


def test_a_remote_is_written_from_inside_the_repository_too(clone: SmallClone) -> None:
    (clone.root / ".dvc").mkdir()
    (clone.root / "deep" / "er").mkdir(parents=True)
    assert clone("dvc", cwd=clone.root / "deep" / "er").code == Exit.OK
    assert (clone.root / ".dvc" / "config.local").exists()


def test_the_file_is_named_as_a_shell_takes_it(clone: SmallClone, tmp_path: Path) -> None:
    (tmp_path / "my data" / ".dvc").mkdir(parents=True)
    (clone.root / "sub").mkdir()
    from_below = clone(
        "dvc", "--repository", os.path.relpath(tmp_path / "my data", clone.root / "sub"), cwd=clone.root / "sub"
    )
    assert f"in '{tmp_path.resolve()}/my data/.dvc/config.local'\n" in from_below.text
    (clone.root / ".dvc").mkdir()
    assert "in .dvc/config.local\n" in clone("dvc").text


def test_twice_changes_nothing(clone: SmallClone, repository: Path) -> None:
    clone("dvc", "--repository", str(repository))
    before = (repository / ".dvc" / "config.local").stat().st_mtime_ns
    assert "Nothing was changed." in clone("dvc", "--repository", str(repository)).text
    assert (repository / ".dvc" / "config.local").stat().st_mtime_ns == before


def test_a_dry_run_writes_nothing(clone: SmallClone, repository: Path) -> None:
    result = clone("dvc", "--repository", str(repository), "--dry-run")
    assert result.text.startswith(f"would write remote data (gs://{clone.project}-data) into ")
    assert not (repository / ".dvc" / "config.local").exists()


def test_googles_remote_is_shared_and_replaces_the_local_one(google: Google, repository: Path) -> None:
    google.clone("dvc", "--repository", str(repository))
    private = repository / ".dvc" / "config.local"
    private.write_text(private.read_text() + "['remote \"other\"']\n    url = /mnt\n")
    result = google.clone("dvc", "--repository", str(repository), "--env", "dev")
    assert result.code == Exit.OK, result.err
    assert (repository / ".dvc" / "config").read_text() == (
        f"[core]\n    remote = data\n['remote \"data\"']\n    url = gs://{google.clone.project}-data\n"
        f"    projectname = {google.clone.project}\n    version_aware = true\n"
    )
    assert private.read_text() == "['remote \"other\"']\n    url = /mnt\n"


def test_another_address_under_the_same_name_is_asked_about(google: Google, repository: Path) -> None:
    config = repository / ".dvc" / "config"
    config.write_text("['remote \"data\"']\n    url = gs://theirs\n")
    arguments = ["dvc", "--repository", str(repository), "--env", "dev"]
    refused = google.clone(*arguments)
    assert refused.code == Exit.REFUSED
    assert "is gs://theirs. Point it at" in refused.err
    assert "gs://theirs" in config.read_text()
    code, output = at_terminal(arguments, google.clone.root, [("instead? [y/N]: ", "y")])
    assert code == Exit.OK, output
    assert "gs://theirs" not in config.read_text()


def test_yes_points_it_elsewhere_unasked(google: Google, repository: Path) -> None:
    config = repository / ".dvc" / "config"
    config.write_text("['remote \"data\"']\n    url = gs://theirs\n    jobs = 4\n")
    assert google.clone("dvc", "--repository", str(repository), "--env", "dev", "--yes").code == Exit.OK
    assert "theirs" not in config.read_text()
    assert "jobs" not in config.read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[core]\n    remote = data\n"),
        ("[core]\n", "[core]\n    remote = data\n"),
        ("[core]\n    remote = old\n", "[core]\n    remote = data\n"),
        ("[core]\n    autostage = true\n    remote=old\n", "[core]\n    autostage = true\n    remote = data\n"),
        ("# mine\n[ core ] # here\n", "# mine\n[ core ] # here\n    remote = data\n"),
        ("[cache]\n    type = link\n", "[cache]\n    type = link\n[core]\n    remote = data\n"),
        ("[core]\n    # why\n\n[cache]\n    x = 1\n", "[core]\n    # why\n    remote = data\n\n[cache]\n    x = 1\n"),
    ],
)
def test_a_setting_is_inserted_and_the_rest_is_kept(before: str, after: str) -> None:
    assert dvc.set_section(before, "core", {"remote": "data"}, whole=False) == after
    assert dvc.set_section(after, "core", {"remote": "data"}, whole=False) == after


def _dvc(folder: Path, cache: Path) -> Path:
    """DVC with its Cloud Storage part in a tool environment of its own, below `cache`, made once."""
    program, uv = cache / "dvc" / "bin" / "dvc", (str(Path(sys.executable).with_name("uv")),)
    if not program.exists():
        steps = (
            [*uv, "venv", "-q", "--clear", str(cache / "dvc")],
            [*uv, "pip", "install", "-q", "--python", str(cache / "dvc"), "dvc", "dvc-gs"],
        )
        for words in steps:
            result = run(words, cwd=folder, seconds=1200)
            if result.code:
                pytest.fail(f"Nothing was tried: dvc could not be had ({result.err.strip()[-300:]})", pytrace=False)
    return program


@pytest.mark.slow
def test_dvc_pushes_and_pulls_with_the_remote_as_written(clone: SmallClone, tmp_path: Path) -> None:
    from groundwork.terraform import installation

    program = _dvc(tmp_path, installation.user_cache() / "tests")
    clone.cloud().storage().create_bucket(f"{clone.project}-data", location="europe-west1")
    repository = tmp_path / "mine"
    repository.mkdir()
    lines = clone("env").text
    quiet = {
        "DVC_NO_ANALYTICS": "1",
        "DVC_GLOBAL_CONFIG_DIR": str(tmp_path / "g"),
        "DVC_SITE_CACHE_DIR": str(tmp_path / "s"),
    }

    def sh(script: str) -> str:
        result = subprocess.run(
            ["bash", "-euc", f"{lines}\n{script.replace('dvc ', f'{program} ')}"],
            cwd=repository, env={**os.environ, **quiet}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr[-3000:]
        return result.stdout

    sh("dvc init -q --no-scm; mkdir raw; echo one > raw/a.txt; head -c 3000000 /dev/zero > raw/b.bin")
    assert clone("dvc", "--repository", str(repository)).code == Exit.OK
    assert f"gs://{clone.project}-data" in sh("dvc remote list")
    sh("dvc add -q raw; dvc push -q; rm -rf raw .dvc/cache; dvc pull -q")
    assert (repository / "raw" / "a.txt").read_text() == "one\n"
    assert (repository / "raw" / "b.bin").stat().st_size == 3_000_000
    names = [blob.name for blob in clone.cloud().storage().list_blobs(f"{clone.project}-data")]
    assert sorted(names) == ["raw/a.txt", "raw/b.bin"]
