"""No anonymous access to images."""

from policies.grants import judge_public, ways
from policies.language import Policy, Resource, Ruling, Settings, Severity, Verdict


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails `allUsers` and `allAuthenticatedUsers`."""
    return judge_public(resource)


POLICY = Policy(
    title="Repositories are not public",
    severity=Severity.CRITICAL,
    why="An image contains your code and often your data; anyone could pull it, and you pay for the traffic.",
    mend="Name the person in `members:` or the service account in `identities:` of the environment file.",
    resources=ways("artifact_registry_repository"),
    judge=judge,
    when_unknown=Verdict.PASS,
    unknown_because="a member known only after apply is an account that this plan creates; allUsers is always written out",
)
