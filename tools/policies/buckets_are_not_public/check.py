"""No anonymous access to buckets, neither by IAM nor by an access control list."""

from policies.grants import PUBLIC, judge_public, ways
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

_LISTS = (
    "google_storage_bucket_access_control",
    "google_storage_bucket_acl",
    "google_storage_default_object_access_control",
    "google_storage_default_object_acl",
    "google_storage_object_access_control",
    "google_storage_object_acl",
)


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails `allUsers` and `allAuthenticatedUsers`, as member, in an access list, or behind a `public…` list's name."""
    if resource.kind not in _LISTS:
        return judge_public(resource)
    return worst(_judge_entry(entry) for _, entry in resource.strings("entity", "role_entity", "predefined_acl"))


def _judge_entry(entry: str | Unknown) -> Ruling:
    if isinstance(entry, Unknown):
        return unknown("its access list")
    public = entry.rpartition(":")[2] in PUBLIC or entry.startswith(("public", "authenticatedRead"))
    return fails(f"gives everybody access by {entry}") if public else PASSES


POLICY = Policy(
    title="Buckets are not public",
    severity=Severity.CRITICAL,
    why="Anyone on the internet could read or fill the bucket: your data leaks, and you pay for the traffic.",
    mend="Name the person in `members:` or the service account in `identities:` of the environment file.",
    resources=(*ways("storage_bucket"), *ways("storage_managed_folder"), *_LISTS),
    judge=judge,
    when_unknown=Verdict.PASS,
    unknown_because="a member known only after apply is an account that this plan creates; allUsers is always written out",
)
