"""Finding the route that a path means."""

from localcloud.spec.discovery import document
from localcloud.spec.routes import Routes


def matched(http: str, path: str, api: str = "secretmanager", version: str = "v1") -> tuple[str, dict[str, str]]:
    match = document(api, version).match(http, path)
    assert match is not None, path
    return match[0].id, match[1]


def test_a_custom_verb_wins_over_a_resource_of_that_name() -> None:
    assert matched("GET", "v1/projects/p/secrets/s:getIamPolicy")[0] == "secretmanager.projects.secrets.getIamPolicy"


def test_a_reserved_parameter_matches_all_its_segments() -> None:
    method, params = matched("GET", "v1/projects/p/secrets/s/versions/latest:access")
    assert method == "secretmanager.projects.secrets.versions.access"
    assert params == {"name": "projects/p/secrets/s/versions/latest"}


def test_a_segment_is_decoded_after_splitting() -> None:
    assert matched("GET", "v1/b/bucket/o/a%2Fb%3Ac", "storage")[1] == {"bucket": "bucket", "object": "a/b:c"}


def test_a_colon_in_a_plain_parameter_is_no_verb() -> None:
    assert matched("GET", "v1/b/bucket/o/a:b", "storage")[1]["object"] == "a:b"


def test_a_verb_may_come_percent_encoded() -> None:
    assert matched("POST", "v1/projects/p/secrets/s%3AaddVersion")[0] == "secretmanager.projects.secrets.addVersion"


def test_an_email_in_the_path_arrives_whole() -> None:
    _, params = matched("POST", "v1/projects/p/serviceAccounts/a%40p.iam.gserviceaccount.com:getIamPolicy", "iam")
    assert params == {"resource": "projects/p/serviceAccounts/a@p.iam.gserviceaccount.com"}


def test_slashes_that_a_client_encoded_in_a_resource_name_are_understood() -> None:
    assert matched("GET", "v1/projects%2Fp%2Fsecrets%2Fs")[1] == {"name": "projects/p/secrets/s"}


def test_an_open_ended_parameter_matches_the_rest() -> None:
    _, params = matched("GET", "v3/projects/p/metricDescriptors/custom.googleapis.com/a/b", "monitoring", "v3")
    assert params == {"name": "projects/p/metricDescriptors/custom.googleapis.com/a/b"}


def test_an_empty_segment_matches_no_parameter() -> None:
    assert document("secretmanager", "v1").match("GET", "v1/projects//secrets/s") is None


def test_the_verbs_of_a_path_are_known() -> None:
    assert sorted(document("secretmanager", "v1").verbs("v1/projects/p/secrets/s")) == ["DELETE", "GET", "PATCH"]


def test_a_literal_wins_over_a_parameter_and_falls_back_to_it() -> None:
    routes: Routes[str] = Routes()
    routes.add("GET", "a/{x}/c", "parameter", [("x", 1, 2)])
    routes.add("GET", "a/b", "literal", [])
    assert routes.find("GET", "a/b") == ("literal", {})
    assert routes.find("GET", "a/b/c") == ("parameter", {"x": "b"})


def test_an_open_ended_parameter_may_start_with_a_slash() -> None:
    routes: Routes[str] = Routes()
    routes.add("GET", "{bucket}/{object}", "object", [("bucket", 0, 1), ("object", 1, None)])
    assert routes.find("GET", "data//a/b") == ("object", {"bucket": "data", "object": "/a/b"})
    assert routes.find("GET", "data/") is None
