"""google_compute_disk: its image may be named by family, and it is detached from its machines before a delete."""

from __future__ import annotations

from datetime import UTC, datetime

from localcloud.provider import images, paths, requests, rest
from localcloud.provider.additions import PlanDraft
from localcloud.provider.hooks import Hooks
from localcloud.provider.operations import finished
from localcloud.provider.values import UNKNOWN, Object
from localcloud.provider.work import Work


def plan(draft: PlanDraft) -> None:
    """Other provisioned IOPS force replacement unless it is a hyperdisk."""
    old, new = draft.prior, draft.planned
    if draft.creating:
        return
    changed = new["provisioned_iops"] not in (old.get("provisioned_iops"), UNKNOWN)
    if changed and "hyperdisk" not in str(new["type"]):
        draft.planner.replaced.append(("provisioned_iops",))


def encode(work: Work, values: Object, body: Object) -> Object:
    """Sends the image's full name."""
    if body.get("sourceImage"):
        body["sourceImage"] = images.link(work, body["sourceImage"], work.project(values))
    return body


def delete(work: Work, state: Object) -> None:
    """Makes the snapshot that is asked for, and detaches the disk from every machine that uses it, before the disk goes."""
    if state.get("create_snapshot_before_destroy"):
        _snapshot(work, state)
    for machine in (requests.get(work, state) or {}).get("users", []):
        _detach(work, paths.relative(machine), paths.relative(str(state["self_link"])))
    rest.remove(work, state)


def _snapshot(work: Work, state: Object) -> None:
    prefix = state.get("create_snapshot_before_destroy_prefix") or state["name"]
    body = {"name": f"{prefix}-{datetime.now(UTC):%Y%m%d-%H%M%S}", "sourceDisk": state["self_link"]}
    method = work.document.methods["compute.snapshots.insert"]
    finished(work, work.ask(method, {"project": work.project(state)}, body=body), method.response)


def _detach(work: Work, machine: str, disk: str) -> None:
    _, project, _, zone, _, name = machine.split("/")
    params = {"project": project, "zone": zone, "instance": name}
    methods = work.document.methods
    found = requests.gone_as_none(lambda: work.ask(methods["compute.instances.get"], params))
    for one in (found or {}).get("disks", []):
        if paths.relative(one.get("source", "")) == disk:
            method = methods["compute.instances.detachDisk"]
            finished(work, work.ask(method, params, query={"deviceName": one["deviceName"]}), method.response)


HOOKS = Hooks(plan=plan, encode=encode, delete=delete)
