"""Cloud Billing: one simulated account, and which project is linked to it."""

from __future__ import annotations

from localcloud.call import Call
from localcloud.errors import invalid, not_found
from localcloud.service import Body, Service

API = "cloudbilling"
ACCOUNT: Body = {
    "name": "billingAccounts/000000-000000-000000",
    "displayName": "Simulated billing account",
    "open": True,
    "currencyCode": "USD",
}


def get_info(call: Call) -> Body:
    """The account that a project is linked to; none at first."""
    return _info(call, (call.cloud.store.get(API, _row(call)) or {}).get("billingAccountName", ""))


def update_info(call: Call) -> Body:
    """Links a project to the simulated account, or to none with an empty name."""
    account = call.body.get("billingAccountName", "")
    if account not in {"", ACCOUNT["name"]}:
        raise invalid(
            f"The local cloud has one billing account, {ACCOUNT['name']}; {account} is not it.", "billing_account_name"
        )
    call.cloud.store.put(API, _row(call), {"billingAccountName": account})
    return _info(call, account)


def list_accounts(_: Call) -> Body:
    """The simulated account."""
    return {"billingAccounts": [ACCOUNT]}


def get_account(call: Call) -> Body:
    """The simulated account; 404 for another."""
    if call.name != ACCOUNT["name"]:
        raise not_found(f"Billing account {call.name} was not found; the local cloud has {ACCOUNT['name']} only.")
    return ACCOUNT


def _row(call: Call) -> str:
    return f"projects/{call.project}/billingInfo"


def _info(call: Call, account: str) -> Body:
    name = f"projects/{call.project}/billingInfo"
    return {"name": name, "projectId": call.project, "billingAccountName": account, "billingEnabled": bool(account)}


SERVICE = Service(
    api=API,
    title="Cloud Billing API",
    always_enabled=True,
    methods={
        "cloudbilling.projects.getBillingInfo": get_info,
        "cloudbilling.projects.updateBillingInfo": update_info,
        "cloudbilling.billingAccounts.list": list_accounts,
        "cloudbilling.billingAccounts.get": get_account,
    },
    permissions={
        "cloudbilling.projects.getBillingInfo": "resourcemanager.projects.get",
        "cloudbilling.projects.updateBillingInfo": "resourcemanager.projects.createBillingAssignment",
        "cloudbilling.billingAccounts.list": None,
        "cloudbilling.billingAccounts.get": None,
    },
)
