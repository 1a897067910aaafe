"""Which folders of this machine its own programs take into a build's container."""

from __future__ import annotations

from pathlib import Path

import pytest
from localcloud.containers.workload import RuntimeProblem
from localcloud.services.cloudbuild.builders import machine_tools


def program(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(0o755)
    return str(path)


def test_a_program_brings_the_folder_that_it_is_installed_in_and_cannot_change_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CLOUDSDK_PYTHON", raising=False)
    gcloud = program(tmp_path / "home" / "google-cloud-sdk" / "bin" / "gcloud")
    (tmp_path / "home" / "link").mkdir()
    (tmp_path / "home" / "link" / "gcloud").symlink_to(gcloud)
    assert machine_tools.real(str(tmp_path / "home" / "link" / "gcloud")) == gcloud
    found = machine_tools.mounts(gcloud)
    assert all(one.read_only for one in found)
    own = [one for one in found if one.source.is_relative_to(tmp_path)]
    assert [(one.source, one.target) for one in own] == [(Path(gcloud).parents[1], str(Path(gcloud).parents[1]))]


@pytest.mark.parametrize("place", ["home/bin/gcloud", "bin/gcloud"])
def test_no_program_brings_the_users_files(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with pytest.raises(RuntimeProblem, match="a build would see all of"):
        machine_tools.mounts(program(tmp_path / place))


def test_a_program_that_another_one_stands_in_for_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gcloud").symlink_to(program(tmp_path / "snap"))
    with pytest.raises(RuntimeProblem, match="by its package or archive"):
        machine_tools.real(str(tmp_path / "gcloud"))
