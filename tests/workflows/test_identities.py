"""Who the workflows log in as: the planner's rights are enough to plan, the deployer's to apply, and both see the same plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from groundwork.errors import GroundworkError
from groundwork.google import isolation, local
from groundwork.google.cloud import local_cloud
from groundwork.lifecycle import review_record, up
from groundwork.people.drift import drift
from groundwork.people.personas import personas
from groundwork.terraform.session import Session

from tests.groundwork.clone import SMALL, Clone, cloned
from tests.groundwork.conftest import RecordedTalk
from tests.workflows.files import jobs

TEAM = """\
github:
  repository: team/project
  owner_id: "1234567"
members:
  alice@example.com: {role: operator}
"""
CHANGE = ("  kept: {}", "  kept: {}\n  more: {}")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """A running platform, with the identities of its workflows, and a change to it that has not been applied."""
    with cloned(tmp_path_factory.mktemp("identities")) as clone:
        clone.file.write_text(SMALL + TEAM, encoding="utf-8")
        result = clone.run("up", "--env", "small")
        assert result.returncode == 0, result.stderr
        clone.rewrite(*CHANGE)
        yield clone


def _as(clone: Clone, email: str, **variables: str) -> Session:
    """A session whose every call is the service account's."""
    session = clone.session()
    running = local.find(clone.checkout)
    assert running is not None
    token = local.token(clone.checkout, f"serviceAccount:{email}")
    reattach = local.provider(clone.checkout, running, token).reattach
    return replace(
        session,
        cloud=local_cloud(session.environment.project, running.base, token),
        process_variables=isolation.local_variables(variables, running.endpoints, token, reattach),
    )


def _planner(clone: Clone) -> Session:
    (job,) = jobs("plan.yml").values()
    return _as(clone, clone.environment.planner, TF_CLI_ARGS_plan=job["env"]["TF_CLI_ARGS_plan"])


def _words(error: GroundworkError) -> str:
    return " ".join([error.message, *error.details])


def test_the_planner_sees_the_plan_that_the_deployer_applies(clone: Clone) -> None:
    planner, deployer = _planner(clone), _as(clone, clone.environment.deployer)
    seen = review_record.record("small", review_record.plan_documents(planner, up.plan(planner, RecordedTalk())))
    assert 'module.buckets["more"].google_storage_bucket.bucket' in seen.layers["platform"]
    now = review_record.record("small", review_record.plan_documents(deployer, up.plan(deployer, RecordedTalk())))
    assert review_record.differences(seen, now) == []


def test_the_planner_sees_who_has_access(clone: Clone) -> None:
    known = personas(clone.root)
    found = drift(_planner(clone), known)
    assert found == drift(clone.session(), known)
    assert found.extra == ()
    assert [target.name for _, target, _ in found.missing] == ["more"]


def test_the_planner_changes_nothing_even_if_it_tries(clone: Clone) -> None:
    with pytest.raises(GroundworkError) as refusal:
        up.up(_planner(clone), up.UpOptions(yes=True, waits=()), RecordedTalk())
    assert "groundwork-planner" in _words(refusal.value)
    names = [
        item["name"] for item in clone.cloud.pages("storage", "v1/b", "items", {"project": clone.environment.project})
    ]
    assert "small-clone-more" not in names


def test_the_planner_without_its_setting_would_ask_for_a_lock_and_is_refused(clone: Clone) -> None:
    with pytest.raises(GroundworkError) as refusal:
        up.plan(_as(clone, clone.environment.planner), RecordedTalk())
    assert "storage.objects.create" in _words(refusal.value)


def test_the_deployer_removes_what_it_loses_the_right_to(clone: Clone) -> None:
    before = clone.file.read_text("utf-8")
    deployer = _as(clone, clone.environment.deployer)
    watched = before.replace("identities:\n", "identities:\n  serve: {description: Serves models.}\n")
    policies = ("monitoring", f"v3/projects/{clone.environment.project}/alertPolicies", "alertPolicies")
    for text, number in ((watched + "services:\n  api: {}\nalerts: {}\n", 3), (before, 0)):
        clone.file.write_text(text, encoding="utf-8")
        up.up(_as(clone, clone.environment.deployer), up.UpOptions(yes=True, waits=()), RecordedTalk())
        assert len(list(deployer.cloud.pages(*policies))) == number
