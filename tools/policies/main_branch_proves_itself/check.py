"""The principal `main` is one branch after a push, on a schedule or by hand, and never a pull request."""

import re

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
    unknown,
    worst,
    written,
)

# Both mark a principal as main: for the deploying workflow only, and for any.
_RULES = ("attribute.branch", "attribute.rule")
_BRANCH = re.compile(r"assertion\.ref\s*==\s*(['\"])refs/heads/[^'\"]+\1")
_EVENT = re.compile(r"assertion\.event_name\s*(==|in)\s")


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails a mapping of attribute.rule or attribute.branch that can be main without a condition on one branch and on the event."""
    mapping = resource.blocks("attribute_mapping")
    if isinstance(mapping, Unknown):
        return unknown("its attribute_mapping")
    return worst(_judge_mapping(name, mapping[0].get(name, "") if mapping else "") for name in _RULES)


def _judge_mapping(name: str, rule: object) -> Ruling:
    if isinstance(rule, Unknown) and ("${" in rule.text or "assertion." not in rule.text):
        return unknown(name)
    return _judge_rule(name, written(rule))


def _judge_rule(name: str, rule: str) -> Ruling:
    if not re.search(r"['\"]main['\"]", rule):
        return PASSES
    if not _BRANCH.search(rule):
        return fails(f"maps to main what {name} does not limit to one branch")
    if not _EVENT.search(rule):
        return fails(f"maps to main what {name} does not limit to events")
    loose = any(word in rule for word in ("||", "pull_request", "workflow_run"))
    return fails(f"has another way to main in {name}") if loose else PASSES


POLICY = Policy(
    title="The main branch proves itself",
    severity=Severity.CRITICAL,
    why="A pull request from anywhere makes workflows run on the main branch, by pull_request_target and workflow_run: the branch alone proves nothing.",
    mend="Require both: `assertion.ref == 'refs/heads/main' && assertion.event_name in ['push', 'schedule', 'workflow_dispatch']`.",
    resources=("google_iam_workload_identity_pool_provider",),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="who may deploy must be readable before apply",
)
