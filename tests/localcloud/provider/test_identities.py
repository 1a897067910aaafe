"""Newer Terraforms store a resource's identity in the state: ours equals Google's, so that both providers can use one state."""

from __future__ import annotations

from typing import Any

import pytest
from localcloud.provider import identities
from localcloud.provider.protocol.messages import classes
from localcloud.provider.rows import catalogue
from localcloud.provider.schema import Attribute
from localcloud.provider.values import UNKNOWN, decode, encode

from tests.localcloud.provider.conftest import PROJECT, World

SECRET = "google_secret_manager_secret"
MEMBER = "google_secret_manager_secret_iam_member"
ACCESSOR = "roles/secretmanager.secretAccessor"
NAMED = [name for name in catalogue() if catalogue()[name].identity]


def values(message: Any) -> dict[str, Any] | None:
    """What an identity says; None where there is none."""
    result: dict[str, Any] | None = decode(message.identity_data.msgpack) if message.identity_data.msgpack else None
    return result


def ask(world: World, rpc: str, resource: str, **states: Any) -> Any:
    """The answer to a question about a resource, with values for its messages."""
    packed = {name: classes()["DynamicValue"](msgpack=encode(state)) for name, state in states.items()}
    function = {
        "ReadResource": world.core.servicer.read_resource,
        "PlanResourceChange": world.core.servicer.plan_resource_change,
        "ApplyResourceChange": world.core.servicer.apply_resource_change,
    }[rpc]
    return function(classes()[f"{rpc}.Request"](type_name=resource, **packed), world.core.peer)


@pytest.mark.parametrize("name", NAMED)
def test_an_identity_is_made_of_the_types_own_attributes(name: str) -> None:
    row = catalogue()[name]
    answer = identities.schemas([row]).identity_schemas[name]
    assert answer.version == 1
    for one in answer.identity_attributes:
        assert one.type == b'"string"'
        assert one.required_for_import is not one.optional_for_import
        child = row.schema.root.children.get(one.name)
        assert one.name == "condition_title" or (isinstance(child, Attribute) and child.scalar == "string")


def test_types_without_an_identity_at_google_have_none_here() -> None:
    answer = identities.schemas(catalogue()[name] for name in catalogue())
    assert set(answer.identity_schemas) == set(NAMED)
    for name in (
        "google_storage_bucket_object",
        "google_storage_bucket_iam_member",
        "google_secret_manager_secret_version",
    ):
        assert name not in NAMED
        assert identities.identity(catalogue()[name], {"name": "x", "bucket": "b"}) is None


def test_a_secrets_identity_is_its_project_and_its_name_from_creation_to_deletion(world: World) -> None:
    planned = world.core.plan(SECRET, secret_id="s", replication=[{"auto": [{}]}])
    proposed = {"proposed_new_state": planned.config, "config": planned.config}
    assert values(ask(world, "PlanResourceChange", SECRET, prior_state=None, **proposed).planned_identity) is None
    applied = {"prior_state": None, "planned_state": planned.values, "config": planned.config}
    created = ask(world, "ApplyResourceChange", SECRET, **applied)
    state, known = decode(created.new_state.msgpack), {"project": PROJECT, "secret_id": "s"}
    assert values(created.new_identity) == known
    assert values(ask(world, "ReadResource", SECRET, current_state=state).new_identity) == known
    change = {**state, "labels": {"a": "b"}}
    answer = ask(
        world, "PlanResourceChange", SECRET, prior_state=state, proposed_new_state=change, config=planned.config
    )
    assert values(answer.planned_identity) == known
    deleted = ask(world, "ApplyResourceChange", SECRET, prior_state=state, planned_state=None, config=None)
    assert values(deleted.new_identity) is None
    assert values(ask(world, "ReadResource", SECRET, current_state=state).new_identity) is None


@pytest.mark.parametrize(
    ("condition", "title"),
    [([], None), ([{"title": "until May", "expression": "true", "description": ""}], "until May")],
)
def test_a_grants_identity_names_its_condition(condition: list[dict[str, str]], title: str | None) -> None:
    arguments = {"project": PROJECT, "secret_id": "s", "role": ACCESSOR, "member": "user:a@b.co"}
    found = identities.identity(catalogue()[MEMBER], {**arguments, "condition": condition, "etag": "x"})
    assert values(found) == {**arguments, "condition_title": title}


def test_what_is_not_known_yet_is_no_identity() -> None:
    assert identities.identity(catalogue()["google_service_account"], {"project": PROJECT, "email": UNKNOWN}) is None
    assert identities.identity(catalogue()["google_service_account"], {"project": PROJECT, "email": None}) is None


@pytest.mark.parametrize(
    ("resource", "identity", "name"),
    [
        (SECRET, {"secret_id": "s"}, f"projects/{PROJECT}/secrets/s"),
        (SECRET, {"secret_id": "s", "project": "other"}, "projects/other/secrets/s"),
        ("google_storage_bucket", {"name": "b", "project": None}, "b"),
        (
            "google_artifact_registry_repository",
            {"repository_id": "r"},
            f"projects/{PROJECT}/locations/europe-west1/repositories/r",
        ),
        (MEMBER, {"secret_id": "s", "role": "r", "member": "user:a@b.co"}, "s r user:a@b.co"),
        ("google_project_iam_binding", {"project": "p", "role": "r", "condition_title": "until May"}, "p r until May"),
    ],
)
def test_an_import_by_identity_equals_one_by_id(
    resource: str, identity: dict[str, str | None], name: str, world: World
) -> None:
    message = classes()["ResourceIdentityData"](identity_data={"msgpack": encode(identity)})
    settings = world.core.servicer.sessions.of(world.core.peer).settings
    assert settings is not None
    assert identities.import_id(catalogue()[resource], message, settings) == name


def test_a_secret_is_imported_by_its_identity(world: World) -> None:
    state = world.core.created(SECRET, secret_id="s", replication=[{"auto": [{}]}])
    message = {"identity_data": {"msgpack": encode({"secret_id": "s", "project": None})}}
    request = classes()["ImportResourceState.Request"](type_name=SECRET, identity=message)
    answer = world.core.servicer.import_resource_state(request, world.core.peer)
    assert decode(answer.imported_resources[0].state.msgpack)["id"] == state["id"]
