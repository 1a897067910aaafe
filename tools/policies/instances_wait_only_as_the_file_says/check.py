"""Instances that always wait, and GPUs, exist only if the environment file says so, where their price is visible."""

from policies.language import (
    PASSES,
    Policy,
    Resource,
    Ruling,
    Settings,
    Severity,
    Unknown,
    Verdict,
    blocks,
    fails,
    number,
    unknown,
)
from policies.workloads import FUNCTION, SERVICE, template


def judge(resource: Resource, settings: Settings) -> Ruling:
    """Fails minimum instances other than those of the file, and a GPU."""
    if resource.kind == FUNCTION:
        service = resource.blocks("service_config")
        if isinstance(service, Unknown):
            return unknown("its instances")
        return _judge_least(resource, number(service[0].get("min_instance_count")) if service else None, settings)
    found = template(resource)
    scaling = found if isinstance(found, Unknown) else blocks(found, "scaling")
    if isinstance(found, Unknown) or isinstance(scaling, Unknown):
        return unknown("its instances")
    if blocks(found, "node_selector"):
        return fails("has a GPU, which the environment file cannot describe")
    return _judge_least(resource, number(scaling[0].get("min_instance_count")) if scaling else None, settings)


def _judge_least(resource: Resource, least: float | Unknown | None, settings: Settings) -> Ruling:
    name = resource.text("name")
    if isinstance(least, Unknown) or (least and isinstance(name, Unknown)):
        return unknown("its instances")
    if not least or f"{name}={least:.0f}" in settings.waiting:
        return PASSES
    return fails(f"keeps {least:.0f} waiting, but the environment file does not say so")


POLICY = Policy(
    title="Instances wait only as the file says",
    severity=Severity.MEDIUM,
    why="A minimum instance is billed day and night, a GPU by the second at many times that; credits are gone before anybody looks.",
    mend="Write `min_instances` on the service or function in the environment file: `groundwork plan` then shows its price.",
    resources=(SERVICE, FUNCTION),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="what costs money by the hour must be readable before apply",
)
