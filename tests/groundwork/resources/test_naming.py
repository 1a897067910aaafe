"""A plan shows what changes and how, who gets which access, and which grants are far-reaching; secrets are masked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from groundwork.resources.naming import PlanLines, plan_lines, revocations
from groundwork.terraform.differences import LATER, MASK, before_after, differences
from groundwork.terraform.events import Action, PlannedChange
from groundwork.terraform.plans import LayerPlan

PERSONAS = {"alice@example.com": "data-scientist", "carol@example.com": "operator"}
TOKENS = "roles/iam.serviceAccountTokenCreator"


class Plan:
    """A layer's plan, resource by resource, with the JSON that Terraform shows of it."""

    def __init__(self) -> None:
        self.changes: list[PlannedChange] = []
        self.entries: list[dict[str, Any]] = []

    def add(self, module: str, kind: str, action: Action, before: Any = None, after: Any = None, **more: Any) -> Plan:
        address = f"{module}.{kind}.x{len(self.changes)}"
        self.changes.append(PlannedChange(address, module, kind, "x", action))
        self.entries.append({"address": address, "change": {"before": before, "after": after, **more}})
        return self

    @property
    def lines(self) -> PlanLines:
        layer = LayerPlan("platform", Path("plan"), pending=True, changes=tuple(self.changes))
        return plan_lines([layer], {"platform": {"resource_changes": self.entries}}, PERSONAS)


@pytest.fixture
def plan() -> Plan:
    return Plan()


def member(address: str, role: str) -> dict[str, str]:
    return {"member": address, "role": role}


def binding(role: str, *members: str) -> dict[str, Any]:
    return {"role": role, "members": list(members)}


def test_a_component_is_one_line_with_its_changed_parts(plan: Plan) -> None:
    plan.add('module.buckets["data"]', "google_storage_bucket", "create", after={"name": "data"})
    for name in ("train", "serve"):
        account = f"serviceAccount:{name}@p.iam.gserviceaccount.com"
        plan.add(
            'module.buckets["data"]', "google_storage_bucket_iam_member", "create", after=member(account, "roles/x")
        )
    assert plan.lines.lines == ("platform", "  + bucket data                  bucket, 2 grants")


def test_an_update_says_both_values_in_the_teams_words(plan: Plan) -> None:
    def cleanup(count: int) -> dict[str, Any]:
        old = {"id": "delete-old", "condition": [{"older_than": "1209600s"}], "most_recent_versions": []}
        keep = {"id": "keep-recent", "condition": [], "most_recent_versions": [{"keep_count": count}]}
        return {"cleanup_policies": [old, keep] if count == 5 else [keep, old], "labels": {"team": "cats"}}

    plan.add('module.repositories["images"]', "google_artifact_registry_repository", "update", cleanup(5), cleanup(10))
    assert plan.lines.lines[1] == "  ~ image repository images      keep 5 → 10"


def test_what_destroys_comes_first_and_says_what_forces_it(plan: Plan) -> None:
    plan.add('module.secrets["new"]', "google_secret_manager_secret", "create", after={"secret_id": "new"})
    values = {"location": "EU", "hold": False}
    plan.add(
        'module.buckets["data"]',
        "google_storage_bucket",
        "replace",
        values,
        {"location": "US"},
        replace_paths=[["location"]],
    )
    plan.add("module.services", "google_project_service", "delete", {"service": "run"})
    assert plan.lines.lines == (
        "platform",
        "  ± bucket data                  bucket (destroyed and recreated; changes location)",
        "  - APIs                         API",
        "  + secret new                   secret",
    )


def test_people_have_a_line_each_with_what_raises_their_power(plan: Plan) -> None:
    plan.add(
        "module.deployer", "google_service_account_iam_member", "create", after=member("user:carol@example.com", TOKENS)
    )
    plan.add(
        "module.team_access",
        "google_project_iam_member",
        "create",
        after=member("user:carol@example.com", "roles/browser"),
    )
    plan.add(
        "module.team_access",
        "google_project_iam_member",
        "create",
        after=member("user:alice@example.com", "roles/browser"),
    )
    plan.add("module.team_access", "google_project_iam_member", "delete", member("user:dan@example.com", "roles/owner"))
    found = plan.lines
    assert found.lines[1:] == (
        "  - dan@example.com              1 grant",
        "  + alice@example.com            data-scientist: 1 grant",
        "  + carol@example.com            operator: 2 grants, may act as deployer identity",
    )
    assert found.power == ("carol@example.com: may act as deployer identity",)


def test_a_binding_shows_who_is_added_and_who_is_removed(plan: Plan) -> None:
    train, serve = (f"serviceAccount:{name}@p.iam.gserviceaccount.com" for name in ("train", "serve"))
    plan.add(
        'module.buckets["data"]', "google_storage_bucket_iam_binding", "update",
        binding("roles/storage.objectUser", "user:dan@example.com", train),
        binding("roles/storage.objectUser", "user:alice@example.com", train, serve),
    )  # fmt: skip
    assert plan.lines.lines[1:] == (
        "  - dan@example.com              1 grant",
        "  ~ bucket data                  +serve roles/storage.objectUser",
        "  + alice@example.com            data-scientist: 1 grant",
    )


def test_the_logins_of_an_identity_pool_are_described_in_words(plan: Plan) -> None:
    logins = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github/attribute.branch/main"
    users = member(logins, "roles/iam.workloadIdentityUser")
    plan.add('module.identities["ci"]', "google_service_account_iam_member", "create", after=users)
    assert plan.lines.power == ("logins by github with branch main: may act as identity ci",)


@pytest.mark.parametrize("role", ["roles/owner", "roles/editor", "roles/resourcemanager.projectIamAdmin"])
def test_power_is_also_what_an_identity_gets(role: str, plan: Plan) -> None:
    account = "serviceAccount:train@p.iam.gserviceaccount.com"
    plan.add("module.team_access", "google_project_iam_member", "create", after=member(account, role))
    assert plan.lines.power[0].startswith("train@p.iam.gserviceaccount.com: may ")


def test_details_have_every_resource_and_attribute_and_grant(plan: Plan) -> None:
    plan.add('module.buckets["data"]', "google_storage_bucket", "update", {"a": 1, "b": True}, {"a": 2, "b": False})
    plan.add(
        "module.team_access",
        "google_project_iam_member",
        "create",
        after=member("user:alice@example.com", "roles/browser"),
    )
    details = plan.lines.details
    assert details[1:4] == (
        '  ~ module.buckets["data"].google_storage_bucket.x0', "      a 1 → 2", "      b true → false",
    )  # fmt: skip
    assert details[-1] == "      + user:alice@example.com roles/browser"


def test_secrets_are_masked_everywhere(plan: Plan) -> None:
    secret = {
        "before_sensitive": {"value": True, "env": [{"v": True}]},
        "after_sensitive": {"value": True, "env": [{"v": True}]},
    }
    before, after = {"value": "hush-1", "env": [{"v": "hush-2"}]}, {"value": "hush-3", "env": [{"v": "hush-4"}]}
    plan.add("module.services", "google_cloud_run_v2_service", "update", before, after, **secret)
    found = plan.lines
    assert "hush" not in "".join([*found.lines, *found.details])
    assert f"value {MASK} → {MASK}" in found.lines[1]
    assert before_after(plan.entries[0]["change"]) == ({"value": MASK, "env": [{"v": MASK}]},) * 2


def test_values_known_later_are_marked_and_those_google_fills_in_are_omitted() -> None:
    change = {"before": {"etag": "a"}, "after": {"name": "b"}, "after_unknown": {"etag": True, "id": True}}
    assert [one.text for one in differences(change)] == [f"etag a → {LATER}", "name none → b"]
    assert before_after(change)[1] == {"name": "b", "etag": LATER, "id": LATER}


def test_echoes_are_left_out_and_long_values_cut() -> None:
    change = {
        "before": {"labels": {"a": "1"}, "effective_labels": {"a": "1"}, "text": ""},
        "after": {"labels": {"a": "2"}, "effective_labels": {"a": "2"}, "text": "long " * 30},
    }
    one, other = differences(change)
    assert (one.text, len(other.after), other.after[-1]) == ("labels.a 1 → 2", 60, "…")


def test_a_layer_without_changes_is_not_mentioned(plan: Plan) -> None:
    assert plan.lines.lines == ()


@pytest.mark.parametrize(("number", "text"), [(1, "repository"), (2, "2 repositories"), (3, "3 repositories")])
def test_things_are_counted_in_english(number: int, text: str, plan: Plan) -> None:
    for _ in range(number):
        plan.add("module.r", "google_artifact_registry_repository", "create", after={})
    assert plan.lines.lines[1].endswith(text)


@pytest.mark.parametrize(
    ("before", "found", "after", "lines"),
    [
        (["user:a"], ["user:a", "user:eve"], ["user:a"], ("eve: r on bucket data",)),
        (["user:a"], ["user:a", "user:new"], ["user:a", "user:new", "user:b"], ()),
        (["user:a", "user:left"], ["user:a", "user:left"], ["user:a"], ()),
        (["user:a", "user:gone"], ["user:a"], ["user:a", "user:gone"], ()),
    ],
    ids=["by hand", "by hand and then in the file", "left the file", "taken away by hand"],
)
def test_a_member_who_loses_a_manual_grant_is_named(
    plan: Plan, before: list[str], found: list[str], after: list[str], lines: tuple[str, ...]
) -> None:
    kind = "google_storage_bucket_iam_binding"
    plan.add('module.buckets["data"]', kind, "update", binding("r", *found), binding("r", *after))
    drift = {
        "address": plan.entries[0]["address"],
        "change": {"before": binding("r", *before), "after": binding("r", *found)},
    }
    layer = LayerPlan("platform", Path("plan"), pending=True, changes=tuple(plan.changes))
    outside = [drift] if before != found else []
    assert revocations([layer], {"platform": {"resource_changes": plan.entries, "resource_drift": outside}}) == lines


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, True, ("anybody, without a token: may call service api",)),
        (False, True, ("anybody, without a token: may call service api",)),
        (True, True, ()),
        (True, False, ()),
        (None, False, ()),
    ],
)
def test_a_service_that_becomes_public_is_reported(
    plan: Plan, before: bool | None, after: bool, expected: tuple[str, ...]
) -> None:
    former = None if before is None else {"invoker_iam_disabled": before, "labels": {}}
    later = {"invoker_iam_disabled": after, "labels": {"a": "b"}}
    action: Action = "create" if before is None else "update"
    plan.add('module.run_services["api"]', "google_cloud_run_v2_service", action, former, later)
    assert plan.lines.power == expected


def test_a_change_of_what_runs_is_shown_in_the_teams_words(plan: Plan) -> None:
    def service(least: int, memory: str, **variables: str) -> dict[str, Any]:
        container = {
            "name": "api",
            "resources": [{"limits": {"memory": memory}}],
            "env": [{"name": name, "value": value} for name, value in variables.items()],
        }
        return {"template": [{"scaling": [{"min_instance_count": least}], "containers": [container]}]}

    def job(memory: str) -> dict[str, Any]:
        container = {"name": "drift", "resources": [{"limits": {"memory": memory}}]}
        return {"template": [{"template": [{"containers": [container]}]}]}

    def build(machine: str) -> dict[str, Any]:
        return {"build": [{"options": [{"machine_type": machine}]}]}

    plan.add(
        'module.run_services["api"]',
        "google_cloud_run_v2_service",
        "update",
        service(1, "2Gi"),
        service(0, "4Gi", MODEL="cats"),
    )
    plan.add('module.run_jobs["drift"]', "google_cloud_run_v2_job", "update", job("2Gi"), job("8Gi"))
    plan.add('module.builds["api"]', "google_cloudbuild_trigger", "update", build("E2_MEDIUM"), build("E2_HIGHCPU_8"))
    assert plan.lines.lines[1:] == (
        "  ~ build api                    machine E2_MEDIUM → E2_HIGHCPU_8",
        "  ~ job drift                    memory 2Gi → 8Gi",
        "  ~ service api                  instances at least 1 → 0, memory 2Gi → 4Gi, variable MODEL none → cats",
    )
