"""Terraform creates a secret, never its value."""

from policies.language import PASSES, Policy, Resource, Ruling, Settings, Severity, Verdict, fails


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails any `secret_data`: even a value known only after apply ends up in the state."""
    return (
        PASSES
        if resource.get("secret_data") is None
        else fails("keeps the secret's value in the state and in every plan")
    )


POLICY = Policy(
    title="Secret values stay out of the state",
    severity=Severity.CRITICAL,
    why="The state and every saved plan contain the value in plain text, for everybody who may read the state bucket.",
    mend="Remove the version and run `groundwork secrets set NAME`; where Terraform must write it, use `secret_data_wo`. Then rotate the value.",
    resources=("google_secret_manager_regional_secret_version", "google_secret_manager_secret_version"),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="a value known only after apply ends up in the state too",
)
