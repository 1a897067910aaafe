"""The older dialect's standard verbs on a service that has nothing else: disks, networks and templates of Compute."""

import base64
from pathlib import Path
from typing import Any

import pytest
from localcloud.engine.dialect import OLDER
from localcloud.engine.service import Resource, Service

from tests.localcloud.inside import OWNER, PROJECT, Inside, inside

BASE = f"compute/v1/projects/{PROJECT}"
DISKS = f"{BASE}/zones/europe-west1-b/disks"
LINK = f"http://127.0.0.1:1/{BASE}"
MISSING = "The resource '{name}' was not found"
COMPUTE = Service(
    api="compute",
    dialect=OLDER,
    resources={
        "disks": Resource(
            kind="Disk",
            id_rule="[a-z]([-a-z0-9]{0,61}[a-z0-9])?",
            complete=lambda _, body: {"status": "READY", "sizeGb": "10", **body},
            immutable=("type",),
            missing=MISSING,
            links=("type", "users"),
            iam=True,
        ),
        "networks": Resource(kind="Network", missing=MISSING),
        "instances": Resource(kind="Instance", missing=MISSING),
    },
)


@pytest.fixture
def cloud(tmp_path: Path) -> Inside:
    return inside(tmp_path, COMPUTE)


def disk(cloud: Inside, name: str = "d", zone: str = "europe-west1-b", **body: Any) -> Any:
    return cloud.ok("POST", f"{BASE}/zones/{zone}/disks", {"name": name, **body})


def test_an_insert_returns_an_operation_of_its_location(cloud: Inside) -> None:
    operation = disk(cloud, labels={"a": "b"})
    assert operation["kind"] == "compute#operation"
    assert (operation["status"], operation["progress"], operation["operationType"]) == ("DONE", 100, "insert")
    assert operation["zone"] == f"{LINK}/zones/europe-west1-b"
    assert operation["targetLink"] == f"{LINK}/zones/europe-west1-b/disks/d"
    assert operation["user"] == OWNER.removeprefix("user:")
    path = f"{BASE}/zones/europe-west1-b/operations/{operation['name']}"
    assert operation["selfLink"].endswith(path)
    assert cloud.ok("GET", path) == operation
    assert cloud.ok("POST", f"{path}/wait") == operation
    assert cloud.ok("GET", path.rpartition("/")[0])["items"] == [operation]
    assert cloud("DELETE", path).status == 204
    assert cloud("GET", path).status == 404


def test_a_resource_has_what_the_server_assigns(cloud: Inside) -> None:
    disk(cloud, labels={"a": "b"}, type="zones/europe-west1-b/diskTypes/pd-ssd", description="")
    body = cloud.ok("GET", f"{DISKS}/d")
    assert (body["kind"], body["name"], body["status"], body["sizeGb"]) == ("compute#disk", "d", "READY", "10")
    assert body["id"].isdecimal()
    assert body["selfLink"] == f"{LINK}/zones/europe-west1-b/disks/d"
    assert body["zone"] == f"{LINK}/zones/europe-west1-b"
    assert body["type"] == f"{LINK}/zones/europe-west1-b/diskTypes/pd-ssd"
    assert body["creationTimestamp"]
    assert base64.urlsafe_b64decode(body["labelFingerprint"])
    assert body["description"] == ""


def test_global_resources_have_no_location(cloud: Inside) -> None:
    operation = cloud.ok("POST", f"{BASE}/global/networks", {"name": "n", "autoCreateSubnetworks": False})
    assert not {"zone", "region"} & operation.keys()
    assert cloud.ok("GET", f"{BASE}/global/operations/{operation['name']}") == operation
    assert cloud.ok("GET", f"{BASE}/global/networks")["items"][0]["name"] == "n"
    assert cloud.ok("GET", f"{BASE}/global/networks/n")["autoCreateSubnetworks"] is False


def test_a_list_has_pages_and_filters_and_an_aggregated_form(cloud: Inside) -> None:
    for number, zone in enumerate(("europe-west1-b", "europe-west1-b", "us-central1-a")):
        disk(cloud, f"d{number}", zone, labels={"n": str(number)})
    first = cloud.ok("GET", f"{DISKS}?maxResults=1")
    assert [one["name"] for one in first["items"]] == ["d0"]
    assert first["kind"] == "compute#diskList"
    rest = cloud.ok("GET", f"{DISKS}?maxResults=1&pageToken={first['nextPageToken']}")
    assert [one["name"] for one in rest["items"]] == ["d1"]
    assert "nextPageToken" not in rest
    assert [one["name"] for one in cloud.ok("GET", f"{DISKS}?filter=labels.n%3D1")["items"]] == ["d1"]
    together = cloud.ok("GET", f"{BASE}/aggregated/disks")
    assert {place: [one["name"] for one in scope["disks"]] for place, scope in together["items"].items()} == {
        "zones/europe-west1-b": ["d0", "d1"],
        "zones/us-central1-a": ["d2"],
    }


def test_setters_replace_a_part_and_hold_to_its_fingerprint(cloud: Inside) -> None:
    disk(cloud, labels={"a": "b"}, sizeGb="20")
    fingerprint = cloud.ok("GET", f"{DISKS}/d")["labelFingerprint"]
    cloud.ok("POST", f"{DISKS}/d/setLabels", {"labels": {"c": "d"}, "labelFingerprint": fingerprint})
    body = cloud.ok("GET", f"{DISKS}/d")
    assert (body["labels"], body["sizeGb"]) == ({"c": "d"}, "20")
    response = cloud("POST", f"{DISKS}/d/setLabels", {"labels": {}, "labelFingerprint": fingerprint})
    assert (response.status, response.body["error"]["errors"][0]["reason"]) == (412, "conditionNotMet")


def test_a_part_that_is_a_message_has_a_fingerprint_of_its_own(cloud: Inside) -> None:
    path = f"{BASE}/zones/europe-west1-b/instances"
    cloud.ok("POST", path, {"name": "vm", "metadata": {"items": [{"key": "a", "value": "b"}]}})
    first = cloud.ok("GET", f"{path}/vm")
    items = [{"key": "a", "value": "c"}]
    cloud.ok("POST", f"{path}/vm/setMetadata", {"items": items, "fingerprint": first["metadata"]["fingerprint"]})
    second = cloud.ok("GET", f"{path}/vm")
    assert second["metadata"]["items"] == items
    assert second["metadata"]["fingerprint"] != first["metadata"]["fingerprint"]
    assert second["tags"]["fingerprint"] == first["tags"]["fingerprint"]
    assert cloud("POST", f"{path}/vm/setMetadata", {"fingerprint": first["metadata"]["fingerprint"]}).status == 412


def test_a_setter_of_unknown_shape_is_not_answered(cloud: Inside) -> None:
    path = f"{BASE}/zones/europe-west1-b/instances"
    cloud.ok("POST", path, {"name": "vm"})
    assert cloud("POST", f"{path}/vm/setDeletionProtection?deletionProtection=true").status == 501
    assert cloud("POST", f"{path}/vm/setServiceAccount", {"email": "x"}).status == 501


def test_a_patch_merges_null_removes_and_immutable_fields_stay(cloud: Inside) -> None:
    disk(cloud, labels={"a": "b", "c": "d"}, description="x", type="zones/europe-west1-b/diskTypes/pd-ssd")
    body = {"labels": {"a": None, "e": "f"}, "description": None, "type": "zones/europe-west1-b/diskTypes/pd-ssd"}
    cloud.ok("PATCH", f"{DISKS}/d", body)
    after = cloud.ok("GET", f"{DISKS}/d")
    assert after["labels"] == {"c": "d", "e": "f"}
    assert "description" not in after
    response = cloud("PATCH", f"{DISKS}/d", {"type": "zones/europe-west1-b/diskTypes/pd-standard"})
    assert response.status == 400
    assert "resource.type" in response.message


def test_refusals_speak_the_older_dialect(cloud: Inside) -> None:
    disk(cloud)
    response = cloud("POST", DISKS, {"name": "d"})
    assert (response.status, response.body["error"]["errors"][0]["reason"]) == (409, "alreadyExists")
    response = cloud("GET", f"{DISKS}/none")
    assert response.message == f"The resource 'projects/{PROJECT}/zones/europe-west1-b/disks/none' was not found"
    assert response.body["error"]["errors"][0]["reason"] == "notFound"
    assert cloud("POST", DISKS, {"name": "Not_Valid"}).status == 400
    assert cloud.as_("user:eve@example.com")("GET", f"{DISKS}/d").status == 403


def test_policies_and_permissions_of_a_resource(cloud: Inside) -> None:
    disk(cloud)
    binding = {"role": "roles/compute.viewer", "members": ["user:eve@example.com"]}
    policy = cloud.ok("GET", f"{DISKS}/d/getIamPolicy")
    cloud.ok("POST", f"{DISKS}/d/setIamPolicy", {"policy": {"bindings": [binding], "etag": policy["etag"]}})
    assert cloud.as_("user:eve@example.com")("GET", f"{DISKS}/d").status == 200
    request = {"permissions": ["compute.disks.get", "compute.disks.delete"]}
    granted = cloud.as_("user:eve@example.com").ok("POST", f"{DISKS}/d/testIamPermissions", request)
    assert granted == {"permissions": ["compute.disks.get"]}


def test_what_is_deleted_is_gone_with_its_policy(cloud: Inside) -> None:
    disk(cloud)
    assert cloud.ok("DELETE", f"{DISKS}/d")["operationType"] == "delete"
    assert cloud("GET", f"{DISKS}/d").status == 404
