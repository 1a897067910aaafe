"""Managed folders and their policies; folders of buckets with a hierarchical namespace."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.localcloud.services.requests_inside import PROJECT
from tests.localcloud.services.storage_inside import UNIFORM, B, Storage, path, storage

BOB = "user:bob@example.com"
MANAGED = f"{B}/data-bucket/managedFolders"
FOLDERS = f"{B}/data-bucket/folders"
HIERARCHICAL: dict[str, Any] = {"hierarchicalNamespace": {"enabled": True}}


@pytest.fixture
def gcs(tmp_path: Path) -> Storage:
    gcs = storage(tmp_path)
    gcs.bucket()
    return gcs


@pytest.fixture
def tree(tmp_path: Path) -> Storage:
    tree = storage(tmp_path)
    tree.bucket(**HIERARCHICAL)
    return tree


def url_of(collection: str, name: str, rest: str = "") -> str:
    return f"{collection}/{quote(name, safe='')}{rest}"


def managed(gcs: Storage, name: str, *roles: str, member: str = BOB) -> None:
    gcs.ask("POST", MANAGED, {"name": name})
    grant(gcs, name, *roles, member=member)


def grant(gcs: Storage, name: str, *roles: str, member: str = BOB, status: int = 200, **more: Any) -> Any:
    bindings = [{"role": f"roles/storage.{role}", "members": [member], **more} for role in roles]
    return gcs.ask("PUT", url_of(MANAGED, name, "/iam"), {"bindings": bindings, "version": 3}, status)


def names(gcs: Storage, url: str) -> list[str]:
    return [item["name"] for item in gcs.ask("GET", url).json.get("items", [])]


def test_a_managed_folder_is_made_shown_listed_and_deleted(gcs: Storage) -> None:
    created = gcs.ask("POST", MANAGED, {"name": "a/b/"}).json
    assert (created["kind"], created["id"], created["metageneration"]) == (
        "storage#managedFolder",
        "data-bucket/a/b/",
        "1",
    )
    assert created["selfLink"].endswith("/b/data-bucket/managedFolders/a%2Fb%2F")
    assert created["createTime"] == created["updateTime"]
    assert gcs.ask("GET", url_of(MANAGED, "a/b/")).json == created
    assert gcs.ask("POST", MANAGED, {"name": "a/b/"}, 409).reason == "conflict"
    for name in ("a/", "c/"):
        gcs.ask("POST", MANAGED, {"name": name})
    page = gcs.ask("GET", f"{MANAGED}?pageSize=2").json
    assert [item["name"] for item in page["items"]] == ["a/", "a/b/"]
    assert names(gcs, f"{MANAGED}?pageToken={page['nextPageToken']}") == ["c/"]
    assert names(gcs, f"{MANAGED}?prefix=a/b") == ["a/b/"]
    gcs.ask("DELETE", url_of(MANAGED, "c/"), status=204)
    assert gcs.ask("GET", url_of(MANAGED, "c/"), status=404).reason == "notFound"


@pytest.mark.parametrize("name", ["", "a", "a\nb/", "x/" * 16, ".well-known/acme-challenge/", "é" * 512 + "/"])
def test_names_that_no_managed_folder_has(gcs: Storage, name: str) -> None:
    gcs.ask("POST", MANAGED, {"name": name}, 400)


def test_managed_folders_need_uniform_access(gcs: Storage) -> None:
    gcs.ask("POST", f"{B}?project={PROJECT}", {"name": "fine-bucket"})
    refused = gcs.ask("POST", f"{B}/fine-bucket/managedFolders", {"name": "a/"}, 412)
    assert refused.message == "Managed folders need uniform bucket-level access; enable it on the bucket 'fine-bucket'."


def test_a_managed_folders_policy_applies_only_below_it(gcs: Storage) -> None:
    for name in ("a/x", "a/b/y", "ab/z"):
        gcs.upload(name)
    managed(gcs, "a/", "objectViewer")
    bob = gcs.as_(BOB)
    assert [bob.media(name) for name in ("a/x", "a/b/y")] == [b"hello"] * 2
    bob.media("ab/z", 403)
    bob.upload("a/new", status=403)
    assert bob.names("prefix=a/") == ["a/b/y", "a/x"]
    bob.ask("GET", f"{B}/data-bucket/o?prefix=a", status=403)
    bob.ask("GET", f"{B}/data-bucket/o", status=403)
    bob.media("a/none", 404)
    managed(gcs, "a/b/", "objectUser")
    bob.upload("a/b/new")
    bob.upload("a/new", status=403)
    granted = bob.ask("GET", url_of(MANAGED, "a/b/", "/iam/testPermissions?permissions=storage.objects.create")).json
    assert granted["permissions"] == ["storage.objects.create"]


def test_a_condition_of_a_folders_policy_is_about_the_object(gcs: Storage) -> None:
    for name in ("a/x", "a/y"):
        gcs.upload(name)
    gcs.ask("POST", MANAGED, {"name": "a/"})
    only = {"title": "x", "expression": 'resource.name.endsWith("/objects/a/x")'}
    grant(gcs, "a/", "objectViewer", condition=only)
    assert gcs.as_(BOB).media("a/x") == b"hello"
    gcs.as_(BOB).media("a/y", 403)


def test_a_policy_is_read_changed_with_its_etag_and_deleted_with_its_folder(gcs: Storage) -> None:
    gcs.upload("a/x")
    managed(gcs, "a/", "objectViewer")
    policy = gcs.ask("GET", url_of(MANAGED, "a/", "/iam")).json
    assert policy["resourceId"] == "projects/_/buckets/data-bucket/managedFolders/a/"
    assert gcs.ask("GET", url_of(MANAGED, "a/")).json["metageneration"] == "2"
    gcs.ask("PUT", url_of(MANAGED, "a/", "/iam"), {**policy, "bindings": []})
    assert gcs.ask("PUT", url_of(MANAGED, "a/", "/iam"), policy, 412).reason == "conditionNotMet"
    grant(gcs, "a/", "objectViewer")
    gcs.ask("DELETE", url_of(MANAGED, "a/"), status=409)
    gcs.ask("DELETE", url_of(MANAGED, "a/", "?allowNonEmpty=true"), status=204)
    gcs.as_(BOB).media("a/x", 403)
    gcs.ask("POST", MANAGED, {"name": "a/"})
    gcs.as_(BOB).media("a/x", 403)


def test_without_permission_no_managed_folder_is_visible(gcs: Storage) -> None:
    managed(gcs, "a/", "objectViewer", member="user:eve@example.com")
    bob = gcs.as_(BOB)
    bob.ask("GET", MANAGED, status=403)
    bob.ask("POST", MANAGED, {"name": "b/"}, 403)
    for verb, rest in (("GET", ""), ("DELETE", ""), ("GET", "/iam")):
        bob.ask(verb, url_of(MANAGED, "a/", rest), status=403)
    grant(bob, "a/", "objectAdmin", status=403)


def test_folders_are_where_the_namespace_is_hierarchical(gcs: Storage) -> None:
    assert "does not have a hierarchical namespace" in gcs.ask("POST", FOLDERS, {"name": "a/"}, 400).message
    for wrong in ({"iamConfiguration": {}}, {"versioning": {"enabled": True}}):
        body = {"name": "tree-bucket", **UNIFORM, **HIERARCHICAL, **wrong}
        gcs.ask("POST", f"{B}?project={PROJECT}", body, 400)


def test_a_folder_is_made_in_its_parent_or_with_it(tree: Storage) -> None:
    created = tree.ask("POST", FOLDERS, {"name": "a/"}).json
    assert (created["kind"], created["id"], created["metageneration"]) == ("storage#folder", "data-bucket/a/", "1")
    tree.ask("POST", FOLDERS, {"name": "a/"}, 409)
    assert "parent folder 'x/y/'" in tree.ask("POST", FOLDERS, {"name": "x/y/z/"}, 400).message
    tree.ask("POST", f"{FOLDERS}?recursive=true", {"name": "x/y/z/"})
    assert names(tree, FOLDERS) == ["a/", "x/", "x/y/", "x/y/z/"]
    assert names(tree, f"{FOLDERS}?delimiter=/") == ["a/", "x/"]
    assert names(tree, f"{FOLDERS}?prefix=x/&delimiter=/") == ["x/", "x/y/"]
    assert names(tree, f"{FOLDERS}?startOffset=b&endOffset=x/y/z/") == ["x/", "x/y/"]
    page = tree.ask("GET", f"{FOLDERS}?pageSize=3").json
    assert names(tree, f"{FOLDERS}?pageToken={page['nextPageToken']}") == ["x/y/z/"]
    for wrong in ("", "a", "a//b/", "é" * 256 + "/"):
        tree.ask("POST", FOLDERS, {"name": wrong}, 400)


def test_objects_bring_their_folders_and_leave_them(tree: Storage) -> None:
    tree.upload("a/b/x")
    assert names(tree, FOLDERS) == ["a/", "a/b/"]
    assert (
        tree.ask("DELETE", url_of(FOLDERS, "a/b/"), status=409).message
        == "The folder you tried to delete is not empty."
    )
    tree.ask("DELETE", path("a/b/x"), status=204)
    tree.ask("DELETE", url_of(FOLDERS, "a/b/"), status=204)
    assert names(tree, FOLDERS) == ["a/"]
    assert "at most 512 bytes each" in tree.upload("d/" + "x" * 513, status=400)["error"]["message"]
    tree.upload("d/" + "x" * 512)


def test_a_rename_moves_everything_in_the_folder(tree: Storage) -> None:
    for name in ("a/x", "a/b/y", "ab/z"):
        tree.upload(name)
    tree.ask("POST", FOLDERS, {"name": "new/"})
    for target in ("ab/", "a/c/", "none/c/"):
        tree.ask(
            "POST",
            url_of(FOLDERS, "a/", f"/renameTo/folders/{quote(target, safe='')}"),
            None,
            409 if target == "ab/" else 400,
        )
    renamed = tree.ask("POST", url_of(FOLDERS, "a/", "/renameTo/folders/new%2Fa%2F")).json
    assert (renamed["done"], renamed["kind"], renamed["response"]["name"]) == (True, "storage#operation", "new/a/")
    assert renamed["response"]["@type"].endswith("google.storage.control.v2.Folder")
    assert names(tree, FOLDERS) == ["ab/", "new/", "new/a/", "new/a/b/"]
    assert tree.names() == ["ab/z", "new/a/b/y", "new/a/x"]
    assert tree.media("new/a/x") == b"hello"
    assert tree.ask("GET", path("new/a/x")).json["id"].startswith("data-bucket/new/a/x/")
    operation = renamed["name"].rpartition("/")[2]
    assert tree.ask("GET", f"{B}/data-bucket/operations/{operation}").json == renamed
    assert tree.ask("GET", f"{B}/data-bucket/operations").json["operations"] == [renamed]


def test_a_folder_is_deleted_with_its_contents(tree: Storage) -> None:
    for name in ("a/x", "a/b/y", "ab/z"):
        tree.upload(name)
    assert tree.ask("POST", url_of(FOLDERS, "a/", "/deleteRecursive")).json["done"]
    assert (names(tree, FOLDERS), tree.names()) == (["ab/"], ["ab/z"])


def test_folders_are_listed_as_prefixes_on_request(tree: Storage) -> None:
    tree.upload("a/x")
    tree.upload("y")
    for name in ("b/", "a/c/"):
        tree.ask("POST", FOLDERS, {"name": name})
    tree.ask("POST", MANAGED, {"name": "m/"})
    query = "delimiter=/&includeFoldersAsPrefixes=true"
    assert tree.list("delimiter=/")["prefixes"] == ["a/"]
    assert tree.list(query)["prefixes"] == ["a/", "b/", "m/"]
    below = tree.list(f"{query}&prefix=a/")
    assert (below["prefixes"], [item["name"] for item in below["items"]]) == (["a/c/"], ["a/x"])
    first = tree.list(f"{query}&maxResults=2")
    assert (first["prefixes"], tree.list(f"{query}&pageToken={first['nextPageToken']}")["prefixes"]) == (
        ["a/", "b/"],
        ["m/"],
    )


def test_folders_need_permission(tree: Storage) -> None:
    tree.upload("a/x")
    bob = tree.as_(BOB)
    for verb, url in (("GET", FOLDERS), ("GET", url_of(FOLDERS, "a/")), ("DELETE", url_of(FOLDERS, "a/"))):
        bob.ask(verb, url, status=403)
    bob.ask("POST", FOLDERS, {"name": "b/"}, 403)
    bob.ask("POST", url_of(FOLDERS, "a/", "/renameTo/folders/b%2F"), status=403)
    bob.ask("POST", url_of(FOLDERS, "a/", "/deleteRecursive"), status=403)
    managed(tree, "a/", "objectUser")
    bob.ask("POST", FOLDERS, {"name": "a/b/"})
    bob.ask("POST", FOLDERS, {"name": "b/"}, 403)
