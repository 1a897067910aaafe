"""Members and bindings change a policy and nothing else in it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.localcloud.provider.conftest import PROJECT, World
from tests.localcloud.provider.core import Refusal

MEMBER = "google_secret_manager_secret_iam_member"
BINDING = "google_secret_manager_secret_iam_binding"
ACCESSOR = "roles/secretmanager.secretAccessor"
VIEWER = "roles/secretmanager.viewer"
PATH = f"projects/{PROJECT}/secrets/s"


@pytest.fixture(autouse=True)
def secret(world: World) -> None:
    """The secret whose policy is changed."""
    world.core.created("google_secret_manager_secret", secret_id="s", replication=[{"auto": [{}]}])


def bindings(world: World) -> dict[str, list[str]]:
    found = world.ask("GET", "secretmanager", "v1/projects/{project}/secrets/s:getIamPolicy")
    return {one["role"]: sorted(one["members"]) for one in found.get("bindings", [])}


def by_hand(world: World, **members: list[str]) -> None:
    policy = {"bindings": [{"role": f"roles/secretmanager.{role}", "members": who} for role, who in members.items()]}
    world.ask("POST", "secretmanager", "v1/projects/{project}/secrets/s:setIamPolicy", {"policy": policy})


def test_a_member_is_added_and_removed_without_touching_others(world: World) -> None:
    by_hand(world, secretAccessor=["user:bob@example.com"])
    state = world.core.created(MEMBER, secret_id="s", role=ACCESSOR, member="user:Alice@example.com")
    assert state["id"] == f"{PATH}/{ACCESSOR}/user:alice@example.com"
    assert state["member"] == "user:alice@example.com"
    assert state["secret_id"] == PATH
    assert bindings(world) == {ACCESSOR: ["user:alice@example.com", "user:bob@example.com"]}
    world.core.destroyed(MEMBER, state)
    assert bindings(world) == {ACCESSOR: ["user:bob@example.com"]}


def test_changing_a_member_rewrites_all_in_lower_case_and_a_binding_only_its_own(world: World) -> None:
    by_hand(world, viewer=["user:Bob@example.com"])
    world.core.created(BINDING, secret_id="s", role=ACCESSOR, members=["user:Carol@example.com"])
    assert bindings(world) == {ACCESSOR: ["user:Carol@example.com"], VIEWER: ["user:Bob@example.com"]}
    state = world.core.created(MEMBER, secret_id="s", role=VIEWER, member="user:alice@example.com")
    lower = ["user:alice@example.com", "user:bob@example.com"]
    assert bindings(world) == {ACCESSOR: ["user:carol@example.com"], VIEWER: lower}
    by_hand(world, viewer=["user:Bob@example.com", *lower])
    world.core.destroyed(MEMBER, state)
    assert bindings(world) == {VIEWER: ["user:bob@example.com"]}


def test_on_a_repository_a_condition_spoils_the_policy_for_the_provider(world: World) -> None:
    repository = world.core.created("google_artifact_registry_repository", repository_id="r", format="DOCKER")["id"]
    arguments = {"repository": repository, "role": "roles/artifactregistry.reader", "member": "user:alice@example.com"}
    condition = [{"title": "soon over", "expression": 'request.time < timestamp("2099-01-01T00:00:00Z")'}]
    member = "google_artifact_registry_repository_iam_member"
    world.core.created(member, **arguments)
    with pytest.raises(Refusal, match="Leave the condition out") as error:
        world.core.created(member, **arguments, condition=condition)
    assert error.value.state is None
    with pytest.raises(Refusal, match="_withcond_"):
        world.core.created(member, **{**arguments, "member": "user:bob@example.com"})


def test_a_manually_removed_member_is_gone(world: World) -> None:
    state = world.core.created(MEMBER, secret_id="s", role=ACCESSOR, member="user:alice@example.com")
    by_hand(world, secretAccessor=["user:bob@example.com"])
    assert world.core.read(MEMBER, state) is None


def test_a_binding_is_the_whole_role_and_no_other(world: World) -> None:
    by_hand(world, secretAccessor=["user:bob@example.com"], viewer=["user:dave@example.com"])
    state = world.core.created(BINDING, secret_id=PATH, role=VIEWER, members=["user:alice@example.com"])
    assert bindings(world) == {ACCESSOR: ["user:bob@example.com"], VIEWER: ["user:alice@example.com"]}
    state = world.core.changed(BINDING, state, secret_id=PATH, role=VIEWER, members=["user:carol@example.com"])
    assert bindings(world)[VIEWER] == ["user:carol@example.com"]
    by_hand(world, secretAccessor=["user:bob@example.com"])
    found = world.core.read(BINDING, state)
    assert found is not None
    assert found["members"] == []
    world.core.destroyed(BINDING, state)
    assert bindings(world) == {ACCESSOR: ["user:bob@example.com"]}


def test_a_condition_makes_another_binding_of_the_same_role(world: World) -> None:
    condition = [{"title": "soon over", "expression": 'request.time < timestamp("2099-01-01T00:00:00Z")'}]
    plain = world.core.created(MEMBER, secret_id="s", role=ACCESSOR, member="user:alice@example.com")
    timed = world.core.created(
        MEMBER, secret_id="s", role=ACCESSOR, member="user:alice@example.com", condition=condition
    )
    assert timed["id"].endswith('/soon over//request.time < timestamp("2099-01-01T00:00:00Z")')
    world.core.destroyed(MEMBER, plain)
    found = world.core.imported(MEMBER, f"{PATH} {ACCESSOR} user:alice@example.com soon over")
    assert found == world.core.read(MEMBER, timed)
    assert found is not None
    assert found["id"] == timed["id"]


@pytest.mark.parametrize("name", [PATH, f"{PROJECT}/s", "s"])
def test_a_member_is_imported_by_its_parents_long_and_short_names(world: World, name: str) -> None:
    created = world.core.created(MEMBER, secret_id="s", role=ACCESSOR, member="user:alice@example.com")
    assert world.core.imported(MEMBER, f"{name} {ACCESSOR} user:alice@example.com") == created


def test_an_import_without_its_parts_or_its_member_is_refused(world: World) -> None:
    with pytest.raises(Refusal, match="is not of the form 'parent role member"):
        world.core.imported(MEMBER, PATH)
    with pytest.raises(Refusal, match=r"user:eve@example\.com has no binding"):
        world.core.imported(MEMBER, f"{PATH} {ACCESSOR} user:eve@example.com")


def test_a_policy_changed_concurrently_is_read_again(world: World) -> None:
    world.fault(method="secretmanager.projects.secrets.setIamPolicy", kind="error", code=409, count=2)
    world.core.created(MEMBER, secret_id="s", role=ACCESSOR, member="user:alice@example.com")
    assert bindings(world) == {ACCESSOR: ["user:alice@example.com"]}


def test_members_of_one_policy_that_are_added_at_the_same_time_are_all_there(world: World) -> None:
    people = [f"user:{name}@example.com" for name in "abcdefgh"]

    def add(member: str) -> Any:
        return world.core.created(MEMBER, secret_id="s", role=ACCESSOR, member=member)

    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(add, people))) == len(people)
    assert bindings(world) == {ACCESSOR: people}


def test_a_member_of_a_parent_that_is_gone_is_gone(world: World) -> None:
    state = world.core.created(MEMBER, secret_id="s", role=ACCESSOR, member="user:alice@example.com")
    world.ask("DELETE", "secretmanager", "v1/projects/{project}/secrets/s")
    assert world.core.read(MEMBER, state) is None
    world.core.destroyed(MEMBER, state)


def test_projects_accounts_buckets_and_repositories_have_members_too(world: World) -> None:
    account = world.core.created("google_service_account", account_id="train-me")
    world.core.created("google_storage_bucket", name="example-b", location="EU")
    repository = world.core.created("google_artifact_registry_repository", repository_id="r", format="DOCKER")
    member = "user:alice@example.com"
    created = [
        world.core.created("google_project_iam_member", project=PROJECT, role="roles/viewer", member=member),
        world.core.created(
            "google_service_account_iam_member",
            service_account_id=account["name"],
            role="roles/iam.serviceAccountUser",
            member=member,
        ),
        world.core.created(
            "google_storage_bucket_iam_member", bucket="example-b", role="roles/storage.objectViewer", member=member
        ),
        world.core.created(
            "google_artifact_registry_repository_iam_member",
            repository=repository["name"],
            role="roles/artifactregistry.reader",
            member=member,
        ),
    ]
    assert [one["id"] for one in created] == [
        f"{PROJECT}/roles/viewer/{member}",
        f"{account['name']}/roles/iam.serviceAccountUser/{member}",
        f"b/example-b/roles/storage.objectViewer/{member}",
        f"projects/{PROJECT}/locations/europe-west1/repositories/r/roles/artifactregistry.reader/{member}",
    ]
