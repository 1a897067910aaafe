"""Old images are really deleted: a repository has a rule that deletes, and it is not a dry run."""

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


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails a repository without a rule whose action is DELETE, or whose rules are only a dry run."""
    rehearsed, rules = truth(resource.get("cleanup_policy_dry_run")), resource.blocks("cleanup_policies")
    if rehearsed is True:
        return fails("only does a dry run of its cleanup: cleanup_policy_dry_run is true")
    if isinstance(rules, Unknown) or isinstance(rehearsed, Unknown):
        return unknown("its cleanup")
    actions = [rule.get("action") for rule in rules]
    if "DELETE" in actions:
        return PASSES
    if any(isinstance(action, Unknown) for action in actions):
        return unknown("its cleanup")
    return fails("keeps images but deletes none" if actions else "has no cleanup policy")


POLICY = Policy(
    title="Cleanup policies delete",
    severity=Severity.MEDIUM,
    why="A rule that keeps images does not delete the others: every pushed image stays, and is billed, for ever.",
    mend='Add a cleanup policy with `action = "DELETE"` and set `cleanup_policy_dry_run = false`.',
    resources=("google_artifact_registry_repository",),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="what is deleted must be readable before apply",
)
