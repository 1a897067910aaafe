"""Budgets of a billing account."""

from __future__ import annotations

from groundwork.environment.values import Environment
from groundwork.resources.kind import (
    NEVER_WAITS,
    NO_POLICY,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    NOT_REPORTED,
    Free,
    Kind,
    Provisioning,
    Without,
)


def uses(environment: Environment) -> bool:
    """Whether the file names the billing account that it belongs to."""
    return environment.budget is not None and bool(environment.budget.billing_account)


def notifies(environment: Environment) -> bool:
    """Whether it sends e-mails to addresses of the file."""
    return environment.budget is not None and uses(environment) and bool(environment.budget.notify)


KIND = Kind(
    name="budget",
    why="nothing; its notices are free",
    maker="the console or `gcloud billing budgets create`",
    components={"budget": "budget"},
    terraform=(
        Provisioning(
            "google_billing_budget",
            "budget",
            Without("its ID is assigned by Google when it is created"),
            Free("budgets and their notices are free"),
            ("billing.resourcebudgets.read", "billing.resourcebudgets.write", "resourcemanager.projects.get"),
            uses=uses,
        ),
    ),
    listings=Without("it is the billing account's, not the project's"),
    removal=Without("it is the billing account's, not the project's"),
    pausing=NEVER_WAITS,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
