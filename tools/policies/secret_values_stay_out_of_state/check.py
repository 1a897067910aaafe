"""Terraform makes the container of a secret, never the value."""

from policies.language import PASSES, Policy, Resource, Ruling, Settings, Severity, Verdict, fails


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails `secret_data`, whatever it holds: even a value known only later ends up in the state."""
    return (
        PASSES
        if resource.get("secret_data") is None
        else fails("keeps the secret's value in the state and in every plan")
    )


POLICY = Policy(
    title="Secret values stay out of the state",
    severity=Severity.CRITICAL,
    why="The state and every saved plan hold the value in plain text, for all who may read the state bucket.",
    mend="Remove the version and run `groundwork secrets set NAME`; where Terraform must write it, use `secret_data_wo`. Then rotate the value.",
    resources=("google_secret_manager_regional_secret_version", "google_secret_manager_secret_version"),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="a value that comes later lies in the state all the same",
)
