"""google_compute_instance: a VM whose disks, metadata and network interfaces the API structures differently, and whose update takes many calls."""

from __future__ import annotations

from localcloud.provider import operations, paths, requests
from localcloud.provider.additions import PlanDraft
from localcloud.provider.hooks import Hooks
from localcloud.provider.planner import Planner, Scope
from localcloud.provider.types.google_compute_instance import disks, network_interfaces, updating
from localcloud.provider.values import UNKNOWN, Object, Value, at
from localcloud.provider.work import Problem, Work

_SCRIPT, _KEY = "metadata_startup_script", "startup-script"
_SHIELDED, _CONFIDENTIAL = "shielded_instance_config", "confidential_instance_config"
_TURNED_OFF_BY = {"TERMINATED": "stop", "SUSPENDED": "suspend"}


def plan(draft: PlanDraft) -> None:
    """Drops differences that are no change, and adds replacements that the schema alone does not show."""
    _plan_accelerators(draft)
    if draft.creating:
        if not draft.config.get(_SHIELDED):
            draft.planned[_SHIELDED] = []  # the rule that suppresses its default also hides that the API will add one
        return
    if draft.planned[_SCRIPT] != draft.prior.get(_SCRIPT) and not _moves_script(draft):
        draft.planner.replaced.append((_SCRIPT,))
    old, new = draft.prior.get("network_interface") or [], draft.planned["network_interface"]
    if new is not UNKNOWN and len(old) == len(new):
        for index, pair in enumerate(zip(old, new, strict=True)):
            _plan_interface(draft, index, *pair)


def _plan_accelerators(draft: PlanDraft) -> None:
    """A block that asks for zero accelerators is no change."""
    name = "guest_accelerator"
    wanted, before = draft.planned[name], draft.prior.get(name) or []
    if wanted is UNKNOWN or len(wanted) != 1 or wanted == before or wanted[0]["count"] != 0:
        return
    planner = draft.planner
    alone = Planner(planner.creating, planner.prior, planner.wanted, planner.settings)
    alone.child(draft.schema.root.children[name], before, planner.wanted[name], Scope((name,)))
    planner.changes -= alone.changes
    planner.replaced[:] = [path for path in planner.replaced if path[0] != name]
    draft.planned[name] = before


def _moves_script(draft: PlanDraft) -> bool:
    """Whether an unchanged script only moves into the metadata, or out of it."""
    old, new = draft.prior.get("metadata") or {}, draft.planned["metadata"]
    new = new if isinstance(new, dict) else {}
    before, after = draft.prior.get(_SCRIPT) or "", draft.planned[_SCRIPT] or ""
    if not before:
        return _KEY in old and after == old[_KEY]
    return not after and _KEY in new and before == new[_KEY]


def _plan_interface(draft: PlanDraft, index: int, old: Object, new: Object) -> None:
    """An address changes in place only together with the network; a subnetwork's link must match subnetwork_project."""
    moved = any(old[name] != new[name] for name in ("network", "subnetwork", "subnetwork_project"))
    if not moved and new["network_ip"] not in (old["network_ip"], "", None, UNKNOWN):
        draft.planner.replaced.append(("network_interface", index, "network_ip"))
    link = new["subnetwork"]
    project = paths.relative(link).split("/")[1:2] if isinstance(link, str) else []
    if project and new["subnetwork_project"] not in (project[0], UNKNOWN):
        raise Problem(
            f"The subnetwork {link} is in the project {project[0]}, but subnetwork_project is {new['subnetwork_project']}.",
            "Leave subnetwork_project out, or set it to the same project.",
            "network_interface",
        )


def encode(work: Work, values: Object, body: Object) -> Object:
    """Converts what the API structures differently: one list of disks, metadata items, a default account, access configs."""
    body["disks"] = disks.sent(work, values)
    body["networkInterfaces"] = network_interfaces.sent(work, values)
    body["metadata"] = updating.metadata(values)
    for account in body.get("serviceAccounts", []):
        account.setdefault("email", "default")
    body.setdefault("scheduling", {"automaticRestart": True})
    accelerators = [one for one in body.pop("guestAccelerators", []) if one.get("acceleratorCount")]
    reserved = at(values, "reservation_affinity.specific_reservation")
    if reserved:
        body["reservationAffinity"] |= {name: reserved[0][name] for name in ("key", "values")}
    tags = at(values, "params.resource_manager_tags")
    more = {"guestAccelerators": accelerators} if accelerators else {}
    return body | more | ({"params": {"resourceManagerTags": tags}} if tags else {})


def decode(work: Work, values: Object, state: Object) -> Object:
    """The reverse of encode; a state without a desired status gets none."""
    items = (work.answer.get("metadata") or {}).get("items") or []
    metadata = {one["key"]: one.get("value", "") for one in items}
    script: Object = {}
    if state.get(_SCRIPT):
        script = {_SCRIPT: metadata.pop(_KEY, None)}
    return (
        values
        | script
        | disks.read(work, values, state)
        | {
            "desired_status": work.answer["status"] if state.get("desired_status") else state.get("desired_status"),
            "metadata": metadata,
            "network_interface": [network_interfaces.placed(one) for one in values["network_interface"]],
            "reservation_affinity": _reserved(work, values),
            "zone": paths.last(work.answer["zone"]),
            _CONFIDENTIAL: _confidential(work, values, state),
        }
    )


def _confidential(work: Work, values: Object, state: Object) -> Value:
    """The block; null for a new VM without one, which the next refresh turns into an empty list."""
    blocks: Value = values[_CONFIDENTIAL]
    return None if work.config and not blocks and state.get(_CONFIDENTIAL) is None else blocks


def _reserved(work: Work, values: Object) -> Value:
    affinity = work.answer.get("reservationAffinity") or {}
    specific = affinity.get("consumeReservationType") == "SPECIFIC_RESERVATION"
    reservation = [{"key": affinity.get("key", ""), "values": affinity.get("values", [])}] if specific else []
    return [one | {"specific_reservation": reservation} for one in values["reservation_affinity"]]


def created(work: Work, state: Object) -> None:
    """A new VM runs; stops or suspends it if the desired status says so."""
    verb = _TURNED_OFF_BY.get(state.get("desired_status") or "")
    if verb:
        method = work.method(verb)
        operations.finished(work, work.ask(method, requests.params(work, method, state)), method.response)


HOOKS = Hooks(plan=plan, encode=encode, decode=decode, created=created, update=updating.update)
