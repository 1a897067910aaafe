"""A grant owns its role only where nobody else grants it: on one thing of this Terraform's, or for a role of the project's own."""

from policies.grants import PROJECT_WIDE, ways
from policies.language import PASSES, Policy, Resource, Ruling, Settings, Severity, Unknown, Verdict, fails, unknown

_OWN = "projects/"


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails every `_iam_policy`, and a `_iam_binding` in a project, folder or organization of a role that is not the project's own."""
    if resource.kind.endswith("_policy"):
        return fails("replaces everybody's access at every apply")
    if resource.kind not in PROJECT_WIDE:
        return PASSES
    role = resource.text("role")
    text = role.text if isinstance(role, Unknown) else role or ""
    if isinstance(role, Unknown) and not text.startswith(_OWN):
        return unknown("the role")
    return PASSES if text.startswith(_OWN) else fails(f"takes {text} from everybody else at every apply")


POLICY = Policy(
    title="Shared access is added",
    severity=Severity.HIGH,
    why="In a project others grant roles too: Google its own agents, the owner, another Terraform. Whoever is not listed would lose them.",
    mend="Use `google_project_iam_member`, or a role of the project's own (modules/project_role); on one thing the `_iam_binding` type.",
    resources=tuple(kind for kind in ways("*") if not kind.endswith("_member")),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="a role is a choice that a reader must be able to see before apply",
)
