"""How long deleted objects are kept, and billed, is set explicitly."""

from policies.language import PASSES, Policy, Resource, Ruling, Settings, Severity, Unknown, Verdict, fails, unknown


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails a bucket without a retention, for which Google's seven days apply; any explicit number passes."""
    policies = resource.blocks("soft_delete_policy")
    if isinstance(policies, Unknown):
        return unknown("soft_delete_policy")
    if not policies or policies[0].get("retention_duration_seconds") is None:
        return fails("leaves soft delete at Google's default of seven days, which are billed")
    return PASSES


POLICY = Policy(
    title="Soft delete is decided",
    severity=Severity.LOW,
    why="By default Google keeps deleted objects for seven days and bills them: training runs that overwrite checkpoints cost a multiple.",
    mend="Set `soft_delete_policy { retention_duration_seconds = 0 }`, or the number of seconds in which a deletion can be undone; `soft_delete_days` in the environment file.",
    resources=("google_storage_bucket",),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="what costs money must be readable before apply",
)
