"""Docker's login: gcloud's helper in its config, or a token that goes through a pipe."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from groundwork.errors import Exit, GroundworkError
from groundwork.login import docker

from tests.groundwork.at_google import Google

HOST = "europe-west1-docker.pkg.dev"


def config() -> Path:
    return docker.config_file(os.environ)


def gcloud(google: Google, code: int = 0) -> None:
    """gcloud with its helper; without a login it ends with 1."""
    google.program("docker-credential-gcloud", "")
    google.program("gcloud", f"echo 'You do not currently have an active account selected.' >&2; exit {code}")


def test_gclouds_helper_is_not_set_up_where_gcloud_has_no_login(google: Google) -> None:
    gcloud(google, 1)
    result = google.clone("docker", "--env", "dev")
    assert result.code == Exit.PERMISSION
    assert (
        "gcloud itself is not logged in, so its helper has no credentials for docker: run `gcloud auth login`"
        in result.err
    )
    assert not config().exists()


def test_gclouds_helper_is_added_to_the_existing_config(google: Google) -> None:
    gcloud(google)
    config().parent.mkdir()
    config().write_text(
        '{"psFormat": "x", "credHelpers": {"gcr.io": "gcloud"}, "auths": {"ghcr.io": {"auth": "eDp5"}}}'
    )
    result = google.clone("docker", "--env", "dev")
    assert result.code == Exit.OK, result.err
    assert json.loads(config().read_text()) == {
        "psFormat": "x", "auths": {"ghcr.io": {"auth": "eDp5"}}, "credHelpers": {"gcr.io": "gcloud", HOST: "gcloud"},
    }  # fmt: skip
    assert stat.S_IMODE(config().stat().st_mode) == 0o600


def test_twice_changes_nothing(google: Google) -> None:
    gcloud(google)
    google.clone("docker", "--env", "dev")
    before = config().stat().st_mtime_ns
    assert "Nothing was changed." in google.clone("docker", "--env", "dev").text
    assert config().stat().st_mtime_ns == before


def test_a_token_that_docker_stored_earlier_is_removed(google: Google) -> None:
    gcloud(google)
    config().parent.mkdir()
    config().write_text(
        json.dumps({"auths": {f"https://{HOST}": {"auth": "dG9rZW4="}}, "credHelpers": {HOST: "gcloud"}})
    )
    google.clone("docker", "--env", "dev")
    assert "dG9rZW4=" not in config().read_text()


def test_a_dry_run_writes_nothing(google: Google) -> None:
    google.program("docker-credential-gcloud", "")
    assert (
        google.clone("docker", "--env", "dev", "--dry-run").text
        == f"would set gcloud's helper for {HOST} in {config()}\n"
    )
    assert not config().exists()


def test_without_a_helper_docker_gets_a_token_by_a_pipe_and_not_by_its_arguments(
    google: Google, tmp_path: Path
) -> None:
    notes = google.program("docker", f"cat > '{tmp_path}/given'")
    google.log_in()
    result = google.clone("docker", "--env", "dev")
    assert result.code == Exit.OK, result.err
    assert notes.read_text() == f"docker login --username oauth2accesstoken --password-stdin https://{HOST}\n"
    assert (tmp_path / "given").read_text().startswith("local/user:owner@example.com/")
    assert "local/" not in result.text + result.err
    assert result.text == f"docker is logged in to {HOST} for an hour.\n"


def test_a_token_is_used_on_request(google: Google) -> None:
    google.program("docker-credential-gcloud", "")
    notes = google.program("docker", "")
    google.log_in()
    google.clone("docker", "--env", "dev", "--token")
    assert "--password-stdin" in notes.read_text()
    assert not config().exists()


def test_what_docker_says_is_passed_on(google: Google) -> None:
    google.program("docker", "echo 'denied: no' >&2; exit 1")
    google.log_in()
    result = google.clone("docker", "--env", "dev")
    assert (result.code, f"docker could not log in to {HOST} (exit code 1).\n  denied: no" in result.err) == (
        Exit.FAILED,
        True,
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ("\x00", "is not JSON"),
        ('{"credHelpers": []}', "credHelpers that are not names with values"),
    ],
)
def test_a_config_that_docker_could_not_read_is_left_alone(text: str, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(text)
    with pytest.raises(GroundworkError, match=sentence):
        docker.with_helper(file, HOST)
    assert file.read_text() == text


@pytest.mark.parametrize("text", ["", "{}"])
def test_an_empty_config_counts_as_unset(text: str, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(text)
    assert json.loads(str(docker.with_helper(file, HOST))) == {"credHelpers": {HOST: "gcloud"}}
