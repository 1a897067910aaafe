"""The rules of every workflow: GitHub's schema, zizmor's audits, and our own rules where both have none."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from groundwork import cli

from tests.workflows.files import FILES, FOLDER, FOR_TEAMS, LOGGED_IN, ROOT, jobs, steps, workflow

NAMES = [file.name for file in FILES]
TOOLS = Path(sys.executable).parent


def _lint(*command: str) -> subprocess.CompletedProcess[str]:
    program, *arguments = command
    return subprocess.run([TOOLS / program, *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_there_is_one_for_this_repository_and_the_others_are_for_teams() -> None:
    assert sorted(["ci.yml", "pages.yml", *FOR_TEAMS]) == NAMES
    assert [
        name for name in NAMES if "google-github-actions/auth" in (FOLDER / name).read_text(encoding="utf-8")
    ] == sorted(LOGGED_IN)


def test_zizmor_finds_nothing_at_its_strictest() -> None:
    result = _lint("zizmor", "--offline", "--no-progress", "--persona=auditor", str(FOLDER.parent))
    assert result.returncode == 0, result.stdout + result.stderr
    assert "No findings to report" in result.stdout + result.stderr


def test_they_have_the_shape_that_github_asks_for() -> None:
    files = map(str, FILES)
    result = _lint("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *files)
    assert result.returncode == 0, result.stdout
    result = _lint("check-jsonschema", "--builtin-schema", "vendor.dependabot", str(FOLDER.parent / "dependabot.yml"))
    assert result.returncode == 0, result.stdout


def test_an_action_is_pinned_by_full_digest_with_its_release_beside_it_the_same_everywhere() -> None:
    used: dict[str, set[str]] = {}
    for file in FILES:
        for line in file.read_text(encoding="utf-8").splitlines():
            if found := re.search(r"uses: (\S+)@(.*)", line):
                assert re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", found[2]), line
                used.setdefault(found[1], set()).add(found[2])
    assert {action for action, pins in used.items() if len(pins) > 1} == set()
    assert set(used) <= {
        "actions/checkout",
        "actions/setup-python",
        "actions/upload-artifact",
        "actions/upload-pages-artifact",
        "actions/deploy-pages",
        "google-github-actions/auth",
    }


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_permitted_but_what_a_job_says_it_needs(name: str) -> None:
    assert workflow(name)["permissions"] == {}
    for job in jobs(name).values():
        written = {scope for scope, level in job["permissions"].items() if level == "write"}
        assert written <= ({"id-token", "pages"} if name == "pages.yml" else {"id-token"})
        assert job["permissions"]["contents"] == "read"


@pytest.mark.parametrize("name", NAMES)
def test_every_job_ends_and_runs_of_a_kind_do_not_meet(name: str) -> None:
    assert set(workflow(name)["concurrency"]) - {"queue"} == {"group", "cancel-in-progress"}
    assert all(0 < job["timeout-minutes"] <= 60 for job in jobs(name).values())


def test_an_apply_is_never_cancelled_in_the_middle_nor_replaced_while_it_waits() -> None:
    concurrency = workflow("apply.yml")["concurrency"]
    assert concurrency == {"group": "apply", "cancel-in-progress": "false", "queue": "max"}


def test_a_required_check_always_starts_and_plans_what_an_apply_starts_for() -> None:
    assert workflow("plan.yml")["on"] == {"pull_request": ""} or workflow("plan.yml")["on"] == {"pull_request": None}
    (looks,) = [step.run for step in steps("plan.yml") if step.values.get("id") == "touched"]
    planned = looks.partition(" -- ")[2].partition(";")[0].split()
    assert [path.removesuffix("/**") for path in workflow("apply.yml")["on"]["push"]["paths"]] == planned
    first, second, *rest = [step.values.get("if") for step in steps("plan.yml")]
    assert (first, second) == (None, None)
    assert set(rest) == {"steps.touched.outputs.platform"}


def test_the_deployers_workflow_is_the_one_that_the_identity_pool_accepts() -> None:
    hcl = (ROOT / "modules" / "github_identity" / "variables.tf").read_text(encoding="utf-8")
    (deploying,) = [name for name in NAMES if "DEPLOYER" in (FOLDER / name).read_text(encoding="utf-8")]
    assert f'default     = "{deploying}"' in hcl


def test_no_script_contains_an_expression_so_none_can_be_injected() -> None:
    assert [step.name for step in steps() if "${{" in step.run] == []


@pytest.mark.parametrize("name", NAMES)
def test_there_is_no_secret_and_no_key_and_no_trigger_that_runs_strangers_code_with_our_rights(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert "secrets." not in text
    assert "credentials_json" not in text
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(workflow(name)["on"])


def test_no_login_stays_in_the_checkout() -> None:
    found = [step for step in steps() if step.values.get("uses", "").startswith("actions/checkout@")]
    assert len(found) == sum(len(jobs(name)) for name in NAMES)
    assert all(step.values["with"]["persist-credentials"] == "false" for step in found)
    assert "gha-creds-*.json" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", FOR_TEAMS)
def test_what_is_for_teams_waits_for_their_variables(name: str) -> None:
    for job in jobs(name).values():
        assert job["if"].startswith("vars.GROUNDWORK_ENV != ''")
        assert job["env"]["GROUNDWORK_ENV"] == "${{ vars.GROUNDWORK_ENV }}"


@pytest.mark.parametrize("name", LOGGED_IN)
def test_packages_are_installed_before_anybody_is_logged_in(name: str) -> None:
    order = [step.run or step.values["uses"].partition("@")[0] for step in steps(name)]
    assert order.index("make ready") < order.index("google-github-actions/auth")


def test_a_pull_request_and_the_nightly_run_only_read() -> None:
    for name in ("plan.yml", "drift.yml"):
        (job,) = jobs(name).values()
        assert job["env"]["TF_CLI_ARGS_plan"] == "-lock=false"
        text = (FOLDER / name).read_text(encoding="utf-8")
        assert "${{ vars.GROUNDWORK_PLANNER }}" in text
        assert "DEPLOYER" not in text
        assert " up" not in " ".join(step.run for step in steps(name))


def test_a_forks_pull_request_is_skipped() -> None:
    (job,) = jobs("plan.yml").values()
    assert "github.event.pull_request.head.repo.full_name == github.repository" in job["if"]


def test_every_command_that_a_script_calls_is_there_with_its_options() -> None:
    calls = [line for step in steps() for line in step.run.splitlines() if ".venv/bin/groundwork" in line]
    assert len(calls) >= 3
    for line in calls:
        words = shlex.split(line.partition(".venv/bin/groundwork ")[2])
        command: click.Command | None = cli.groundwork
        while isinstance(command, click.Group):
            command = command.get_command(click.Context(command), words.pop(0))
        assert command is not None, line
        known = {option for param in command.params for option in param.opts}
        assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("name", ["deploy.yml", "train.yml", "model.yml"])
def test_code_and_models_are_deployed_by_an_identity_of_their_own_and_not_the_deployer(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert "${{ vars.GROUNDWORK_CI }}" in text
    assert not {"GROUNDWORK_DEPLOYER", "GROUNDWORK_PLANNER"} & set(re.findall(r"\w+", text))


def test_a_registrys_event_says_when_and_nothing_else() -> None:
    assert "client_payload" not in (FOLDER / "model.yml").read_text(encoding="utf-8")


def test_only_changed_data_trains() -> None:
    assert workflow("train.yml")["on"]["push"]["paths"] == ["**.dvc", "**/dvc.lock", "dvc.lock"]


def test_every_target_that_a_script_makes_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    made = {word for step in steps() if step.run.startswith("make ") for word in step.run.split()[1:2]}
    assert made >= {"ready", "check", "test", "up", "plan", "down"}
    assert made <= targets


def test_the_variables_are_named_in_the_docs() -> None:
    page = (ROOT / "docs" / "github.md").read_text(encoding="utf-8")
    used = {name for file in FILES for name in re.findall(r"vars\.(\w+)", file.read_text(encoding="utf-8"))}
    assert {name for name in used if f"`{name}`" not in page} == set()
