"""Runs one configuration through two providers, each on a local cloud of its own, and compares all that Terraform says of it.

Actions, values before and after, what is unknown, what forces replacement, the refreshed state, the stored state with its private
bytes, and outputs are cut into leaves. Leaves that two runs cannot share (times, etags, server-made numbers) are compared by kind.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from tests.terraform_runs import Terraform

Leaves = dict[str, Any]

# Attributes whose values two runs do not share, whatever the provider.
VOLATILE = frozenset(
    {"address_id", "blob_storage_path_prefix", "create_time", "creation_timestamp", "crc32c", "disk_id", "effective_time", "etag", "expire_time", "generation",
     "instance_id", "last_attach_timestamp", "last_transition_time", "media_link", "mutate_time", "network_id", "numeric_id", "revision_id", "self_link", "snapshot_id", "source_disk_id", "source_snapshot_id", "subnetwork_id", "tags_fingerprint",
     "time_created", "trigger_id", "uid", "unique_id",
     "update_time", "updated"}
)  # fmt: skip
# Each local cloud signs with a key of its own.
_TOKEN = re.compile(r"local/(?:user|serviceAccount):[\w.@%+-]+/w?\d*/[\w-]{43}")
# A service's own address is a port of this machine.
_LOOPBACK = re.compile(r"127\.0\.0\.1:\d+")
_NUMBERED = re.compile(r"(tensorboards|datasets|alertPolicies|conditions|notificationChannels)/\d+")
# An uptime check's own part of its id, also in the filter of an alert on it.
_CHECK = re.compile(r'-[0-9a-f]{11}(?="|\Z)')
# A dashboard is JSON in one attribute.
_ETAG = re.compile(r'"etag":"[0-9a-f]+"')
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CHANGE = (
    "actions",
    "before",
    "after",
    "after_unknown",
    "before_sensitive",
    "after_sensitive",
    "importing",
    "replace_paths",
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One leaf that differs."""

    path: str
    real: Any
    ours: Any

    def __str__(self) -> str:
        return f"{self.path}: real {self.real!r}, ours {self.ours!r}"


@dataclass
class Comparison:
    """How one root compared: leaves in all, and those that differ."""

    root: str
    leaves: int = 0
    different: list[Difference] = field(default_factory=list)

    def add(self, step: str, real: Leaves, ours: Leaves) -> None:
        """Compares what one step left."""
        paths = real.keys() | ours.keys()
        self.leaves += len(paths)
        for path in sorted(paths):
            one, other = real.get(path, "(absent)"), ours.get(path, "(absent)")
            if one != other or type(one) is not type(other):
                self.different.append(Difference(f"{step}: {path}", one, other))

    def sentence(self) -> str:
        """The differences, for a failing test."""
        shown = "\n".join(str(one) for one in self.different[:40])
        return f"{self.root}: {len(self.different)} of {self.leaves} leaves differ\n{shown}"


@dataclass(frozen=True)
class Step:
    """What is done to a root on one side, and what is looked at afterwards."""

    name: str
    act: Callable[[Terraform], Leaves]


def compare(root: str, steps: list[Step], real: Terraform, ours: Terraform, hosts: Mapping[str, str]) -> Comparison:
    """Does each step on both sides at the same time; `hosts` are addresses that differ between the sides, and their common name."""
    found = Comparison(root)
    hosts = {**hosts, str(real.folder): "/folder", str(ours.folder): "/folder"}
    with ThreadPoolExecutor(2) as both:
        for step in steps:
            leaves = [_neutral(one, hosts) for one in both.map(step.act, (real, ours))]
            found.add(step.name, *leaves)
    return found


def applied(terraform: Terraform, *arguments: str) -> Leaves:
    """Plans, applies that plan, and returns the leaves of the plan and of the resulting state."""
    leaves = planned(terraform, *arguments)
    terraform.succeed("apply", "-no-color", "-input=false", "plan")
    return leaves | stored(terraform)


def planned(terraform: Terraform, *arguments: str) -> Leaves:
    """The leaves of a plan: changes, outputs, drift and the refreshed state."""
    terraform.changes(*arguments)
    plan = terraform.planned()
    leaves: Leaves = {}
    for kind in ("resource_changes", "resource_drift"):
        for change in plan.get(kind, []):
            if kind == "resource_drift" and _settled(change["change"]["before"]) == _settled(change["change"]["after"]):
                continue
            described = {name: change["change"].get(name) for name in _CHANGE}
            described["replace_paths"] = sorted(map(str, described["replace_paths"] or []))
            leaves |= dict(_leaves(described, f"{kind}/{change['address']}"))
    leaves |= dict(_leaves(plan.get("output_changes", {}), "output_changes"))
    return leaves | dict(_leaves(plan.get("prior_state", {}).get("values", {}), "prior_state"))


def stored(terraform: Terraform) -> Leaves:
    """The leaves of the stored state, private bytes and all."""
    state = json.loads(terraform.succeed("state", "pull"))
    leaves: Leaves = dict(_leaves(state["outputs"], "outputs"))
    for resource in state["resources"]:
        name = ".".join(resource.get(part, "") for part in ("module", "mode", "type", "name"))
        for instance in resource["instances"]:
            kept = {
                part: instance.get(part)
                for part in ("attributes", "schema_version", "sensitive_attributes", "dependencies")
            }
            kept["sensitive_attributes"] = sorted(kept["sensitive_attributes"] or [], key=str)
            private = base64.b64decode(instance.get("private", ""))
            kept["private"] = json.loads(private) if private else ""
            leaves |= dict(_leaves(kept, f"state/{name}[{instance.get('index_key', '')}]"))
    return leaves


def _settled(values: dict[str, Any] | None) -> dict[str, Any]:
    """The values that two runs share: a change of the others alone is no drift to compare."""
    return {name: value for name, value in (values or {}).items() if name not in VOLATILE}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, one in value.items():
            yield from _leaves(one, f"{path}/{key}")
    elif isinstance(value, list) and value:
        for index, one in enumerate(value):
            yield from _leaves(one, f"{path}/{index}")
    else:
        yield path, value


def _neutral(leaves: Leaves, hosts: Mapping[str, str]) -> Leaves:
    return {path: _kind(value) if _volatile(path) else _common(value, hosts) for path, value in leaves.items()}


def _volatile(path: str) -> bool:
    return path.rpartition("/")[2] in VOLATILE


def _kind(value: Any) -> Any:
    """The type of a volatile value; null, empty and true (unknown) stay as they are."""
    return value if value in (None, "", True, False) else f"({type(value).__name__})"


def _common(value: Any, hosts: Mapping[str, str]) -> Any:
    if not isinstance(value, str):
        return value
    for host, name in hosts.items():
        value = value.replace(host, name)
    value = _ETAG.sub("(etag)", _CHECK.sub("-(hex)", value))
    return _TOKEN.sub("(token)", _UUID.sub("(uuid)", _NUMBERED.sub("(number)", _LOOPBACK.sub("(address)", value))))
