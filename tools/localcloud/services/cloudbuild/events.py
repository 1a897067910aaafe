"""From a push to builds: which triggers match, the build config they use, and the commit's details."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.errors import CloudError, invalid
from localcloud.services.cloudbuild import builds, connections, folders, payloads, recipes
from localcloud.services.cloudbuild.drafts import Origin
from localcloud.services.cloudbuild.names import API
from localcloud.spec import patterns

Body = dict[str, Any]
_PIECES = re.compile(r"\*\*|\[[^\]/]+\]|.", re.DOTALL)
_GLOB = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
_HEADS, _TAGS = "refs/heads/", "refs/tags/"


@dataclass(frozen=True, slots=True)
class TriggerResult:
    """What a trigger did about a push: the name of its build, or why there is none. `called`: the trigger's short name."""

    trigger: str
    called: str
    build: str = ""
    problem: str = ""


def pattern(text: str, field: str) -> object:
    """A regular expression for branches or tags; 400 when it is none."""
    try:
        return patterns.compiled(text, of_lines=True)
    except patterns.BadPattern:
        raise invalid(f"{text!r} is no regular expression.", field) from None


def by_hand(cloud: Cloud, trigger: Body, asked: Mapping[str, Any], principal: str) -> Body:
    """The build of a trigger that somebody runs."""
    url = _url(cloud, trigger)
    given = dict(asked.get("substitutions", {}))
    if not url:
        return _begun(cloud, trigger, recipes.Commit(), principal, given)
    ref = trigger.get("sourceToBuild", {}).get("ref", "")
    default = ref.removeprefix(_HEADS).removeprefix(_TAGS) or _branch(trigger)
    revision = asked.get("commitSha") or asked.get("tagName") or asked.get("branchName") or default
    git = folders.find(cloud, url)
    branch = asked.get("branchName") or ("" if asked.get("tagName") or ref.startswith(_TAGS) else default)
    tag = asked.get("tagName") or (ref.removeprefix(_TAGS) if ref.startswith(_TAGS) and not branch else "")
    commit = recipes.Commit(url, git.commit(revision), branch if not asked.get("commitSha") else "", tag, git)
    return _begun(cloud, trigger, commit, principal, given)


def pushed(cloud: Cloud, push: folders.Push) -> Iterator[TriggerResult]:
    """Begins the builds of all triggers that a push means."""
    git = folders.find(cloud, push.remote)
    for trigger in triggers(cloud):
        name = trigger["resourceName"]
        if trigger.get("disabled") or not _means(cloud, trigger, push):
            continue
        if not _files_pass(trigger, git.changed(push.old, push.new)):
            yield TriggerResult(name, trigger["name"], problem="its includedFiles and ignoredFiles do not ask for it")
            continue
        branch = push.ref.removeprefix(_HEADS) if push.ref.startswith(_HEADS) else ""
        tag = push.ref.removeprefix(_TAGS) if push.ref.startswith(_TAGS) else ""
        try:
            commit = recipes.Commit(_url(cloud, trigger), push.new, branch, tag, git)
            body = _begun(cloud, trigger, commit, "", {})
        except CloudError as problem:
            yield TriggerResult(name, trigger["name"], problem=problem.message)
        else:
            yield TriggerResult(name, trigger["name"], build=body["name"])


def told(cloud: Cloud, trigger: Body, body: Any) -> Body | None:
    """The build of a trigger that an event from outside sets off; None where it is off, or its filter does not take the event."""
    values = payloads.bound(trigger.get("substitutions", {}), body)
    if trigger.get("disabled") or not payloads.passes(trigger.get("filter", ""), values, body):
        return None
    return by_hand(cloud, trigger, {"substitutions": values}, "")


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
    """The account that a trigger's builds run as, "" for the default one. A build file names none: whoever may push would choose it.

    Source: https://github.com/hashicorp/terraform-provider-google/issues/10053.
    """
    return str(trigger.get("serviceAccount") or trigger.get("build", {}).get("serviceAccount", ""))


def _begun(cloud: Cloud, trigger: Body, commit: recipes.Commit, principal: str, given: Mapping[str, str]) -> Body:
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


def _url(cloud: Cloud, trigger: Mapping[str, Any]) -> str:
    """The address of the repository that a trigger builds; "" for one that builds none."""
    source, hub = trigger.get("sourceToBuild", {}), trigger.get("github")
    if hub:
        return f"https://github.com/{hub['owner']}/{hub['name']}.git"
    named = trigger.get("repositoryEventConfig", {}).get("repository") or source.get("repository", "")
    if named:
        return connections.remote(cloud, named, trigger["resourceName"].split("/")[1])
    return str(source.get("uri") or trigger.get("gitFileSource", {}).get("uri", ""))


def _filter(trigger: Mapping[str, Any]) -> Mapping[str, Any]:
    event = trigger.get("repositoryEventConfig") or trigger.get("github") or {}
    push: Mapping[str, Any] = event.get("push", {})
    return push


def _branch(trigger: Mapping[str, Any]) -> str:
    """The branch that a pattern such as ^main$ means, and no other."""
    text = _filter(trigger).get("branch", "").strip("^$")
    return text if text and re.fullmatch(r"[\w./-]+", text) else "HEAD"


def _means(cloud: Cloud, trigger: Mapping[str, Any], push: folders.Push) -> bool:
    wanted = _filter(trigger)
    for prefix, field in ((_HEADS, "branch"), (_TAGS, "tag")):
        if push.ref.startswith(prefix) and wanted.get(field):
            found = patterns.compiled(wanted[field], of_lines=True).search(push.ref.removeprefix(prefix)) is not None
            if found != bool(wanted.get("invertRegex")):
                return folders.remote(_url(cloud, trigger)) == push.remote
    return False


def _files_pass(trigger: Mapping[str, Any], changed: Sequence[str]) -> bool:
    """Whether a push with these files is one that a trigger asks for."""
    ignored, included = trigger.get("ignoredFiles", []), trigger.get("includedFiles", [])
    if not changed or not (ignored or included):
        return True
    left = [path for path in changed if not any(_matches(path, one) for one in ignored)]
    return any(not included or any(_matches(path, one) for one in included) for path in left)


def _matches(path: str, glob: str) -> bool:
    """Go's filepath.Match, with ** for any number of folders."""
    pieces = (_GLOB.get(one) or (one if len(one) > 1 else re.escape(one)) for one in _PIECES.findall(glob))
    try:
        return patterns.matches("".join(pieces), path)
    except patterns.BadPattern:
        return False
