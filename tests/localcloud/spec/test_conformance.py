"""Bodies and query parameters against the documents, in Google's words."""

from typing import Any

import pytest
from localcloud.errors import CloudError
from localcloud.spec.conformance import check, typed, unknown_parameter
from localcloud.spec.discovery import Param, document


def checked(body: Any, schema: str = "Secret", api: str = "secretmanager", **how: Any) -> dict[str, Any]:
    return check(document(api, "v1"), schema, body, **how)


def refused(body: Any, schema: str = "Secret", api: str = "secretmanager", **how: Any) -> CloudError:
    with pytest.raises(CloudError) as caught:
        checked(body, schema, api, **how)
    assert caught.value.code == 400
    return caught.value


def test_an_undocumented_field_is_refused_by_name() -> None:
    problem = refused({"foo": 1})
    assert problem.message == "Invalid JSON payload received. Unknown name \"foo\" at 'secret': Cannot find field."
    assert problem.details[0]["fieldViolations"][0]["field"] == "secret"


def test_every_violation_is_named_at_once() -> None:
    problem = refused({"foo": 1, "bar": 2, "labels": 3})
    assert len(problem.details[0]["fieldViolations"]) == 3


def test_the_path_leads_to_a_nested_field() -> None:
    assert (
        "at 'secret.replication.user_managed.replicas[0]'"
        in refused({"replication": {"userManaged": {"replicas": [{"place": "x"}]}}}).message
    )


def test_a_request_message_has_no_root() -> None:
    problem = refused({"payload": {"date": ""}}, "AddSecretVersionRequest")
    assert problem.message.endswith("Unknown name \"date\" at 'payload': Cannot find field.")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"labels": {"a": 1}}, "TYPE_STRING"),
        ({"annotations": "x"}, "type.googleapis.com"),
        ({"ttl": "5"}, "google.protobuf.Duration"),
        ({"expireTime": "tomorrow"}, "google.protobuf.Timestamp"),
        ({"topics": {}}, "TYPE_LIST"),
        ({"versionAliases": {"a": 10**400}}, "TYPE_INT64"),
        ({"versionAliases": {"a": "9" * 5000}}, "TYPE_INT64"),
        ({"versionAliases": {"a": 1.5}}, "TYPE_INT64"),
        ({"versionAliases": {"a": float("inf")}}, "TYPE_INT64"),
    ],
)
def test_a_wrong_type_is_refused(body: dict[str, Any], kind: str) -> None:
    assert kind in refused(body).message


def test_a_list_in_place_of_a_single_value_is_refused() -> None:
    assert "Proto field is not repeating, cannot start list." in refused({"replication": []}).message


def test_snake_case_names_are_understood() -> None:
    assert checked({"expire_time": "2030-01-01T00:00:00Z"}) == {"expireTime": "2030-01-01T00:00:00Z"}


def test_map_keys_stay_as_they_are() -> None:
    assert checked({"labels": {"snake_key": "a"}}) == {"labels": {"snake_key": "a"}}


def test_whole_numbers_become_the_documented_kind() -> None:
    assert checked({"versionAliases": {"prod": 3}}) == {"versionAliases": {"prod": "3"}}
    assert "TYPE_INT64" in refused({"versionAliases": {"prod": 1.5}}).message
    assert "TYPE_INT64" in refused({"versionAliases": {"prod": str(1 << 63)}}).message


def test_output_only_fields_nulls_and_null_elements_are_dropped() -> None:
    body = {"createTime": "x", "ttl": None, "topics": [None], "etag": "e"}
    assert checked(body) == {"topics": [], "etag": "e"}


def test_storage_keeps_nulls_because_they_remove() -> None:
    assert checked({"labels": {"a": None}, "website": None}, "Bucket", "storage", older=True) == {
        "labels": {"a": None},
        "website": None,
    }


def test_an_enum_may_come_as_its_number() -> None:
    assert checked({"format": 1}, "Repository", "artifactregistry") == {"format": "DOCKER"}
    numbers = {"Repository.format": {9: "KFP"}}
    assert checked({"format": 9}, "Repository", "artifactregistry", numbers=numbers) == {"format": "KFP"}


def test_an_enum_name_that_does_not_exist_is_refused() -> None:
    assert '"DOKCER"' in refused({"format": "DOKCER"}, "Repository", "artifactregistry").message


def test_an_empty_enum_name_counts_as_unset_only_in_the_older_dialect() -> None:
    sent = {"onHostMaintenance": ""}
    assert checked(sent, "Scheduling", "compute", older=True) == sent
    assert "onHostMaintenance" in refused(sent, "Scheduling", "compute").message


def test_bytes_must_be_base64_of_either_alphabet() -> None:
    for spelt in ("-_8", "-_8=", "+/8=", "+/9"):
        assert checked({"payload": {"data": spelt}}, "AddSecretVersionRequest")["payload"] == {"data": "+/8="}
    assert "Base64 decoding failed" in refused({"payload": {"data": "*"}}, "AddSecretVersionRequest").message


def test_a_body_that_is_not_an_object_is_refused() -> None:
    assert "must be an object" in refused([1]).message


def test_lenient_services_ignore_what_they_do_not_know() -> None:
    assert checked({"foo": 1}, lenient=True) == {}


@pytest.mark.parametrize(
    ("param", "text", "value"),
    [
        (Param("n", "query", "integer"), "7", 7),
        (Param("n", "query", "string", "int64"), "-7", -7),
        (Param("n", "query", "boolean"), "True", True),
        (Param("n", "query", "boolean"), "false", False),
        (Param("n", "query", "number"), "0.5", 0.5),
        (Param("n", "query", enum=("A", "B")), "B", "B"),
        (Param("n", "query", enum=("A", "B")), "1", "B"),
    ],
)
def test_query_values_take_their_documented_type(param: Param, text: str, value: object) -> None:
    assert typed(param, text) == value


@pytest.mark.parametrize(
    "param",
    [Param("pageSize", "query", "integer", "int32"), Param("b", "query", "boolean"), Param("e", "query", enum=("A",))],
)
def test_a_query_value_of_another_type_is_refused(param: Param) -> None:
    with pytest.raises(CloudError, match="Invalid value at"):
        typed(param, "many")


@pytest.mark.parametrize(("form", "most"), [("int32", 2**31 - 1), ("uint32", 2**32 - 1), ("int64", 2**63 - 1)])
def test_a_number_in_a_query_stays_within_its_type(form: str, most: int) -> None:
    assert typed(Param("n", "query", "string", form), str(most)) == most
    for text in (str(most + 1), "9" * 5000):
        with pytest.raises(CloudError, match="Invalid value at"):
            typed(Param("n", "query", "string", form), text)


def test_an_unknown_query_parameter_is_named() -> None:
    assert 'Unknown name "pagesize": Cannot bind query parameter.' in unknown_parameter("pagesize").message


def test_values_of_the_path_may_also_be_in_the_request() -> None:
    described = document("secretmanager", "v1")
    sent = {"parent": "projects/p/secrets/other", "payload": {"data": "YQ=="}}
    assert check(described, "AddSecretVersionRequest", sent, bound=["parent"]) == {"payload": {"data": "YQ=="}}
    with pytest.raises(CloudError, match='Unknown name "parent"'):
        check(described, "AddSecretVersionRequest", sent, bound=["name"])
    with pytest.raises(CloudError, match='Unknown name "parent"'):
        check(described, "Secret", {"parent": "projects/p"}, bound=["parent"])
