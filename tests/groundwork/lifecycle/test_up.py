"""`up`, `plan` and `down` on a local cloud: what is shown is what is done, and a second run changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from groundwork.errors import Exit, Refused, UsageProblem
from groundwork.google import local
from groundwork.lifecycle import status, teardown, up
from groundwork.lifecycle.up import UpOptions
from groundwork.terraform.events import Step
from groundwork.terraform.plans import LayerPlan, counts
from groundwork.terraform.session import Session
from groundwork.terraform.state import read_state

from tests.groundwork.clone import Clone, cloned, copied
from tests.groundwork.conftest import RecordedTalk

YES = UpOptions(yes=True)


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    with cloned(tmp_path) as clone:
        yield clone


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """A clone in which nothing was ever brought up, for tests that leave it so."""
    with cloned(tmp_path_factory.mktemp("bare")) as clone:
        yield clone


@pytest.fixture
def own(raised: Path, tmp_path: Path) -> Iterator[Clone]:
    """A clone whose platform is up, for one test alone."""
    with copied(raised, tmp_path) as clone:
        yield clone


def test_up_from_nothing_then_nothing_then_down_then_up(clone: Clone, talk: RecordedTalk) -> None:
    first = up.up(clone.session(), UpOptions(), talk)
    assert talk.questions == []
    assert counts(first.plans).create > 10
    assert first.outputs["buckets"].value == {"data": "gs://small-clone-data", "kept": "gs://small-clone-kept"}
    assert not any(plan.pending for plan in up.plan(clone.session("plan"), talk))

    again = RecordedTalk()
    up.up(clone.session(), UpOptions(), again)
    assert again.events == [] or not [event for _, event in again.events if isinstance(event, Step)]
    assert "small: no changes, in project small-clone on the local cloud (simulated)" in again.lines

    remains = teardown.down(clone.session("down"), YES, talk)
    remains.verdict("small-clone")
    assert {item.short for item in remains.kept} == {
        "small-clone-tfstate",
        "groundwork-deployer@small-clone.iam.gserviceaccount.com",
        *(f"groundwork_{persona}" for persona in ("viewer", "data_scientist", "ml_engineer", "operator")),
    }
    assert (remains.left, remains.unknown) == ((), {})

    assert counts(up.up(clone.session(), UpOptions(), talk).plans).create == len(first.plans[1].changes)


def test_the_applied_plan_is_the_shown_one(clone: Clone, talk: RecordedTalk) -> None:
    """A file that changes after the plan was shown changes nothing of what is applied."""

    def sneak(_session: Session, _made: Sequence[LayerPlan]) -> None:
        clone.rewrite("  kept: {}\n", "  kept: {}\n  sneaked: {}\n")

    up.up(clone.session(), UpOptions(), talk, [sneak])
    names = {bucket["name"] for bucket in clone.cloud.pages("storage", "v1/b", "items", {"project": "small-clone"})}
    assert names == {"small-clone-data", "small-clone-kept", "small-clone-tfstate"}


def test_a_check_can_refuse_before_any_question_or_change(clone: Clone, talk: RecordedTalk) -> None:
    def refuse(_session: Session, _made: Sequence[LayerPlan]) -> None:
        raise Refused("No.")

    with pytest.raises(Refused, match="No"):
        up.up(clone.session(), UpOptions(), talk, [refuse])
    assert read_state(clone.cloud, clone.session().place("platform")).resources == ()


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan",),
        ("up", "--dry-run"),
        ("cost", "estimate"),
        ("people", "add", "a@example.com", "--role", "viewer", "--dry-run"),
    ],
)
def test_read_only_commands_create_nothing(bare: Clone, arguments: tuple[str, ...]) -> None:
    result = bare.run(*arguments, "--env", "small")
    assert result.returncode == Exit.OK, result.stderr
    assert list(bare.cloud.pages("cloudresourcemanager", "v1/projects", "projects")) == []


def test_a_function_without_code_is_refused_before_anything_is_created(clone: Clone) -> None:
    function = "  train:\n    description: Trains models.\n"
    clone.rewrite(function, f"  build: {{description: Builds.}}\n  function: {{description: Runs.}}\n{function}")
    clone.rewrite("secrets:\n", "functions:\n  prepare: {}\nsecrets:\n")
    result = clone.run("up", "--env", "small", "--yes")
    assert result.returncode == Exit.USAGE
    assert "functions.prepare.source in envs/small.yaml is functions/prepare, which is not a folder" in result.stderr
    assert list(clone.cloud.pages("cloudresourcemanager", "v1/projects", "projects")) == []


def test_damaged_personas_are_named_before_anything_is_planned(deployed: Clone, talk: RecordedTalk) -> None:
    file = deployed.root / "modules" / "team_access" / "personas.json"
    before = file.read_text("utf-8")
    file.write_text("{", "utf-8")
    try:
        with pytest.raises(UsageProblem, match=r"^modules/team_access/personas\.json is not JSON"):
            up.up(deployed.session(), UpOptions(), talk)
    finally:
        file.write_text(before, "utf-8")
    assert talk.lines == []


def test_before_the_first_up_a_plan_lists_the_prerequisites_and_changes(clone: Clone, talk: RecordedTalk) -> None:
    plans = up.plan(clone.session("plan"), talk)
    assert "`up` would first create project small-clone on the local cloud" in talk.lines
    assert "`up` would first create bucket small-clone-tfstate for Terraform's state" in talk.lines
    assert any("google_storage_bucket.bucket" in change.address for change in plans[1].changes)
    assert clone.run("policy", "--env", "small").returncode == Exit.OK
    applied = up.up(clone.session(), YES, RecordedTalk())
    assert {change.address for change in applied.plans[1].changes} == {change.address for change in plans[1].changes}
    again = RecordedTalk()
    assert not any(plan.pending for plan in up.plan(clone.session("plan"), again))
    assert not any("would first" in line for line in again.lines)


def test_a_change_is_shown_by_component_with_what_it_changes(deployed: Clone, talk: RecordedTalk) -> None:
    deployed.rewrite("  data: {force_destroy: true}\n", "  data: {force_destroy: true, versioning: true}\n")
    try:
        plans = up.plan(deployed.session("plan"), talk)
        up.show_plans(deployed.session("plan"), plans, talk)
    finally:
        deployed.rewrite(", versioning: true", "")
    line = next(line for line in talk.lines if "bucket data" in line)
    assert line.startswith("  ~ bucket data")
    assert "versioning" in line


def test_plan_json_counts_creates_updates_and_deletes(deployed: Clone) -> None:
    result = deployed.run("plan", "--env", "small", "--json", "--detailed-exitcode")
    assert result.returncode == Exit.OK
    assert json.loads(result.stdout)["changes"] == {"create": 0, "update": 0, "delete": 0}
    deployed.rewrite("  kept: {}\n", "  kept: {}\n  more: {}\n")
    try:
        result = deployed.run("plan", "--env", "small", "--json", "--detailed-exitcode")
    finally:
        deployed.rewrite("  more: {}\n", "")
    assert result.returncode == Exit.CHANGES
    assert json.loads(result.stdout)["changes"] == {"create": 1, "update": 0, "delete": 0}


def test_status_and_output_say_what_is_there(deployed: Clone) -> None:
    found = status.status(deployed.checkout, deployed.environment)
    assert {layer.name: layer.lock for layer in found.layers} == {"bootstrap": None, "platform": None}
    assert found.layers[1].components["bucket kept"] == 1
    output = json.loads(deployed.run("output", "--env", "small", "--json", "buckets").stdout)
    assert output == {"data": "gs://small-clone-data", "kept": "gs://small-clone-kept"}


@pytest.mark.parametrize("verb", ["status", "output"])
def test_a_state_that_may_not_be_read_is_not_an_empty_one(deployed: Clone, verb: str) -> None:
    deployed.set_faults({"method": "storage.objects.get", "kind": "error", "code": 403, "count": 1})
    result = deployed.run(verb, "--env", "small")
    assert (result.returncode, result.stdout) == (Exit.PERMISSION, "")
    assert (
        "the permission to read its state in gs://small-clone-tfstate (storage.objects.get) is missing" in result.stderr
    )
    assert "groundwork login --env small --impersonate" in result.stderr


def test_a_project_that_another_environment_has_says_whose_it_is_before_anything_is_created(
    raised: Path, tmp_path: Path
) -> None:
    sentence = (
        "environment small has project small-clone, and its bootstrap layer, which `down` keeps, is in "
        "gs://small-clone-tfstate/small/bootstrap/default.tfstate: name the file envs/small.yaml again, or remove that layer with "
        "`groundwork down --all --env small` while it has this name"
    )
    with copied(raised, tmp_path) as clone:
        other = clone.file.rename(clone.file.with_name("other.yaml"))
        planned = clone.run("plan", "--env", "other")
        assert f"`up` would refuse this: {sentence}" in planned.stderr
        result = clone.run("up", "--env", "other")
        assert (result.returncode, result.stdout) == (Exit.REFUSED, "")
        assert f"Applying this to other would fail half-way, so it was not started:\n  {sentence}\n" in result.stderr
        other.rename(clone.file)
        assert clone.run("plan", "--env", "small", "--detailed-exitcode").returncode == Exit.OK


def test_a_login_that_is_not_accepted_is_no_missing_permission(deployed: Clone) -> None:
    deployed.set_faults({"method": "storage.objects.get", "kind": "error", "code": 401, "message": "Late.", "count": 1})
    result = deployed.run("status", "--env", "small")
    assert (result.returncode, result.stdout) == (Exit.PERMISSION, "")
    assert "your login was not accepted" in result.stderr
    assert "permission" not in result.stderr


def test_a_platform_that_never_existed_is_reported_as_such(clone: Clone) -> None:
    local.start(clone.checkout)
    assert (
        "nothing is up: gs://small-clone-tfstate holds no state for it" in clone.run("status", "--env", "small").stdout
    )
    result = clone.run("output", "--env", "small")
    assert (result.returncode, result.stdout) == (Exit.OK, "")
    assert "There are no outputs: nothing is up in small. Start with `groundwork up --env small`." in result.stderr


def test_commands_about_people_say_that_nothing_is_up_before_it_is(clone: Clone) -> None:
    local.start(clone.checkout)
    explain = ("access", "explain", "alice@example.com", "read-object", "bucket/data")
    for arguments in (("people", "list"), ("access",), ("access", "check"), explain, ("offboard", "alice@example.com")):
        result = clone.run(*arguments, "--env", "small")
        assert result.returncode == Exit.UNKNOWN, arguments
        assert (
            "Error: Nothing is up in small, so nobody has access to anything there yet: start with `groundwork up --env small`."
            in result.stderr
        )


def test_an_unknown_output_is_reported_in_one_sentence(deployed: Clone) -> None:
    result = deployed.run("output", "--env", "small", "nonsense")
    assert result.returncode == Exit.USAGE
    assert "There is no output nonsense in small; allowed are alerts, buckets, builds, commands," in result.stderr


def test_down_asks_for_the_projects_id(deployed: Clone) -> None:
    talk = RecordedTalk(answers=["yes"])
    with pytest.raises(Refused):
        teardown.down(deployed.session("down"), UpOptions(), talk)
    assert talk.questions == ["Type the project ID (small-clone) to destroy all this:"]
    assert not [event for _, event in talk.events if isinstance(event, Step)]


def test_down_refuses_a_protected_environment(deployed: Clone) -> None:
    deployed.rewrite("region:", "protected: true\nregion:")
    try:
        result = deployed.run("down", "--env", "small", "--yes")
    finally:
        deployed.rewrite("protected: true\n", "")
    assert result.returncode == Exit.REFUSED
    assert "small is protected: true in small.yaml, so `down` refuses." in result.stderr


def test_down_refuses_beforehand_what_would_fail_half_way(deployed: Clone, talk: RecordedTalk) -> None:
    bucket = deployed.cloud.storage().bucket("small-clone-kept")
    bucket.blob("a").upload_from_string(b"1")
    try:
        with pytest.raises(Refused) as error:
            teardown.down(deployed.session("down"), YES, talk)
    finally:
        bucket.blob("a").delete()
    assert error.value.message == "Destroying small would fail half-way, so it was not started:"
    assert error.value.details[0].startswith(
        "bucket kept: gs://small-clone-kept holds 1 object (1 B) live, and force_destroy is false; delete them with"
    )
    assert not [event for _, event in talk.events if isinstance(event, Step)]


def test_up_refuses_beforehand_to_delete_a_bucket_with_objects(deployed: Clone, talk: RecordedTalk) -> None:
    """A renamed bucket is another one: without the refusal the grants would go and the bucket stay."""
    bucket = deployed.cloud.storage().bucket("small-clone-kept")
    bucket.blob("a").upload_from_string(b"1")
    deployed.rewrite("  kept: {}\n", "  renamed: {}\n")
    try:
        with pytest.raises(Refused, match="Applying this to small would fail half-way") as error:
            up.up(deployed.session(), YES, talk)
    finally:
        deployed.rewrite("  renamed: {}\n", "  kept: {}\n")
        bucket.blob("a").delete()
    assert error.value.details[0].startswith("bucket kept: gs://small-clone-kept holds 1 object (1 B) live")
    assert not [event for _, event in talk.events if isinstance(event, Step)]


def test_another_region_is_refused_while_the_state_is_in_the_old_one(deployed: Clone, talk: RecordedTalk) -> None:
    deployed.rewrite("region: europe-west1", "region: europe-west4")
    try:
        with pytest.raises(Refused) as error:
            up.up(deployed.session(), YES, talk)
    finally:
        deployed.rewrite("region: europe-west4", "region: europe-west1")
    assert len(error.value.details) == 1
    assert error.value.details[0].startswith(
        "state bucket: gs://small-clone-tfstate keeps Terraform's state, and stays in"
    )
    assert "europe-west1 as long as it is there; put the region back" in error.value.details[0]
    assert any("± bucket data" in line and line.endswith("changes location)") for line in talk.lines)


def test_what_a_deletion_would_lose_is_shown_before_it(deployed: Clone, talk: RecordedTalk) -> None:
    bucket = deployed.cloud.storage().bucket("small-clone-data")
    bucket.blob("a").upload_from_string(b"12345")
    deployed.rewrite("  data: {force_destroy: true}\n", "  other: {force_destroy: true}\n")
    deployed.rewrite("    buckets: {data: read}\n", "    buckets: {other: read}\n")
    try:
        session = deployed.session("plan")
        up.show_plans(session, up.plan(session, talk), talk)
    finally:
        deployed.rewrite("  other: {force_destroy: true}\n", "  data: {force_destroy: true}\n")
        deployed.rewrite("    buckets: {other: read}\n", "    buckets: {data: read}\n")
        bucket.blob("a").delete()
    lost = talk.lines.index("contents that are lost for good")
    assert talk.lines[lost + 1] == "  ! bucket data: 1 object (5 B) live"


def test_what_the_platform_needs_is_granted_before_and_removed_after(own: Clone, talk: RecordedTalk) -> None:
    """A job goes, for which the deployer needs roles, and a machine comes, for which it needs another."""
    job = "jobs: {clean: {image: us-docker.pkg.dev/cloudrun/container/job, identity: train}}\n"
    own.rewrite("secrets:\n", f"{job}secrets:\n")
    up.up(own.session(), YES, talk)
    own.rewrite(job, "workstations: {box: {identity: train}}\n")
    after = RecordedTalk()
    up.up(own.session(), YES, after)
    steps = [(layer, event) for layer, event in after.events if isinstance(event, Step)]
    ended = [(layer, event.action) for layer, event in steps if event.stage == "complete"]
    granted = max(at for at, step in enumerate(ended) if step == ("bootstrap", "create"))
    revoked = min(at for at, step in enumerate(ended) if step == ("bootstrap", "delete"))
    platform = [at for at, (layer, _) in enumerate(ended) if layer == "platform"]
    assert granted < min(platform) <= max(platform) < revoked
    assert not any(plan.pending for plan in up.plan(own.session("plan"), talk))


def test_resources_made_by_hand_are_kept_and_reported(own: Clone) -> None:
    own.cloud.storage().create_bucket("small-clone-by-hand", location="europe-west1")
    result = own.run("down", "--env", "small", "--yes")
    assert result.returncode == Exit.LEFT_OVER
    assert "left  bucket             small-clone-by-hand" in result.stdout
    assert "Nothing is left" not in result.stdout


def test_a_list_call_that_fails_is_unknown_and_never_nothing(own: Clone) -> None:
    own.set_faults({"method": "secretmanager.projects.secrets.list", "kind": "error", "code": 403})
    result = own.run("down", "--env", "small", "--yes")
    assert result.returncode == Exit.UNKNOWN
    assert "Whether anything is left in project small-clone on the local cloud (simulated) is unknown" in result.stderr
    assert "Nothing is left" not in result.stdout


def test_down_without_a_platform_does_nothing(clone: Clone) -> None:
    result = clone.run("down", "--env", "small", "--yes")
    assert result.returncode == Exit.OK
    assert "small: there is nothing to remove" in result.stderr


def test_up_works_again_after_the_local_cloud_was_emptied(own: Clone, talk: RecordedTalk) -> None:
    local.empty(own.checkout)
    assert counts(up.up(own.session(), UpOptions(), talk).plans).create > 10
