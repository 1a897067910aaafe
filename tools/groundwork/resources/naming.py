"""Describes a plan in names: which resource changes how, who gains and loses what, and which changes grant more power."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from groundwork.resources.words import component, thing
from groundwork.terraform import plans
from groundwork.terraform.differences import Difference, differences
from groundwork.terraform.events import Action, PlannedChange
from groundwork.terraform.plans import LayerPlan
from groundwork.text import counted, listed

PEOPLE = ("user:", "group:")
# Roles that let their holder grant themselves more, or act as somebody who can.
# Source: https://cloud.google.com/iam/docs/roles-overview#basic and https://cloud.google.com/iam/docs/service-account-permissions.
POWER = {
    "roles/owner": "may do anything",
    "roles/editor": "may change almost anything",
    "roles/resourcemanager.projectIamAdmin": "may change permissions",
    "roles/iam.securityAdmin": "may change permissions",
    "roles/iam.serviceAccountAdmin": "may decide who acts as service accounts",
    "roles/iam.serviceAccountTokenCreator": "may act as",
    "roles/iam.workloadIdentityUser": "may act as",
}
_SHORT = {
    "cleanup_policies[delete-old].condition.older_than": "delete after",
    "cleanup_policies[keep-recent].most_recent_versions.keep_count": "keep",
    "versioning.enabled": "versioning",
    "soft_delete_policy.retention_duration_seconds": "soft delete",
    "invoker_iam_disabled": "public",
    "template.scaling.min_instance_count": "instances at least",
    "template.scaling.max_instance_count": "instances at most",
    "template.max_instance_request_concurrency": "requests at a time",
    "template.timeout": "timeout",
    "template.containers.image": "image",
    "template.containers.ports.container_port": "port",
    "template.containers.ports.name": "protocol",
    "template.containers.resources.limits.cpu": "cpu",
    "template.containers.resources.limits.memory": "memory",
    "build_config.runtime": "runtime",
    "build_config.entry_point": "entry point",
    "service_config.available_cpu": "cpu",
    "service_config.available_memory": "memory",
    "service_config.max_instance_count": "instances at most",
    "service_config.max_instance_request_concurrency": "requests at a time",
    "service_config.min_instance_count": "instances at least",
    "service_config.timeout_seconds": "timeout",
    "event_trigger.event_type": "event",
    "build.options.machine_type": "machine",
    "build.timeout": "timeout",
}
_CODE = "build_config.source.storage_source"
"""Where a function has its code: another object is new code, of which the generation says nothing more."""
_VARIABLE = re.compile(r"\.env\[(?P<name>[^\]]+)\]\.(?P<what>name|value)\Z")
_POOL = re.compile(r"principalSet://.*/workloadIdentityPools/(?P<pool>[^/]+)/attribute\.(?P<name>\w+)/(?P<value>.+)")
_MOST = 3


@dataclass(frozen=True)
class GrantChange:
    """Somebody gains ("+") or loses ("-") a role on a component of a layer."""

    sign: str
    member: str
    role: str
    component: str

    @property
    def power(self) -> str:
        """How the role lets its holder gain more access; "" for other roles and for removals."""
        words = POWER.get(self.role, "") if self.sign == "+" else ""
        return f"{words} {self.component}" if words.endswith("as") else words

    @property
    def who(self) -> str:
        """The member's address, the logins of an identity pool in words, or the member itself."""
        if logins := _POOL.fullmatch(self.member):
            return f"logins by {logins['pool']} with {logins['name']} {logins['value']}"
        return self.member.partition(":")[2] or self.member


@dataclass(frozen=True)
class PlanLines:
    """The plans as lines: each changed component, by layer; every detail; and the grants that give power."""

    lines: tuple[str, ...]
    details: tuple[str, ...]
    power: tuple[str, ...]


def plan_lines(
    layer_plans: Sequence[LayerPlan], documents: Mapping[str, Mapping[str, Any]], personas: Mapping[str, str]
) -> PlanLines:
    """The plans of the layers, with Terraform's JSON of each in `documents`; `personas` are the file's members."""
    order = [plans.sign(action) for action in plans.ORDER]
    lines: list[str] = []
    details: list[str] = []
    power: list[str] = []
    for plan in layer_plans:
        entries = {str(entry["address"]): entry for entry in documents.get(plan.layer, {}).get("resource_changes", ())}
        grants = [grant for change in plan.changes for grant in _grants(change, entries.get(change.address))]
        found = [*_things(plan, entries), *_people(grants, personas)]
        if found:
            found.sort(key=lambda line: (order.index(line[0]), line[1]))
            lines += [plan.layer, *(f"  {sign} {name:<28} {text}".rstrip() for sign, name, text in found)]
            details += [plan.layer, *_details(plan, entries)]
        power += [f"{grant.who}: {grant.power}" for grant in grants if grant.power]
        power += [
            f"anybody, without a token: may call {component(change.module)}"
            for change in plan.changes
            if _opened(entries.get(change.address))
        ]
    return PlanLines(tuple(lines), tuple(details), tuple(sorted(set(power))))


def revocations(layer_plans: Sequence[LayerPlan], documents: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Who loses a role that was granted by hand and that the file grants to others; one line each."""
    found = []
    for plan in layer_plans:
        document = documents.get(plan.layer, {})
        outside = {str(entry["address"]): entry["change"] for entry in document.get("resource_drift", ())}
        entries = {str(entry["address"]): entry for entry in document.get("resource_changes", ())}
        for change in (change for change in plan.changes if change.action == "update" and change.address in outside):
            drift = outside[change.address]
            added = _members(drift.get("after")) - _members(drift.get("before"))
            lost = (grant for grant in _grants(change, entries.get(change.address)) if grant.sign == "-")
            found += [f"{grant.who}: {grant.role} on {grant.component}" for grant in lost if grant.member in added]
    return tuple(found)


SignedLine = tuple[str, str, str]


def _opened(entry: Mapping[str, Any] | None) -> bool:
    """Whether a plan makes a service or function public."""
    before, after = ((entry or {}).get("change", {}).get(when) or {} for when in ("before", "after"))
    if "allUsers" in _members(after) - _members(before):
        return True
    return after.get("invoker_iam_disabled") is True and before.get("invoker_iam_disabled") is not True


def _things(plan: LayerPlan, entries: Mapping[str, Mapping[str, Any]]) -> Iterator[SignedLine]:
    """A line per component and what happens to it, except for grants to people."""
    groups: dict[tuple[str, Action], list[PlannedChange]] = {}
    for change in plan.changes:
        if not _only_people(change, entries.get(change.address)):
            groups.setdefault((component(change.module), change.action), []).append(change)
    for (name, action), changes in groups.items():
        kinds = Counter(thing(change.type) for change in changes)
        what = [word if number == 1 else counted(number, word) for word, number in kinds.items()]
        changed = [
            text for change in changes for text in _changed(change, entries.get(change.address)) if action != "create"
        ]
        verb = plans.verb(action)
        over = any((entries.get(change.address) or {}).get("change", {}).get("importing") for change in changes)
        if action == "update" and changed:
            yield plans.sign(action), name, ("imported: " if over else "") + _few(changed)
        else:
            extra = [verb] if verb else []
            names = sorted({text.split(" ")[0] for text in changed})
            extra += [f"changes {listed(names)}"] if action == "replace" and names else []
            yield plans.sign(action), name, listed(what) + (f" ({'; '.join(extra)})" if extra else "")


def _few(texts: Sequence[str]) -> str:
    unique = list(dict.fromkeys(texts))
    rest = f" and {counted(len(unique) - _MOST, 'more change')}" if len(unique) > _MOST else ""
    return ", ".join(unique[:_MOST]) + rest


def _changed(change: PlannedChange, entry: Mapping[str, Any] | None) -> Iterator[str]:
    if entry is None:
        return
    if _is_grant(change):
        yield from (
            f"{grant.sign}{grant.who.partition('@')[0]} {grant.role}"
            for grant in _grants(change, entry)
            if not grant.member.startswith(PEOPLE)
        )
        return
    forced = {str(path[0]) for path in entry["change"].get("replace_paths", ()) if path}
    found = [one for one in differences(entry["change"]) if not forced or _attribute(one) in forced]
    found = [one for one in found if one.path != f"{_CODE}.generation"]
    found = [one for one in found if not ((plan_lines := _VARIABLE.search(one.path)) and plan_lines["what"] == "name")]
    yield from sorted((_in_short(one) for one in found), key=lambda text: " → " not in text)


def _attribute(one: Difference) -> str:
    return one.path.partition(".")[0].partition("[")[0]


def _in_short(one: Difference) -> str:
    """The attribute with both values; for nested ones only the top-level attribute, unless there is a word for it."""
    if one.path == f"{_CODE}.object":
        return "new source"
    if variable := _VARIABLE.search(one.path):
        return Difference(f"variable {variable['name']}", one.before, one.after).text
    # A job's template contains another, and containers have names.
    plain = re.sub(r"^template\.template\.", "template.", re.sub(r"\[[^\]]*\]", "", one.path))
    word = _SHORT.get(one.path) or _SHORT.get(plain)
    if word:
        return Difference(word, one.before, one.after).text
    return one.text if one.path.count(".") + one.path.count("[") < 2 else _attribute(one)


def _is_grant(change: PlannedChange) -> bool:
    return thing(change.type) == "grant"


def _members(values: Any) -> set[str]:
    if not isinstance(values, dict):
        return set()
    one = [values["member"]] if isinstance(values.get("member"), str) else []
    return {str(member) for member in [*(values.get("members") or ()), *one] if member}


def _grants(change: PlannedChange, entry: Mapping[str, Any] | None) -> Iterator[GrantChange]:
    if entry is None or not _is_grant(change):
        return
    before, after = entry["change"].get("before"), entry["change"].get("after")
    role = str((after or before or {}).get("role", ""))
    old, new = _members(before), _members(after)
    for sign, members in (("-", old - new), ("+", new - old)):
        for member in sorted(members):
            yield GrantChange(sign, member, role, component(change.module))


def _only_people(change: PlannedChange, entry: Mapping[str, Any] | None) -> bool:
    grants = list(_grants(change, entry))
    return bool(grants) and all(grant.member.startswith(PEOPLE) for grant in grants)


def _people(grants: Sequence[GrantChange], personas: Mapping[str, str]) -> Iterator[SignedLine]:
    """A line per person: their persona, the number of grants, and which of those give power."""
    theirs: dict[tuple[str, str], list[GrantChange]] = {}
    for grant in grants:
        if grant.member.startswith(PEOPLE):
            theirs.setdefault((grant.sign, grant.who), []).append(grant)
    for (sign, who), held in theirs.items():
        powers = list(dict.fromkeys(grant.power for grant in held if grant.power))
        words = counted(len(held), "grant") + (f", {listed(powers)}" if powers else "")
        yield sign, who, f"{personas[who]}: {words}" if sign == "+" and who in personas else words


def _details(plan: LayerPlan, entries: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Every resource by its address, with every grant and every attribute that changes."""
    for change in plan.changes:
        yield f"  {plans.sign(change.action)} {change.address}"
        entry = entries.get(change.address)
        if entry is None:
            continue
        if _is_grant(change):
            yield from (f"      {grant.sign} {grant.member} {grant.role}" for grant in _grants(change, entry))
        else:
            yield from (f"      {one.text}" for one in differences(entry["change"]))
