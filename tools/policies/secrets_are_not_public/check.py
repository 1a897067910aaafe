"""No anonymous access to secrets."""

from policies.grants import judge_public, ways
from policies.language import Policy, Resource, Ruling, Settings, Severity, Verdict


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails `allUsers` and `allAuthenticatedUsers`."""
    return judge_public(resource)


POLICY = Policy(
    title="Secrets are not public",
    severity=Severity.CRITICAL,
    why="Anyone on the internet could read the key and use it as you.",
    mend="Name the identity under the secret's `readers:` in the environment file, and rotate the value if it was ever public.",
    resources=(*ways("secret_manager_secret"), *ways("secret_manager_regional_secret")),
    judge=judge,
    when_unknown=Verdict.PASS,
    unknown_because="a member known only after apply is an account that this plan creates; allUsers is always written out",
)
