"""Grants in Terraform's state: on what they are, for every kind with a policy."""

from __future__ import annotations

import pytest
from groundwork.people.drift import owned, recorded
from groundwork.resources.kind import Kind, given, several
from groundwork.resources.registry import kinds
from groundwork.terraform.state import State, StateResource

GRANTED = [kind for kind in kinds().values() if given(kind.policy) and several(kind.terraform)]


def _state(resource_type: str, **attributes: object) -> State:
    return State(1, (StateResource(f"{resource_type}.roles", "", resource_type, attributes),), {})


@pytest.mark.parametrize("kind", GRANTED, ids=lambda kind: kind.name)
def test_a_binding_is_on_the_thing_that_the_kinds_own_attribute_names(kind: Kind) -> None:
    attribute = getattr(given(kind.policy), "attribute", "")
    named = {"project": "my-project", "location": "europe-west1", attribute: "projects/my-project/things/api"}
    binding = f"{several(kind.terraform)[0].type}_iam_binding"
    state = _state(binding, **named, role="roles/run.invoker", members=["user:alice@example.com"])
    assert list(owned(state)) == [(f"{kind.name} api", "roles/run.invoker")]
    assert list(recorded(state)) == [("alice@example.com", f"{kind.name} api", "roles/run.invoker")]


def test_a_service_and_a_job_of_one_name_are_two_things() -> None:
    attributes = {"project": "my-project", "name": "api", "role": "roles/run.developer", "members": ["user:a@x.org"]}
    service = _state("google_cloud_run_v2_service_iam_binding", **attributes)
    job = _state("google_cloud_run_v2_job_iam_binding", **attributes)
    assert not {*recorded(service)} & {*recorded(job)}


def test_a_single_member_is_a_grant_that_terraform_does_not_own() -> None:
    state = _state("google_project_iam_member", project="p", role="roles/viewer", member="group:all@example.com")
    assert (list(owned(state)), list(recorded(state))) == ([], [("all@example.com", "project p", "roles/viewer")])


@pytest.mark.parametrize("resource_type", ["google_storage_bucket", "google_project_iam_policy", "terraform_data"])
def test_what_is_no_grant_of_a_role_records_none(resource_type: str) -> None:
    assert list(recorded(_state(resource_type, project="p", bucket="b", policy_data="{}"))) == []
