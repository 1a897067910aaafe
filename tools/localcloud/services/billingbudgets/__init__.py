"""Cloud Billing budgets: amounts, and notices when what was spent crosses a part of them."""

from __future__ import annotations

from localcloud.engine.service import Call, Endpoints, Service
from localcloud.services.billingbudgets import access, budgets, comparing, notices, spending
from localcloud.services.billingbudgets.budgets import API

_BUDGETS = f"{API}.billingAccounts.budgets"


def _charged(call: Call) -> str | None:
    """The project that the call is charged to, where the API must be enabled; a billing account is in none."""
    project = call.headers.get("x-goog-user-project", "")
    return call.cloud.projects.id_of(project) if project else None


SERVICE = Service(
    api=API,
    title="Cloud Billing Budget API",
    endpoints=Endpoints(terraform={"BILLING_BUDGETS": "v1/"}),
    project=_charged,
    refusal=lambda _, __, ___: "The caller does not have permission",
    tables=spending.TABLES + notices.TABLES,
    resources={"billingAccounts.budgets": budgets.RESOURCE},
    methods={
        f"{_BUDGETS}.create": budgets.create,
        f"{_BUDGETS}.get": budgets.get,
        f"{_BUDGETS}.list": budgets.list_,
        f"{_BUDGETS}.patch": budgets.patch,
        f"{_BUDGETS}.delete": budgets.delete,
    },
    permissions=dict.fromkeys(f"{_BUDGETS}.{verb}" for verb in access.PERMISSIONS),
    due={budgets.COMPARE: comparing.due},
    controls={"charges": comparing.charge, "prices": spending.keep_prices},
)
