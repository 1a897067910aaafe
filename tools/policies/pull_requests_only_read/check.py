"""Identities that every workflow of a repository can use, including those of pull requests, may only read."""

import re

from policies.grants import Grant, grants, ways
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

_PLANNER = "serviceAccount:groundwork-planner@"
_MAIN = ("/attribute.branch/main", "/attribute.rule/main")
_LOGS_IN = "roles/iam.workloadIdentityUser"
_READS = re.compile(
    r"roles/(\w+\.)*(\w*[vV]iewer|\w*[rR]eader|\w*Reviewer|browser|serviceUsageConsumer)|projects/[^/]+/roles/groundwork_budget_viewer"
)
_PROJECT_WIDE_DATA = {"roles/bigquery.dataViewer", "roles/storage.objectViewer"}


def judge(resource: Resource, settings: Settings) -> Ruling:
    """Fails a grant to a pool's members, other than the main branch, or to the planner, of a role that does more than read.

    Logging in as an identity that only reads (which validation of the environment file ensures) counts as reading.
    """
    return worst(_judge_grant(resource, grant, settings) for grant in grants(resource))


def _judge_grant(resource: Resource, grant: Grant, settings: Settings) -> Ruling:
    member = written(grant.member)
    on_planner, wide = "module.planner" in resource.address, resource.kind.startswith("google_project_")
    is_planner = member.startswith(_PLANNER) or (on_planner and wide)
    if isinstance(grant.member, Unknown) and not is_planner:
        return unknown("who gets access")
    if not is_planner and not _any_workflow(member):
        return PASSES
    if isinstance(grant.role, Unknown):
        return unknown("the role")
    reader = any(f'module.identities["{name}"]' in resource.address for name in settings.readers)
    if grant.role == _LOGS_IN and (on_planner or reader):
        return PASSES
    reads = _READS.fullmatch(grant.role) and not (wide and grant.role in _PROJECT_WIDE_DATA)
    return PASSES if reads else fails(f"grants {grant.role} to {'the planner' if is_planner else member}")


def _any_workflow(member: str) -> bool:
    """Whether a pull request's workflow is such a member; a subject names one branch or environment."""
    if member.startswith("principalSet://"):
        return not member.endswith(_MAIN)
    return member.startswith("principal://") and member.endswith(":pull_request")


POLICY = Policy(
    title="Pull requests only read",
    severity=Severity.CRITICAL,
    why="Whoever may push a branch controls its workflow: with more than read access they could change the cloud, or the state, before any review.",
    mend="Grant it to `principals.main` of modules/github_identity, or let the deployer do it; the planner in infra/bootstrap only reads.",
    resources=ways("*"),
    judge=judge,
    when_unknown=Verdict.PASS,
    unknown_because="a pool's name is known only after the first apply; every plan after it is judged",
)
