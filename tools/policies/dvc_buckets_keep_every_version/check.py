"""A bucket for DVC is versioned, and no rule deletes anything in it."""

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
    """Fails a DVC bucket of the environment without versioning, or with any Delete rule."""
    name = resource.text("name")
    if isinstance(name, Unknown) and any(map(name.may_be, settings.dvc_buckets)):
        return unknown("its name")
    if name not in settings.dvc_buckets:
        return PASSES
    versions, rules = resource.blocks("versioning"), resource.blocks("lifecycle_rule")
    if isinstance(versions, Unknown) or isinstance(rules, Unknown):
        return unknown("versioning or lifecycle rules")
    if not versions or truth(versions[0].get("enabled")) is False:
        return fails("contains DVC's data without versioning")
    return fails("contains DVC's data and has a rule that deletes") if any(map(_deletes, rules)) else PASSES


def _deletes(rule: Block) -> bool:
    actions = blocks(rule, "action")
    return isinstance(actions, Unknown) or any(action.get("type") == "Delete" for action in actions)


POLICY = Policy(
    title="DVC buckets keep every version",
    severity=Severity.HIGH,
    why="Old commits point at old versions of objects; once a rule has deleted one, `dvc pull` of that commit can never work again.",
    mend="Set `dvc: true` on the bucket in the environment file and leave `versioning` out; the module then makes no such rule.",
    resources=("google_storage_bucket",),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="what is deleted must be readable before apply",
)
