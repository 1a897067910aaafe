"""Which review belongs to a merge: only a run that nobody can have created for other content, another base, or by another workflow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from groundwork.errors import CouldNotTell, Refused, UsageProblem
from groundwork.report.github import fetch, this_merge

from tests.workflows.github import FORK, HEAD, MERGED, OURS, GitHub, pull, run, serving


@pytest.fixture
def github() -> Iterator[GitHub]:
    """GitHub, with one pull request that was planned and merged."""
    with serving(GitHub()) as server:
        yield server


def refused(github: GitHub) -> str:
    with pytest.raises(Refused) as refusal:
        fetch(this_merge(github.variables))
    return refusal.value.message


def test_the_record_of_the_last_review_of_what_was_merged_is_fetched(github: GitHub) -> None:
    github.runs = [run(2), run(1)]
    github.records = {4712: b"the first", 4713: b"the second"}
    assert fetch(this_merge(github.variables)) == b"the second"


def test_a_second_pull_request_on_the_same_commits_does_not_forge_the_review(github: GitHub) -> None:
    """Its base is a branch whose plan.yml can write any record, and GitHub's run shows only the head."""
    evil = pull(8, base={"ref": "evil", "repo": OURS}, merged_at=None, merge_commit_sha=None)
    github.pulls = [pull(), evil]
    github.runs = [run(2), run(1)]
    assert refused(github).startswith(
        "The branch more was also offered to a branch other than main (pull request 8), so its plans prove nothing."
    )


def test_nor_does_one_from_another_branch_at_the_same_commit(github: GitHub) -> None:
    evil = pull(8, base={"ref": "evil", "repo": OURS}, head={"ref": "copy", "sha": HEAD, "repo": OURS}, merged_at=None)
    github.pulls = [pull(), evil]
    github.runs = [run(2, head_branch="copy"), run(1)]
    github.records = {4712: b"the first", 4713: b"forged"}
    assert fetch(this_merge(github.variables)) == b"the first"


@pytest.mark.parametrize("event", ["base_ref_changed", "automatic_base_change_succeeded"])
def test_a_pull_request_that_had_another_base_when_it_was_planned_proves_nothing(github: GitHub, event: str) -> None:
    github.timelines = {7: ["labeled", event]}
    assert "(pull request 7), so its plans prove nothing." in refused(github)


@pytest.mark.parametrize(
    "changes",
    [
        {"event": "push"},
        {"event": "workflow_dispatch"},
        {"path": ".github/workflows/evil.yml"},
        {"path": ".github/workflows/evil.yml@refs/heads/.github/workflows/plan.yml"},
        {"conclusion": "failure"},
        {"head_sha": "c" * 40},
        {"head_branch": "copy"},
        {"head_repository": FORK},
        {"head_repository": None},
    ],
)
def test_a_run_of_another_event_workflow_or_head_is_no_review(github: GitHub, changes: dict[str, Any]) -> None:
    github.runs = [run(**changes)]
    assert refused(github) == (
        f"The last commit {HEAD} of pull request 7 has no successful run of .github/workflows/plan.yml as a pull request."
    )


def test_the_workflow_may_be_named_with_its_ref(github: GitHub) -> None:
    github.runs = [run(path=".github/workflows/plan.yml@refs/pull/7/merge")]
    assert fetch(this_merge(github.variables)) == b"the record"


@pytest.mark.parametrize(
    "changes",
    [
        {"merged_at": None},
        {"merge_commit_sha": "c" * 40},
        {"base": {"ref": "evil", "repo": OURS}},
        {"head": {"ref": "more", "sha": HEAD, "repo": FORK}},
        {"head": {"ref": "more", "sha": HEAD, "repo": None}},
    ],
)
def test_a_commit_without_a_pull_request_of_ours_was_not_reviewed(github: GitHub, changes: dict[str, Any]) -> None:
    github.pulls = [pull(**changes)]
    assert refused(github).startswith(f"{MERGED} came to main without a pull request from a branch of team/project, ")


def test_a_record_that_is_no_longer_kept_is_reported(github: GitHub) -> None:
    github.expired = True
    assert "no longer has its reviewed-plan" in refused(github)
    github.records = {}
    assert "no longer has its reviewed-plan" in refused(github)


@pytest.mark.parametrize("status", [403, 500])
def test_what_github_does_not_say_is_no_permission(github: GitHub, status: int) -> None:
    github.status = status
    with pytest.raises(CouldNotTell, match=f"GitHub answered {status} to commits/{MERGED}/pulls"):
        fetch(this_merge(github.variables))


def test_outside_of_a_workflow_there_is_nothing_to_fetch() -> None:
    with pytest.raises(
        UsageProblem, match=r"only be fetched in a GitHub workflow, which sets GITHUB_API_URL, .*GH_TOKEN\.$"
    ):
        this_merge({})
