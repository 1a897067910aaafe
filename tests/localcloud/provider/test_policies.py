"""A whole IAM policy as a resource, and the data source that builds one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from localcloud.provider import policy_data

from tests.localcloud.provider.conftest import PROJECT, World
from tests.localcloud.provider.core import Core, Refusal

POLICY = "google_secret_manager_secret_iam_policy"
ACCESSOR = "roles/secretmanager.secretAccessor"
PATH = f"projects/{PROJECT}/secrets/s"
ALICE, BOB = "user:alice@example.com", "user:bob@example.com"


def text(*members: str, **more: Any) -> str:
    return json.dumps({"bindings": [{"role": ACCESSOR, "members": list(members)}], **more})


def members(world: World) -> dict[str, list[str]]:
    found = world.ask("GET", "secretmanager", "v1/projects/{project}/secrets/s:getIamPolicy")
    return {one["role"]: sorted(one["members"]) for one in found.get("bindings", [])}


def test_a_whole_policy_replaces_what_was_there_and_leaves_nothing(world: World) -> None:
    world.core.created("google_secret_manager_secret", secret_id="s", replication=[{"auto": [{}]}])
    by_hand = {"policy": {"bindings": [{"role": "roles/secretmanager.viewer", "members": ["user:eve@example.com"]}]}}
    world.ask("POST", "secretmanager", "v1/projects/{project}/secrets/s:setIamPolicy", by_hand)
    state = world.core.created(POLICY, secret_id="s", policy_data=text(BOB, ALICE))
    assert (state["id"], state["secret_id"]) == (PATH, PATH)
    assert members(world) == {ACCESSOR: [ALICE, BOB]}
    world.ask("POST", "secretmanager", "v1/projects/{project}/secrets/s:setIamPolicy", by_hand)
    drifted = world.core.read(POLICY, state)
    assert drifted
    assert "eve" in drifted["policy_data"]
    state = world.core.changed(POLICY, drifted, secret_id=PATH, policy_data="{}")
    assert (state["policy_data"], members(world)) == ("{}", {})
    world.core.destroyed(POLICY, state)
    world.ask("DELETE", "secretmanager", "v1/projects/{project}/secrets/s")
    assert world.core.read(POLICY, state) is None


def test_a_policy_can_be_read_without_owning_it(world: World) -> None:
    world.core.created("google_secret_manager_secret", secret_id="s", replication=[{"auto": [{}]}])
    state = world.core.created(POLICY, secret_id="s", policy_data=text(ALICE))
    found = world.core.data(POLICY, secret_id="s")
    assert {name: found[name] for name in ("id", "secret_id", "policy_data", "etag")} == {
        name: state[name] for name in ("id", "secret_id", "policy_data", "etag")
    }
    with pytest.raises(Refusal, match="was refused"):
        world.core.data(POLICY, secret_id="none")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (text(ALICE, BOB), True),
        (text("user:BOB@example.com", ALICE), True),
        (text(BOB, ALICE, auditConfigs=[]), True),
        (text(BOB), False),
        (text(BOB, ALICE, auditConfigs=[{"service": "allServices", "auditLogConfigs": [{"logType": "DATA_READ"}]}]), False),
        (text(BOB, ALICE, version=3), False),
        ("none", False),
        ("", False),
    ],
)  # fmt: skip
def test_policies_are_compared_by_meaning(other: str, same: bool) -> None:
    assert policy_data.same(text(BOB, ALICE), other) is same


@pytest.mark.parametrize("wrong", ["{", "[]", '{"bindings": 1}', text("alice"), text("deleted:user:alice@example.com")])
def test_an_invalid_policy_is_refused_before_anything_is_planned(offline: Core, wrong: str) -> None:
    with pytest.raises(Refusal, match="policy_data"):
        offline.validate(POLICY, secret_id="s", policy_data=wrong)


def test_the_data_source_joins_and_orders_what_its_blocks_say(offline: Core) -> None:
    condition = [{"title": "soon <over>", "expression": "true", "description": None}]
    blocks = [
        {"role": "roles/viewer", "members": [BOB], "condition": condition},
        {"role": "roles/viewer", "members": [BOB], "condition": []},
        {"role": "roles/owner", "members": [BOB], "condition": []},
        {"role": "roles/viewer", "members": [ALICE], "condition": []},
    ]
    found = offline.data("google_iam_policy", binding=blocks)["policy_data"]
    assert "soon \\u003cover\\u003e" in found
    assert json.loads(found)["bindings"] == [
        {"role": "roles/owner", "members": [BOB]},
        {"role": "roles/viewer", "members": [ALICE, BOB]},
        {"role": "roles/viewer", "members": [BOB], "condition": {"title": "soon <over>", "expression": "true"}},
    ]
    assert offline.data("google_iam_policy")["policy_data"] == "{}"
