"""Nobody is an owner, editor or viewer of a project or of anything in it."""

from policies.grants import judge_roles, ways
from policies.language import Policy, Resource, Ruling, Settings, Severity, Verdict

_BASIC = {"roles/editor", "roles/owner", "roles/viewer"}


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails roles/owner, roles/editor and roles/viewer."""
    return judge_roles(resource, _BASIC.__contains__)


POLICY = Policy(
    title="Basic roles are not granted",
    severity=Severity.HIGH,
    why="They apply to every service of the project, including future ones: an editor may act as every account, a viewer may list every bucket.",
    mend="Give people a persona in `members:`, and an identity the predefined roles that it needs, on the resources that it needs them for.",
    resources=(*ways("*"), "data.google_iam_policy"),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="a role is a choice that a reader must be able to see before apply",
)
