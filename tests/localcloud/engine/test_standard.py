"""The standard verbs on a service that has nothing else: Eventarc triggers and Secret Manager's documents."""

from pathlib import Path
from typing import Any

import pytest
from localcloud.engine.service import Call, Resource, Service, SoftDelete
from localcloud.errors import failed_precondition

from tests.localcloud.inside import NUMBER, OWNER, PROJECT, Inside, inside

TRIGGERS = f"eventarc/v1/projects/{PROJECT}/locations/europe-west1/triggers"
NAME = f"projects/{PROJECT}/locations/europe-west1/triggers/t"


def refuse_kept(_: Call, body: dict[str, Any]) -> None:
    if body.get("labels", {}).get("keep"):
        raise failed_precondition("It is kept.")


EVENTARC = Service(
    api="eventarc",
    proto="google.cloud.eventarc.v1",
    resources={
        "projects.locations.triggers": Resource(
            kind="Trigger",
            id_param="triggerId",
            id_rule=r"[a-z][a-z0-9-]{0,62}",
            complete=lambda _, body: {"serviceAccount": "default", **body},
            present=lambda cloud, body: {**body, "satisfiesPzs": cloud.projects.number(PROJECT) > 0},
            delete=refuse_kept,
            immutable=("channel",),
            update="mask",
            iam=True,
            taken="Trigger [{numbered}] is there.",
            missing="Trigger {id} is not there.",
        ),
        "projects.locations.channels": Resource(kind="Channel", id_param="channelId", soft_delete=SoftDelete()),
    },
)
SECRETS = Service(api="secretmanager", resources={"projects.secrets": Resource(kind="Secret", id_param="secretId")})


@pytest.fixture
def cloud(tmp_path: Path) -> Inside:
    return inside(tmp_path, EVENTARC, SECRETS)


def create(cloud: Inside, name: str = "t", **body: Any) -> Any:
    return cloud.ok("POST", f"{TRIGGERS}?triggerId={name}", {"destination": {"workflow": "w"}, **body})


def test_a_created_resource_has_what_the_server_assigns(cloud: Inside) -> None:
    create(cloud, labels={"a": "b"})
    body = cloud.ok("GET", f"{TRIGGERS}/t")
    assert body["name"] == NAME
    assert body["labels"] == {"a": "b"}
    assert body["serviceAccount"] == "default"
    assert body["satisfiesPzs"] is True
    assert body["createTime"] == body["updateTime"]
    assert len(body["uid"]) == 36
    assert body["etag"]


def test_a_create_that_answers_an_operation_gives_it_done_with_types(cloud: Inside) -> None:
    operation = create(cloud)
    assert operation["done"] is True
    assert operation["name"].startswith(f"projects/{PROJECT}/locations/europe-west1/operations/")
    assert operation["response"]["@type"] == "type.googleapis.com/google.cloud.eventarc.v1.Trigger"
    assert operation["response"]["name"] == NAME
    assert operation["metadata"]["@type"] == "type.googleapis.com/google.cloud.eventarc.v1.OperationMetadata"
    assert (operation["metadata"]["verb"], operation["metadata"]["target"]) == ("create", NAME)
    assert cloud.ok("GET", f"eventarc/v1/{operation['name']}") == operation


def test_operations_are_listed_and_can_be_forgotten(cloud: Inside) -> None:
    operation = create(cloud)
    listed = cloud.ok("GET", f"eventarc/v1/projects/{PROJECT}/locations/europe-west1/operations")
    assert listed["operations"] == [operation]
    assert cloud("POST", f"eventarc/v1/{operation['name']}:cancel", {}).status == 400
    cloud.ok("DELETE", f"eventarc/v1/{operation['name']}")
    assert cloud("GET", f"eventarc/v1/{operation['name']}").status == 404


def test_a_taken_id_is_a_409_in_the_resources_words(cloud: Inside) -> None:
    create(cloud)
    again = cloud("POST", f"{TRIGGERS}?triggerId=t", {})
    assert (again.status, again.message) == (409, f"Trigger [{NAME.replace(PROJECT, NUMBER)}] is there.")
    assert again.body["error"]["status"] == "ALREADY_EXISTS"


@pytest.mark.parametrize(
    ("query", "message"), [("", "missing the required field triggerId"), ("?triggerId=T_", "'T_' must match")]
)
def test_an_id_is_required_and_validated(cloud: Inside, query: str, message: str) -> None:
    response = cloud("POST", TRIGGERS + query, {})
    assert response.status == 400
    assert message in response.message


def test_the_snake_case_spelling_of_the_id_parameter_works(cloud: Inside) -> None:
    cloud.ok("POST", f"{TRIGGERS}?trigger_id=t&$alt=json;enum-encoding=int", {})
    assert cloud("GET", f"{TRIGGERS}/t").status == 200


def test_validate_only_changes_nothing(cloud: Inside) -> None:
    cloud.ok("POST", f"{TRIGGERS}?triggerId=t&validateOnly=true", {})
    assert cloud("GET", f"{TRIGGERS}/t").status == 404


def test_a_missing_resource_is_a_404_in_the_resources_words(cloud: Inside) -> None:
    for verb, path, body in [
        ("GET", "", None),
        ("PATCH", "", {}),
        ("DELETE", "", None),
        ("GET", ":getIamPolicy", None),
    ]:
        response = cloud(verb, f"{TRIGGERS}/t{path}", body)
        assert (response.status, response.message) == (404, "Trigger t is not there."), verb


def test_a_mask_limits_a_patch(cloud: Inside) -> None:
    create(cloud, labels={"a": "b"}, serviceAccount="me")
    before = cloud.ok("GET", f"{TRIGGERS}/t")
    cloud.ok("PATCH", f"{TRIGGERS}/t?updateMask=service_account,labels", {"labels": {"c": "d"}, "destination": {}})
    after = cloud.ok("GET", f"{TRIGGERS}/t")
    assert after["labels"] == {"c": "d"}
    assert "serviceAccount" not in after
    assert after["destination"] == {"workflow": "w"}
    assert after["etag"] != before["etag"]
    assert after["uid"] == before["uid"]


def test_without_a_mask_the_resource_says_whether_fields_are_merged_or_replaced(cloud: Inside) -> None:
    create(cloud, labels={"a": "b"})
    cloud.ok("PATCH", f"{TRIGGERS}/t", {"serviceAccount": "me"})
    assert cloud.ok("GET", f"{TRIGGERS}/t")["labels"] == {"a": "b"}
    cloud.ok("POST", f"secretmanager/v1/projects/{PROJECT}/secrets?secretId=s", {"ttl": "9s"})
    cloud.ok("PATCH", f"secretmanager/v1/projects/{PROJECT}/secrets/s", {"labels": {"a": "b"}})
    assert "ttl" not in cloud.ok("GET", f"secretmanager/v1/projects/{PROJECT}/secrets/s")


def test_an_immutable_field_cannot_change_but_may_be_repeated(cloud: Inside) -> None:
    create(cloud, channel="c")
    cloud.ok("PATCH", f"{TRIGGERS}/t?updateMask=channel", {"channel": "c"})
    response = cloud("PATCH", f"{TRIGGERS}/t?updateMask=channel", {"channel": "d"})
    assert response.status == 400
    assert "'channel'" in response.message


def test_an_old_etag_is_refused(cloud: Inside) -> None:
    create(cloud)
    old = cloud.ok("GET", f"{TRIGGERS}/t")["etag"]
    cloud.ok("PATCH", f"{TRIGGERS}/t?updateMask=labels", {"labels": {"a": "b"}, "etag": old})
    response = cloud("PATCH", f"{TRIGGERS}/t?updateMask=labels", {"labels": {}, "etag": old})
    assert (response.status, response.body["error"]["status"]) == (409, "ABORTED")
    assert cloud("DELETE", f"{TRIGGERS}/t?etag=old").status == 409


def test_a_patch_creates_only_with_permission_to_create(cloud: Inside) -> None:
    role = f"projects/{PROJECT}/roles/updater"
    cloud.cloud.store.put("iam", role, {"name": role, "includedPermissions": ["eventarc.triggers.update"]})
    policy = {"bindings": [{"role": role, "members": ["user:dev@example.com"]}]}
    cloud.cloud.iam.write("cloudresourcemanager", f"projects/{PROJECT}", policy)
    refused = cloud.as_("user:dev@example.com")("PATCH", f"{TRIGGERS}/t?allowMissing=true", {"labels": {}})
    assert refused.status == 403
    assert "eventarc.triggers.create" in refused.message


def test_a_missing_resource_may_be_allowed(cloud: Inside) -> None:
    assert cloud.ok("DELETE", f"{TRIGGERS}/t?allowMissing=true")["done"] is True
    cloud.ok("PATCH", f"{TRIGGERS}/t?allowMissing=true", {"labels": {"a": "b"}})
    assert cloud.ok("GET", f"{TRIGGERS}/t")["labels"] == {"a": "b"}


def test_a_delete_includes_the_children_and_their_policies(cloud: Inside) -> None:
    create(cloud)
    policy = {"bindings": [{"role": "roles/viewer", "members": [OWNER]}]}
    cloud.ok("POST", f"{TRIGGERS}/t:setIamPolicy", {"policy": policy})
    cloud.cloud.store.put("eventarc", f"{NAME}/parts/x", {})
    operation = cloud.ok("DELETE", f"{TRIGGERS}/t")
    assert operation["response"] == {"@type": "type.googleapis.com/google.protobuf.Empty"}
    assert cloud.cloud.store.get("eventarc", f"{NAME}/parts/x") is None
    create(cloud)
    assert cloud.ok("GET", f"{TRIGGERS}/t:getIamPolicy") == {"etag": "ACAB"}


def test_a_resource_may_refuse_its_deletion(cloud: Inside) -> None:
    create(cloud, labels={"keep": "yes"})
    response = cloud("DELETE", f"{TRIGGERS}/t")
    assert (response.status, response.message) == (400, "It is kept.")


def test_pages_add_up_to_the_whole_list(cloud: Inside) -> None:
    for name in ("c", "a", "b", "d", "e"):
        create(cloud, name)
    found: list[str] = []
    page: dict[str, Any] = {"nextPageToken": ""}
    sizes = []
    while "nextPageToken" in page:
        page = cloud.ok("GET", f"{TRIGGERS}?pageSize=2&page_token={page['nextPageToken']}")
        found += [body["name"].rpartition("/")[2] for body in page["triggers"]]
        sizes.append(len(page["triggers"]))
    assert found == ["a", "b", "c", "d", "e"]
    assert sizes == [2, 2, 1]


def test_an_empty_list_is_an_empty_object(cloud: Inside) -> None:
    assert cloud.ok("GET", TRIGGERS) == {}


def test_a_list_may_be_filtered_and_its_pages_too(cloud: Inside) -> None:
    for number in range(6):
        create(cloud, f"t{number}", labels={"odd": str(number % 2)})
    page = cloud.ok("GET", f"{TRIGGERS}?filter=labels.odd%3D1&pageSize=2")
    assert [body["name"][-2:] for body in page["triggers"]] == ["t1", "t3"]
    rest = cloud.ok("GET", f"{TRIGGERS}?filter=labels.odd%3D1&pageSize=2&pageToken={page['nextPageToken']}")
    assert [body["name"][-2:] for body in rest["triggers"]] == ["t5"]
    assert "nextPageToken" not in rest
    assert cloud("GET", f"{TRIGGERS}?pageSize=2&pageToken={page['nextPageToken']}").status == 400


def test_an_order_that_is_not_emulated_says_so(cloud: Inside) -> None:
    assert cloud("GET", f"{TRIGGERS}?orderBy=createTime").status == 501


def test_a_project_may_be_named_by_its_number(cloud: Inside) -> None:
    create(cloud)
    assert cloud.ok("GET", f"{TRIGGERS}/t".replace(PROJECT, NUMBER))["name"] == NAME


def test_a_softly_deleted_resource_is_hidden_in_lists_and_can_be_restored(cloud: Inside) -> None:
    channels = TRIGGERS.replace("triggers", "channels")
    cloud.ok("POST", f"{channels}?channelId=c", {})
    cloud.ok("DELETE", f"{channels}/c")
    assert cloud.ok("GET", channels) == {}
    deleted = cloud.ok("GET", f"{channels}/c")
    assert deleted["state"] == "DELETED"
    assert deleted["expireTime"] > deleted["updateTime"]
    assert cloud("POST", f"{channels}?channelId=c", {}).status == 409


def test_a_policy_is_set_read_and_tested(cloud: Inside) -> None:
    create(cloud)
    empty = cloud.ok("GET", f"{TRIGGERS}/t:getIamPolicy?options.requestedPolicyVersion=3")
    binding = {"role": "roles/viewer", "members": ["user:bob@example.com"]}
    policy = cloud.ok("POST", f"{TRIGGERS}/t:setIamPolicy", {"policy": {"bindings": [binding], "etag": empty["etag"]}})
    assert cloud.ok("GET", f"{TRIGGERS}/t:getIamPolicy") == policy
    bob = cloud.as_("user:bob@example.com")
    request = {"permissions": ["eventarc.triggers.get", "eventarc.triggers.delete"]}
    assert bob.ok("POST", f"{TRIGGERS}/t:testIamPermissions", request) == {"permissions": ["eventarc.triggers.get"]}
    stale = {"policy": {"bindings": [], "etag": empty["etag"]}}
    assert cloud("POST", f"{TRIGGERS}/t:setIamPolicy", stale).status == 409
    assert cloud.ok("POST", f"{TRIGGERS}/t:setIamPolicy", {"policy": {"bindings": []}})["etag"] != policy["etag"]


def test_nobody_has_permissions_on_what_does_not_exist(cloud: Inside) -> None:
    request = {"permissions": ["eventarc.triggers.get"]}
    assert cloud.ok("POST", f"{TRIGGERS}/t:testIamPermissions", request) == {}
    create(cloud)
    assert cloud.ok("POST", f"{TRIGGERS}/t:testIamPermissions", request) == request


@pytest.mark.parametrize("mask", ["name", "channel", "*", "name,channel"])
def test_a_mask_cannot_clear_what_is_fixed(cloud: Inside, mask: str) -> None:
    create(cloud, channel="c")
    cloud.ok("PATCH", f"{TRIGGERS}/t?updateMask={mask}", {"destination": {"workflow": "w"}})
    body = cloud.ok("GET", f"{TRIGGERS}/t")
    assert (body["name"], body["channel"]) == (NAME, "c")


def test_a_resource_without_policies_has_no_policy_methods(cloud: Inside) -> None:
    response = cloud("GET", f"secretmanager/v1/projects/{PROJECT}/secrets/s:getIamPolicy")
    assert response.status == 501
    assert "secretmanager.projects.secrets.getIamPolicy" in response.message


def test_locations_are_listed_for_every_regional_api(cloud: Inside) -> None:
    listed = cloud.ok("GET", f"eventarc/v1/projects/{PROJECT}/locations")["locations"]
    assert "europe-west1" in [one["locationId"] for one in listed]
    assert cloud.ok("GET", f"eventarc/v1/projects/{PROJECT}/locations/us-east1")["locationId"] == "us-east1"
    assert cloud("GET", f"eventarc/v1/projects/{PROJECT}/locations/mars").status == 404


def test_operations_may_be_asked_for_below_any_resource(cloud: Inside) -> None:
    response = cloud("GET", f"{TRIGGERS}/t/operations/o")
    assert (response.status, response.message) == (404, f"Operation '{NAME}/operations/o' was not found.")
