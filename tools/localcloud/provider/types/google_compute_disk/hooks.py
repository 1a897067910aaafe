"""google_compute_disk: created from an image that a configuration may name by its family; never shrunk in place."""

from __future__ import annotations

from localcloud.provider import images
from localcloud.provider.additions import PlanDraft
from localcloud.provider.hooks import Hooks
from localcloud.provider.values import UNKNOWN, Object
from localcloud.provider.work import Work


def plan(draft: PlanDraft) -> None:
    """Shrinking forces replacement, and so do other provisioned IOPS unless it is a hyperdisk."""
    old, new = draft.prior, draft.planned
    if draft.creating:
        return
    if isinstance(new["size"], int) and new["size"] < (old.get("size") or 0):
        draft.planner.replaced.append(("size",))
    changed = new["provisioned_iops"] not in (old.get("provisioned_iops"), UNKNOWN)
    if changed and "hyperdisk" not in str(new["type"]):
        draft.planner.replaced.append(("provisioned_iops",))


def encode(work: Work, values: Object, body: Object) -> Object:
    """Sends the image's full name."""
    if body.get("sourceImage"):
        body["sourceImage"] = images.link(work, body["sourceImage"], work.project(values))
    return body


HOOKS = Hooks(plan=plan, encode=encode)
