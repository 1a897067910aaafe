"""One page for a reviewer: what a change would do, what it would cost and what the policies find; and the record of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from groundwork.cost.estimate import estimate
from groundwork.cost.planned import assumptions_of, in_a_line
from groundwork.lifecycle import plan_data, review_record, up
from groundwork.people.personas import personas
from groundwork.policy import check as checks
from groundwork.policy.check import SavedPlan
from groundwork.policy.data import as_data as policy_data
from groundwork.policy.markdown import markdown
from groundwork.policy.result import Result
from groundwork.report.diagram import Diagram, diagram
from groundwork.report.diagram import as_data as diagram_data
from groundwork.report.existing import from_plan
from groundwork.report.mermaid import mermaid
from groundwork.terraform import plans
from groundwork.terraform.plans import LayerPlan
from groundwork.terraform.session import Session
from groundwork.terraform.talk import Talk


@dataclass(frozen=True)
class Review:
    """A plan for reviewers; `changed` has every value, `lines` describe it in the team's words, `map` draws it."""

    environment: str
    simulated: bool
    plans: tuple[LayerPlan, ...]
    changed: Mapping[str, Any]
    lines: tuple[str, ...]
    cost: str
    policy: Result
    record: review_record.Record
    map: Diagram

    @property
    def pending(self) -> bool:
        """Whether anything would change."""
        return any(plan.pending for plan in self.plans)

    @property
    def markdown(self) -> str:
        """The page for a job's summary."""
        total = plans.counts(self.plans)
        where = "the local cloud (simulated)" if self.simulated else "Google Cloud"
        what = "only outputs change" if total.none and self.pending else total.text
        parts = [f"# {self.environment}: {what}", f"Planned on {where}."]
        if self.lines:
            # Addresses come from anybody's branch, and a backtick in one could end the code block.
            lines = "\n".join(self.lines).replace("`", "'")
            parts.append(f"```text\n{lines}\n```")
        if self.map.marked:
            parts += ["## Map", f"```mermaid\n{mermaid(self.map).rstrip()}\n```"]
        return "\n\n".join([*parts, "## Cost", self.cost, markdown(self.policy)])


def review(session: Session, talk: Talk, say: Callable[[str], None]) -> Review:
    """Plans every layer without changing anything, and collects everything about the plans.

    Raises what planning and the policy check raise.
    """
    layer_plans = up.plan(session, talk)
    documents = review_record.plan_documents(session, layer_plans)
    found = up.plan_lines(session, layer_plans)
    return Review(
        environment=session.environment.name,
        simulated=session.environment.local,
        plans=layer_plans,
        changed=plan_data.as_data(layer_plans, documents),
        lines=(*found.lines, *(f"  ! {line}" for line in found.power)),
        cost=in_a_line(
            session.environment, estimate(list(documents.values()), assumptions_of(session.environment)), checks.today()
        ),
        policy=_policy(session, documents, say),
        record=review_record.record(session.environment.name, documents),
        map=diagram(session.environment, personas(session.checkout.root), from_plan(session)),
    )


def as_data(found: Review) -> dict[str, Any]:
    """The review for `review --json`."""
    return {
        "environment": found.environment,
        "simulated": found.simulated,
        **found.changed,
        "cost": found.cost,
        "policy": policy_data(found.policy),
        "map": diagram_data(found.map),
        "record": {layer: dict(changes) for layer, changes in found.record.layers.items()},
    }


def _policy(session: Session, documents: Mapping[str, Mapping[str, Any]], say: Callable[[str], None]) -> Result:
    saved = {layer: _saved(plan) for layer, plan in documents.items()}
    scanner = checks.scanner(session.checkout, say)
    return checks.check(scanner, session.environment, saved, session.checkout.runs / checks.FOLDER, checks.today())


def _saved(plan: Mapping[str, Any]) -> SavedPlan:
    return SavedPlan(lambda: plan)
