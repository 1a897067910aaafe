"""What the provider itself adds to a plan: labels, project, region, zone and deletion policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from localcloud.provider.planner import Planner
from localcloud.provider.schema import Schema
from localcloud.provider.settings import ATTRIBUTION_LABEL, Settings
from localcloud.provider.values import UNKNOWN, Object, Value, known
from localcloud.provider.work import Problem


@dataclass
class PlanDraft:
    """A plan in progress. `config` is the configuration as written, before defaults and prior values."""

    schema: Schema
    settings: Settings
    planner: Planner
    config: Object
    planned: Object

    @property
    def creating(self) -> bool:
        """Whether nothing exists yet."""
        return self.planner.creating

    @property
    def prior(self) -> Object:
        """The prior state."""
        return self.planner.prior

    def set(self, name: str, value: Value) -> None:
        """Plans a value for a computed attribute; a value that differs from the state's counts as a change."""
        if value == self.prior.get(name) and self.planned[name] is not UNKNOWN:
            return
        self.planned[name] = value
        if value == self.prior.get(name):
            return
        self.planner.changes += 1
        if self.schema.root.children[name].force_new and not self.creating:
            self.planner.replaced.append((name,))


def apply(draft: PlanDraft, names: tuple[str, ...]) -> None:
    """Applies the named additions in order."""
    for name in names:
        _ADDITIONS[name](draft)


def _labels(draft: PlanDraft) -> None:
    labels = draft.planned["labels"]
    if not known(labels):
        draft.set("terraform_labels", UNKNOWN)
        draft.set("effective_labels", UNKNOWN)
        return
    ours = {**draft.settings.default_labels, **_attribution(draft), **(labels or {})}
    effective = {**(draft.prior.get("effective_labels") or {}), **ours}
    for removed in (draft.prior.get("terraform_labels") or {}).keys() - ours.keys():
        effective.pop(removed, None)
    _set_map(draft, "terraform_labels", ours)
    _set_map(draft, "effective_labels", effective)


def _attribution(draft: PlanDraft) -> Mapping[str, str]:
    strategy = draft.settings.attribution
    present = ATTRIBUTION_LABEL in (draft.prior.get("effective_labels") or {})
    wanted = present or strategy == "PROACTIVE" or (strategy == "CREATION_ONLY" and draft.creating)
    return {ATTRIBUTION_LABEL: "true"} if strategy and wanted else {}


def _annotations(draft: PlanDraft) -> None:
    annotations = draft.planned["annotations"]
    if not known(annotations):
        draft.set("effective_annotations", UNKNOWN)
        return
    effective = {**(draft.prior.get("effective_annotations") or {}), **(annotations or {})}
    for removed in (draft.prior.get("annotations") or {}).keys() - (annotations or {}).keys():
        effective.pop(removed, None)
    _set_map(draft, "effective_annotations", effective)


def _set_map(draft: PlanDraft, name: str, value: Mapping[str, str]) -> None:
    before = draft.prior.get(name) or {}
    if value or before:
        draft.set(name, {key: _element(before, key, one) for key, one in value.items()})


def _element(before: Mapping[str, str], key: str, value: Value) -> Value:
    """In SDKv2's computed maps an empty value has no effect: the old one stays, a new one remains unknown."""
    return value if value != "" else before.get(key, UNKNOWN)


def _project(draft: PlanDraft) -> None:
    if draft.planned["project"] not in (None, "", UNKNOWN) or draft.config.get("project") is UNKNOWN:
        return
    if not draft.settings.project:
        raise Problem(
            "The resource has no project.", "Set project on the resource or in the provider block.", "project"
        )
    draft.set("project", draft.settings.project)


def _region(draft: PlanDraft) -> None:
    if draft.planned["region"] in (None, "", UNKNOWN) and draft.config.get("region") is not UNKNOWN:
        draft.set("region", draft.settings.region or UNKNOWN)


def _zone(draft: PlanDraft) -> None:
    if draft.planned["zone"] not in (None, "", UNKNOWN) or draft.config.get("zone") is UNKNOWN:
        return
    if not draft.settings.zone:
        raise Problem("The resource has no zone.", "Set zone on the resource or in the provider block.", "zone")
    draft.set("zone", draft.settings.zone)


def _deletion_policy(draft: PlanDraft) -> None:
    configured = draft.config.get("deletion_policy")
    if configured is None:
        draft.set("deletion_policy", draft.settings.deletion_policy or "DELETE")
    elif configured == "" and draft.prior.get("deletion_policy") != "":
        draft.set("deletion_policy", UNKNOWN)


def _writer_identity(draft: PlanDraft) -> None:
    """Plans a new writer identity for a sink that is to have its own, without which it cannot write to partitioned tables."""
    own, options = draft.planned["unique_writer_identity"], draft.planned["bigquery_options"]
    if known(options) and options and not draft.prior.get("bigquery_options") and own is False:
        raise Problem(
            "bigquery_options needs unique_writer_identity = true.", "Set it, or leave it out.", "bigquery_options"
        )
    if own is True and draft.prior.get("unique_writer_identity") is False:
        draft.set("writer_identity", UNKNOWN)


_ADDITIONS: Mapping[str, Callable[[PlanDraft], None]] = {
    "labels": _labels,
    "annotations": _annotations,
    "project": _project,
    "region": _region,
    "zone": _zone,
    "deletion_policy": _deletion_policy,
    "writer_identity": _writer_identity,
}
