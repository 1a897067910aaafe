"""There is no key to lose: identities are used by impersonation, attached to what runs, or by federation."""

from policies.language import Policy, Resource, Ruling, Settings, Severity, Verdict, fails


def judge(_resource: Resource, _settings: Settings) -> Ruling:
    """Fails every key there is."""
    return fails("makes a key that works for whoever holds it, until somebody deletes it")


POLICY = Policy(
    title="Service-account keys do not exist",
    severity=Severity.CRITICAL,
    why="A key is a password in a file: it lies in the state, gets into images and repositories, and does not expire by itself.",
    mend="On a laptop `groundwork login` impersonates; on Google Cloud attach the account; on GitHub use `github:` in the environment file.",
    resources=("google_service_account_key", "google_storage_hmac_key"),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="that there is a key is known",
)
