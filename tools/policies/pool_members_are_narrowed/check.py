"""No grant is for everybody in an identity pool; it names a repository, a branch or a subject."""

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


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails `principalSet://…/*`."""
    return worst(_judge_member(grant.member) for grant in grants(resource))


def _judge_member(member: str | Unknown) -> Ruling:
    text = written(member)
    if text.startswith("principalSet://") and text.endswith("/*"):
        return fails("is for everybody in the identity pool")
    if isinstance(member, Unknown) and not text.startswith(("principal", "serviceAccount:", "user:", "group:")):
        return unknown("who gets access")
    return PASSES


POLICY = Policy(
    title="Pool members are narrowed",
    severity=Severity.HIGH,
    why="With `/*`, a pull request's workflow gets what only the main branch should have.",
    mend="Use an attribute: `principalSet://…/attribute.repository/OWNER/NAME`, or the rule for the main branch.",
    resources=ways("*"),
    judge=judge,
    when_unknown=Verdict.PASS,
    unknown_because="a pool's name is known only after apply; the code, which is checked too, shows what follows it",
)
