"""A service or function answers only authorised callers, unless the environment file makes it public."""

from policies.grants import judge_public, ways
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
    truth,
    unknown,
)
from policies.workloads import SERVICE


def judge(resource: Resource, settings: Settings) -> Ruling:
    """Fails `allUsers` among the invokers, and a service that asks for no token, unless the file has public: true for it."""
    name, is_open = resource.text("name"), truth(resource.get("invoker_iam_disabled"))
    if isinstance(name, str) and name in settings.public_services:
        return PASSES
    if resource.kind != SERVICE:
        return judge_public(resource)
    if is_open is False:
        return PASSES
    if isinstance(is_open, Unknown) or isinstance(name, Unknown):
        return unknown("who may call it")
    return fails("answers everybody, and the environment file does not say so")


POLICY = Policy(
    title="Services are not public by accident",
    severity=Severity.HIGH,
    why="Whoever finds the address can call the model at your expense, and read its answers.",
    mend="Leave `public` out, or set `public: true` for the service or function in the environment file, where everybody sees it.",
    resources=(SERVICE, *ways("cloud_run_v2_service"), *ways("cloud_run_v2_job"), *ways("cloud_run_service")),
    judge=judge,
    when_unknown=Verdict.PASS,
    unknown_because="a member known only after apply is an account that this plan creates; allUsers and public are always written out",
)
