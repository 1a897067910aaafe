"""A budget in the file becomes one of the billing account: it warns, outlives `down`, and goes with `down --all`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.groundwork.clone import Clone, cloned

ACCOUNT = "billingAccounts/000000-000000-000000"
BUDGET = "budget: {amount: 12.5, billing_account: 000000-000000-000000, thresholds: [0.5, 1]}\n"


def budgets(clone: Clone) -> list[Any]:
    return list(clone.cloud.request("GET", "billingbudgets", f"v1/{ACCOUNT}/budgets").get("budgets", []))


def ran(clone: Clone, *arguments: str) -> str:
    done = clone.run(*arguments, "--env", "small")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_budget_is_created_warns_outlives_down_and_goes_with_everything(tmp_path: Path) -> None:
    with cloned(tmp_path) as clone:
        ran(clone, "up", "--yes")
        assert budgets(clone) == []
        clone.rewrite("buckets:\n", f"{BUDGET}buckets:\n")
        ran(clone, "up", "--yes")
        [made] = budgets(clone)
        assert made["amount"] == {"specifiedAmount": {"currencyCode": "USD", "units": "12", "nanos": 500_000_000}}
        assert made["budgetFilter"]["creditTypesTreatment"] == "EXCLUDE_ALL_CREDITS"
        assert [rule["thresholdPercent"] for rule in made["thresholdRules"]] == [0.5, 1]
        ran(clone, "plan", "--detailed-exitcode")
        assert "No budget has passed a further threshold." in ran(clone, "local", "charge", "6")
        [notice] = json.loads(ran(clone, "local", "charge", "1", "--credits", "1", "--json"))["notices"]
        assert notice.startswith("50% of budget small-clone is spent: 7.00 of 12.50 USD")
        assert "(simulated)" in notice
        clone.rewrite("thresholds: [0.5, 1]", "thresholds: [0.6, 1]")
        ran(clone, "up", "--yes")
        assert budgets(clone)[0]["name"] == made["name"], "it is changed, not made anew"
        clone.rewrite("thresholds: [0.6, 1]", "thresholds: [0.6, 1], notify: [team@example.com]")
        ran(clone, "up", "--yes")
        [channel] = budgets(clone)[0]["notificationsRule"]["monitoringNotificationChannels"]
        assert clone.cloud.request("GET", "monitoring", f"v3/{channel}")["labels"] == {
            "email_address": "team@example.com"
        }
        ran(clone, "plan", "--detailed-exitcode")
        ran(clone, "down", "--yes")
        assert [one["name"] for one in budgets(clone)] == [made["name"]]
        assert "clean" in ran(clone, "verify")
        clone.rewrite("notify: [team@example.com]", "notify: []")
        ran(clone, "up", "--yes")
        assert "monitoringNotificationChannels" not in budgets(clone)[0].get("notificationsRule", {})
        clone.rewrite("kept: {}", "kept: {force_destroy: true}")
        ran(clone, "down", "--all", "--yes")
        assert budgets(clone) == []


def test_only_the_local_cloud_takes_made_up_charges(tmp_path: Path) -> None:
    with cloned(tmp_path) as clone:
        clone.rewrite("cloud: local\n", "")
        done = clone.run("local", "charge", "30", "--env", "small")
        assert done.returncode == 2
        assert "only the local cloud takes made-up charges" in done.stderr
