"""Destroying one layer does not switch off an API that another layer, or a person, is using."""

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
    worst,
)


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails `disable_on_destroy` and `disable_dependent_services`."""
    return worst(_judge_switch(resource, name) for name in ("disable_on_destroy", "disable_dependent_services"))


def _judge_switch(resource: Resource, name: str) -> Ruling:
    value = truth(resource.get(name))
    if isinstance(value, Unknown):
        return unknown(name)
    return fails(f"sets {name}") if value else PASSES


POLICY = Policy(
    title="Services stay enabled",
    severity=Severity.MEDIUM,
    why="An enabled API costs nothing; disabling it breaks its users, and enabling it again takes minutes.",
    mend="Set `disable_on_destroy = false` and leave `disable_dependent_services` out.",
    resources=("google_project_service",),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="what a destroy removes must be readable before apply",
)
