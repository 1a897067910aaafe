"""People and groups get their roles through `members:`, where onboarding and offboarding find them."""

from policies.grants import grants, ways
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

_PEOPLE = ("domain:", "group:", "user:")


def judge(resource: Resource, settings: Settings) -> Ruling:
    """Fails a grant to a person or group that is not a member in the environment file."""
    return worst(_judge_member(grant.member, settings) for grant in grants(resource))


def _judge_member(member: str | Unknown, settings: Settings) -> Ruling:
    text = written(member)
    if text in settings.members:
        return PASSES
    if text.startswith(_PEOPLE):
        return fails(f"grants a role to {text} outside the environment file")
    open_start = isinstance(member, Unknown) and (not text or text.startswith("${") or "${" not in text)
    return unknown("who gets access") if open_start else PASSES


POLICY = Policy(
    title="People come from the file",
    severity=Severity.MEDIUM,
    why="Somebody who is granted a role elsewhere is in no list, and keeps it when they leave the team.",
    mend="Put the person in `members:` (`groundwork onboard EMAIL --role …`); if no persona fits, change the personas of modules/team_access.",
    resources=ways("*"),
    judge=judge,
    when_unknown=Verdict.PASS,
    unknown_because="a person's address is always literal; a member known only after apply is an account that this plan creates",
)
