"""Objects, secret values and images are reached on their bucket, secret or repository, never in the whole project."""

import re

from policies.grants import PROJECT_WIDE, judge_roles
from policies.language import Policy, Resource, Ruling, Settings, Severity, Verdict

_DATA = re.compile(
    r"roles/(artifactregistry\.writer|secretmanager\.secret(Accessor|VersionAdder|VersionManager)"
    r"|storage\.(object(Creator|User|Viewer)|legacyBucket(Reader|Writer)|legacyObject(Owner|Reader)))"
)


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails the roles that read or write data, where they are granted for all of it."""
    return judge_roles(resource, lambda role: _DATA.fullmatch(role) is not None)


POLICY = Policy(
    title="Data is granted where it lies",
    severity=Severity.HIGH,
    why="In the whole project it reaches every bucket and secret, tomorrow's too, and Terraform's state: whoever writes that decides what the deployer does.",
    mend="Name the buckets and repositories under the identity, and the identity under a secret's `readers:`; people have theirs by persona.",
    resources=PROJECT_WIDE,
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="a role is a choice that a reader must be able to see before apply",
)
