"""Admin roles over the whole project belong to the deployer alone, as whom operators act."""

import re

from policies.grants import PROJECT_WIDE, judge_roles
from policies.language import PASSES, Policy, Resource, Ruling, Settings, Severity, Verdict

_ADMIN = re.compile(r"roles/(\w+\.)*\w*[aA]dmin")


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails roles called admin, such as roles/storage.admin, outside the module call `deployer`."""
    if "module.deployer." in resource.address:
        return PASSES
    return judge_roles(resource, lambda role: _ADMIN.fullmatch(role) is not None)


POLICY = Policy(
    title="Only the deployer administers the project",
    severity=Severity.HIGH,
    why="An admin of a whole service can give itself, or anyone, access to all of it, past the environment file.",
    mend="Make the member an operator, who acts as the deployer, or grant a lesser role on the one resource.",
    resources=PROJECT_WIDE,
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="a role is a choice that a reader must be able to see before apply",
)
