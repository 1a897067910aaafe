"""The review record of a merged pull request, taken only from a run on GitHub that can be trusted to have written it.

Whoever may push a branch can have any content planned, against any base: a pull request's head does not identify its base,
and GitHub's runs name only their head. So the run must be of the branch that was merged, and that branch must never have been
offered to anything but the deploying branch.
Source: https://docs.github.com/en/rest/actions/workflow-runs, /rest/commits/commits, /rest/issues/timeline.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from groundwork.errors import CouldNotTell, Refused, UsageProblem

if TYPE_CHECKING:
    import requests

ARTIFACT, RECORD = "reviewed-plan", "reviewed.json"
WORKFLOW = "plan.yml"
_PATH = f".github/workflows/{WORKFLOW}"
_EVENT = "pull_request"
_BASE_CHANGES = frozenset({"automatic_base_change_succeeded", "base_ref_changed"})
_SECONDS = 30
_NEEDED = ("GITHUB_API_URL", "GITHUB_REF_NAME", "GITHUB_REPOSITORY", "GITHUB_REPOSITORY_ID", "GITHUB_SHA", "GH_TOKEN")
_AGAIN = "Open a new pull request from a branch with another name, so that the plan as it is now can be reviewed."


@dataclass(frozen=True)
class Merge:
    """A commit on the deploying branch, from a workflow's variables; `token` may read the repository."""

    address: str
    repository: str
    repository_id: int
    branch: str
    commit: str
    token: str = field(repr=False)


def this_merge(variables: Mapping[str, str]) -> Merge:
    """The commit that a GitHub workflow runs for. Raises UsageProblem outside of one."""
    missing = [name for name in _NEEDED if not variables.get(name)]
    if missing or not variables["GITHUB_REPOSITORY_ID"].isdigit():
        raise UsageProblem(
            f"A review record can only be fetched in a GitHub workflow, which sets {', '.join(missing or _NEEDED)}."
        )
    return Merge(
        address=variables["GITHUB_API_URL"].rstrip("/"),
        repository=variables["GITHUB_REPOSITORY"],
        repository_id=int(variables["GITHUB_REPOSITORY_ID"]),
        branch=variables["GITHUB_REF_NAME"],
        commit=variables["GITHUB_SHA"],
        token=variables["GH_TOKEN"],
    )


def fetch(merge: Merge) -> bytes:
    """The review record of a merge. Raises Refused if none can be trusted, CouldNotTell if GitHub does not say."""
    pull = _merged_pull(merge)
    _refuse_other_bases(merge, pull)
    run = _reviewing_run(merge, pull)
    kept = [
        each for each in _items(merge, f"actions/runs/{run['id']}/artifacts", "artifacts") if each["name"] == ARTIFACT
    ]
    if not kept or all(each["expired"] for each in kept):
        raise Refused(f"The run {run['html_url']} no longer has its {ARTIFACT}. {_AGAIN}")
    newest = max((each for each in kept if not each["expired"]), key=lambda each: str(each["created_at"]))
    content = _answer(merge, f"actions/artifacts/{newest['id']}/zip").content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.read(RECORD)
    except (zipfile.BadZipFile, KeyError):
        raise Refused(f"The {ARTIFACT} of the run {run['html_url']} contains no {RECORD}. {_AGAIN}") from None


def _merged_pull(merge: Merge) -> dict[str, Any]:
    for pull in _items(merge, f"commits/{merge.commit}/pulls"):
        merged_here = pull["merged_at"] and pull["merge_commit_sha"] == merge.commit
        if merged_here and pull["base"]["ref"] == merge.branch and _ours(merge, pull["head"]["repo"]):
            return pull
    raise Refused(
        f"{merge.commit} came to {merge.branch} without a pull request from a branch of {merge.repository}, so its plan was "
        "never reviewed."
    )


def _refuse_other_bases(merge: Merge, pull: Mapping[str, Any]) -> None:
    """Raises Refused if the branch was ever offered to another base: runs do not say which base they planned against."""
    owner, head = merge.repository.partition("/")[0], pull["head"]["ref"]
    for each in _items(merge, "pulls", state="all", head=f"{owner}:{head}"):
        changes = [event["event"] for event in _items(merge, f"issues/{each['number']}/timeline")]
        if each["base"]["ref"] != merge.branch or _BASE_CHANGES & set(changes):
            raise Refused(
                f"The branch {head} was also offered to a branch other than {merge.branch} (pull request {each['number']}), so "
                f"its plans prove nothing. {_AGAIN}"
            )


def _reviewing_run(merge: Merge, pull: Mapping[str, Any]) -> dict[str, Any]:
    head = pull["head"]
    query = {"event": _EVENT, "head_sha": head["sha"], "status": "success"}
    fitting = [
        run
        for run in _items(merge, f"actions/workflows/{WORKFLOW}/runs", "workflow_runs", **query)
        if run["event"] == _EVENT
        and run["conclusion"] == "success"
        and run["path"].partition("@")[0] == _PATH
        and (run["head_sha"], run["head_branch"]) == (head["sha"], head["ref"])
        and _ours(merge, run["head_repository"])
    ]
    if not fitting:
        raise Refused(
            f"The last commit {head['sha']} of pull request {pull['number']} has no successful run of {_PATH} as a pull request."
        )
    return max(fitting, key=lambda run: int(run["run_number"]))


def _ours(merge: Merge, repository: Mapping[str, Any] | None) -> bool:
    """Whether it is this repository, not a fork or a deleted one."""
    return bool(repository) and (repository or {})["id"] == merge.repository_id


def _items(merge: Merge, path: str, key: str = "", **asked: str) -> Iterator[dict[str, Any]]:
    """All items of a list, page after page."""
    address: str | None = path
    params: dict[str, str] | None = {**asked, "per_page": "100"}
    while address:
        answer = _answer(merge, address, params)
        try:
            yield from (answer.json()[key] if key else answer.json())
        except (ValueError, KeyError, TypeError):
            raise CouldNotTell(f"GitHub's response to {path} could not be understood.") from None
        address, params = answer.links.get("next", {}).get("url"), None


def _answer(merge: Merge, path: str, params: Mapping[str, str] | None = None) -> requests.Response:
    import requests

    start = f"{merge.address}/repos/{merge.repository}/"
    url = path if path.startswith(f"{merge.address}/") else start + path
    headers = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {merge.token}"}
    try:
        answer = requests.get(url, params=params, headers=headers, timeout=_SECONDS)
    except requests.RequestException as error:
        raise CouldNotTell(
            f"GitHub could not be reached for {path} ({type(error).__name__}): run the workflow again."
        ) from None
    if answer.status_code != 200:
        raise CouldNotTell(f"GitHub answered {answer.status_code} to {path}: run the workflow again.")
    return answer
