"""Starts builds for triggers: matches pushes, finds the build config, and adds the commit's details."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body
from localcloud.errors import CloudError, invalid
from localcloud.services.cloudbuild import builds, connections, folders, payloads, recipes
from localcloud.services.cloudbuild.drafts import Origin
from localcloud.services.cloudbuild.names import API
from localcloud.spec import patterns

_PIECES = re.compile(r"\*\*|\[[^\]/]+\]|.", re.DOTALL)
_GLOB = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
_FAILED = ("FAILURE", "INTERNAL_ERROR", "TIMEOUT", "EXPIRED")
_HEADS, _TAGS = "refs/heads/", "refs/tags/"


@dataclass(frozen=True, slots=True)
class TriggerResult:
    """A trigger's result for a push: its build's name, or why there is none. `trigger` is its full name, `name` the short one.

    With both, the build could not be started and is recorded as failed. `again`: it was started because its last build of the branch or tag had failed.
    """

    trigger: str
    name: str
    build: str = ""
    problem: str = ""
    again: bool = False


def pattern(text: str, field: str) -> object:
    """A regular expression for branches or tags; 400 if it is not valid."""
    try:
        return patterns.compiled(text, of_lines=True)
    except patterns.BadPattern:
        raise invalid(f"{text!r} is not a valid regular expression.", field) from None


def by_hand(cloud: Cloud, trigger: Body, request: Mapping[str, Any], principal: str) -> Body:
    """Starts the build of a trigger that is run manually."""
    url = url_of(cloud, trigger)
    given = dict(request.get("substitutions", {}))
    if not url:
        return _start(cloud, trigger, recipes.Commit(), principal, given)
    ref = trigger.get("sourceToBuild", {}).get("ref", "")
    default = ref.removeprefix(_HEADS).removeprefix(_TAGS) or _branch(trigger)
    revision = request.get("commitSha") or request.get("tagName") or request.get("branchName") or default
    git = folders.find(cloud, url)
    branch = request.get("branchName") or ("" if request.get("tagName") or ref.startswith(_TAGS) else default)
    tag = request.get("tagName") or (ref.removeprefix(_TAGS) if ref.startswith(_TAGS) and not branch else "")
    commit = recipes.Commit(url, git.commit(revision), branch if not request.get("commitSha") else "", tag, git)
    return _start(cloud, trigger, commit, principal, given)


def pushed(cloud: Cloud, push: folders.Push) -> Iterator[TriggerResult]:
    """Starts the builds of all triggers that match a push, and of those whose last build failed; yields each one's result."""
    git = folders.find(cloud, push.remote)
    for trigger in triggers(cloud):
        name = trigger["resourceName"]
        if trigger.get("disabled") or not _matches_push(cloud, trigger, push):
            continue
        new = push.old != push.new and _files_pass(trigger, git.changed(push.old, push.new))
        again = not new and _failed_last(cloud, trigger, push.ref)
        if not new and not again:
            if push.old != push.new:
                why = "no changed file matches its includedFiles and ignoredFiles"
                yield TriggerResult(name, trigger["name"], problem=why)
            continue
        branch = push.ref.removeprefix(_HEADS) if push.ref.startswith(_HEADS) else ""
        tag = push.ref.removeprefix(_TAGS) if push.ref.startswith(_TAGS) else ""
        try:
            commit = recipes.Commit(url_of(cloud, trigger), push.new, branch, tag, git)
        except CloudError as problem:
            yield TriggerResult(name, trigger["name"], problem=problem.message, again=again)
            continue
        try:
            body = _start(cloud, trigger, commit, "", {})
        except CloudError as problem:
            body = unstarted(cloud, trigger, problem.message, commit.substitutions)
            yield TriggerResult(name, trigger["name"], body["name"], problem.message, again)
        else:
            yield TriggerResult(name, trigger["name"], build=body["name"], again=again)


def _failed_last(cloud: Cloud, trigger: Body, ref: str) -> bool:
    """Whether the last build that a trigger started for a branch or tag failed: what was not built has not become built by other changes."""
    kind = "BRANCH_NAME" if ref.startswith(_HEADS) else "TAG_NAME"
    short = ref.removeprefix(_HEADS).removeprefix(_TAGS)
    place = trigger["resourceName"].rpartition("/triggers/")[0]
    started = [
        body
        for _, body in cloud.store.list(API, place, "builds")
        if body.get("buildTriggerId") == trigger["id"] and body.get("substitutions", {}).get(kind) == short
    ]
    last = max(started, key=lambda body: (body["createTime"], body["name"]), default={})
    return last.get("status") in _FAILED


def triggered(cloud: Cloud, trigger: Body, body: Any) -> Body | None:
    """Starts a trigger's build for an external event; None if the trigger is disabled, or its filter rejects the event."""
    values = payloads.bound(trigger.get("substitutions", {}), body)
    if trigger.get("disabled") or not payloads.passes(trigger.get("filter", ""), values, body):
        return None
    return by_hand(cloud, trigger, {"substitutions": values}, "")


def unstarted(cloud: Cloud, trigger: Body, why: str, known: Mapping[str, str]) -> Body:
    """Records that a trigger's build could not be started."""
    place, account = trigger["resourceName"].rpartition("/triggers/")[0], account_of(trigger)
    origin = Origin("", trigger["id"], trigger["name"], {**known, "TRIGGER_NAME": trigger["name"]})
    sent = {
        "tags": [*trigger.get("tags", []), f"trigger-{trigger['id']}"],
        **({"serviceAccount": account} if account else {}),
    }
    return builds.unstarted(cloud, place, why, sent, origin)


def triggers(cloud: Cloud) -> Iterator[Body]:
    """All triggers of the cloud, by name."""
    rows = cloud.store.sql(
        "SELECT name FROM resources WHERE service = ? AND collection = 'triggers' ORDER BY name", API
    )
    for (name,) in rows:
        body = cloud.store.get(API, name)
        if body is not None:
            yield body


def account_of(trigger: Mapping[str, Any]) -> str:
    """The account of a trigger's builds, "" for the default one. A build file cannot set it: anyone who may push could choose it.

    Source: https://github.com/hashicorp/terraform-provider-google/issues/10053.
    """
    return str(trigger.get("serviceAccount") or trigger.get("build", {}).get("serviceAccount", ""))


def _start(cloud: Cloud, trigger: Body, commit: recipes.Commit, principal: str, given: Mapping[str, str]) -> Body:
    place = trigger["resourceName"].rpartition("/triggers/")[0]
    build, path = recipes.build(trigger, commit)
    known = {**commit.substitutions, "TRIGGER_NAME": trigger["name"], "TRIGGER_BUILD_CONFIG_PATH": path}
    merged = {**build.get("substitutions", {}), **trigger.get("substitutions", {}), **given}
    account = account_of(trigger)
    build.pop("serviceAccount", None)
    build = {
        **build,
        **recipes.source(cloud, trigger, commit),
        "tags": [*build.get("tags", []), *trigger.get("tags", []), f"trigger-{trigger['id']}"],
        "substitutions": merged,
        **({"serviceAccount": account} if account else {}),
    }
    approval = bool(trigger.get("approvalConfig", {}).get("approvalRequired"))
    origin = Origin(principal, trigger["id"], trigger["name"], known, approval)
    return builds.begin(cloud, place, build, origin)


def url_of(cloud: Cloud, trigger: Mapping[str, Any]) -> str:
    """The URL of a trigger's repository; "" if it has none."""
    source, hub = trigger.get("sourceToBuild", {}), trigger.get("github")
    if hub:
        return f"https://github.com/{hub['owner']}/{hub['name']}.git"
    repository = trigger.get("repositoryEventConfig", {}).get("repository") or source.get("repository", "")
    if repository:
        return connections.remote(cloud, repository, trigger["resourceName"].split("/")[1])
    return str(source.get("uri") or trigger.get("gitFileSource", {}).get("uri", ""))


def _filter(trigger: Mapping[str, Any]) -> Mapping[str, Any]:
    event = trigger.get("repositoryEventConfig") or trigger.get("github") or {}
    push: Mapping[str, Any] = event.get("push", {})
    return push


def _branch(trigger: Mapping[str, Any]) -> str:
    """The branch that a pattern such as ^main$ matches, if it is only one; otherwise HEAD."""
    text = _filter(trigger).get("branch", "").strip("^$")
    return text if text and re.fullmatch(r"[\w./-]+", text) else "HEAD"


def _matches_push(cloud: Cloud, trigger: Mapping[str, Any], push: folders.Push) -> bool:
    push_filter = _filter(trigger)
    for prefix, field in ((_HEADS, "branch"), (_TAGS, "tag")):
        if push.ref.startswith(prefix) and push_filter.get(field):
            matched = (
                patterns.compiled(push_filter[field], of_lines=True).search(push.ref.removeprefix(prefix)) is not None
            )
            if matched != bool(push_filter.get("invertRegex")):
                return folders.remote(url_of(cloud, trigger)) == push.remote
    return False


def _files_pass(trigger: Mapping[str, Any], changed: Sequence[str]) -> bool:
    """Whether a push that changed these files passes a trigger's includedFiles and ignoredFiles."""
    ignored, included = trigger.get("ignoredFiles", []), trigger.get("includedFiles", [])
    if not changed or not (ignored or included):
        return True
    relevant = [path for path in changed if not any(_matches(path, one) for one in ignored)]
    return any(not included or any(_matches(path, one) for one in included) for path in relevant)


def _matches(path: str, glob: str) -> bool:
    """Whether a path matches a glob as in Go's filepath.Match, with ** for any number of folders."""
    pieces = (_GLOB.get(one) or (one if len(one) > 1 else re.escape(one)) for one in _PIECES.findall(glob))
    try:
        return patterns.matches("".join(pieces), path)
    except patterns.BadPattern:
        return False
