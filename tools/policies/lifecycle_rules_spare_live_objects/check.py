"""A rule that deletes affects only old versions, never live objects."""

from policies.language import (
    PASSES,
    Block,
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
    worst,
)

_OLD_ONLY = ("days_since_noncurrent_time", "num_newer_versions")


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails a Delete rule whose condition also matches live objects."""
    rules = resource.blocks("lifecycle_rule")
    return unknown("its lifecycle rules") if isinstance(rules, Unknown) else worst(map(_judge_rule, rules))


def _judge_rule(rule: Block) -> Ruling:
    actions, conditions = blocks(rule, "action"), blocks(rule, "condition")
    if isinstance(actions, Unknown) or isinstance(conditions, Unknown):
        return unknown("a lifecycle rule")
    kinds = [action.get("type") for action in actions]
    if any(isinstance(kind, Unknown) for kind in kinds):
        return unknown("a lifecycle rule's action")
    if "Delete" not in kinds or (conditions and all(map(_old_only, conditions))):
        return PASSES
    return fails("has a lifecycle rule that deletes live objects")


def _old_only(condition: Block) -> bool:
    if condition.get("with_state") == "ARCHIVED" or condition.get("noncurrent_time_before"):
        return True
    return any(isinstance(found := number(condition.get(name)), float | int) and found > 0 for name in _OLD_ONLY)


POLICY = Policy(
    title="Lifecycle rules spare live objects",
    severity=Severity.HIGH,
    why="An age rule counts from the upload: data in daily use is deleted once it is old enough, and a DVC remote breaks silently.",
    mend='Add `with_state = "ARCHIVED"` (or `num_newer_versions`) to the rule\'s condition; for a scratch bucket write an exception.',
    resources=("google_storage_bucket",),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="what is deleted must be readable before apply",
)
