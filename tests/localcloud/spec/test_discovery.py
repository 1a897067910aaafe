"""What the documents say about methods."""

import pytest
from localcloud.spec.discovery import UnknownDocument, camel, document, snake, versions


def test_every_method_of_the_emulated_documents_can_be_reached_by_its_own_flat_path() -> None:
    for api, version in [
        ("secretmanager", "v1"),
        ("artifactregistry", "v1"),
        ("iam", "v1"),
        ("run", "v2"),
        ("compute", "v1"),
    ]:
        described = document(api, version)
        for method in described.methods.values():
            path = method.flat_path.replace("{", "x").replace("}", "")
            match = described.match(method.http, path)
            assert match is not None, method.id
            assert match[0].flat_path == method.flat_path, method.id


def test_a_method_knows_its_verb_and_collection() -> None:
    method = document("secretmanager", "v1").methods["secretmanager.projects.secrets.versions.access"]
    assert (method.verb, method.collection) == ("access", "projects.secrets.versions")


def test_a_query_parameter_has_two_spellings() -> None:
    query = document("artifactregistry", "v1").methods["artifactregistry.projects.locations.repositories.create"].query
    assert query["repository_id"] is query["repositoryId"]


def test_storage_paths_begin_after_the_api_name() -> None:
    method = document("storage", "v1").methods["storage.objects.insert"]
    assert method.flat_path == "v1/b/{bucket}/o"
    assert "/upload/storage/v1/b/{bucket}/o" in method.uploads


def test_an_unknown_api_has_no_versions_and_no_document() -> None:
    assert versions("nosuchapi") == ()
    assert versions("../storage") == ()
    with pytest.raises(UnknownDocument, match="nosuchapi v1"):
        document("nosuchapi", "v1")


def test_names_turn_both_ways() -> None:
    assert (snake("updateMask"), camel("update_mask"), camel("updateMask")) == (
        "update_mask",
        "updateMask",
        "updateMask",
    )
