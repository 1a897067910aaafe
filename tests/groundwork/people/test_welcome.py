"""The newcomer's welcome message: its contents by persona and cloud."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from groundwork.environment.values import Environment, Member, load
from groundwork.people.personas import personas
from groundwork.people.welcome import welcome

from tests.groundwork.people.conftest import ROOT


def text(environment: Environment, role: str) -> str:
    return "\n".join(welcome(environment, Member("dave@example.com", role, "user"), personas(ROOT)))


def test_on_google_cloud_login_and_docker_use_our_own_commands() -> None:
    message = text(load("dev", ROOT), "ml-engineer")
    assert "groundwork login --env dev" in message
    assert "groundwork docker --env dev" in message
    assert "You are an ml-engineer, who does what a data-scientist does, and also pushes" in message
    assert "You are a viewer, who reads data" in text(load("dev", ROOT), "viewer")
    assert "simulated" not in message


def test_in_a_teams_own_repository_groundwork_is_cloned_too(tmp_path: Path) -> None:
    inside = load("dev", ROOT)
    assert "make doctor" in text(inside, "viewer")
    message = text(replace(inside, path=tmp_path / "envs" / "dev.yaml"), "viewer")
    assert "source ../groundwork/.venv/bin/activate" in message
    assert "make doctor" not in message


def test_on_the_local_cloud_nobody_logs_in_and_podman_pulls() -> None:
    message = text(load("local", ROOT), "viewer")
    assert 'eval "$(groundwork local env --env local --as dave@example.com)"' in message
    assert "podman login --username oauth2accesstoken --password-stdin europe-west1-docker.pkg.dev" in message
    assert "groundwork docker" not in message


def test_on_the_local_cloud_docker_pulls_from_its_own_address() -> None:
    message = text(load("local", ROOT), "viewer")
    assert '| docker login --username oauth2accesstoken --password-stdin "${HTTPS_PROXY##*@}"\n' in message
    assert 'docker pull "${HTTPS_PROXY##*@}/groundwork-local/images/IMAGE"\n' in message


@pytest.mark.parametrize(("role", "mentioned"), [("viewer", False), ("data-scientist", False), ("operator", True)])
def test_only_members_who_may_read_policies_learn_of_the_matrix(role: str, mentioned: bool) -> None:
    assert ("Who may do what: groundwork access" in text(load("dev", ROOT), role)) is mentioned


def test_the_steps_are_numbered_without_a_gap() -> None:
    bare = replace(load("dev", ROOT), repositories={})
    assert "3. Data: groundwork dvc" in text(bare, "viewer")
    assert "4. Data: groundwork dvc" in text(load("dev", ROOT), "viewer")


def test_with_several_buckets_for_dvc_the_newcomer_must_choose() -> None:
    environment = load("dev", ROOT)
    data = environment.buckets["data"]
    two = replace(environment, buckets={"raw": replace(data, name="raw"), "data": data})
    assert "groundwork dvc --env dev --bucket raw or data, then dvc pull" in text(two, "viewer")


@pytest.mark.parametrize(
    ("role", "commands"), [("data-scientist", "docker pull\n"), ("ml-engineer", "docker pull or push\n")]
)
def test_only_members_who_may_push_images_are_told_how(role: str, commands: str) -> None:
    assert f"groundwork docker --env dev, then {commands}" in text(load("dev", ROOT), role)


def test_a_group_gets_no_instructions_for_acting_as_itself_on_the_local_cloud() -> None:
    member = Member("team@example.com", "viewer", "group")
    message = "\n".join(welcome(load("local", ROOT), member, personas(ROOT)))
    assert "it knows no memberships" in message
    assert "--as" not in message
