"""Permission to act as a service account is granted on that account, never on a whole project."""

from policies.grants import PROJECT_WIDE, judge_roles
from policies.language import Policy, Resource, Ruling, Settings, Severity, Verdict

_IMPERSONATING = {
    "roles/iam.serviceAccountKeyAdmin",
    "roles/iam.serviceAccountOpenIdTokenCreator",
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.serviceAccountUser",
    "roles/iam.workloadIdentityUser",
}


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails the roles that let a member act as every account of a project, folder or organization."""
    return judge_roles(resource, _IMPERSONATING.__contains__)


POLICY = Policy(
    title="Nobody impersonates every account",
    severity=Severity.CRITICAL,
    why="Whoever has such a role in the project is all of its service accounts, the deployer included: in effect the owner.",
    mend="Grant it on the one account: `users:` of an identity in the environment file, or google_service_account_iam_member.",
    resources=PROJECT_WIDE,
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="a role is a choice that a reader must be able to see before apply",
)
