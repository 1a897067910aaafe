"""`verify`: clean only when every list call and every state answered; what was made by hand is found."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from groundwork.errors import CouldNotTell, Exit
from groundwork.google import local
from groundwork.lifecycle.verify import Remains, known_by_the_file, read_known, verify
from groundwork.resources.item import Item
from groundwork.resources.registry import kinds, listings
from localcloud.server import launcher

from tests.groundwork.clone import Clone, cloned
from tests.terraform_runs import ROOT

PROJECT = "small-clone"


@contextmanager
def disturbed(clone: Clone, **fault: object) -> Iterator[None]:
    running = local.find(clone.checkout)
    assert running is not None
    launcher.control(running, "POST", "/_local/faults", [fault])
    try:
        yield
    finally:
        launcher.control(running, "DELETE", "/_local/faults")


def test_a_platform_that_only_terraform_made_is_clean(deployed: Clone) -> None:
    result = deployed.run("verify", "--env", "small")
    assert (result.returncode, result.stderr) == (Exit.OK, "")
    assert result.stdout.splitlines()[-1].startswith(
        f"clean: project {PROJECT} on the local cloud (simulated) holds nothing that Terraform does not know of ("
    )
    assert "kept  bucket             small-clone-data  empty" in result.stdout


@pytest.mark.parametrize(
    "method",
    [
        "serviceusage.services.list",
        "storage.buckets.list",
        "secretmanager.projects.secrets.list",
        "secretmanager.projects.secrets.versions.list",
        "artifactregistry.projects.locations.list",
        "artifactregistry.projects.locations.repositories.list",
        "iam.projects.serviceAccounts.list",
        "iam.projects.serviceAccounts.keys.list",
        "iam.projects.roles.list",
        "iam.projects.locations.workloadIdentityPools.list",
        "storage.objects.list",
        "storage.objects.get",
    ],
)
@pytest.mark.parametrize(("kind", "code"), [("error", 403), ("error", 501), ("drop", 0)])
def test_each_list_call_that_fails_is_unknown_and_never_clean(
    deployed: Clone, method: str, kind: str, code: int
) -> None:
    with disturbed(deployed, method=method, kind=kind, code=code):
        result = verify(deployed.cloud, deployed.environment)
    assert result.exit_code == Exit.UNKNOWN
    with pytest.raises(CouldNotTell, match="Whether anything is left in project small-clone is unknown"):
        result.verdict(PROJECT)


def test_a_list_call_that_fails_exits_with_8_and_is_named(deployed: Clone) -> None:
    with disturbed(deployed, method="storage.buckets.list", kind="error", code=403):
        result = deployed.run("verify", "--env", "small")
        as_json = deployed.run("verify", "--env", "small", "--json")
    assert result.returncode == as_json.returncode == Exit.UNKNOWN
    assert "bucket: GET storage v1/b: 403" in result.stderr
    assert "clean" not in result.stdout
    assert json.loads(as_json.stdout)["verdict"] == "unknown"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"resources": 5}', b'{"resources": [{"mode": "managed"}], "serial": 1}']
)
def test_a_state_that_cannot_be_read_is_unknown(deployed: Clone, content: bytes) -> None:
    blob = deployed.cloud.storage().bucket(f"{PROJECT}-tfstate").blob("renamed/platform/default.tfstate")
    blob.upload_from_string(content)
    try:
        known = read_known(deployed.cloud, deployed.environment)
        result = verify(deployed.cloud, deployed.environment)
    finally:
        blob.delete()
    if content == b'{"resources": [{"mode": "managed"}], "serial": 1}' or not content:
        assert known.unknown == {}  # no instances, or nothing yet: that is readable
    else:
        assert result.exit_code == Exit.UNKNOWN
        assert "cannot be read as a Terraform state" in known.unknown["state at renamed/platform"]


def test_what_was_made_by_hand_is_left_over_with_its_cost_and_maker(deployed: Clone) -> None:
    cloud = deployed.cloud
    names = [
        "by-hand-1",
        "small-clone_cloudbuild",
        "gcf-v2-sources-1-europe-west1",
        "run-sources-small-clone-europe-west1",
        "cloud-ai-platform-x1",
    ]
    for name in names:
        cloud.request("POST", "storage", "v1/b", params={"project": PROJECT}, json={"name": name})
    try:
        result = deployed.run("verify", "--env", "small", "--json")
    finally:
        for name in names:
            cloud.request("DELETE", "storage", f"v1/b/{name}")
    output = json.loads(result.stdout)
    assert (result.returncode, output["verdict"]) == (Exit.LEFT_OVER, "left over")
    makers = {item["name"]: item["made_by"] for item in output["left"]}
    assert set(makers) == set(names)
    assert makers["small-clone_cloudbuild"] == "`gcloud builds submit`, for the sources, judging by its name"
    assert makers["by-hand-1"] == "usually `gcloud storage buckets create`"
    assert all(item["costs"] and item["created"] for item in output["left"])


def test_kept_buckets_tell_old_versions_and_soft_deleted_bytes(deployed: Clone) -> None:
    bucket = deployed.cloud.storage().bucket(f"{PROJECT}-kept")
    blob = bucket.blob("a")
    blob.upload_from_string(b"12345")
    try:
        found = verify(deployed.cloud, deployed.environment)
    finally:
        blob.delete()
    texts = {one.item.name: one.text for one in found.contents}
    assert texts[f"{PROJECT}-kept"] == "1 object (5 B) live"
    assert "old versions" in texts[f"{PROJECT}-tfstate"]


def test_soft_deleted_things_are_shown_with_their_deletion_date(deployed: Clone) -> None:
    """Such a bucket can be restored, and its objects are billed: that is not nothing."""
    cloud = deployed.cloud
    created = cloud.request("POST", "storage", "v1/b", params={"project": PROJECT}, json={"name": "went-softly"})
    cloud.storage().bucket("went-softly").blob("a").upload_from_string(b"12345")
    cloud.request("DELETE", "storage", "v1/b/went-softly/o/a")
    inside = verify(cloud, deployed.environment)
    cloud.request("DELETE", "storage", "v1/b/went-softly")
    soft_deleted = cloud.request("GET", "storage", "v1/b", params={"project": PROJECT, "softDeleted": "true"})
    day = soft_deleted["items"][-1]["hardDeleteTime"][:10]
    result = deployed.run("verify", "--env", "small")
    output = json.loads(deployed.run("verify", "--env", "small", "--json").stdout)
    texts = {one.item.name: one.text for one in inside.contents}
    assert texts["went-softly"] == f"1 object (5 B) soft-deleted, gone by {day}"
    name = f"went-softly#{created['generation']}"
    assert f"goes  soft-deleted bucket {name}" in result.stdout
    assert result.stdout.splitlines()[-1].startswith(
        f"going: project {PROJECT} on the local cloud (simulated) holds nothing that Terraform does not know of, but "
    )
    assert f"expires on {day} (" in result.stdout or f"the last on {day} (" in result.stdout
    assert "clean" not in result.stdout
    assert (output["verdict"], output["going"][-1]["goes"]) == ("going", day)


@pytest.mark.parametrize(
    ("state", "ended"),
    [("JOB_STATE_SUCCEEDED", True), ("JOB_STATE_CANCELLED", True), ("JOB_STATE_RUNNING", False), ("", False)],
)
def test_only_what_has_ended_is_a_mere_record(state: str, ended: bool) -> None:
    name = "projects/p/locations/r/customJobs/1"
    assert kinds()["Vertex custom job"].over(Item("Vertex custom job", name, {"state": state})) is ended
    assert not kinds()["bucket"].over(Item("bucket", "b", {"state": state}))


def test_records_are_mentioned_and_do_not_count_as_left() -> None:
    remains = Remains((), (), {}, 3, records=(Item("Vertex custom job", "projects/p/locations/r/customJobs/1"),))
    assert (remains.word, remains.exit_code) == ("clean", Exit.OK)
    assert remains.but == ", but the record of a job that has ended, which costs nothing"


def test_an_hmac_key_is_left_over_and_swept_though_it_is_active(deployed: Clone) -> None:
    cloud, account = deployed.cloud, f"groundwork-train@{PROJECT}.iam.gserviceaccount.com"
    path = f"v1/projects/{PROJECT}/hmacKeys"
    created = cloud.request("POST", "storage", path, params={"serviceAccountEmail": account})["metadata"]
    result = deployed.run("verify", "--env", "small")
    assert (result.returncode, f"left  HMAC key           {created['accessId']}" in result.stdout) == (
        Exit.LEFT_OVER,
        True,
    )
    swept = deployed.run("sweep", "--env", "small", "--yes", "--any-age", "--project", PROJECT, "--only", "hmac-key")
    assert (swept.returncode, cloud.request("GET", "storage", path).get("items")) == (Exit.OK, None), swept.stderr


def test_the_dataset_of_the_billing_export_that_the_file_names_is_kept(deployed: Clone) -> None:
    export = {"export": {"project": PROJECT, "dataset": "billing", "location": "EU"}}
    environment = dataclasses.replace(deployed.environment, cost=export)
    assert known_by_the_file(environment) == {"datasets/billing"}
    assert known_by_the_file(dataclasses.replace(environment, project="another")) == frozenset()


def test_an_api_of_the_platform_that_was_switched_off_is_unknown(deployed: Clone) -> None:
    path = f"v1/projects/{PROJECT}/services/secretmanager.googleapis.com"
    deployed.cloud.request("POST", "serviceusage", f"{path}:disable", json={})
    try:
        found = verify(deployed.cloud, deployed.environment)
    finally:
        deployed.cloud.request("POST", "serviceusage", f"{path}:enable", json={})
    assert "gcloud services enable secretmanager.googleapis.com" in found.unknown["secret"]


def test_an_api_that_is_on_and_has_no_list_call_is_named_and_counted(deployed: Clone) -> None:
    path = f"v1/projects/{PROJECT}/services/sqladmin.googleapis.com"
    deployed.cloud.request("POST", "serviceusage", f"{path}:enable", json={})
    try:
        result = deployed.run("verify", "--env", "small")
        output = json.loads(deployed.run("verify", "--env", "small", "--json").stdout)
    finally:
        deployed.cloud.request("POST", "serviceusage", f"{path}:disable", json={})
    assert (result.returncode, result.stderr) == (Exit.OK, "")
    assert "look in the console: sqladmin\n" in result.stdout
    assert result.stdout.endswith(" list calls, all answered; 1 API not asked).\n")
    assert output["not_asked"] == ["sqladmin.googleapis.com"]
    assert verify(deployed.cloud, deployed.environment).unlisted == ()


def test_unused_apis_that_somebody_enabled_are_checked_and_empty(deployed: Clone) -> None:
    before = verify(deployed.cloud, deployed.environment)
    hosts = sorted({row.host for row in listings()} - enabled_hosts(deployed))
    for host in hosts:
        deployed.cloud.request("POST", "serviceusage", f"v1/projects/{PROJECT}/services/{host}:enable", json={})
    try:
        result = verify(deployed.cloud, deployed.environment)
    finally:
        for host in hosts:
            deployed.cloud.request("POST", "serviceusage", f"v1/projects/{PROJECT}/services/{host}:disable", json={})
    assert {"compute.googleapis.com", "aiplatform.googleapis.com"} <= set(hosts)
    assert (result.unknown, result.left, result.off, result.exit_code) == ({}, before.left, {}, before.exit_code)
    assert result.calls > before.calls


def enabled_hosts(clone: Clone) -> set[str]:
    path = f"v1/projects/{PROJECT}/services"
    services = clone.cloud.pages("serviceusage", path, "services", {"filter": "state:ENABLED", "pageSize": 200})
    return {str(entry["name"]).rpartition("/")[2] for entry in services}


def test_a_project_that_was_never_made_is_clean(tmp_path: Path) -> None:
    with cloned(tmp_path) as clone:
        assert verify(clone.cloud, clone.environment).exit_code == Exit.OK


def test_a_project_that_was_only_planned_for_is_clean(tmp_path: Path) -> None:
    """Its APIs are off because no `up` has enabled them, not because somebody disabled them."""
    with cloned(tmp_path) as clone:
        assert clone.run("plan", "--env", "small").returncode == Exit.OK
        result = clone.run("down", "--env", "small", "--yes")
        assert (result.returncode, result.stderr.splitlines()[0]) == (Exit.OK, "small: there is nothing to remove")
        assert "nothing is up" in clone.run("status", "--env", "small").stdout


def test_a_project_whose_up_ended_before_the_platform_is_clean(tmp_path: Path) -> None:
    with cloned(tmp_path) as clone:
        assert clone.run("plan", "--env", "small").returncode == Exit.OK
        clone.set_faults({"method": "iam.projects.serviceAccounts.create", "kind": "error", "code": 403})
        assert clone.run("up", "--env", "small").returncode == Exit.PERMISSION
        clone.set_faults()
        assert verify(clone.cloud, clone.environment).exit_code == Exit.OK


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--env", "nonsense"], Exit.USAGE, 'there is no environment "nonsense"'),
        (["--env", ""], Exit.USAGE, "there is no environment"),
        (["--env", "small.yaml"], Exit.USAGE, "cannot be read"),
        (["--env", "../small"], Exit.USAGE, "cannot be read"),
        (["--env", "/"], Exit.USAGE, "cannot be read"),
        (["--env", "SMALL"], Exit.USAGE, 'there is no environment "SMALL"'),
        (["--env", "smal"], Exit.USAGE, "small"),
        (["--env"], Exit.USAGE, "requires an argument"),
        (["small"], Exit.USAGE, "unexpected extra argument"),
        (["--yes"], Exit.USAGE, "No such option"),
        (["--json=1"], Exit.USAGE, "does not take a value"),
        (["--jsn"], Exit.USAGE, "No such option"),
        (["--env", "small", "bucket"], Exit.USAGE, "unexpected extra argument"),
        (["--provider", "google"], Exit.USAGE, "No such option"),
        (["--dry-run"], Exit.USAGE, "No such option"),
        (["--project", PROJECT], Exit.USAGE, "No such option"),
        (["-x"], Exit.USAGE, "No such option"),
        (["--", "--json"], Exit.USAGE, "unexpected extra argument"),
        (["--env", "small\n"], Exit.USAGE, "there is no environment"),
        (["--env", "small", "--only", "bucket"], Exit.USAGE, "No such option"),
    ],
)
def test_wrong_input_is_reported_in_one_sentence(
    deployed: Clone, arguments: list[str], code: Exit, sentence: str
) -> None:
    result = deployed.run("verify", *arguments)
    assert result.returncode == code
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_the_page_names_every_api_that_is_asked() -> None:
    page = (ROOT / "docs" / "teardown.md").read_text("utf-8")
    named = page.partition("It asks these APIs: ")[2].partition(".")[0]
    assert re.findall(r"`(\w+)`", named) == sorted({row.host.partition(".")[0] for row in listings()})
