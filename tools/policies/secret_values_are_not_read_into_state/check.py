"""No data source brings a secret's value, or a token, into the state."""

from policies.language import Policy, Resource, Ruling, Settings, Severity, Verdict, fails


def judge(_resource: Resource, _settings: Settings) -> Ruling:
    """Fails every data source whose result is a secret."""
    return fails("reads a secret into the state and into every plan")


POLICY = Policy(
    title="Secret values are not read into the state",
    severity=Severity.CRITICAL,
    why="What a data source reads is stored in plain text in the state and in every saved plan.",
    mend="Let the workload read the secret itself, as its identity; in Terraform use the ephemeral resource of the same name.",
    resources=(
        "data.google_client_config",
        "data.google_secret_manager_regional_secret_version",
        "data.google_secret_manager_regional_secret_version_access",
        "data.google_secret_manager_secret_version",
        "data.google_secret_manager_secret_version_access",
        "data.google_service_account_access_token",
        "data.google_service_account_id_token",
        "data.google_service_account_jwt",
    ),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="that it reads one is known",
)
