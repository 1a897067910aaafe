"""Grants are additive: no resource here owns the whole list of who has access."""

from policies.grants import ways
from policies.language import Policy, Resource, Ruling, Settings, Severity, Verdict, fails


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails every `_iam_binding` and `_iam_policy`."""
    whole = "everybody's access" if resource.kind.endswith("_policy") else "everybody else's hold on the role"
    return fails(f"replaces {whole} at every apply")


POLICY = Policy(
    title="Access is added, not replaced",
    severity=Severity.HIGH,
    why="A binding or policy removes whoever it does not list: Google's own agents, the owner, what another module granted.",
    mend="Use the `_iam_member` type, one for each member and role.",
    resources=tuple(kind for kind in ways("*") if not kind.endswith("_member")),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="that it replaces is known",
)
