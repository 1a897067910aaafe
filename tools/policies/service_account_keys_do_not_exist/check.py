"""There are no keys to lose: identities are used by impersonation, by attaching them to workloads, or by federation."""

from policies.language import Policy, Resource, Ruling, Settings, Severity, Verdict, fails


def judge(_resource: Resource, _settings: Settings) -> Ruling:
    """Fails every service account key."""
    return fails("creates a key that works for anybody who has it, until somebody deletes it")


POLICY = Policy(
    title="Service-account keys do not exist",
    severity=Severity.CRITICAL,
    why="A key is a password in a file: it is in the state, ends up in images and repositories, and does not expire.",
    mend="On a laptop `groundwork login` impersonates; on Google Cloud attach the account; on GitHub use `github:` in the environment file.",
    resources=("google_service_account_key", "google_storage_hmac_key"),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="that there is a key is known",
)
