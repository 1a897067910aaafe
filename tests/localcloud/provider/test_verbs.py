"""What a row says of its API's verbs is what the API is asked: puts, inserts, setters, switches, query parameters, links."""

from __future__ import annotations

from typing import Any

import pytest
from localcloud.provider import images
from localcloud.provider.planner import Planner, Scope
from localcloud.provider.schema import parse
from localcloud.provider.settings import Settings

from tests.localcloud.provider.conftest import PROJECT, World

ZONE = "europe-west1-b"
DEBIAN = "projects/debian-cloud/global/images/debian-12-bookworm-v20261110"


def test_a_put_makes_a_topic_under_its_own_name(world: World) -> None:
    state = world.core.made("google_pubsub_topic", name="news", labels={"team": "cats"})
    assert state["id"] == f"projects/{PROJECT}/topics/news"
    assert state["name"] == "news"
    assert world.ask("GET", "pubsub", "v1/projects/{project}/topics/news")["labels"]["team"] == "cats"


def test_a_short_name_is_sent_in_full_and_an_empty_block_that_means_something_is_sent(world: World) -> None:
    world.core.made("google_pubsub_topic", name="news")
    made = world.core.made("google_pubsub_subscription", name="all", topic="news", expiration_policy=[{"ttl": ""}])
    assert made["topic"] == f"projects/{PROJECT}/topics/news"
    assert world.ask("GET", "pubsub", "v1/projects/{project}/subscriptions/all")["expirationPolicy"] == {}
    changed = world.core.changed("google_pubsub_subscription", made, name="all", topic="news", ack_deadline_seconds=20)
    assert changed["ack_deadline_seconds"] == 20


def test_an_operation_of_the_older_dialect_is_waited_for_and_labels_have_a_setter(world: World) -> None:
    disk = {"name": "data", "zone": ZONE, "size": 20}
    state = world.core.made("google_compute_disk", **disk)
    labelled = world.core.changed("google_compute_disk", state, **disk, labels={"team": "cats"})
    assert labelled["label_fingerprint"] != state["label_fingerprint"]
    larger = world.core.changed("google_compute_disk", labelled, **disk | {"size": 30}, labels={"team": "cats"})
    assert larger["size"] == 30
    asked = [one["path"].rpartition("/")[2] for one in world.requests() if one["verb"] == "POST"]
    assert {"setLabels", "resize"} <= set(asked)
    world.core.destroyed("google_compute_disk", larger)
    assert world.core.read("google_compute_disk", larger) is None


def test_a_smaller_disk_is_another_disk(world: World) -> None:
    state = world.core.made("google_compute_disk", name="data", zone=ZONE, size=20)
    assert world.core.plan("google_compute_disk", state, name="data", zone=ZONE, size=10).replaced == ["size", "id"]


def test_a_family_is_found_and_stays_the_image_that_it_meant(world: World) -> None:
    disk = {"name": "boot", "zone": ZONE, "image": "debian-cloud/debian-12"}
    state = world.core.made("google_compute_disk", **disk)
    assert state["image"].endswith(DEBIAN)
    assert world.core.plan("google_compute_disk", state, **disk).values == state


@pytest.mark.parametrize(
    ("said", "same"),
    [
        ("debian-cloud/debian-12", True), ("debian/debian-12", True), ("debian-12", True), ("family/debian-12", True), (DEBIAN, True),
        ("projects/debian-cloud/global/images/family/debian-12", True), ("debian-cloud/debian-13", False), ("mine/debian-12", False),
        ("debian-12-arm64", False), ("projects/debian-cloud/global/images/debian-12", False),
    ],
)  # fmt: skip
def test_an_image_counts_as_its_family(said: str, same: bool) -> None:
    assert images.same(f"https://www.googleapis.com/compute/v1/{DEBIAN}", said) is same


def test_a_sinks_writer_is_its_own_unless_that_is_switched_off(world: World) -> None:
    sink = {"name": "all", "destination": f"pubsub.googleapis.com/projects/{PROJECT}/topics/news"}
    assert world.core.made("google_logging_project_sink", **sink)["unique_writer_identity"] is True
    shared = world.core.made("google_logging_project_sink", **sink | {"name": "other"}, unique_writer_identity=False)
    assert shared["unique_writer_identity"] is (
        shared["writer_identity"] != "serviceAccount:cloud-logs@system.gserviceaccount.com"
    )


def test_a_metric_is_written_whole_and_known_by_its_name(world: World) -> None:
    state = world.core.made("google_logging_metric", name="errors", filter="severity>=ERROR", description="All.")
    assert state["id"] == "errors"
    changed = world.core.changed("google_logging_metric", state, name="errors", filter="severity>=CRITICAL")
    assert changed["description"] == ""
    assert world.core.imported("google_logging_metric", f"{PROJECT} errors") is not None


def test_a_key_that_is_left_to_the_api_is_no_difference() -> None:
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
