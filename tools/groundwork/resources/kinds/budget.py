"""Budgets of a billing account."""

from __future__ import annotations

from groundwork.resources.kind import NO_POLICY, NOT_IN_THE_FILE, NOT_LOOKED_INTO, Free, Kind, Provisioning, Without

KIND = Kind(
    name="budget",
    why="nothing; its notices are free",
    maker="the console or `gcloud billing budgets create`",
    terraform=(
        Provisioning(
            "google_billing_budget",
            "budget",
            Without("its id is Google's own, and not known before it is made"),
            Free("budgets and their notices are free"),
            Without("no layer makes one"),
        ),
    ),
    listings=Without("it is the billing account's, not the project's"),
    removal=Without("it is the billing account's, not the project's"),
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    parts=NOT_IN_THE_FILE,
)
