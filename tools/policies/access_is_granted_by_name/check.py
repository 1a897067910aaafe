"""Every other grant names somebody too: services, functions, topics, datasets, accounts, whole projects."""

from fnmatch import fnmatchcase

from policies.grants import judge_public, ways
from policies.language import PASSES, Policy, Resource, Ruling, Settings, Severity, Verdict

_HAVE_THEIR_OWN = (
    *ways("storage_bucket"),
    *ways("storage_managed_folder"),
    *ways("artifact_registry_repository"),
    *ways("secret_manager_secret"),
    *ways("secret_manager_regional_secret"),
)


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails `allUsers` and `allAuthenticatedUsers`, except where a more specific policy does."""
    if any(fnmatchcase(resource.kind, kind) for kind in _HAVE_THEIR_OWN):
        return PASSES
    return judge_public(resource)


POLICY = Policy(
    title="Access is granted by name",
    severity=Severity.HIGH,
    why="Everyone with an internet connection gets in, and what they do is on your credits.",
    mend="Name who may have it; for a service that is meant to be public, write an exception with its reason in the environment file.",
    resources=(*ways("*"), "data.google_iam_policy"),
    judge=judge,
    when_unknown=Verdict.PASS,
    unknown_because="a member known only after apply is an account that this plan creates; allUsers is always written out",
)
