"""What this machine has and lacks is reported, each problem with its remedy."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from groundwork.doctor import machine as doctor
from groundwork.doctor.finding import CheckResult
from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment, load
from groundwork.terraform import pins

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def environment() -> Environment:
    return load("local", ROOT)


def program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    file.chmod(0o755)


@pytest.fixture
def look(
    tmp_path: Path, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> Callable[[doctor.Examine], list[CheckResult]]:
    """Examine a machine with nothing but what the test puts on PATH and an empty cache."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TF", raising=False)
    return lambda examine: list(examine(Checkout(tmp_path), environment))


def test_a_missing_terraform_is_no_problem_since_it_is_downloaded(
    look: Callable[[doctor.Examine], list[CheckResult]],
) -> None:
    assert look(doctor._terraform) == [
        CheckResult(
            "terraform",
            "note",
            "not on PATH; Terraform 1.11.4 is downloaded when needed",
            "or install it from https://developer.hashicorp.com/terraform/install",
        )
    ]


def test_an_old_terraform_is_named(look: Callable[[doctor.Examine], list[CheckResult]], tmp_path: Path) -> None:
    program(tmp_path / "bin", "terraform", 'echo \'{"terraform_version": "1.5.7"}\'')
    [found] = look(doctor._terraform)
    assert (found.health, found.text.split(";")[0]) == (
        "note",
        f"Terraform 1.5.7 at {tmp_path}/bin/terraform is too old",
    )


def test_programs_that_are_missing_or_broken_have_a_remedy(
    look: Callable[[doctor.Examine], list[CheckResult]], tmp_path: Path
) -> None:
    [gcloud] = look(doctor._gcloud)
    assert (gcloud.health, gcloud.text) == ("missing", "not on PATH")
    assert gcloud.remedy.startswith("install it from https://cloud.google.com/sdk/docs/install")
    program(tmp_path / "bin", "docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    [containers] = look(doctor._containers)
    assert (containers.health, containers.text) == (
        "missing",
        f"podman is not on PATH; docker is at {tmp_path}/bin/docker, but cannot be used: Cannot connect to the Docker daemon",
    )
    assert containers.remedy.startswith("install podman, or install and start Docker")


def test_a_rootless_docker_is_not_one_that_the_local_cloud_uses(
    look: Callable[[doctor.Examine], list[CheckResult]], tmp_path: Path
) -> None:
    program(tmp_path / "bin", "docker", "echo '28.2.2 [name=seccomp,profile=builtin name=rootless]'")
    [containers] = look(doctor._containers)
    assert containers.health == "missing"
    assert containers.text.endswith(
        "its engine is rootless, and no port of this machine can be reached from its containers"
    )


@pytest.mark.parametrize("name", ["podman", "docker"])
def test_either_program_for_containers_will_do(
    name: str, look: Callable[[doctor.Examine], list[CheckResult]], tmp_path: Path
) -> None:
    program(tmp_path / "bin", name, "echo 5.4.0")
    assert look(doctor._containers) == [CheckResult("containers", "ok", f"{name} 5.4.0 at {tmp_path}/bin/{name}")]


def test_a_program_that_answers_is_ok(look: Callable[[doctor.Examine], list[CheckResult]], tmp_path: Path) -> None:
    program(tmp_path / "bin", "gcloud", 'echo \'{"Google Cloud SDK": "528.0.0"}\'')
    assert look(doctor._gcloud) == [CheckResult("gcloud", "ok", f"528.0.0 at {tmp_path}/bin/gcloud")]


PACKAGE = "registry.terraform.io/hashicorp/google/{}/linux_amd64"
MIRROR, CACHE = ".terraform.d/plugins", "cache/groundwork/providers"


@pytest.mark.parametrize(
    ("folder", "version", "online", "health"),
    [
        (MIRROR, pins.VERSION, False, "ok"),
        (MIRROR, "7.0.0", False, "missing"),
        (CACHE, pins.VERSION, False, "note"),
        (CACHE, pins.VERSION, True, "ok"),
        ("elsewhere", pins.VERSION, False, "missing"),
        ("elsewhere", pins.VERSION, True, "ok"),
    ],
)
def test_the_real_provider_is_ok_only_where_terraform_would_find_it(
    folder: str,
    version: str,
    online: bool,
    health: str,
    look: Callable[[doctor.Examine], list[CheckResult]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    package = tmp_path / folder / PACKAGE.format(version)
    package.mkdir(parents=True)
    program(package, f"terraform-provider-google_v{version}_x5", "exit 1")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(doctor, "_reaches", lambda _url: online)
    ours, real = look(doctor._provider)
    assert (ours.health, real.health) == ("ok", health)


def test_a_full_disk_is_broken(
    look: Callable[[doctor.Examine], list[CheckResult]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_NEEDED_BYTES", 1 << 62)
    assert {(found.health, found.remedy) for found in look(doctor._disk)} == {
        ("broken", "free up at least 4294967296 GiB")
    }


def test_a_file_that_the_local_cloud_removes_meanwhile_counts_nothing(
    look: Callable[[doctor.Examine], list[CheckResult]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = Checkout(tmp_path).local_state
    state.mkdir(parents=True)
    (state / "cloud.db").write_bytes(bytes(1 << 20))
    journal = state / "cloud.db-wal"
    journal.touch()
    stat = Path.stat

    def looked_at_and_removed(path: Path, **more: bool) -> os.stat_result:
        found = stat(path, **more)
        if path == journal:
            journal.unlink()
        return found

    monkeypatch.setattr(Path, "stat", looked_at_and_removed)
    [found] = look(doctor._local_cloud)
    assert (found.health, found.text) == ("ok", f"stopped; commands on ENV=local start it, 1.0 MiB in {state}")


def test_a_command_line_configuration_that_is_not_there_is_noted(
    look: Callable[[doctor.Examine], list[CheckResult]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", "/no/such/file")
    [found] = look(doctor._variables)
    assert (found.subject, found.health, found.remedy) == ("TF_CLI_CONFIG_FILE", "note", "unset TF_CLI_CONFIG_FILE")


def test_the_descriptions_of_the_apis_have_a_revision(look: Callable[[doctor.Examine], list[CheckResult]]) -> None:
    [found] = look(doctor._descriptions)
    assert found.health == "ok"
    assert found.text.rpartition(" ")[2].isdigit()


def test_every_problem_has_a_remedy(environment: Environment) -> None:
    found = doctor.examine(Checkout(ROOT), environment)
    assert [finding.subject for finding in found][:2] == ["python", "terraform"]
    assert not [finding for finding in found if finding.health in ("missing", "broken") and not finding.remedy]
