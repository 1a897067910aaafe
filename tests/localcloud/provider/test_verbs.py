"""The API gets the calls that a row describes: puts, inserts, setters, switches, query parameters, links."""

from __future__ import annotations

from typing import Any

import pytest
from localcloud.provider import images
from localcloud.provider.planner import Planner, Scope
from localcloud.provider.schema import parse
from localcloud.provider.settings import Settings

from tests.localcloud.provider.conftest import PROJECT, World
from tests.localcloud.provider.core import Core, Refusal

ZONE = "europe-west1-b"
DEBIAN = "projects/debian-cloud/global/images/debian-12-bookworm-v20261110"


def test_a_put_makes_a_topic_under_its_own_name(world: World) -> None:
    state = world.core.created("google_pubsub_topic", name="news", labels={"team": "cats"})
    assert state["id"] == f"projects/{PROJECT}/topics/news"
    assert state["name"] == "news"
    assert world.ask("GET", "pubsub", "v1/projects/{project}/topics/news")["labels"]["team"] == "cats"


def test_a_short_name_is_expanded_and_a_meaningful_empty_block_is_sent(world: World) -> None:
    world.core.created("google_pubsub_topic", name="news")
    created = world.core.created(
        "google_pubsub_subscription", name="all", topic="news", expiration_policy=[{"ttl": ""}]
    )
    assert created["topic"] == f"projects/{PROJECT}/topics/news"
    assert world.ask("GET", "pubsub", "v1/projects/{project}/subscriptions/all")["expirationPolicy"] == {}
    changed = world.core.changed(
        "google_pubsub_subscription", created, name="all", topic="news", ack_deadline_seconds=20
    )
    assert changed["ack_deadline_seconds"] == 20


def test_an_operation_of_the_older_dialect_is_waited_for_and_labels_have_a_setter(world: World) -> None:
    disk = {"name": "data", "zone": ZONE, "size": 20}
    state = world.core.created("google_compute_disk", **disk)
    labelled = world.core.changed("google_compute_disk", state, **disk, labels={"team": "cats"})
    assert labelled["label_fingerprint"] != state["label_fingerprint"]
    larger = world.core.changed("google_compute_disk", labelled, **disk | {"size": 30}, labels={"team": "cats"})
    assert larger["size"] == 30
    requests = [one["path"].rpartition("/")[2] for one in world.requests() if one["verb"] == "POST"]
    assert {"setLabels", "resize"} <= set(requests)
    world.core.destroyed("google_compute_disk", larger)
    assert world.core.read("google_compute_disk", larger) is None


def test_shrinking_a_disk_replaces_it(world: World) -> None:
    state = world.core.created("google_compute_disk", name="data", zone=ZONE, size=20)
    assert world.core.plan("google_compute_disk", state, name="data", zone=ZONE, size=10).replaced == ["size", "id"]


def test_a_family_resolves_to_an_image_and_keeps_it(world: World) -> None:
    disk = {"name": "boot", "zone": ZONE, "image": "debian-cloud/debian-12"}
    state = world.core.created("google_compute_disk", **disk)
    assert state["image"].endswith(DEBIAN)
    assert world.core.plan("google_compute_disk", state, **disk).values == state


@pytest.mark.parametrize(
    ("image_name", "same"),
    [
        ("debian-cloud/debian-12", True), ("debian/debian-12", True), ("debian-12", True), ("family/debian-12", True), (DEBIAN, True),
        ("projects/debian-cloud/global/images/family/debian-12", True), ("debian-cloud/debian-13", False), ("mine/debian-12", False),
        ("debian-12-arm64", False), ("projects/debian-cloud/global/images/debian-12", False),
    ],
)  # fmt: skip
def test_an_image_counts_as_its_family(image_name: str, same: bool) -> None:
    assert images.same(f"https://www.googleapis.com/compute/v1/{DEBIAN}", image_name) is same


@pytest.mark.parametrize(
    ("image", "family", "same"),
    [
        ("ubuntu-2204-jammy-v20261105", "ubuntu-2204-lts", True),
        ("ubuntu-minimal-2204-jammy-v20261105", "ubuntu-minimal-2204-lts", True),
        ("ubuntu-2404-noble-amd64-v20261105", "ubuntu-2404-lts-amd64", True),
        ("ubuntu-2404-noble-amd64-v20261105", "ubuntu-2404-lts", False),
        ("ubuntu-2404-noble-amd64-v20261105", "ubuntu-2404", False),
        ("cos-125-19216-104-60", "cos-125-lts", True),
        ("cos-125-19216-104-60", "cos-121-lts", False),
        ("sles-15-6-v20261101-x86-64", "sles-15", True),
        ("fedora-coreos-43-20261101-3-0-gcp-x86-64", "fedora-coreos-stable", True),
        ("sql-2022-enterprise-windows-2022-dc-v20261101", "sql-ent-2022-win-2022", True),
        ("windows-server-2025-dc-core-v20261101", "windows-2025-core", True),
        ("windows-server-2025-dc-core-v20261101", "windows-2022-core", False),
    ],
)
def test_an_image_belongs_to_its_family_even_if_its_name_does_not_show_it(image: str, family: str, same: bool) -> None:
    assert images.same(f"projects/p/global/images/{image}", family) is same


def test_a_sink_has_a_unique_writer_unless_disabled(world: World) -> None:
    sink = {"name": "all", "destination": f"pubsub.googleapis.com/projects/{PROJECT}/topics/news"}
    assert world.core.created("google_logging_project_sink", **sink)["unique_writer_identity"] is True
    shared = world.core.created("google_logging_project_sink", **sink | {"name": "other"}, unique_writer_identity=False)
    assert shared["unique_writer_identity"] is (
        shared["writer_identity"] != "serviceAccount:cloud-logs@system.gserviceaccount.com"
    )


def test_a_default_sink_is_adopted(world: World) -> None:
    bucket = f"logging.googleapis.com/projects/{PROJECT}/locations/global/buckets/_Default"
    created = world.core.created(
        "google_logging_project_sink", name="_Default", destination=bucket, filter="severity>=ERROR"
    )
    assert (created["id"], created["filter"]) == (f"projects/{PROJECT}/sinks/_Default", "severity>=ERROR")
    assert world.ask("GET", "logging", "v2/projects/{project}/sinks/_Default")["filter"] == "severity>=ERROR"


def test_a_metric_is_written_whole_and_known_by_its_name(world: World) -> None:
    state = world.core.created("google_logging_metric", name="errors", filter="severity>=ERROR", description="All.")
    assert state["id"] == "errors"
    changed = world.core.changed("google_logging_metric", state, name="errors", filter="severity>=CRITICAL")
    assert changed["description"] == ""
    assert world.core.imported("google_logging_metric", f"{PROJECT} errors") is not None


def switch_on(world: World, api: str) -> None:
    world.ask("POST", "serviceusage", f"v1/projects/{{project}}/services/{api}.googleapis.com:enable", {})


def test_a_metric_may_have_a_slash_in_its_name(world: World) -> None:
    state = world.core.created("google_logging_metric", name="api/(slow)", filter="severity>=ERROR")
    assert state["id"] == "api/(slow)"
    assert world.core.read("google_logging_metric", state) is not None
    imported = world.core.imported("google_logging_metric", f"{PROJECT} api/(slow)")
    assert imported is not None
    assert imported["id"] == state["id"]


def test_a_full_update_is_sent_even_if_only_a_provider_setting_changes(world: World) -> None:
    switch_on(world, "run")
    task = {"template": [{"containers": [{"image": "gcr.io/a/b"}]}]}
    job = {"name": "train", "location": "europe-west1", "template": [task]}
    state = world.core.created("google_cloud_run_v2_job", **job)
    changed = world.core.changed("google_cloud_run_v2_job", state, **job, deletion_protection=False)
    assert int(changed["generation"]) == int(state["generation"]) + 1


def test_a_disk_is_unchanged_when_its_source_is_written_differently(world: World) -> None:
    one = world.core.created("google_compute_disk", name="one", zone=ZONE, size=20)
    link = "https://www.googleapis.com/compute/v1/projects/windows-cloud/global/licenses/windows-server-core"
    copy = {"name": "copy", "zone": ZONE, "source_disk": one["id"], "licenses": [link]}
    state = world.core.created("google_compute_disk", **copy)
    for source in (one["id"], f"https://www.googleapis.com/compute/v1/{one['id']}", "disks/one"):
        assert world.core.plan("google_compute_disk", state, **copy | {"source_disk": source}).values == state


def test_a_disk_is_detached_from_its_machine_before_it_is_deleted(world: World) -> None:
    disk = world.core.created("google_compute_disk", name="data", zone=ZONE, size=20)
    machine = world.core.created(
        "google_compute_instance",
        name="work",
        zone=ZONE,
        machine_type="e2-small",
        boot_disk=[{"initialize_params": [{"image": "debian-cloud/debian-12"}]}],
        network_interface=[{"network": "default"}],
        attached_disk=[{"source": disk["id"]}],
    )
    world.core.destroyed("google_compute_disk", disk)
    assert world.core.read("google_compute_instance", machine)["attached_disk"] == []  # type: ignore[index]


def test_a_snapshot_that_cannot_be_created_is_an_error_and_the_disk_stays(world: World) -> None:
    asked = {"create_snapshot_before_destroy": True, "create_snapshot_before_destroy_prefix": "No-Name"}
    disk = world.core.created("google_compute_disk", name="data", zone=ZONE, size=20, **asked)
    with pytest.raises(Refusal, match=r"resource\.name"):
        world.core.destroyed("google_compute_disk", disk)
    assert world.core.read("google_compute_disk", disk) is not None


def test_a_network_is_global_and_a_notification_belongs_to_its_bucket(world: World) -> None:
    network = world.core.created("google_compute_network", name="own", routing_mode="GLOBAL")
    assert network["id"] == f"projects/{PROJECT}/global/networks/own"
    changed = world.core.changed("google_compute_network", network, name="own", routing_mode="REGIONAL")
    assert changed["routing_mode"] == "REGIONAL"
    world.core.created("google_storage_bucket", name=f"{PROJECT}-in", location="EU")
    topic = world.core.created("google_pubsub_topic", name="news")
    agent = world.core.data("google_storage_project_service_account")["member"]
    world.core.created("google_pubsub_topic_iam_member", topic="news", role="roles/pubsub.publisher", member=agent)
    created = world.core.created(
        "google_storage_notification", bucket=f"{PROJECT}-in", payload_format="NONE", topic=topic["id"]
    )
    assert created["id"] == f"{PROJECT}-in/notificationConfigs/{created['notification_id']}"
    assert (created["topic"], created["event_types"]) == (topic["id"], None)
    world.core.destroyed("google_storage_notification", created)
    assert world.core.read("google_storage_notification", created) is None


def test_headers_that_cloud_scheduler_adds_are_not_read(world: World) -> None:
    switch_on(world, "cloudscheduler")
    headers = {"User-Agent": "Google-Cloud-Scheduler", "Content-Type": "application/octet-stream", "X-Own": "yes"}
    target = [{"uri": "https://example.com", "headers": headers}]
    created = world.core.created(
        "google_cloud_scheduler_job", name="nightly", region="europe-west1", schedule="0 3 * * *", http_target=target
    )
    assert created["http_target"][0]["headers"] == {"X-Own": "yes"}


@pytest.mark.parametrize("header", ["Content-Length", "X-Google-Own", "X-AppEngine-Own"])
def test_headers_that_are_cloud_schedulers_own_are_refused(offline: Core, header: str) -> None:
    target = [{"uri": "https://example.com", "headers": {header: "1"}}]
    with pytest.raises(Refusal, match=f"{header}, which Cloud Scheduler sets itself"):
        offline.validate("google_cloud_scheduler_job", name="nightly", schedule="0 3 * * *", http_target=target)


def test_a_key_computed_by_the_api_is_no_difference() -> None:
    schema = parse(
        {"limits": "map(string) optional suppress=added_key:cpu", "sent": "map(string) optional suppress=missing_key:v"}
    )

    def planned(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        return Planner(False, old, new, Settings("", "")).objects(schema.root, old, new, Scope())

    old = {"limits": {"cpu": "1", "memory": "2Gi"}, "sent": {}}
    assert planned(old, {"limits": {"memory": "4Gi"}, "sent": {"v": "1"}}) == {
        "limits": {"cpu": "1", "memory": "4Gi"},
        "sent": {},
    }


def test_a_smaller_range_replaces_the_subnetwork_and_secondary_ranges_keep_their_order(world: World) -> None:
    world.core.created("google_compute_network", name="own", auto_create_subnetworks=False)
    given: dict[str, Any] = {"name": "a", "network": "own", "region": "europe-west1", "ip_cidr_range": "10.0.0.0/24"}
    ranges = [{"range_name": name, "ip_cidr_range": f"10.{at}.0.0/24"} for at, name in enumerate("xyz", 1)]
    state = world.core.created("google_compute_subnetwork", **given, secondary_ip_range=ranges)
    core, kind = world.core, "google_compute_subnetwork"
    shuffled = core.plan(kind, state, **given, secondary_ip_range=[ranges[2], ranges[0], ranges[1]])
    assert shuffled.values == state
    fewer = core.changed(kind, state, **given, secondary_ip_range=[ranges[2], ranges[1]])
    assert [one["range_name"] for one in fewer["secondary_ip_range"]] == ["z", "y"]
    assert core.plan(kind, fewer, **given).values == fewer
    none = core.changed(kind, fewer, **given, send_secondary_ip_range_if_empty=True)
    assert none["secondary_ip_range"] == []
    larger = core.changed(kind, none, **given | {"ip_cidr_range": "10.0.0.0/20"}, log_config=[{"flow_sampling": 0.1}])
    assert (larger["ip_cidr_range"], larger["log_config"][0]["metadata"]) == ("10.0.0.0/20", "INCLUDE_ALL_METADATA")
    assert core.plan(kind, larger, **given).replaced == ["ip_cidr_range", "id"]
    assert core.changed(kind, larger, **given | {"ip_cidr_range": "10.0.0.0/20"})["log_config"] == []


def test_a_firewall_rule_needs_a_source_unless_it_is_egress(world: World) -> None:
    rule: dict[str, Any] = {"name": "r", "network": "default", "allow": [{"protocol": "TCP", "ports": ["80", "22"]}]}
    with pytest.raises(Refusal, match="One of source_ranges"):
        world.core.validate("google_compute_firewall", **rule)
    state = world.core.created("google_compute_firewall", **rule, source_ranges=["10.0.0.0/8"])
    same = rule | {"allow": [{"protocol": "tcp", "ports": ["22", "80"]}]}
    assert world.core.plan("google_compute_firewall", state, **same, source_ranges=["10.0.0.0/8"]).values == state
    assert world.core.created("google_compute_firewall", **rule | {"name": "o"}, direction="EGRESS")["log_config"] == []


def test_a_schema_is_changed_by_a_commit_and_a_log_bucket_that_is_always_there_is_only_forgotten(world: World) -> None:
    avro = '{"type":"record","name":"Card","fields":[{"name":"title","type":"string"}]}'
    made = world.core.created("google_pubsub_schema", name="card", type="AVRO", definition=avro)
    wider = avro.replace("title", "name")
    changed = world.core.changed("google_pubsub_schema", made, name="card", type="AVRO", definition=wider)
    assert (changed["definition"], changed["revision_id"] != made["revision_id"]) == (wider, True)
    place: dict[str, Any] = {"project": PROJECT, "location": "global", "bucket_id": "_Default"}
    kept = world.core.created("google_logging_project_bucket_config", **place, retention_days=10, enable_analytics=True)
    assert (kept["retention_days"], kept["description"]) == (10, "Default bucket")
    less = world.core.plan(
        "google_logging_project_bucket_config", kept, **place, retention_days=10, enable_analytics=False
    )
    assert less.values == kept
    world.core.destroyed("google_logging_project_bucket_config", kept)
    asked = world.ask("GET", "logging", "v2/projects/{project}/locations/global/buckets/_Default")
    assert (asked["lifecycleState"], asked["retentionDays"]) == ("ACTIVE", 10)
    view = world.core.created("google_logging_log_view", name="v", bucket=kept["id"], filter='severity="ERROR"')
    assert (view["parent"], view["location"], view["bucket"]) == (f"projects/{PROJECT}", "global", "_Default")
    assert world.core.imported("google_logging_log_view", view["id"]) == view
    with pytest.raises(Refusal, match="has no parent"):
        world.core.created("google_logging_log_view", name="w", bucket="b")


def test_a_folder_with_contents_is_deleted_only_by_force(world: World) -> None:
    tree = {"hierarchical_namespace": [{"enabled": True}], "uniform_bucket_level_access": True}
    world.core.created("google_storage_bucket", name="own-tree", location="EU", **tree)
    folder: dict[str, Any] = {"bucket": "own-tree", "name": "a/"}
    state = world.core.created("google_storage_folder", **folder)
    world.core.created("google_storage_folder", bucket="own-tree", name="a/b/")
    world.core.created("google_storage_bucket_object", bucket="own-tree", name="a/b/c.txt", content="x")
    with pytest.raises(Refusal, match="is not empty"):
        world.core.destroyed("google_storage_folder", state)
    forced = world.core.changed("google_storage_folder", state, **folder, force_destroy=True)
    world.core.destroyed("google_storage_folder", forced)
    assert world.core.read("google_storage_folder", forced) is None


def test_what_an_object_may_be_read_by_has_its_whole_name_in_its_id(world: World) -> None:
    world.core.created("google_storage_bucket", name="own-fine", location="EU")
    world.core.created("google_storage_bucket_object", bucket="own-fine", name="in/a b.txt", content="x")
    control: dict[str, Any] = {"bucket": "own-fine", "object": "in/a b.txt", "entity": "allUsers"}
    state = world.core.created("google_storage_object_access_control", **control, role="READER")
    assert state["id"] == "own-fine/in/a b.txt/allUsers"
    assert world.core.changed("google_storage_object_access_control", state, **control, role="OWNER")["role"] == "OWNER"
    assert world.core.imported("google_storage_object_access_control", state["id"])["role"] == "OWNER"
    managed = {"bucket": "own-fine", "name": "in/"}
    world.ask(
        "PATCH", "storage", "v1/b/own-fine", {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}}}
    )
    made = world.core.created("google_storage_managed_folder", **managed)
    with pytest.raises(Refusal, match="not empty"):
        world.core.destroyed("google_storage_managed_folder", made)
    assert world.core.imported("google_storage_managed_folder", "own-fine/managedFolders/in/")["name"] == "in/"
    world.core.destroyed("google_storage_managed_folder", made | {"force_destroy": True})


def test_a_disk_leaves_a_snapshot_when_it_goes_if_one_is_asked_for(world: World) -> None:
    disk: dict[str, Any] = {"name": "data", "zone": ZONE, "size": 20, "create_snapshot_before_destroy": True}
    state = world.core.created("google_compute_disk", **disk, create_snapshot_before_destroy_prefix="last")
    snapshot = world.core.created("google_compute_snapshot", name="s", source_disk=state["id"], labels={"a": "b"})
    assert (snapshot["disk_size_gb"], snapshot["storage_locations"]) == (20, ["eu"])
    image = world.core.created("google_compute_image", name="i", source_snapshot="s", family="ours")
    assert (image["disk_size_gb"], image["source_snapshot"]) == (20, snapshot["self_link"])
    world.core.destroyed("google_compute_disk", state)
    items = world.ask("GET", "compute", "v1/projects/{project}/global/snapshots")["items"]
    assert [one["name"].partition("-")[0] for one in items] == ["last", "s"]
