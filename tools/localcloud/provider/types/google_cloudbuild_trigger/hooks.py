"""google_cloudbuild_trigger: the steps of its build may not take longer, in all, than the build."""

from __future__ import annotations

from localcloud.provider.additions import PlanDraft
from localcloud.provider.hooks import Hooks
from localcloud.provider.private import seconds
from localcloud.provider.values import UNKNOWN
from localcloud.provider.work import Problem


def plan(draft: PlanDraft) -> None:
    """Refuses timeouts that do not fit, as far as they are known."""
    build = draft.planned["build"]
    if build in (None, UNKNOWN, []):
        return
    whole, steps = build[0]["timeout"], build[0]["step"]
    if UNKNOWN in (whole, steps):
        return
    timeouts = [one["timeout"] for one in steps if one["timeout"] not in (None, "", UNKNOWN)]
    if sum(seconds(one) for one in timeouts) > seconds(whole or ""):
        raise Problem(
            f"The steps of the build may take {' + '.join(timeouts)} in all, and the build only {whole}.",
            "Raise build.timeout, or lower the timeouts of its steps.",
            "build",
        )


HOOKS = Hooks(plan=plan)
