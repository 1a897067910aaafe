"""The identity pool that `down --all` deleted: its name is taken for 30 days, so `up` brings it back instead of making it."""

from __future__ import annotations

from collections.abc import Sequence

from groundwork.google.cloud import CloudProblem
from groundwork.google.operations import finish
from groundwork.terraform.plans import LayerPlan
from groundwork.terraform.session import Session
from groundwork.terraform.talk import Talk

LAYER = "bootstrap"
_POOL = "google_iam_workload_identity_pool.pool"
_PROVIDER = "google_iam_workload_identity_pool_provider.github"


def revive(session: Session, pending: Sequence[LayerPlan], talk: Talk) -> frozenset[str]:
    """Undelete the pool and its provider where a plan would create them, and bring them into the state; their addresses.

    A pool and a provider are deleted softly and cannot be made anew meanwhile
    (https://cloud.google.com/iam/docs/manage-workload-identity-pools-providers#delete-pool).
    """
    github = session.environment.github
    if github is None:
        return frozenset()
    created = {change.address for plan in pending for change in plan.changes if change.action == "create"}
    module = f'module.github_identity["{github.pool}"]'
    pool = f"projects/{session.environment.project}/locations/global/workloadIdentityPools/{github.pool}"
    things = {f"{module}.{_POOL}": pool, f"{module}.{_PROVIDER}": f"{pool}/providers/github"}
    back = [address for address, path in things.items() if address in created and _undeleted(session, path, talk)]
    for address in back:
        session.terraform(LAYER).adopt(address, things[address])
    return frozenset(back)


def _undeleted(session: Session, path: str, talk: Talk) -> bool:
    """Undelete what is at a path if it is softly deleted; whether it was."""
    try:
        found = session.cloud.request("GET", "iam", f"v1/{path}")
    except CloudProblem as problem:
        if problem.code in (403, 404):
            return False
        raise
    if found.get("state") != "DELETED":
        return False
    talk.say(f"{path.rpartition('/')[2]}: bringing back what was deleted less than 30 days ago ({path})")
    begun = session.cloud.request("POST", "iam", f"v1/{path}:undelete", json={})
    finish(session.cloud, "iam", "v1", begun, f"undelete {path}")
    return True
