"""The network that a project has from the start, and what machines can be created with: networks, GPUs, images, types."""

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


def test_own_networks_are_paged_together_with_the_default_ones(call: Sender) -> None:
    for name in ("apart", "team"):
        call("POST", NETWORKS, {"name": name, "autoCreateSubnetworks": False})
    first = call("GET", f"{NETWORKS}?maxResults=2")
    assert ids(first) == ["apart", "default"]
    assert ids(call("GET", f"{NETWORKS}?maxResults=2&pageToken={first['nextPageToken']}")) == ["team"]
    assert ids(call("GET", f"{NETWORKS}?filter=name%3Dteam")) == ["team"]


def test_an_unused_default_network_can_be_deleted_and_stays_deleted(call: Sender) -> None:
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
def test_a_machine_is_created_only_from_existing_parts(call: Sender, more: dict[str, Any], says: str) -> None:
    assert says in call.refused("POST", f"{ZONE}/instances", machine(**more))


def test_a_machine_boots_only_from_an_existing_image_of_its_project(call: Sender) -> None:
    for image in ("mine", "family/ours"):
        disks = [{"boot": True, "initializeParams": {"sourceImage": f"global/images/{image}"}}]
        message = call.refused("POST", f"{ZONE}/instances", machine(disks=disks), status=404)
        assert f"global/images/{image}' was not found" in message
    call("POST", f"{BASE}/global/images", {"name": "mine", "family": "ours"})
    call("POST", f"{ZONE}/instances", machine(disks=disks))


def test_machine_types_and_gpus_are_listed_as_gcloud_asks_for_them(call: Sender) -> None:
    for kind, name in (("machineTypes", "e2-medium"), ("acceleratorTypes", "nvidia-tesla-t4"), ("diskTypes", "pd-ssd")):
        found = call("GET", f"{BASE}/aggregated/{kind}?filter=name%3D{name}")["items"]
        assert [one["name"] for one in found["zones/europe-west1-b"][kind]] == [name]
    assert call("GET", f"{ZONE}/acceleratorTypes/nvidia-l4")["maximumCardsPerInstance"] == 8


def test_a_network_in_auto_mode_has_a_subnetwork_in_each_region_until_it_is_switched(call: Sender) -> None:
    call("POST", NETWORKS, {"name": "auto", "autoCreateSubnetworks": True})
    own = call("GET", f"{SUBNETWORK}/auto")
    assert own["selfLink"] in call("GET", f"{NETWORKS}/auto")["subnetworks"]
    assert own["ipCidrRange"] == "10.132.0.0/20"
    assert "Cannot delete auto subnetwork" in call.refused("DELETE", f"{SUBNETWORK}/auto")
    wide = {"name": "more", "network": "global/networks/auto", "ipCidrRange": "10.200.0.0/16"}
    assert "cannot overlap with 10.128.0.0/9" in call.refused("POST", SUBNETWORK, wide)
    call("POST", f"{ZONE}/instances", machine(networkInterfaces=[{"network": "global/networks/auto"}]))
    (interface,) = call("GET", f"{ZONE}/instances/vm")["networkInterfaces"]
    assert interface["subnetwork"] == own["selfLink"]
    call("DELETE", f"{ZONE}/instances/vm")
    call("POST", f"{NETWORKS}/auto/switchToCustomMode")
    call("POST", f"{NETWORKS}/auto/switchToCustomMode", status=400)
    call("DELETE", f"{SUBNETWORK}/auto")
    call("GET", f"{SUBNETWORK}/auto", status=404)
    assert "already being used by" in call.refused("DELETE", f"{NETWORKS}/auto")
    assert own["selfLink"] not in call("GET", f"{NETWORKS}/auto")["subnetworks"]


def test_a_network_in_auto_mode_goes_with_its_subnetworks(call: Sender) -> None:
    call("POST", NETWORKS, {"name": "auto", "autoCreateSubnetworks": True})
    call("POST", f"{SUBNETWORK}/auto/setPrivateIpGoogleAccess", {"privateIpGoogleAccess": True})
    assert call("GET", f"{SUBNETWORK}/auto")["privateIpGoogleAccess"] is True
    call("DELETE", f"{NETWORKS}/auto")
    call("GET", f"{SUBNETWORK}/auto", status=404)


@pytest.fixture
def custom(call: Sender) -> Sender:
    call("POST", NETWORKS, {"name": "own", "autoCreateSubnetworks": False})
    call("POST", SUBNETWORK, {"name": "a", "network": "global/networks/own", "ipCidrRange": "10.0.0.0/24"})
    return call


def test_a_subnetwork_grows_and_is_changed_with_its_fingerprint(custom: Sender) -> None:
    made = custom("GET", f"{SUBNETWORK}/a")
    assert (made["gatewayAddress"], made["purpose"], made["stackType"]) == ("10.0.0.1", "PRIVATE", "IPV4_ONLY")
    assert made["selfLink"] in custom("GET", f"{NETWORKS}/own")["subnetworks"]
    custom("POST", f"{SUBNETWORK}/a/setPrivateIpGoogleAccess", {"privateIpGoogleAccess": True})
    custom("POST", f"{SUBNETWORK}/a/setPrivateIpGoogleAccess", {})
    assert custom("GET", f"{SUBNETWORK}/a")["privateIpGoogleAccess"] is False
    custom("POST", f"{SUBNETWORK}/a/expandIpCidrRange", {"ipCidrRange": "10.0.0.0/22"})
    for less in ("10.0.0.0/25", "10.1.0.0/22", "10.0.0.0/33", "x"):
        custom.refused("POST", f"{SUBNETWORK}/a/expandIpCidrRange", {"ipCidrRange": less})
    custom("PATCH", f"{SUBNETWORK}/a", {"logConfig": {"enable": True}}, status=412)
    custom("PATCH", f"{SUBNETWORK}/a", {"fingerprint": made["fingerprint"], "logConfig": {}}, status=412)
    now = custom("GET", f"{SUBNETWORK}/a")
    pods = {"rangeName": "pods", "ipCidrRange": "10.9.0.0/20"}
    patch = {"fingerprint": now["fingerprint"], "logConfig": {"enable": True}, "secondaryIpRanges": [pods]}
    custom("PATCH", f"{SUBNETWORK}/a", patch)
    changed = custom("GET", f"{SUBNETWORK}/a")
    assert (changed["ipCidrRange"], changed["secondaryIpRanges"]) == ("10.0.0.0/22", [pods])
    assert changed["logConfig"]["aggregationInterval"] == "INTERVAL_5_SEC"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"ipCidrRange": "10.0.0.128/25"}, "conflicts with existing subnetwork 'a' in region 'europe-west1'"),
        ({"ipCidrRange": "10.0.1.0/23"}, "Must be a CIDR address range"),
        ({"ipCidrRange": "10.0.1.1"}, "Must be a CIDR address range"),
        ({}, "'resource.ipCidrRange': ''"),
        ({"ipCidrRange": "10.1.0.0/24", "network": "global/networks/none"}, "was not found"),
        ({"ipCidrRange": "10.1.0.0/24", "network": "projects/p/global/networks/default"}, "Cross project"),
        ({"ipCidrRange": "10.1.0.0/24", "secondaryIpRanges": [{"ipCidrRange": "10.1.0.0/25"}]}, "overlaps"),
    ],
)
def test_a_subnetwork_has_ranges_of_its_own(custom: Sender, more: dict[str, Any], says: str) -> None:
    body = {"name": "b", "network": "global/networks/own", **more}
    status = 404 if "not found" in says else 400
    assert says in custom.refused("POST", SUBNETWORK, body, status)


def test_a_firewall_rule_has_the_defaults_of_its_direction(call: Sender) -> None:
    allowed = [{"IPProtocol": "tcp", "ports": ["22", "8000-8080"]}]
    call("POST", RULES, {"name": "in", "allowed": allowed})
    made = call("GET", f"{RULES}/in")
    assert made["network"].endswith("/global/networks/default")
    assert (made["direction"], made["priority"], made["disabled"]) == ("INGRESS", 1000, False)
    assert (made["sourceRanges"], made["logConfig"]) == (["0.0.0.0/0"], {"enable": False})
    call("POST", RULES, {"name": "out", "direction": "EGRESS", "denied": [{"IPProtocol": "all"}]})
    assert call("GET", f"{RULES}/out")["destinationRanges"] == ["0.0.0.0/0"]
    call("PATCH", f"{RULES}/in", {"allowed": [], "denied": [{"IPProtocol": "udp"}]})
    changed = call("GET", f"{RULES}/in")
    assert ("allowed" in changed, changed["denied"]) == (False, [{"IPProtocol": "udp"}])


@pytest.mark.parametrize(
    "more",
    [
        {"allowed": []},
        {"denied": [{"IPProtocol": "all"}]},
        {"priority": 65536},
        {"sourceRanges": ["127.0.0.1/24"]},
        {"allowed": [{"ports": ["22"]}]},
        {"allowed": [{"IPProtocol": "tcp", "ports": ["8080-80"]}]},
        {"allowed": [{"IPProtocol": "tcp", "ports": ["70000"]}]},
        {"direction": "EGRESS", "sourceRanges": ["10.0.0.0/8"]},
        {"sourceTags": ["a"], "targetServiceAccounts": ["b@example.com"]},
    ],
)
def test_a_firewall_rule_that_contradicts_itself_is_refused(call: Sender, more: dict[str, Any]) -> None:
    body = {"name": "in", "allowed": [{"IPProtocol": "tcp"}], **more}
    assert call.refused("POST", RULES, body).startswith("Invalid value for field 'resource.")
