"""`down --all` and `--delete-project`: everything goes, in an order that survives being killed, and `up` works afterwards."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from groundwork.errors import CouldNotTell, Exit, GroundworkError, Refused
from groundwork.google import local
from groundwork.google.cloud import CloudProblem, google_cloud, local_cloud
from groundwork.google.waiting import LISTS, Patience
from groundwork.lifecycle import down_all, teardown, up
from groundwork.lifecycle.up import UpOptions
from groundwork.resources.item import Item
from groundwork.terraform.state import read_state

from tests.groundwork.clone import Clone, cloned, copied
from tests.groundwork.conftest import RecordedTalk
from tests.groundwork.resources.google_lists import PROJECT as SCRIPTED
from tests.groundwork.resources.google_lists import Script, refusal, scripted

PROJECT = "small-clone"
DEPLOYER = f"groundwork-deployer@{PROJECT}.iam.gserviceaccount.com"
GITHUB = "github: {repository: team/repository, owner_id: '1234567'}\n"
YES = UpOptions(yes=True)
BUCKET = f"v1/b/{PROJECT}-tfstate"


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a clone that is up, with a login for GitHub, and whose local cloud is stopped."""
    folder = tmp_path_factory.mktemp("former")
    with cloned(folder) as clone:
        clone.rewrite("region: europe-west1\n", f"region: europe-west1\n{GITHUB}")
        up.up(clone.session(), YES, RecordedTalk())
    return folder


@pytest.fixture
def clone(former: Path, tmp_path: Path) -> Iterator[Clone]:
    with copied(former, tmp_path) as clone:
        yield clone


def gone(clone: Clone) -> bool:
    try:
        clone.cloud.request("GET", "storage", BUCKET)
    except CloudProblem as problem:
        return problem.code == 404
    return False


def test_everything_is_deleted_and_up_restores_it_with_its_identity_pool(clone: Clone, talk: RecordedTalk) -> None:
    talk.answers = [PROJECT, f"delete {PROJECT}-tfstate"]
    remains = down_all.everything(clone.session("down"), UpOptions(), talk)
    assert (remains.exit_code, remains.kept, remains.left) == (Exit.OK, (), ())
    assert gone(clone)
    assert talk.questions[1] == f"Type `delete {PROJECT}-tfstate` to destroy the bootstrap layer and the state bucket:"
    assert "Google keeps the identity pool github for 30 days" in talk.text
    assert f"gcloud iam workload-identity-pools undelete github --location global --project {PROJECT}" in talk.text

    planned = up.plan(clone.session("plan"), RecordedTalk())
    assert {change.action for entry in planned for change in entry.changes} == {"create"}
    again = RecordedTalk()
    up.up(clone.session(), YES, again)
    assert again.text.count("restoring what was deleted less than 30 days ago") == 2
    assert not any(plan.pending for plan in up.plan(clone.session("plan"), talk))


@pytest.mark.parametrize(
    "variables",
    [{"GOOGLE_OAUTH_ACCESS_TOKEN": "t", "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": DEPLOYER}, {}],
    ids=["by the shell's variable", "by the login"],
)
def test_the_deployer_does_not_delete_itself(
    clone: Clone, talk: RecordedTalk, variables: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As `gcloud auth application-default login --impersonate-service-account` writes it.
    address = f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{DEPLOYER}:generateAccessToken"
    person = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
    login = {"type": "impersonated_service_account", "service_account_impersonation_url": address}
    (tmp_path / "login.json").write_text(json.dumps({**login, "source_credentials": person}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "login.json"))
    session = dataclasses.replace(clone.session("down"), cloud=google_cloud(PROJECT, variables))
    with pytest.raises(Refused, match=f"^You act as {DEPLOYER}, which `down --all` deletes"):
        down_all.everything(session, YES, talk)


def test_a_state_bucket_that_may_not_be_seen_does_not_count_as_deleted(clone: Clone) -> None:
    stranger = local_cloud(PROJECT, str(clone.cloud.base), local.token(clone.checkout, "user:stranger@example.com"))
    with pytest.raises(CloudProblem, match="403"):
        teardown.bucket_exists(dataclasses.replace(clone.session("down"), cloud=stranger))


def test_the_second_question_is_separate_and_no_keeps_the_bootstrap_layer(clone: Clone, talk: RecordedTalk) -> None:
    before = read_state(clone.cloud, clone.session().place("bootstrap")).addresses
    talk.answers = [PROJECT, PROJECT]
    with pytest.raises(Refused):
        down_all.everything(clone.session("down"), UpOptions(), talk)
    assert read_state(clone.cloud, clone.session().place("bootstrap")).addresses == before
    assert not gone(clone)


def test_a_dry_run_shows_both_layers_and_changes_nothing(clone: Clone, talk: RecordedTalk) -> None:
    down_all.everything(clone.session("down"), UpOptions(dry_run=True), talk)
    assert "platform" in talk.lines
    assert "bootstrap" in talk.lines
    assert any(line.startswith(f"  - bucket {PROJECT}-tfstate, with every version") for line in talk.lines)
    assert talk.questions == []
    assert not any(plan.pending for plan in up.plan(clone.session("plan"), talk))


class Killed(BaseException):
    """Simulates that the process was killed there."""


@pytest.mark.parametrize("moment", ["after the state forgot the bucket", "before the bucket", "half of the bucket"])
def test_killed_half_way_running_it_again_finishes(
    clone: Clone, talk: RecordedTalk, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise Killed

    def half(cloud: object, item: Item) -> None:
        assert cloud
        entry = next(iter(clone.cloud.pages("storage", f"{BUCKET}/o", "items", {"versions": "true"})))
        path = f"{BUCKET}/o/{entry['name'].replace('/', '%2F')}"
        clone.cloud.request("DELETE", "storage", path, params={"generation": entry["generation"]})
        raise Killed(item.name)

    with monkeypatch.context() as patch:
        if moment == "after the state forgot the bucket":
            patch.setattr(down_all.up, "plan_layer", _dying_once_bootstrap_is_planned_again(die))
        else:
            patch.setattr(down_all, "remove", die if moment == "before the bucket" else half)
        with pytest.raises(Killed):
            down_all.everything(clone.session("down"), YES, talk)
    assert not gone(clone)
    remains = down_all.everything(clone.session("down"), YES, RecordedTalk())
    assert remains.exit_code == Exit.OK
    assert gone(clone)
    assert down_all.everything(clone.session("down"), YES, talk).exit_code == Exit.OK
    assert f"{clone.environment.name}: the bootstrap layer is already gone" in talk.lines


def _dying_once_bootstrap_is_planned_again(die: object):  # type: ignore[no-untyped-def]
    planned = up.plan_layer
    layers: list[str] = []

    def plan_layer(session, layer, listen, *, destroy=False):  # type: ignore[no-untyped-def]
        layers.append(layer)
        if layers.count("bootstrap") == 2:
            die()  # type: ignore[operator]
        return planned(session, layer, listen, destroy=destroy)

    return plan_layer


def test_another_teams_state_is_not_deleted(clone: Clone, talk: RecordedTalk) -> None:
    state = '{"resources": [{"mode": "managed", "type": "google_x", "name": "x", "instances": [{"attributes": {}}]}]}'
    blob = clone.cloud.storage().bucket(f"{PROJECT}-tfstate").blob("other/default.tfstate")
    blob.upload_from_string(state)
    with pytest.raises(Refused) as error:
        down_all.everything(clone.session("down"), YES, talk)
    assert error.value.details == ("state at other: 1 resource",)
    blob.upload_from_string("{")
    with pytest.raises(CouldNotTell):
        down_all.everything(clone.session("down"), YES, talk)
    assert not gone(clone)


def test_a_protected_environment_is_refused(clone: Clone) -> None:
    clone.rewrite("region:", "protected: true\nregion:")
    for option in ("--all", "--delete-project"):
        result = clone.run(
            "down", "--env", "small", option, "--yes", *(["--project", PROJECT] if "proj" in option else [])
        )
        assert (result.returncode, "is protected: true" in result.stderr) == (Exit.REFUSED, True)


def test_deleting_the_project_has_its_own_question_and_says_how_to_undo_it(clone: Clone, talk: RecordedTalk) -> None:
    talk.answers = [PROJECT]
    with pytest.raises(Refused):
        down_all.delete_project(clone.cloud, clone.environment, talk, yes=False, dry_run=False)
    assert talk.questions == [f"Type `delete {PROJECT}` to delete the project:"]
    dry = RecordedTalk()
    assert not down_all.delete_project(clone.cloud, clone.environment, dry, yes=False, dry_run=True)
    assert f"  - bucket {PROJECT}-data" in dry.lines

    result = clone.run("down", "--env", "small", "--delete-project", "--yes", "--project", PROJECT)
    assert result.returncode == Exit.OK
    assert f"for 30 days `gcloud projects undelete {PROJECT}` restores it" in result.stdout
    again = clone.run("up", "--env", "small")
    assert again.returncode == Exit.FAILED
    assert (
        f"Project {PROJECT} is marked for deletion: restore it with `gcloud projects undelete {PROJECT}`"
        in again.stderr
    )
    with pytest.raises(GroundworkError):
        up.plan(clone.session("plan"), talk)
    clone.cloud.request("POST", "cloudresourcemanager", f"v1/projects/{PROJECT}:undelete", json={})
    assert not any(plan.pending for plan in up.plan(clone.session("plan"), talk))


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--all", "--delete-project"], Exit.USAGE, "--delete-project removes everything: leave out --all."),
        (["--all", "--project", PROJECT], Exit.USAGE, "--project belongs to --delete-project"),
        (["--project", PROJECT], Exit.USAGE, "--project belongs to --delete-project"),
        (["--delete-project", "--yes"], Exit.USAGE, f"to confirm, add `--project {PROJECT}`"),
        (["--delete-project", "--yes", "--project", ""], Exit.USAGE, f"add `--project {PROJECT}`"),
        (
            ["--delete-project", "--yes", "--project", "other"],
            Exit.REFUSED,
            "--project says other, but small is project",
        ),
        (["--delete-project", "--project", "SMALL-CLONE"], Exit.REFUSED, "--project says SMALL-CLONE"),
        (["--delete-project", "--dry-run", "--project", "x"], Exit.REFUSED, "--project says x"),
        (["--delete-project"], Exit.REFUSED, "There is no terminal to answer this at"),
        (["--all"], Exit.REFUSED, "There is no terminal to answer this at"),
        ([], Exit.REFUSED, "There is no terminal to answer this at"),
        (["--all=yes"], Exit.USAGE, "does not take a value"),
        (["--delete-project", "--project"], Exit.USAGE, "requires an argument"),
        (["--everything"], Exit.USAGE, "No such option"),
        (["--force"], Exit.USAGE, "No such option"),
        (["--all", "platform"], Exit.USAGE, "unexpected extra argument"),
        (["--all", "--provider", "nonsense"], Exit.USAGE, "is not one of"),
        (["--all", "--json"], Exit.USAGE, "No such option"),
        (["--only", "bucket"], Exit.USAGE, "No such option"),
        (["--delete-project", PROJECT], Exit.USAGE, "unexpected extra argument"),
    ],
)
def test_wrong_input_is_reported_and_nothing_changes(
    deployed: Clone, arguments: list[str], code: Exit, sentence: str
) -> None:
    before = read_state(deployed.cloud, deployed.session().place("platform")).serial
    result = deployed.run("down", "--env", "small", *arguments)
    assert result.returncode == code
    assert sentence in " ".join(result.stderr.split())
    assert read_state(deployed.cloud, deployed.session().place("platform")).serial == before


@pytest.fixture
def script() -> Iterator[Script]:
    with scripted() as script:
        yield script


def test_a_project_that_refuses_calls_after_its_deletion_counts_as_deleted(
    script: Script, clone: Clone, talk: RecordedTalk
) -> None:
    """The call that looks is charged to the project itself, which Google refuses from then on."""
    path = f"/cloudresourcemanager/v1/projects/{SCRIPTED}"
    refused = refusal(403, "PERMISSION_DENIED", "Project #1 has been deleted.", "CONSUMER_INVALID")
    answers = [{"lifecycleState": "ACTIVE"}, {}, refused]
    script.answers[path] = lambda: answers.pop(0) if answers else refused
    environment = dataclasses.replace(clone.environment, project=SCRIPTED)
    assert down_all.delete_project(script.cloud, environment, talk, yes=True, dry_run=False)
    assert f"gcloud projects undelete {SCRIPTED}" in talk.text
    with pytest.raises(CouldNotTell, match=f"accepts no calls .CONSUMER_INVALID.*gcloud projects undelete {SCRIPTED}"):
        down_all.delete_project(script.cloud, environment, talk, yes=True, dry_run=False)


def test_a_leftover_is_searched_again_while_lists_lag(clone: Clone, talk: RecordedTalk) -> None:
    looks: list[float] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 2:
            clone.cloud.request("DELETE", "storage", "v1/b/listed-for-a-while")

    bucket = {"name": "listed-for-a-while", "softDeletePolicy": {"retentionDurationSeconds": "0"}}
    clone.cloud.request("POST", "storage", "v1/b", params={"project": PROJECT}, json=bucket)
    session = clone.session("down")
    late = dataclasses.replace(session, cloud=dataclasses.replace(session.cloud, patience=Patience(sleep=sleep)))
    assert teardown.remains(late, talk).left == ()
    assert looks == list(LISTS[:2])
    assert "lists may be stale; checking again in 1 s" in talk.text
    clone.cloud.request("POST", "storage", "v1/b", params={"project": PROJECT}, json={**bucket, "name": "stays-there"})
    looks.append(0)
    assert [item.name for item in teardown.remains(late, talk).left] == ["stays-there"]
    assert len(looks) == 3 + len(LISTS)
