"""A job limits how long an attempt may take, so that one that hangs is stopped."""

from policies.language import PASSES, Policy, Resource, Ruling, Settings, Severity, Unknown, Verdict, fails, unknown
from policies.workloads import JOB, template


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails a job of Cloud Run without a timeout."""
    found = template(resource)
    timeout = found if isinstance(found, Unknown) else found.get("timeout")
    if isinstance(timeout, Unknown):
        return unknown("its timeout")
    return PASSES if timeout else fails("does not limit how long it may run")


POLICY = Policy(
    title="Jobs end",
    severity=Severity.LOW,
    why="A job that hangs is retried, and billed each time; Cloud Run's default of ten minutes stops a good job too early.",
    mend="Set `timeout` in the job's template; the environment file has `timeout_minutes`.",
    resources=(JOB,),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="how long something may cost money must be readable before apply",
)
