"""A token from outside is accepted only from one repository or owner, by its numeric ID, which is never reused."""

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
    written,
)

_PINNED = re.compile(r"assertion\.(repository_owner_id|repository_id)\s*==\s*(['\"])[^'\"]+\2")
_GITHUB = "https://token.actions.githubusercontent.com"


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails a provider without a condition, and one for GitHub whose condition does not fix the owner's or the repository's ID."""
    condition = resource.text("attribute_condition")
    text = written(condition)
    if isinstance(condition, Unknown) and "assertion." not in text:
        return unknown("its attribute_condition")
    if not text.strip():
        return fails("accepts every token of its issuer: it has no attribute_condition")
    if _GITHUB not in str(resource.get("oidc")):
        return PASSES
    ways_in = text.split("||")
    if "!(" in text or not all(map(_PINNED.search, ways_in)):
        return fails("has a way in that pins neither assertion.repository_owner_id nor assertion.repository_id")
    return PASSES


POLICY = Policy(
    title="Identity pools pin their owner",
    severity=Severity.CRITICAL,
    why="All of GitHub shares one issuer: without a pin any workflow there can log in here, and a name can be taken over once it is given up.",
    mend="Every alternative of attribute_condition must contain `assertion.repository_owner_id == '…'` (`gh api users/OWNER --jq .id`).",
    resources=("google_iam_workload_identity_pool_provider",),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="who may log in must be readable before apply",
)
