"""The line about cost under a plan: computed from the saved plans, with an error about a bad assumption before anything starts."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from groundwork.cost.planned import LOCAL_NOTE, saying_cost
from groundwork.environment.values import Environment
from groundwork.errors import UsageProblem
from groundwork.terraform.plans import LayerPlan

from tests.groundwork.cost.plans import bucket, change, plan


def _environment(local=True, **assumptions):
    nothing = {name: {} for name in ("labels", "members", "buckets", "repositories", "secrets", "identities")}
    return Environment(
        name="dev", path=Path("envs/dev.yaml"), project="team-dev", region="europe-west1", local=local, protected=False,
        assumptions=assumptions, **nothing,
    )  # fmt: skip


def _session(documents):
    """The one thing that the line needs of a session: Terraform's words about a saved plan, by layer."""
    return SimpleNamespace(plan_json=lambda layer, _file: documents[layer])


PLANS = {name: plan(change("google_storage_bucket", bucket(), name=name)) for name in ("bootstrap", "platform")}
MADE = [LayerPlan(layer, Path("saved.tfplan"), pending=True, changes=()) for layer in PLANS]


@pytest.mark.parametrize(("local", "note"), [(True, LOCAL_NOTE), (False, "")])
def test_all_layers_are_one_line_and_the_local_cloud_is_called_simulated(local, note):
    lines = []
    environment = _environment(local, bucket_gib=100, bucket_download_gib=0, bucket_writes=0, bucket_reads=0)
    saying_cost(environment, lines.append, date(2026, 11, 21))(_session(PLANS), MADE)
    assert lines == [
        "Cost: $4.00 a month ($0.0055 an hour): fixed $0.00, by usage $4.00. This plan: +$4.00 a month." + note
    ]


def test_a_bad_assumption_is_refused_before_anything_is_planned():
    with pytest.raises(UsageProblem, match=r"dev\.yaml: cost\.assumptions\.bucket_gb is not an assumption"):
        saying_cost(_environment(bucket_gb=1), print, date(2026, 11, 21))
