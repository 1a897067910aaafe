"""Plans with unknown values, nulls and suppressed blocks equal those of hashicorp/google 7.45.0, even where they surprise."""

from __future__ import annotations

from typing import Any

import pytest
from localcloud.provider.planner import Planner, Scope
from localcloud.provider.schema import parse
from localcloud.provider.settings import Settings
from localcloud.provider.values import UNKNOWN

from tests.localcloud.provider.core import Core, Object, Refusal

SECRET = "google_secret_manager_secret"
BUCKET = "google_storage_bucket"
REPOSITORY = "google_artifact_registry_repository"
PROVIDER = "google_iam_workload_identity_pool_provider"
AUTO = [{"auto": [{}]}]
NAMED = {"name": "b", "location": "EU"}
BUDGET = "google_billing_budget"
MAVEN = {"repository_id": "m", "format": "MAVEN", "location": "us"}


def _values(core: Core, resource: str, prior: Object | None = None, **values: Any) -> Object:
    planned = core.plan(resource, prior, **values).values
    assert planned is not None
    return planned


def _state(core: Core, resource: str, **values: Any) -> Object:
    """The state after a create for which the API computes nothing."""
    zeros = {"id": "it", "effective_annotations": {}, "soft_delete_policy": [], "versioning": [], "website": []}
    planned = _values(core, resource, **values)
    return {name: zeros.get(name, "") if value is UNKNOWN else value for name, value in planned.items()}


def test_an_unknown_bool_in_a_block_of_zeros_is_no_change(offline: Core) -> None:
    off = _state(offline, BUCKET, **NAMED, versioning=[{"enabled": False}])
    assert _values(offline, BUCKET, off, **NAMED, versioning=[{"enabled": UNKNOWN}]) == off
    on = _state(offline, BUCKET, **NAMED, versioning=[{"enabled": True}])
    assert _values(offline, BUCKET, on, **NAMED, versioning=[{"enabled": UNKNOWN}])["versioning"] == [
        {"enabled": UNKNOWN}
    ]


def test_an_unknown_list_in_a_block_that_has_none_is_no_change(offline: Core) -> None:
    state = _state(offline, BUCKET, **NAMED, cors=[{"max_age_seconds": 60}])
    assert _values(offline, BUCKET, state, **NAMED, cors=[{"max_age_seconds": 60, "origin": [UNKNOWN]}]) == state
    other = _values(offline, BUCKET, state, **NAMED, cors=[{"max_age_seconds": 61, "origin": [UNKNOWN]}])
    assert other["cors"][0]["origin"] is UNKNOWN


def test_an_unknown_text_in_a_block_is_a_change(offline: Core) -> None:
    arguments = {"workload_identity_pool_id": "pool", "workload_identity_pool_provider_id": "one"}
    state = _state(offline, PROVIDER, **arguments, aws=[{"account_id": ""}])
    assert _values(offline, PROVIDER, state, **arguments, aws=[{"account_id": UNKNOWN}])["aws"] == [
        {"account_id": UNKNOWN}
    ]


def test_unknown_nested_blocks_change_nothing_where_there_were_none(offline: Core) -> None:
    arguments = {"workload_identity_pool_id": "pool", "workload_identity_pool_provider_id": "one"}
    anchors = {"trust_anchors": [{"pem_certificate": "PEM"}]}
    state = _state(offline, PROVIDER, **arguments, x509=[{"trust_store": [anchors]}])
    perhaps = [{"trust_store": [anchors | {"intermediate_cas": UNKNOWN}]}]
    assert _values(offline, PROVIDER, state, **arguments, x509=perhaps) == state


def test_a_block_that_contains_a_set_always_differs(offline: Core) -> None:
    rule = {"action": [{"type": "Delete"}], "condition": [{"age": 1}]}
    state = _state(offline, BUCKET, **NAMED, lifecycle_rule=[rule])
    values = _values(offline, BUCKET, state, **NAMED, lifecycle_rule=[rule | {"condition": [{"age": UNKNOWN}]}])
    assert values["lifecycle_rule"][0]["condition"][0]["age"] is UNKNOWN


def test_an_empty_map_that_the_api_completes_is_unknown_until_it_was_computed_once(offline: Core) -> None:
    same = {"billing_account": "0", "amount": [{"last_period_amount": True}]}
    without = _state(offline, BUDGET, **same) | {"budget_filter": []}
    filters = [{"labels": {}}]
    created = _values(offline, BUDGET, **same, budget_filter=filters)["budget_filter"][0]
    assert created["labels"] is UNKNOWN
    added = _values(offline, BUDGET, without, **same, budget_filter=filters)["budget_filter"][0]
    assert added["labels"] is UNKNOWN
    state = without | {"budget_filter": [created | {"labels": {}}]}
    assert _values(offline, BUDGET, state, **same, budget_filter=filters)["budget_filter"][0]["labels"] == {}


def test_a_maven_config_that_is_not_known_yet(offline: Core) -> None:
    assert _values(offline, REPOSITORY, **MAVEN, maven_config=UNKNOWN)["maven_config"] == []
    policy = _values(offline, REPOSITORY, **MAVEN, maven_config=[{"version_policy": UNKNOWN}])["maven_config"]
    assert policy == [{"allow_snapshot_overwrites": None, "version_policy": UNKNOWN}]


def test_autoclass_that_is_off_is_planned_only_with_the_bucket(offline: Core) -> None:
    off = [{"enabled": False}]
    assert _values(offline, BUCKET, **NAMED, autoclass=off)["autoclass"] == [
        {"enabled": False, "terminal_storage_class": UNKNOWN}
    ]
    state = _state(offline, BUCKET, **NAMED)
    assert _values(offline, BUCKET, state, **NAMED, autoclass=off) == state
    assert _values(offline, BUCKET, state, **NAMED, autoclass=[{"enabled": UNKNOWN}])["autoclass"] == []


def test_removed_upstream_policies_stay(offline: Core) -> None:
    arguments = {"repository_id": "r", "format": "DOCKER", "location": "us"}
    policies = [{"id": "a", "priority": 1, "repository": "x"}]
    state = _state(offline, REPOSITORY, **arguments, virtual_repository_config=[{"upstream_policies": policies}])
    assert _values(offline, REPOSITORY, state, **arguments, virtual_repository_config=[{}]) == state


def test_an_unknown_lock_may_unlock_the_policy(offline: Core) -> None:
    state = _state(offline, BUCKET, **NAMED, retention_policy=[{"retention_period": "60", "is_locked": True}])
    unsure = [{"retention_period": "60", "is_locked": UNKNOWN}]
    assert "retention_policy.0.is_locked" in offline.plan(BUCKET, state, **NAMED, retention_policy=unsure).replaced


def test_an_empty_deletion_policy_always_differs(offline: Core) -> None:
    state = _state(offline, BUCKET, **NAMED, deletion_policy="DELETE")
    assert _values(offline, BUCKET, state, **NAMED, deletion_policy="")["deletion_policy"] is UNKNOWN


def test_an_explicit_zero_counts_where_the_timeouts_change(offline: Core) -> None:
    state = _state(offline, BUCKET, **NAMED)
    same = offline.plan(BUCKET, state, **NAMED, enable_object_retention=False)
    assert (same.values, same.replaced) == (state, [])
    other = offline.plan(BUCKET, state, **NAMED, enable_object_retention=False, timeouts={"create": "5m"})
    assert other.replaced == ["enable_object_retention", "id"]


def test_a_null_in_a_list_or_set_is_refused(offline: Core) -> None:
    with pytest.raises(Refusal, match="members has a null element"):
        offline.plan("google_project_iam_binding", project="p", role="roles/viewer", members=["allUsers", None])
    with pytest.raises(Refusal, match="data_locations has a null element"):
        offline.plan(BUCKET, **NAMED, custom_placement_config=[{"data_locations": [None]}])


def test_without_any_project_there_is_no_plan(offline: Core) -> None:
    bare = offline.configured("ipv4:127.0.0.1:2")
    with pytest.raises(Refusal, match="no project"):
        bare.plan(SECRET, secret_id="s", replication=AUTO)
    assert _values(bare, SECRET, secret_id="s", replication=AUTO, project=UNKNOWN)["project"] is UNKNOWN


@pytest.mark.parametrize(
    ("timeout", "why"), [("", "not a duration"), ("soon", "not a duration"), (UNKNOWN, "not known")]
)
def test_a_timeout_must_be_a_known_duration(offline: Core, timeout: Any, why: str) -> None:
    with pytest.raises(Refusal, match=why):
        offline.plan(SECRET, secret_id="s", replication=AUTO, timeouts={"create": timeout})
    _values(offline, SECRET, secret_id="s", replication=AUTO, timeouts={"create": "-1.5h", "delete": "0"})


def test_blocks_that_the_api_adds_to_a_new_element_of_a_list_are_unknown() -> None:
    schema = parse(
        {
            "containers": {
                "$": "list optional",
                "image": "string required",
                "ports": {"$": "list optional computed", "port": "int optional"},
            }
        }
    )
    old = {"containers": [{"image": "api", "ports": []}]}
    new = {"containers": [{"image": "api", "ports": []}, {"image": "metrics", "ports": []}]}
    planned = Planner(False, old, new, Settings("", "")).objects(schema.root, old, new, Scope())
    assert [one["ports"] for one in planned["containers"]] == [[], UNKNOWN]
