"""A command runs with the variables of an environment, and a shell can drop them again."""

from __future__ import annotations

import base64
import json
import os
import shlex
import shutil
import subprocess
import sys

import pytest
from groundwork.errors import Exit
from groundwork.login.notebook import OFF

from tests.small_clone import SmallClone

GROUNDWORK = [sys.executable, "-m", "groundwork"]


def typed(clone: SmallClone, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GOOGLE_", "CLOUDSDK_", "TF_"))}
    return subprocess.run(
        list(arguments), cwd=clone.root, env={**clean, **variables}, capture_output=True, text=True, check=False
    )


def test_a_command_sees_the_variables_and_its_exit_code_is_ours(clone: SmallClone) -> None:
    result = typed(
        clone, *GROUNDWORK, "run", "--", "sh", "-c", "echo $GOOGLE_CLOUD_PROJECT $TF_REATTACH_PROVIDERS; exit 7"
    )
    project, _, provider = result.stdout.strip().partition(" ")
    assert (result.returncode, project, "hashicorp/google" in provider) == (7, clone.project, True), result


def test_it_runs_as_the_named_member(clone: SmallClone) -> None:
    command = [*GROUNDWORK, "run", "--as", "alice@example.com", "--", *GROUNDWORK, "whoami"]
    assert "principal      alice@example.com" in typed(clone, *command).stdout


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not on this machine")
def test_gcloud_prints_the_members_account_and_identity_token(clone: SmallClone) -> None:
    member = [*GROUNDWORK, "run", "--as", "alice@example.com", "--", "gcloud"]
    assert typed(clone, *member, "config", "get-value", "account").stdout == "alice@example.com\n"
    token = typed(clone, *member, "auth", "print-identity-token").stdout.strip()
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert (claims["email"], claims["aud"]) == ("alice@example.com", "32555940559.apps.googleusercontent.com")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not on this machine")
def test_gcloud_lists_and_names_who_it_acts_as(clone: SmallClone) -> None:
    member = [*GROUNDWORK, "run", "--as", "eve@example.com", "--", "gcloud"]
    listed = subprocess.run([*member, "auth", "list", "--filter=status:ACTIVE", "--format=value(account)"], capture_output=True, text=True, check=True, cwd=clone.root)  # fmt: skip
    assert listed.stdout == "eve@example.com\n"
    refused = subprocess.run([*member, "secrets", "list"], capture_output=True, text=True, check=False, cwd=clone.root)
    assert "[eve@example.com] does not have permission to access projects instance" in refused.stderr


def test_options_after_the_command_belong_to_it(clone: SmallClone) -> None:
    assert typed(clone, *GROUNDWORK, "run", "echo", "--env", "dev", "-n").stdout == "--env dev -n\n"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "There is no command to run: put it after two dashes"),
        (["--", "no-such-program"], "no-such-program was not found, or is not executable."),
    ],
)
def test_a_command_that_cannot_be_run_is_reported_in_one_sentence(
    arguments: list[str], text: str, clone: SmallClone
) -> None:
    result = clone("run", *arguments)
    assert (result.code, text in result.err) == (Exit.USAGE, True)


def test_a_dry_run_names_the_variables_and_shows_no_value(clone: SmallClone) -> None:
    result = clone("run", "--dry-run", "--", "sh", "-c", "exit 1")
    assert result.code == Exit.OK
    assert "GOOGLE_OAUTH_ACCESS_TOKEN" in result.text
    assert "local/" not in result.text


@pytest.mark.parametrize("command", ["env", "local env"])
def test_what_a_shell_evaluates_is_undone_by_what_it_set(command: str, clone: SmallClone) -> None:
    groundwork = f"{shlex.quote(sys.executable)} -m groundwork"
    script = f"""
        export GOOGLE_CLOUD_PROJECT='mine "and" yours'
        env | sort > before
        eval "$({groundwork} {command})"; echo $GOOGLE_CLOUD_PROJECT
        eval "$({groundwork} {command})"
        eval "${OFF}"
        env | sort > after
        diff before after
    """
    result = typed(clone, "sh", "-c", script)
    assert (result.returncode, result.stdout) == (0, f"{clone.project}\n"), result


def test_a_token_that_was_there_is_not_written_down(clone: SmallClone) -> None:
    result = typed(clone, *GROUNDWORK, "local", "env", GOOGLE_OAUTH_ACCESS_TOKEN="ya29.a-secret")
    assert "ya29" not in result.stdout
