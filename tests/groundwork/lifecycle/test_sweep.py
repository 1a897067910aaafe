"""`sweep`: resources made by hand are deleted if their kind is selected and they are old enough and not protected; the rest stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from groundwork.errors import CouldNotTell, Exit, Refused, UsageProblem
from groundwork.lifecycle import sweep, up
from groundwork.lifecycle.sweep import Choice
from groundwork.lifecycle.verify import Remains
from groundwork.resources.item import Item
from groundwork.resources.registry import listings

from tests.groundwork.clone import Clone
from tests.groundwork.conftest import RecordedTalk

PROJECT = "small-clone"
ANY = Choice(any_age=True)
NOW = datetime(2027, 1, 1, tzinfo=UTC)
ACCOUNT = f"by-hand@{PROJECT}.iam.gserviceaccount.com"


def make_by_hand(clone: Clone, keep: bool = False) -> None:
    """The REST calls that gcloud makes: a bucket with objects, a secret, an account with a role, a custom role."""
    cloud, labels = clone.cloud, {"labels": {"groundwork-keep": "true"}} if keep else {}
    suffix = "-kept" if keep else ""
    bucket = {"name": f"{PROJECT}_cloudbuild{suffix}", "versioning": {"enabled": True}, **labels}
    cloud.request("POST", "storage", "v1/b", params={"project": PROJECT}, json=bucket)
    for content in (b"1", b"22"):
        cloud.storage().bucket(bucket["name"]).blob("source.tgz").upload_from_string(content)
    secrets = f"v1/projects/{PROJECT}/secrets"
    cloud.request(
        "POST",
        "secretmanager",
        secrets,
        params={"secretId": f"by-hand{suffix}"},
        json={"replication": {"automatic": {}}, **labels},
    )
    if keep:
        return
    cloud.request("POST", "iam", f"v1/projects/{PROJECT}/serviceAccounts", json={"accountId": "by-hand"})
    path = f"v1/projects/{PROJECT}"
    policy = cloud.request("POST", "cloudresourcemanager", f"{path}:getIamPolicy", json={})
    policy["bindings"].append({"role": "roles/viewer", "members": [f"serviceAccount:{ACCOUNT}"]})
    cloud.request("POST", "cloudresourcemanager", f"{path}:setIamPolicy", json={"policy": policy})
    role = {"roleId": "byHand", "role": {"title": "x", "includedPermissions": ["storage.buckets.get"]}}
    cloud.request("POST", "iam", f"{path}/roles", json=role)


def test_a_dry_run_says_what_would_go_then_it_goes_and_what_is_protected_stays(deployed: Clone) -> None:
    make_by_hand(deployed)
    make_by_hand(deployed, keep=True)
    talk = RecordedTalk()
    sweep.sweep(deployed.cloud, deployed.environment, ANY, talk, yes=True, dry_run=True)
    assert f"would delete  bucket             {PROJECT}_cloudbuild" in talk.lines
    assert (
        f"keeps         bucket             {PROJECT}_cloudbuild-kept: it is marked groundwork-keep=true" in talk.lines
    )
    assert not any(line.startswith("deleted") for line in talk.lines)

    young = deployed.run("sweep", "--env", "small", "--yes", "--project", PROJECT)
    assert young.returncode == Exit.LEFT_OVER
    assert "ago; --older-than is 1h" in young.stderr

    result = deployed.run("sweep", "--env", "small", "--yes", "--project", PROJECT, "--any-age")
    assert result.returncode == Exit.LEFT_OVER
    assert f"4 deleted in project {PROJECT} on the local cloud (simulated)." in result.stdout
    assert "the reasons are above" in result.stderr
    lines = result.stderr.splitlines()
    assert f"deletes       bucket             {PROJECT}_cloudbuild" in lines
    assert not any(line.startswith("would delete") for line in lines)
    left = [line for line in result.stderr.splitlines() if line.startswith("  ")]
    assert left == [f"  bucket: {PROJECT}_cloudbuild-kept", "  secret: projects/100000000001/secrets/by-hand-kept"]
    policy = deployed.cloud.request("POST", "cloudresourcemanager", f"v1/projects/{PROJECT}:getIamPolicy", json={})
    assert "by-hand" not in str(policy)

    clean = deployed.cloud
    clean.request("PATCH", "storage", f"v1/b/{PROJECT}_cloudbuild-kept", json={"labels": {"groundwork-keep": "false"}})
    clean.request("DELETE", "secretmanager", f"v1/projects/{PROJECT}/secrets/by-hand-kept")
    last = deployed.run("sweep", "--env", "small", "--yes", "--project", PROJECT, "--any-age")
    assert last.returncode == Exit.OK
    assert last.stdout.startswith(f"going: 1 deleted, project {PROJECT} on the local cloud (simulated) holds nothing")
    assert not any(plan.pending for plan in up.plan(deployed.session("plan"), talk))


def test_the_projects_id_has_to_be_typed(deployed: Clone) -> None:
    deployed.cloud.request("POST", "storage", "v1/b", params={"project": PROJECT}, json={"name": f"{PROJECT}-typed"})
    talk = RecordedTalk(answers=["yes"])
    try:
        with pytest.raises(Refused):
            sweep.sweep(deployed.cloud, deployed.environment, ANY, talk, yes=False, dry_run=False)
        deployed.cloud.request("GET", "storage", f"v1/b/{PROJECT}-typed")
    finally:
        deployed.cloud.request("DELETE", "storage", f"v1/b/{PROJECT}-typed")
    assert talk.questions == ["Type the project ID (small-clone) to delete this:"]


def test_a_protected_environment_is_refused(deployed: Clone) -> None:
    deployed.rewrite("region:", "protected: true\nregion:")
    try:
        with pytest.raises(Refused, match="protected: true"):
            sweep.sweep(deployed.cloud, deployed.environment, ANY, RecordedTalk(), yes=True, dry_run=False)
    finally:
        deployed.rewrite("protected: true\n", "")


def test_nothing_is_deleted_while_a_state_cannot_be_read(deployed: Clone) -> None:
    deployed.set_faults({"method": "storage.objects.get", "kind": "error", "code": 403, "count": 1})
    with pytest.raises(CouldNotTell, match="nothing is deleted: a state could not be read"):
        sweep.sweep(deployed.cloud, deployed.environment, ANY, RecordedTalk(), yes=True, dry_run=False)


def item(kind: str, name: str, **body: object) -> Item:
    return Item(kind, name, body, next(row for row in listings() if row.kind == kind))


OLD = (NOW - timedelta(days=3)).isoformat()
NEW = (NOW - timedelta(minutes=30)).isoformat()


@pytest.mark.parametrize(
    ("thing", "choice", "stays"),
    [
        (item("bucket", "b", timeCreated=OLD), Choice(), ""),
        (item("bucket", "b", timeCreated=NEW), Choice(), "it was created 30m ago; --older-than is 1h"),
        (item("bucket", "b", timeCreated=NEW), Choice(older_than=timedelta(minutes=10)), ""),
        (item("bucket", "b", timeCreated="nonsense"), Choice(), "its age is unknown"),
        (item("bucket", "b"), Choice(), "its age is unknown"),
        (item("bucket", "b"), ANY, ""),
        (item("bucket", "b", timeCreated=OLD, labels={"keep": "yes"}), ANY, "it is marked keep=yes"),
        (
            item("bucket", "b", timeCreated=OLD, labels={"groundwork-keep": "true"}),
            ANY,
            "it is marked groundwork-keep=true",
        ),
        (item("bucket", "b", timeCreated=OLD, labels={"keep": "false"}), ANY, ""),
        (item("alert policy", "projects/p/alertPolicies/1", userLabels={"keep": ""}), ANY, "it is marked keep="),
        (
            item("service account", "a@p", description="groundwork-keep: the builds need it"),
            ANY,
            "it is marked groundwork-keep",
        ),
        (item("bucket", "b", timeCreated=OLD), Choice(only=("secret",)), "its kind is not in --only"),
        (item("secret", "projects/1/secrets/s", createTime=OLD), Choice(only=("secret",)), ""),
    ],
)
def test_each_kept_resource_has_a_reason(thing: Item, choice: Choice, stays: str) -> None:
    (decision,) = sweep.decide(Remains((), (thing,), {}, 1), choice, NOW)
    assert (stays in decision.reason) if stays else decision.deleted


def test_children_of_protected_resources_stay_and_a_similar_name_does_not_protect() -> None:
    protected = item("service account", "a@p", description="groundwork-keep")
    key = item("service-account key", "projects/p/serviceAccounts/a@p/keys/1")
    other = item("service-account key", "projects/p/serviceAccounts/aa@p/keys/1")
    decisions = sweep.decide(Remains((), (protected, key, other), {}, 1), ANY, NOW)
    assert {decision.item.name: decision.deleted for decision in decisions} == {
        protected.name: False,
        key.name: False,
        other.name: True,
    }


def test_things_go_in_an_order_that_works() -> None:
    things = (
        item("service account", "a"),
        item("disk", "d"),
        item("instance", "i"),
        item("Vertex model", "m"),
        item("Vertex endpoint", "e"),
    )
    order = [decision.item.kind for decision in sweep.decide(Remains((), things, {}, 1), ANY, NOW)]
    assert order == ["Vertex endpoint", "Vertex model", "instance", "disk", "service account"]


@pytest.mark.parametrize("text", ["", "1", "h", "1 h", "-1h", "1y", "1.5h", "1h30m", "٣h", "9999999h", "one hour"])
def test_an_invalid_age_is_reported_in_one_sentence(text: str) -> None:
    with pytest.raises(UsageProblem, match=f'"{text}" is not an age'):
        sweep.parse_age(text)


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--yes"], Exit.USAGE, "it needs --project as well: to confirm, add `--project small-clone`"),
        (
            ["--yes", "--project", "other-project"],
            Exit.REFUSED,
            "--project says other-project, but small is project small-clone",
        ),
        (["--project", "SMALL-CLONE"], Exit.REFUSED, "--project says SMALL-CLONE"),
        (["--dry-run", "--project", "x"], Exit.REFUSED, "--project says x"),
        (["--yes", "--project", ""], Exit.USAGE, "it needs --project as well"),
        (["--only", "buckets"], Exit.USAGE, '"buckets" is not a kind that sweep knows: choose among'),
        (["--only", ""], Exit.USAGE, "--only names no kind"),
        (["--only", ","], Exit.USAGE, "--only names no kind"),
        (["--only", "bucket,project"], Exit.USAGE, '"project" is not a kind'),
        (["--only", "bucket secret"], Exit.USAGE, '"bucket-secret" is not a kind'),
        (["--only"], Exit.USAGE, "requires an argument"),
        (["--older-than", "soon"], Exit.USAGE, '"soon" is not an age'),
        (["--older-than", "1"], Exit.USAGE, '"1" is not an age'),
        (["--older-than", ""], Exit.USAGE, '"" is not an age'),
        (["--older-than", "-1h"], Exit.USAGE, '"-1h" is not an age'),
        (["--older-than"], Exit.USAGE, "requires an argument"),
        (["--any-age=yes"], Exit.USAGE, "does not take a value"),
        (["--all"], Exit.USAGE, "No such option"),
        (["bucket"], Exit.USAGE, "unexpected extra argument"),
        (["--json"], Exit.USAGE, "No such option"),
        (["--force"], Exit.USAGE, "No such option"),
    ],
)
def test_wrong_input_is_reported_and_nothing_changes(
    deployed: Clone, arguments: list[str], code: Exit, sentence: str
) -> None:
    result = deployed.run("sweep", "--env", "small", *arguments)
    assert result.returncode == code
    assert sentence in " ".join(result.stderr.split())
    assert "deleted " not in result.stderr


def test_without_a_terminal_and_yes_nothing_is_deleted(deployed: Clone) -> None:
    deployed.cloud.request("POST", "storage", "v1/b", params={"project": PROJECT}, json={"name": f"{PROJECT}-quiet"})
    try:
        result = deployed.run("sweep", "--env", "small", "--any-age", "--project", PROJECT)
        deployed.cloud.request("GET", "storage", f"v1/b/{PROJECT}-quiet")
    finally:
        deployed.cloud.request("DELETE", "storage", f"v1/b/{PROJECT}-quiet")
    assert result.returncode == Exit.REFUSED
    assert "There is no terminal to answer this at" in result.stderr
