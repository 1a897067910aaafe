"""Objects, secret values and images are reached on their bucket, secret or repository, never through the whole project."""

import re

from policies.grants import PROJECT_WIDE, judge_roles
from policies.language import PASSES, Policy, Resource, Ruling, Settings, Severity, Unknown, Verdict, unknown

_DATA = re.compile(
    r"roles/(artifactregistry\.writer|secretmanager\.secret(Accessor|VersionAdder|VersionManager)"
    r"|storage\.(object(Creator|User|Viewer)|legacyBucket(Reader|Writer)|legacyObject(Owner|Reader)))"
)
_OF_FUNCTIONS = re.compile(r'resource\.name\.startsWith\("projects/_/buckets/gcf-v2-[a-z0-9-]+"\)')


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails roles that read or write data if they are granted for the whole project, a folder or an organization.

    Google makes the buckets for functions when it needs them: until then, they have no policy to be granted in.
    """
    conditions = resource.blocks("condition")
    if isinstance(conditions, Unknown) or (conditions and isinstance(conditions[0].get("expression"), Unknown)):
        return unknown("its condition")
    # In code, quotes in a text keep their backslash.
    only = str(conditions[0].get("expression")).replace("\\", "") if conditions else ""
    if _OF_FUNCTIONS.fullmatch(only):
        return PASSES
    return judge_roles(resource, lambda role: _DATA.fullmatch(role) is not None)


POLICY = Policy(
    title="Data is granted where it lies",
    severity=Severity.HIGH,
    why="Granted in the project it reaches every bucket and secret, including future ones and Terraform's state: whoever can write that controls the deployer.",
    mend="Name the buckets and repositories under the identity, and the identity under a secret's `readers:`; people have theirs by persona.",
    resources=PROJECT_WIDE,
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="a role is a choice that a reader must be able to see before apply",
)
