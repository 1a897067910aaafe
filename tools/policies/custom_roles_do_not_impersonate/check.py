"""A custom role is no back door: it cannot act as service accounts, create keys or change policies."""

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
    worst,
)

_POWERS = {
    "iam.roles.update",
    "iam.serviceAccountKeys.create",
    "iam.serviceAccounts.actAs",
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.getOpenIdToken",
    "iam.serviceAccounts.implicitDelegation",
    "iam.serviceAccounts.signBlob",
    "iam.serviceAccounts.signJwt",
    "iam.workloadIdentityPoolProviders.create",
    "iam.workloadIdentityPoolProviders.update",
    "storage.hmacKeys.create",
}


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails a permission with which the holder could become somebody else."""
    return worst(_judge_permission(permission) for _, permission in resource.strings("permissions"))


def _judge_permission(permission: str | Unknown) -> Ruling:
    if isinstance(permission, Unknown):
        return unknown("its permissions")
    return fails(f"includes {permission}") if permission in _POWERS or permission.endswith(".setIamPolicy") else PASSES


POLICY = Policy(
    title="Custom roles do not impersonate",
    severity=Severity.HIGH,
    why="Such a permission, wherever the role is granted in the project, is as good as every role of every account.",
    mend="Leave the permission out; grant roles/iam.serviceAccountUser on the one account that is needed.",
    resources=("google_organization_iam_custom_role", "google_project_iam_custom_role"),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="a permission is a choice that a reader must be able to see before apply",
)
