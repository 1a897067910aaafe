"""What each policy does with a value that is not known: in a plan the policy decides, in code it stays undecided."""

from __future__ import annotations

import pytest
from policies import catalogue
from policies.language import Policy, Resource, Unknown, Verdict

from tests.policies.cases import SETTINGS

POLICIES = catalogue.policies()
ATTRIBUTES = (
    "action", "attribute_condition", "attribute_mapping", "binding", "budget_filter", "build", "build_config", "cleanup_policies",
    "cleanup_policy_dry_run", "condition", "disable_dependent_services", "disable_on_destroy", "effective_labels", "entity",
    "force_destroy", "http_target", "invoker_iam_disabled", "labels", "lifecycle_rule", "location", "member", "members", "name",
    "notification_channels", "permissions", "policy_data", "predefined_acl", "role", "role_entity", "secret_data", "service", "service_account",
    "service_config", "soft_delete_policy", "template", "versioning", "vulnerability_scanning_config",
)  # fmt: skip
# These fail whatever the values are: that the resource is there is enough.
BY_BEING_THERE = {
    "secret_values_are_not_read_into_state",
    "secret_values_stay_out_of_state",
    "service_account_keys_do_not_exist",
}


def _open(policy: Policy, kind: str, source: str) -> Resource:
    values = {name: Unknown() for name in ATTRIBUTES}
    concrete = kind.replace("*", "project")
    return Resource(concrete, f"{concrete}.one", "", "plan" if source == "plan" else "code", values)


@pytest.mark.parametrize("name", POLICIES)
def test_on_a_plan_the_policy_decides_what_is_not_known(name: str) -> None:
    policy = POLICIES[name]
    rulings = [policy.rule(_open(policy, kind, "plan"), SETTINGS) for kind in policy.resources]
    assert {ruling.verdict for ruling in rulings} == {policy.when_unknown}


@pytest.mark.parametrize(
    "name", sorted(set(POLICIES) - BY_BEING_THERE - {"resources_are_labelled", "shared_access_is_added"})
)
def test_unknown_values_in_code_are_left_to_the_plan(name: str) -> None:
    policy = POLICIES[name]
    rulings = [policy.rule(_open(policy, kind, "code"), SETTINGS) for kind in policy.resources]
    assert {ruling.verdict for ruling in rulings} == {Verdict.UNKNOWN}


@pytest.mark.parametrize("name", sorted(BY_BEING_THERE))
def test_what_is_wrong_by_being_there_is_wrong_in_code_too(name: str) -> None:
    policy = POLICIES[name]
    assert {policy.rule(_open(policy, kind, "code"), SETTINGS).verdict for kind in policy.resources} == {Verdict.FAIL}


def test_an_unknown_role_may_be_custom_but_a_whole_policy_may_not() -> None:
    policy = POLICIES["shared_access_is_added"]
    verdicts = {kind: policy.rule(_open(policy, kind, "code"), SETTINGS).verdict for kind in policy.resources}
    assert verdicts == {"google_*_iam_binding": Verdict.UNKNOWN, "google_*_iam_policy": Verdict.FAIL}


def test_a_finding_on_an_unknown_value_says_what_is_unknown_and_why_it_counts() -> None:
    policy = POLICIES["scanning_api_is_not_enabled"]
    ruling = policy.rule(_open(policy, "google_project_service", "plan"), SETTINGS)
    assert ruling.about == "leaves the service open until apply (what costs money must be readable before apply)"
