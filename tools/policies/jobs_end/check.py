"""A job says how long a try may take, so that one that hangs ends."""

from policies.language import PASSES, Policy, Resource, Ruling, Settings, Severity, Unknown, Verdict, fails, unknown
from policies.workloads import JOB, template


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails a job of Cloud Run without a timeout."""
    found = template(resource)
    timeout = found if isinstance(found, Unknown) else found.get("timeout")
    if isinstance(timeout, Unknown):
        return unknown("its timeout")
    return PASSES if timeout else fails("says nowhere how long it may run")


POLICY = Policy(
    title="Jobs end",
    severity=Severity.LOW,
    why="What hangs is tried again and again, and billed each time; ten minutes, which Cloud Run takes for granted, end a good job too early.",
    mend="Set `timeout` in the job's template; the environment file has `timeout_minutes`.",
    resources=(JOB,),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="how long something may cost money must be readable before apply",
)
