"""The directory: which members exist for policies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from localcloud.engine.service import Resource, Service

from tests.localcloud.inside import PROJECT, Inside, inside

SERVICE = Service(
    api="secretmanager", resources={"projects.secrets": Resource(kind="Secret", id_param="secretId", iam=True)}
)
SECRETS = f"secretmanager/v1/projects/{PROJECT}/secrets"
ALICE, TEAM = "alice@example.com", "team@example.com"


@pytest.fixture
def cloud(tmp_path: Path) -> Inside:
    cloud = inside(tmp_path, SERVICE)
    cloud.ok("POST", f"{SECRETS}?secretId=s", {"replication": {"automatic": {}}})
    return cloud


def declare(cloud: Inside, **known: Any) -> Any:
    return cloud("POST", "_local/directory", known, **{"x-local-control": "key"})


def bind(cloud: Inside, *members: str) -> Any:
    binding = {"role": "roles/secretmanager.viewer", "members": list(members)}
    return cloud("POST", f"{SECRETS}/s:setIamPolicy", {"policy": {"bindings": [binding]}})


def test_without_settings_every_member_is_accepted(cloud: Inside) -> None:
    everyone = ["user:new@example.com", "group:new@example.com", "domain:example.com"]
    assert bind(cloud, *everyone).body["bindings"][0]["members"] == everyone


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (f"user:{TEAM}", f'Principal user:{TEAM} is of type "group". The principal should appear as "group:{TEAM}".'),
        (
            f"group:{ALICE}",
            f'Principal group:{ALICE} is of type "user". The principal should appear as "user:{ALICE}".',
        ),
        ("user:new@example.com", "User new@example.com does not exist."),
        ("group:new@example.com", "Group new@example.com does not exist."),
        ("serviceAccount:new@example.com", "Service account new@example.com does not exist."),
        (f"serviceAccount:ci@{PROJECT}.iam.gserviceaccount.com", "does not exist."),
        (f"user:ci@{PROJECT}.iam.gserviceaccount.com", 'is of type "serviceAccount"'),
    ],
)
def test_a_member_of_the_wrong_type_or_unknown_is_refused_as_google_does(
    cloud: Inside, member: str, message: str
) -> None:
    declare(cloud, users=[ALICE], groups=[TEAM], closed=True)
    response = bind(cloud, f"user:{ALICE}", member)
    assert (response.status, message in response.message) == (400, True), response.message
    assert bind(cloud, f"user:{ALICE}", f"group:{TEAM}").status == 200


def test_policies_keep_primary_addresses(cloud: Inside) -> None:
    declare(cloud, users=["Alice@example.com"], aliases={"al@example.com": "alice@EXAMPLE.com"})
    for spelt in ("alice@example.com", "ALICE@EXAMPLE.COM", "al@example.com", "Al@Example.com"):
        members = bind(cloud, f"user:{spelt}", "user:Alice@example.com").body["bindings"][0]["members"]
        assert members == ["user:Alice@example.com"]


def test_an_existing_member_is_kept_after_its_deletion(cloud: Inside) -> None:
    policy = bind(cloud, "user:bob@example.com").body
    declare(cloud, users=[ALICE], closed=True)
    policy["bindings"][0]["members"].append(f"user:{ALICE}")
    changed = cloud.ok("POST", f"{SECRETS}/s:setIamPolicy", {"policy": policy})
    assert changed["bindings"][0]["members"] == ["user:bob@example.com", f"user:{ALICE}"]


def test_it_returns_its_settings_and_forgets_them(cloud: Inside) -> None:
    settings = {"users": [ALICE], "groups": [TEAM], "aliases": {"al@example.com": ALICE}, "closed": True}
    assert declare(cloud, **settings).body == settings
    assert declare(cloud, closed=False).body == settings | {"closed": False}
    nobody = {"users": [], "groups": [], "aliases": {}, "closed": False}
    assert cloud("DELETE", "_local/directory", **{"x-local-control": "key"}).body == nobody
    assert cloud("GET", "_local/directory").status == 403


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ({"people": []}, "people is not one of"),
        ({"users": ["alice"]}, "alice is not an e-mail address"),
        ({"users": [3]}, "expected string"),
        ({"aliases": {"al@example.com": ALICE}}, "which is not in the directory"),
    ],
)
def test_invalid_settings_are_refused_and_none_of_them_kept(cloud: Inside, known: dict[str, Any], message: str) -> None:
    response = declare(cloud, groups=[TEAM], **known)
    assert (response.status, message in response.message) == (400, True), response.message
    assert cloud("GET", "_local/directory", **{"x-local-control": "key"}).body["groups"] == []
