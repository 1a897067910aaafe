"""Plans of the layers: made side by side, kept as files, and said in the team's words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundwork.terraform.events import Action, Change, Diagnostic
from groundwork.text import counted

FILE = "saved.tfplan"
_ACTS: frozenset[Action] = frozenset({"create", "update", "delete", "replace", "import", "remove", "move"})
_SIGNS: dict[Action, str] = {
    "create": "+",
    "update": "~",
    "delete": "-",
    "replace": "±",
    "import": "<",
    "remove": "x",
    "move": ">",
}
_ORDER: tuple[Action, ...] = ("replace", "delete", "update", "create", "import", "remove", "move")
_VERBS: dict[Action, str] = {
    "import": "taken over",
    "remove": "forgotten",
    "move": "renamed",
    "replace": "destroyed and made again",
}

# Module labels of infra/ in the team's words; a label that is not here is said as it is written.
_COMPONENTS = {
    "buckets": "bucket",
    "deployer": "deployer identity",
    "github_identity": "GitHub login",
    "identities": "identity",
    "planner": "planner identity",
    "repositories": "image repository",
    "secrets": "secret",
    "services": "APIs",
    "state_bucket": "state bucket",
    "team_access": "people",
}
_THINGS = {
    "google_artifact_registry_repository": "repository",
    "google_iam_workload_identity_pool": "identity pool",
    "google_iam_workload_identity_pool_provider": "identity provider",
    "google_project_iam_custom_role": "role",
    "google_project_service": "API",
    "google_secret_manager_secret": "secret",
    "google_service_account": "service account",
    "google_storage_bucket": "bucket",
}
# Attributes that only repeat others.
_SHADOWS = ("effective_", "terraform_labels")
_STEP = re.compile(r"module\.([\w-]+)(?:\[(\"(?:[^\"\\]|\\.)*\"|\d+)\])?")


@dataclass(frozen=True)
class LayerPlan:
    """A layer's saved plan: what it would do, and Terraform's warnings. `pending` also counts outputs that change."""

    layer: str
    file: Path
    pending: bool
    changes: tuple[Change, ...]
    warnings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True)
class Counts:
    """How many resources a plan creates, updates and deletes; a replacement is one of the first and one of the last."""

    create: int
    update: int
    delete: int
    imported: int = 0

    @property
    def none(self) -> bool:
        """Whether no resource changes."""
        return not (self.create or self.update or self.delete or self.imported)

    @property
    def text(self) -> str:
        """The counts for people."""
        parts = [
            f"{number} to {verb}"
            for number, verb in (
                (self.create, "create"),
                (self.update, "change"),
                (self.delete, "destroy"),
                (self.imported, "take over"),
            )
            if number
        ]
        return ", ".join(parts) or "no changes"


def acting(changes: Iterable[Change]) -> tuple[Change, ...]:
    """The changes that change something."""
    return tuple(change for change in changes if change.action in _ACTS)


def counts(plans: Iterable[LayerPlan]) -> Counts:
    """The sum over all layers."""
    number = Counter(change.action for plan in plans for change in plan.changes)
    return Counts(
        create=number["create"] + number["replace"],
        update=number["update"],
        delete=number["delete"] + number["replace"],
        imported=number["import"],
    )


def component(module: str) -> str:
    """What a module is to the team: module.buckets["data"] is "bucket data", the root "this layer"."""
    steps = _STEP.findall(module)
    if not steps:
        return "settings"
    label, key = steps[-1]
    return " ".join(filter(None, (_COMPONENTS.get(label, label.replace("_", " ")), key.strip('"'))))


def thing(kind: str) -> str:
    """A resource type in a word or two: google_storage_bucket_iam_member is "grant"."""
    if kind.endswith(("_iam_member", "_iam_binding", "_iam_policy")):
        return "grant"
    return _THINGS.get(kind, kind.removeprefix("google_").replace("_", " "))


def summary(plans: Sequence[LayerPlan], changed: Mapping[str, Sequence[str]] | None = None) -> list[str]:
    """A plan in the team's words, a line per component: sign, component, what of it.

    `changed` names the attributes that an update changes, by address.
    """
    lines: list[str] = []
    for plan in plans:
        groups: dict[tuple[str, Action], list[Change]] = {}
        for change in plan.changes:
            groups.setdefault((component(change.module), change.action), []).append(change)
        if groups:
            lines.append(plan.layer)
        ranked = sorted(groups, key=lambda group: (_ORDER.index(group[1]), group[0]))
        lines += [_line(name, action, groups[name, action], changed or {}) for name, action in ranked]
    return lines


def _line(name: str, action: Action, changes: Sequence[Change], changed: Mapping[str, Sequence[str]]) -> str:
    things = Counter(thing(change.type) for change in changes)
    what = ", ".join(word if number == 1 else counted(number, word) for word, number in things.items())
    attributes = sorted({attribute for change in changes for attribute in changed.get(change.address, ())})
    extra = [_VERBS[action]] if action in _VERBS else []
    extra += [f"changes {', '.join(attributes)}"] if attributes else []
    return f"  {_SIGNS[action]} {name:<28} {what}" + (f" ({'; '.join(extra)})" if extra else "")


def changed_attributes(plan: Mapping[str, Any]) -> dict[str, list[str]]:
    """The top-level attributes that each update changes, or that force a replacement, by address, from `show -json`.

    Names, never values.
    """
    found = {}
    for entry in plan.get("resource_changes", ()):
        change = entry["change"]
        if paths := change.get("replace_paths"):
            found[str(entry["address"])] = sorted({str(path[0]) for path in paths})
            continue
        before, after, unknown = change.get("before"), change.get("after"), change.get("after_unknown") or {}
        if isinstance(before, dict) and isinstance(after, dict):
            keys = sorted(key for key in {*before, *after} if not key.startswith(_SHADOWS))
            different = [
                key for key in keys if before.get(key) != after.get(key) and not (key in unknown and key not in after)
            ]
            found[str(entry["address"])] = different
    return found
