"""The network that a project has from the start, and what machines may be made with: networks, GPUs, images, types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.services.requests_inside import PROJECT, Sender, sender

BASE = f"/compute/v1/projects/{PROJECT}"
ZONE = f"{BASE}/zones/europe-west1-b"
NETWORKS, RULES = f"{BASE}/global/networks", f"{BASE}/global/firewalls"
SUBNETWORK = f"{BASE}/regions/europe-west1/subnetworks"
IMAGE = "projects/debian-cloud/global/images/family/debian-12"


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    return sender(tmp_path, "compute")


def machine(**more: Any) -> dict[str, Any]:
    return {
        "name": "vm",
        "machineType": "zones/europe-west1-b/machineTypes/e2-medium",
        "disks": [{"boot": True, "autoDelete": True, "initializeParams": {"sourceImage": IMAGE}}],
        "networkInterfaces": [{"network": "global/networks/default"}],
        **more,
    }


def ids(answer: Any) -> list[str]:
    return [one["name"] for one in answer.get("items", [])]


def test_a_project_has_a_default_network_with_a_subnetwork_in_each_region(call: Sender) -> None:
    (found,) = call("GET", NETWORKS)["items"]
    assert (found["name"], found["autoCreateSubnetworks"]) == ("default", True)
    assert found == call("GET", f"{NETWORKS}/default")
    subnetwork = call("GET", f"{SUBNETWORK}/default")
    assert subnetwork["selfLink"] in found["subnetworks"]
    assert (subnetwork["ipCidrRange"], subnetwork["gatewayAddress"]) == ("10.132.0.0/20", "10.132.0.1")
    by_region = call("GET", f"{BASE}/aggregated/subnetworks")["items"]
    assert len(by_region) == len(found["subnetworks"]) > 30
    assert by_region["regions/europe-west1"]["subnetworks"] == [subnetwork]
    ranges = [one["ipCidrRange"] for part in by_region.values() for one in part["subnetworks"]]
    assert len(set(ranges)) == len(ranges)
    assert ids(call("GET", RULES))[-1] == "default-allow-ssh"
    call("POST", NETWORKS, {"name": "default"}, 409)


def test_own_networks_are_listed_among_the_default_ones_page_by_page(call: Sender) -> None:
    for name in ("apart", "team"):
        call("POST", NETWORKS, {"name": name, "autoCreateSubnetworks": False})
    first = call("GET", f"{NETWORKS}?maxResults=2")
    assert ids(first) == ["apart", "default"]
    assert ids(call("GET", f"{NETWORKS}?maxResults=2&pageToken={first['nextPageToken']}")) == ["team"]
    assert ids(call("GET", f"{NETWORKS}?filter=name%3Dteam")) == ["team"]


def test_the_default_network_goes_when_nothing_uses_it_and_does_not_come_back(call: Sender) -> None:
    assert "already being used by" in call.refused("DELETE", f"{NETWORKS}/default")
    for name in ids(call("GET", RULES)):
        call("DELETE", f"{RULES}/{name}")
    call("POST", f"{ZONE}/instances", machine())
    assert f"used by 'projects/{PROJECT}/zones/europe-west1-b/instances/vm'" in call.refused(
        "DELETE", f"{NETWORKS}/default"
    )
    call("DELETE", f"{ZONE}/instances/vm")
    call("DELETE", f"{NETWORKS}/default")
    assert (ids(call("GET", NETWORKS)), ids(call("GET", RULES))) == ([], [])
    call("GET", f"{SUBNETWORK}/default", status=404)
    assert "network resource cannot be found" in call.refused("POST", f"{ZONE}/instances", machine())
    call("POST", NETWORKS, {"name": "default", "autoCreateSubnetworks": False})
    assert call("GET", f"{NETWORKS}/default")["autoCreateSubnetworks"] is False


def test_the_default_network_keeps_what_is_changed_of_it(call: Sender) -> None:
    call("PATCH", f"{NETWORKS}/default", {"routingConfig": {"routingMode": "GLOBAL"}})
    (found,) = call("GET", NETWORKS)["items"]
    assert (found["routingConfig"], found["autoCreateSubnetworks"]) == ({"routingMode": "GLOBAL"}, True)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            {"networkInterfaces": [{"network": "global/networks/none"}]},
            "The referenced network resource cannot be found",
        ),
        (
            {"networkInterfaces": [{"subnetwork": "regions/europe-west1/subnetworks/none"}]},
            "networkInterfaces[0].subnetwork'",
        ),
        ({"networkInterfaces": [{"network": "projects/other/global/networks/default"}]}, "cannot be found"),
        (
            {"guestAccelerators": [{"acceleratorType": "zones/z/acceleratorTypes/foo", "acceleratorCount": 1}]},
            "guestAccelerators[0].acceleratorType'",
        ),
        ({"machineType": "zones/europe-west1-b/machineTypes/e2-huge"}, "'resource.machineType'"),
    ],
)
def test_a_machine_is_made_of_what_there_is(call: Sender, more: dict[str, Any], says: str) -> None:
    assert says in call.refused("POST", f"{ZONE}/instances", machine(**more))


def test_a_machine_boots_from_an_image_of_its_project_that_there_is(call: Sender) -> None:
    for image in ("mine", "family/ours"):
        disks = [{"boot": True, "initializeParams": {"sourceImage": f"global/images/{image}"}}]
        seen = call.refused("POST", f"{ZONE}/instances", machine(disks=disks), status=404)
        assert f"global/images/{image}' was not found" in seen
    call("POST", f"{BASE}/global/images", {"name": "mine", "family": "ours"})
    call("POST", f"{ZONE}/instances", machine(disks=disks))


def test_machine_types_and_gpus_are_listed_as_gcloud_asks_for_them(call: Sender) -> None:
    for kind, name in (("machineTypes", "e2-medium"), ("acceleratorTypes", "nvidia-tesla-t4"), ("diskTypes", "pd-ssd")):
        found = call("GET", f"{BASE}/aggregated/{kind}?filter=name%3D{name}")["items"]
        assert [one["name"] for one in found["zones/europe-west1-b"][kind]] == [name]
    assert call("GET", f"{ZONE}/acceleratorTypes/nvidia-l4")["maximumCardsPerInstance"] == 8
