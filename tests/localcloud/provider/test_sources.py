"""Data sources: resources are read under the same name, and accounts and images by their names."""

from __future__ import annotations

import json

import pytest
from localcloud.provider.protocol.messages import classes
from localcloud.provider.protocol.servicer import Servicer
from localcloud.provider.rows import catalogue
from localcloud.provider.sources import DATA

from tests.localcloud.provider.conftest import PROJECT, World
from tests.localcloud.provider.core import Core, Refusal

FAMILY = {"family": "debian-12", "project": "debian-cloud"}


def test_a_data_source_shows_all_that_its_resource_has(world: World) -> None:
    world.core.created("google_pubsub_topic", name="news", message_retention_duration="86600s")
    patch = {"topic": {"name": f"projects/{PROJECT}/topics/news", "labels": {"by": "hand"}}, "updateMask": "labels"}
    world.ask("PATCH", "pubsub", "v1/projects/{project}/topics/news", patch)
    found = world.core.data("google_pubsub_topic", name="news")
    assert (found["id"], found["project"]) == (f"projects/{PROJECT}/topics/news", PROJECT)
    assert found["message_retention_duration"] == "86600s"
    assert found["labels"] == found["terraform_labels"] == found["effective_labels"] == {"by": "hand"}


def test_what_is_not_there_is_named(world: World) -> None:
    with pytest.raises(Refusal, match=r"projects/.*/topics/none was not found"):
        world.core.data("google_pubsub_topic", name="none")


def test_a_location_is_not_taken_from_the_provider_block(offline: Core) -> None:
    with pytest.raises(Refusal, match="no location is named"):
        offline.data("google_cloud_run_v2_service", name="api")


@pytest.mark.parametrize(
    ("type_", "config"),
    [
        ("google_compute_default_service_account", {}),
        ("google_compute_image", {"family": "debian-12"}),
        ("google_service_account", {"account_id": "train-runs"}),
        ("google_storage_project_service_account", {}),
    ],
)
def test_without_a_project_a_data_source_says_where_to_set_one(type_: str, config: dict[str, str]) -> None:
    nowhere = Core(Servicer("http://127.0.0.1:9", "token", 9)).configured(region="europe-west1")
    with pytest.raises(Refusal, match=f"{type_}: no project is named"):
        nowhere.data(type_, **config)


def test_a_data_source_asks_for_its_name_alone_and_its_blocks_are_unknown_until_they_are_read(offline: Core) -> None:
    asked = {name: one.required for name, one in DATA["google_storage_bucket"].schema.root.children.items()}
    assert [name for name, required in asked.items() if required] == ["name"]
    answer = classes()["GetProviderSchema.Response"].FromString(
        offline.servicer.get_provider_schema(classes()["GetProviderSchema.Request"](), offline.peer)
    )
    block = answer.data_source_schemas["google_storage_bucket"].block
    assert list(block.block_types) == []
    rules = next(one for one in block.attributes if one.name == "lifecycle_rule")
    assert (rules.computed, json.loads(rules.type)[0]) == (True, "list")


def test_every_attribute_named_in_a_row_exists() -> None:
    rows = [catalogue()[name] for name in catalogue()]
    assert all(one.rstrip("?") in row.schema.root.children for row in rows for one in row.data)


def test_an_account_is_found_by_its_id_and_by_its_address(world: World) -> None:
    created = world.core.created("google_service_account", account_id="train-runs", display_name="Training")
    by_id = world.core.data("google_service_account", account_id="train-runs")
    assert by_id == world.core.data("google_service_account", account_id=created["email"], project=PROJECT)
    assert (by_id["id"], by_id["member"], by_id["display_name"]) == (created["id"], created["member"], "Training")
    with pytest.raises(Refusal, match="cannot be read"):
        world.core.data("google_service_account", account_id="nobody")


def test_the_default_account_of_machines_is_the_one_that_compute_engine_names(world: World) -> None:
    found = world.core.data("google_compute_default_service_account")
    assert found["email"].endswith("-compute@developer.gserviceaccount.com")


def test_an_image_is_found_by_family_name_and_filter(world: World) -> None:
    by_family = world.core.data("google_compute_image", **FAMILY)
    by_name = world.core.data("google_compute_image", name=by_family["name"], project="debian-cloud")
    by_filter = world.core.data("google_compute_image", filter="family = debian-12", project="debian-cloud")
    assert by_family["self_link"] == by_name["self_link"] == by_filter["self_link"]
    with pytest.raises(Refusal, match="finds 2 images"):
        world.core.data("google_compute_image", filter="name : debian", project="debian-cloud")


def test_a_network_and_a_subnetwork_are_found_by_name_or_by_link(world: World) -> None:
    network = world.core.data("google_compute_network", name="default")
    region = next(one for one in network["subnetworks_self_links"] if "/europe-west1/" in one)
    assert (
        world.core.data("google_compute_network", self_link=network["self_link"])["network_id"] == network["network_id"]
    )
    linked = world.core.data("google_compute_subnetwork", self_link=region)
    assert (linked["name"], linked["region"], linked["ip_cidr_range"]) == ("default", "europe-west1", "10.132.0.0/20")
    named = world.core.data("google_compute_subnetwork", name="default", region="europe-west1")
    assert named == linked
    for asked, says in (
        ({}, "nothing is asked for"),
        ({"self_link": "projects/p/x"}, "is not the link of one"),
        ({"name": "none", "region": "europe-west1"}, "was not found"),
    ):
        with pytest.raises(Refusal, match=says):
            world.core.data("google_compute_subnetwork", **asked)
