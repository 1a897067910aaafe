"""Policies as data."""

import base64
from typing import Any

import pytest
from localcloud.engine.iam.policies import EMPTY_ETAG, changed, empty, etag, merged, view
from localcloud.errors import CloudError

CONDITION = {"title": "t", "expression": "true"}
ALICE = {"role": "roles/viewer", "members": ["user:alice@example.com"]}


def test_bindings_of_one_role_and_condition_become_one_with_members_in_order() -> None:
    bindings = [
        {"role": "r", "members": ["b", "a"]},
        {"role": "r", "members": ["c", "a"], "condition": CONDITION},
        {"role": "r", "members": ["a", "d"]},
        {"role": "empty", "members": []},
    ]
    assert merged(bindings) == [
        {"role": "r", "members": ["b", "a", "d"]},
        {"role": "r", "members": ["c", "a"], "condition": CONDITION},
    ]


def test_an_etag_is_canonical_base64_of_its_bytes() -> None:
    text = etag(1_795_257_799_838_174)
    assert base64.b64encode(base64.b64decode(text)).decode() == text
    assert text != etag(1_795_257_799_838_175)


def test_a_stale_etag_aborts_in_googles_words() -> None:
    with pytest.raises(CloudError, match="There were concurrent policy changes") as caught:
        changed({"etag": "BwAAAAAAAAE="}, {"etag": "BwAAAAAAAAI=", "bindings": []}, ())
    assert (caught.value.code, caught.value.status) == (409, "ABORTED")


@pytest.mark.parametrize("spelled", ["BwAAAAAAAAE=", "BwAAAAAAAAE"])
def test_an_etag_is_compared_by_its_bytes(spelled: str) -> None:
    assert changed({"etag": "BwAAAAAAAAE="}, {"etag": spelled, "bindings": [ALICE]}, ())["bindings"] == [ALICE]


def test_without_an_etag_the_policy_is_replaced_unconditionally() -> None:
    assert changed(empty(), {"bindings": [ALICE]}, ()) == {"bindings": [ALICE], "version": 1}


def test_a_conditional_binding_needs_version_3() -> None:
    policy: dict[str, Any] = {"bindings": [{**ALICE, "condition": CONDITION}]}
    with pytest.raises(CloudError, match="must specify version 3"):
        changed(empty(), policy, ())
    assert changed(empty(), policy | {"version": 3}, ())["version"] == 3


@pytest.mark.parametrize(
    "policy",
    [
        {"version": 2},
        {"bindings": [{"members": []}]},
    ],
)
def test_an_invalid_policy_is_refused(policy: dict[str, Any]) -> None:
    with pytest.raises(CloudError) as caught:
        changed(empty(), policy, ())
    assert caught.value.code == 400


def test_audit_configs_change_only_when_sent() -> None:
    audit = [{"service": "allServices"}]
    current = {"etag": EMPTY_ETAG, "bindings": [ALICE], "auditConfigs": audit}
    assert changed(current, {"bindings": []}, ()) == {"auditConfigs": audit, "version": 1}
    assert changed(current, {"bindings": []}, ["bindings", "etag", "auditConfigs"]) == {"version": 1}


def test_an_older_caller_sees_conditional_bindings_under_a_marked_role() -> None:
    policy = {"version": 3, "etag": "x", "bindings": [ALICE, {**ALICE, "condition": CONDITION}]}
    seen = view(policy, 1)
    assert seen["version"] == 1
    assert seen["bindings"][1]["role"].startswith("roles/viewer_withcond_")
    assert "condition" not in seen["bindings"][1]
    assert view(policy, 3) == policy
    with pytest.raises(CloudError, match="requested policy version 2"):
        view(policy, 2)
