"""Cloud Billing: one simulated billing account, and the projects linked to it."""

from __future__ import annotations

from collections.abc import Iterator

from localcloud.engine.iam import roles
from localcloud.engine.service import Body, Call, Endpoints, Service
from localcloud.errors import invalid, not_found, permission_denied

API = "cloudbilling"
ACCOUNT: Body = {
    "name": "billingAccounts/000000-000000-000000",
    "displayName": "Simulated billing account",
    "open": True,
    "currencyCode": "USD",
}


def get_info(call: Call) -> Body:
    """The account that a project is linked to; none at first."""
    return _info(call.project or "", (call.cloud.store.get(API, _row(call)) or {}).get("billingAccountName", ""))


def update_info(call: Call) -> Body:
    """Links a project to the simulated account, or to none with an empty name."""
    account = call.body.get("billingAccountName", "")
    if account not in {"", ACCOUNT["name"]}:
        raise invalid(
            f"The local cloud has only one billing account, {ACCOUNT['name']}, not {account}.", "billing_account_name"
        )
    call.cloud.store.put(API, _row(call), {"billingAccountName": account})
    return _info(call.project or "", account)


def list_accounts(_: Call) -> Body:
    """The simulated account."""
    return {"billingAccounts": [ACCOUNT]}


def get_account(call: Call) -> Body:
    """The simulated account; 404 for another."""
    if call.name != ACCOUNT["name"]:
        raise not_found(f"Billing account {call.name} was not found; the local cloud has only {ACCOUNT['name']}.")
    return ACCOUNT


def list_projects(call: Call) -> Body:
    """The projects linked to the account that the caller may see."""
    _known(call)
    projects = [
        _info(name.split("/")[1], body["billingAccountName"])
        for name, body in _links(call)
        if body["billingAccountName"] == call.parent
        and call.cloud.iam.allowed(
            call.principal, "resourcemanager.projects.get", "cloudresourcemanager", name, name.split("/")[1]
        )
    ]
    return {"projectBillingInfo": projects} if projects else {}


def _links(call: Call) -> Iterator[tuple[str, Body]]:
    for project, _ in call.cloud.store.list("cloudresourcemanager", "", "projects"):
        body = call.cloud.store.get(API, f"{project}/billingInfo")
        if body is not None:
            yield project, body


def get_policy(call: Call) -> Body:
    """The account's policy: empty, since everyone may use the simulated account."""
    _known(call)
    return {"etag": "ACAB"}


def check_permissions(call: Call) -> Body:
    """All the permissions: everyone may do anything with the simulated account."""
    _known(call)
    return {"permissions": call.body["permissions"]} if call.body.get("permissions") else {}


def _known(call: Call) -> None:
    if "/".join(call.path.split("/")[:2]) != ACCOUNT["name"]:
        raise permission_denied("The caller does not have permission")


def _row(call: Call) -> str:
    return f"projects/{call.project}/billingInfo"


def _info(project: str, account: str) -> Body:
    name = f"projects/{project}/billingInfo"
    return {"name": name, "projectId": project, "billingAccountName": account, "billingEnabled": bool(account)}


SERVICE = Service(
    api=API,
    title="Cloud Billing API",
    roles=roles.beside(__file__),
    endpoints=Endpoints(terraform={"CLOUD_BILLING": "v1/"}, gcloud=""),
    always_enabled=True,
    methods={
        "cloudbilling.projects.getBillingInfo": get_info,
        "cloudbilling.projects.updateBillingInfo": update_info,
        "cloudbilling.billingAccounts.list": list_accounts,
        "cloudbilling.billingAccounts.get": get_account,
        "cloudbilling.billingAccounts.getIamPolicy": get_policy,
        "cloudbilling.billingAccounts.testIamPermissions": check_permissions,
        "cloudbilling.billingAccounts.projects.list": list_projects,
    },
    permissions={
        "cloudbilling.projects.getBillingInfo": "resourcemanager.projects.get",
        "cloudbilling.projects.updateBillingInfo": "resourcemanager.projects.createBillingAssignment",
        "cloudbilling.billingAccounts.list": None,
        "cloudbilling.billingAccounts.get": None,
        "cloudbilling.billingAccounts.getIamPolicy": None,
        "cloudbilling.billingAccounts.testIamPermissions": None,
        "cloudbilling.billingAccounts.projects.list": None,
    },
)
