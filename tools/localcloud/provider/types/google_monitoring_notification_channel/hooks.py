"""google_monitoring_notification_channel: its secrets are labels of the API, which shows them only in part."""

from __future__ import annotations

from localcloud.provider.additions import PlanDraft
from localcloud.provider.hooks import Hooks
from localcloud.provider.values import UNKNOWN, Object
from localcloud.provider.work import Problem, Work

_SECRET = ("auth_token", "password", "service_key")


def plan(draft: PlanDraft) -> None:
    """A secret has one place: labels or sensitive_labels."""
    labels, hidden = draft.planned["labels"], draft.planned["sensitive_labels"]
    if labels is UNKNOWN or hidden is UNKNOWN or not hidden:
        return
    for name in _SECRET:
        if (labels or {}).get(name) and hidden[0].get(name):
            raise Problem(
                f"The label {name} is set in labels and in sensitive_labels.",
                "Leave it in sensitive_labels, which plans do not show.",
                "sensitive_labels",
            )


def encode(work: Work, _values: Object, body: Object) -> Object:
    """Adds the write-only secrets, which are in the configuration alone."""
    written = (work.config.get("sensitive_labels") or [{}])[0]
    hidden = {name: written[f"{name}_wo"] for name in _SECRET if written.get(f"{name}_wo")}
    return body | {"labels": body.get("labels", {}) | hidden}


def decode(_work: Work, values: Object, state: Object) -> Object:
    """Keeps the configured secrets: the API's are masked."""
    labels = dict(values["labels"])
    if state.get("sensitive_labels"):
        return values | {"labels": {name: one for name, one in labels.items() if name not in _SECRET}}
    configured = state.get("labels") or {}
    return values | {"labels": labels | {name: configured[name] for name in _SECRET if configured.get(name)}}


HOOKS = Hooks(plan=plan, encode=encode, decode=decode)
