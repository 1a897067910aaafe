"""A grant is authoritative for its role only where nobody else grants it: on this Terraform's own resources, or for a custom role."""

from policies.grants import PROJECT_WIDE, ways
from policies.language import (
    PASSES,
    Policy,
    Resource,
    Ruling,
    Settings,
    Severity,
    Unknown,
    Verdict,
    fails,
    unknown,
    written,
)

_OWN = "projects/"


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails every `_iam_policy`, and a `_iam_binding` in a project, folder or organization unless it is of the project's custom role."""
    if resource.kind.endswith("_policy"):
        return fails("replaces everybody's access at every apply")
    if resource.kind not in PROJECT_WIDE:
        return PASSES
    role = resource.text("role")
    text = written(role)
    if isinstance(role, Unknown) and not text.startswith(_OWN):
        return unknown("the role")
    return PASSES if text.startswith(_OWN) else fails(f"takes {text} from everybody else at every apply")


POLICY = Policy(
    title="Shared access is added",
    severity=Severity.HIGH,
    why="Others also grant roles in a project: Google to its agents, the owner, another Terraform. Whoever is not listed would lose them.",
    mend="Use `google_project_iam_member`, or a custom role (modules/project_role); on a single resource, use the `_iam_binding` type.",
    resources=tuple(kind for kind in ways("*") if not kind.endswith("_member")),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="a role is a choice that a reader must be able to see before apply",
)
