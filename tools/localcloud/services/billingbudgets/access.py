"""Who may see and change budgets: by the billing account, or, where a budget is of one project, by that project.

Source: https://cloud.google.com/billing/docs/how-to/budget-api-access-control.
"""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.engine import gate
from localcloud.engine.interfaces import BillingAccounts
from localcloud.engine.service import Body, Call

PERMISSIONS: Mapping[str, tuple[str, str]] = {
    "create": ("billing.budgets.create", "billing.resourcebudgets.write"),
    "get": ("billing.budgets.get", "billing.resourcebudgets.read"),
    "list": ("billing.budgets.list", "billing.resourcebudgets.read"),
    "patch": ("billing.budgets.update", "billing.resourcebudgets.write"),
    "delete": ("billing.budgets.delete", "billing.resourcebudgets.write"),
}
"""What each method needs: on the billing account, or on the project."""
_SEES_PROJECT = "resourcemanager.projects.get"


def check(call: Call, *budgets: Body) -> None:
    """403 unless the caller may do this on the billing account, or in the one project that each of these budgets is of."""
    on_account, on_project = PERMISSIONS[call.method.verb]
    if _on_account(call, on_account):
        return
    for budget in budgets:
        own = budget.get("ownershipScope") == "BILLING_ACCOUNT" and on_project.endswith("write")
        projects = budget.get("budgetFilter", {}).get("projects", [])
        if own or len(projects) != 1 or not in_project(call, projects[0], on_project):
            raise gate.refusal(call, on_account, account(call))


def check_list(call: Call, scope: str) -> None:
    """403 unless the caller may list all budgets of the account, or those of the project in `scope`."""
    on_account, on_project = PERMISSIONS["list"]
    if not _on_account(call, on_account) and not (scope and in_project(call, scope, on_project)):
        raise gate.refusal(call, on_account, account(call))


def in_project(call: Call, project: str, permission: str) -> bool:
    """Whether the caller has a permission in a project ("projects/123"), and may see it."""
    name = call.cloud.projects.named(project)
    identity = name.partition("/")[2]
    return call.cloud.projects.find(identity) is not None and all(
        call.cloud.iam.allowed(call.principal, one, "cloudresourcemanager", name, identity)
        for one in (_SEES_PROJECT, permission)
    )


def account(call: Call) -> str:
    """The billing account that the URL names."""
    return "/".join(call.path.split("/")[:2])


def _on_account(call: Call, permission: str) -> bool:
    accounts = call.cloud.offers.get(BillingAccounts)
    return accounts is not None and accounts.allowed(call.principal, permission, account(call))
