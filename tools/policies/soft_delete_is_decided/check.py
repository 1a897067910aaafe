"""How long deleted objects are kept, and paid, is said; beside versioning it is not paid twice."""

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
    number,
    truth,
    unknown,
)


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails a bucket that leaves the seven days that Google bills, and one that keeps versions and deleted objects both."""
    policies, versions = resource.blocks("soft_delete_policy"), resource.blocks("versioning")
    if isinstance(policies, Unknown):
        return unknown("soft_delete_policy")
    seconds = number(policies[0].get("retention_duration_seconds")) if policies else None
    if seconds is None:
        return fails("leaves soft delete at Google's seven days, which are billed")
    if seconds == 0:
        return PASSES
    versioned = Unknown() if isinstance(versions, Unknown) else truth(versions[0].get("enabled")) if versions else False
    if isinstance(seconds, Unknown) or isinstance(versioned, Unknown):
        return unknown("soft_delete_policy or versioning")
    return fails("keeps old versions and deleted objects both: everything is paid twice") if versioned else PASSES


POLICY = Policy(
    title="Soft delete is decided",
    severity=Severity.LOW,
    why="Unless told otherwise Google keeps deleted objects for seven days and bills them: training runs that overwrite checkpoints pay a multiple.",
    mend="Set `soft_delete_policy { retention_duration_seconds = 0 }`, or a number of your choice on a bucket without versioning.",
    resources=("google_storage_bucket",),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="what costs money must be readable before apply",
)
