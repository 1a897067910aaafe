"""Only the deployer, which operators impersonate, has admin roles in the project."""

import re

from policies.grants import PROJECT_WIDE, judge_roles, ways
from policies.language import PASSES, Policy, Resource, Ruling, Settings, Severity, Verdict

_ADMIN = re.compile(r"roles/(\w+\.)*(\w*[aA]dmin(\.v\d+)?|dataOwner|legacyBucketOwner|osAdminLogin)")
# Roles on one resource that let their holder grant access to others.
_LETS_IN = re.compile(
    r"roles/(\w+\.admin|bigquery\.dataOwner|iam\.serviceAccountAdmin|storage\.(folderAdmin|legacyBucketOwner))"
)


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails admin roles in the project outside the module call `deployer`, and roles on a resource that let their holder grant access."""
    if "module.deployer." in resource.address:
        return PASSES
    forbidden = _ADMIN if resource.kind in PROJECT_WIDE else _LETS_IN
    return judge_roles(resource, lambda role: forbidden.fullmatch(role) is not None)


POLICY = Policy(
    title="Only the deployer administers",
    severity=Severity.HIGH,
    why="An admin of a service, or of one bucket or secret, can grant access to anyone, bypassing the environment file.",
    mend="Make the member an operator, who acts as the deployer, or grant a lesser role on the one resource, such as roles/storage.objectUser.",
    resources=(*ways("*"), "data.google_iam_policy"),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="a role is a choice that a reader must be able to see before apply",
)
