"""A versioned bucket does not accumulate versions for ever, unless DVC needs them."""

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
    truth,
    unknown,
)


def judge(resource: Resource, settings: Settings) -> Ruling:
    """Fails a versioned bucket without a Delete rule; a DVC bucket passes."""
    versions, rules, name = resource.blocks("versioning"), resource.blocks("lifecycle_rule"), resource.text("name")
    if isinstance(versions, Unknown):
        return unknown("versioning")
    versioned = truth(versions[0].get("enabled")) if versions else False
    if versioned is False or name in settings.dvc_buckets:
        return PASSES
    if isinstance(versioned, Unknown) or isinstance(rules, Unknown):
        return unknown("versioning or lifecycle rules")
    if any(map(_deletes, rules)):
        return PASSES
    if isinstance(name, Unknown) and any(map(name.may_be, settings.dvc_buckets)):
        return unknown("its name")
    return fails("keeps every version of every object")


def _deletes(rule: Block) -> bool:
    actions = blocks(rule, "action")
    return isinstance(actions, list) and any(action.get("type") == "Delete" for action in actions)


POLICY = Policy(
    title="Noncurrent versions expire",
    severity=Severity.LOW,
    why="Each overwritten checkpoint stays as an old version and is billed like a live object.",
    mend="Set `noncurrent_versions: {days: 30, keep: 3}` on the bucket, or `dvc: true` if DVC keeps data there.",
    resources=("google_storage_bucket",),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="what costs money must be readable before apply",
)
