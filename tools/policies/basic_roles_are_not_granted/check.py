"""Nobody is owner, editor or viewer of a whole project."""

from policies.grants import PROJECT_WIDE, judge_roles
from policies.language import Policy, Resource, Ruling, Settings, Severity, Verdict

_BASIC = {"roles/editor", "roles/owner", "roles/viewer"}


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails roles/owner, roles/editor and roles/viewer."""
    return judge_roles(resource, _BASIC.__contains__)


POLICY = Policy(
    title="Basic roles are not granted",
    severity=Severity.HIGH,
    why="They reach every service of the project, those added later too: an editor may act as every account, a viewer read every bucket's list.",
    mend="Give people a persona in `members:`, and an identity the predefined roles that it needs, on the resource that it needs.",
    resources=PROJECT_WIDE,
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="a role is a choice that a reader must be able to see before apply",
)
