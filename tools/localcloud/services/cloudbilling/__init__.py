"""Cloud Billing: one simulated billing account, and the projects linked to it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial

from localcloud.engine.cloud import Cloud
from localcloud.engine.iam import roles
from localcloud.engine.interfaces import BillingAccounts
from localcloud.engine.service import Body, Call, Endpoints, Service
from localcloud.errors import invalid, not_found, permission_denied
from localcloud.spec import fields

API = "cloudbilling"
_BUDGETS = "billing.budgets."
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
    for project in call.cloud.projects.ids():
        body = call.cloud.store.get(API, f"projects/{project}/billingInfo")
        if body is not None:
            yield f"projects/{project}", body


def get_policy(call: Call) -> Body:
    """The account's policy: empty until somebody sets one, while every person may use the simulated account."""
    _known(call)
    return call.cloud.iam.view(call.cloud.iam.policy(API, call.name))


def set_policy(call: Call) -> Body:
    """Replaces the account's policy, which from then on decides about its budgets."""
    _known(call)
    mask = fields.paths(call.body.get("updateMask", ""))
    return call.cloud.iam.set_policy(API, call.name, call.body.get("policy", {}), mask)


def check_permissions(call: Call) -> Body:
    """The permissions on the simulated account that the caller has; only those on budgets are ever refused."""
    _known(call)
    permissions = call.body.get("permissions", [])
    granted = [
        one
        for one in permissions
        if not one.startswith(_BUDGETS) or _allowed(call.cloud, call.principal, one, call.name)
    ]
    return {"permissions": granted} if granted else {}


def _allowed(cloud: Cloud, principal: str, permission: str, account: str) -> bool:
    """By the account's policy; without one, people administer the account, and service accounts have no rights on it."""
    if not cloud.iam.has_policy(API, account):
        return principal.startswith("user:")
    return cloud.iam.allowed(principal, permission, API, account, None)


def _members(cloud: Cloud, account: str, wanted: Collection[str]) -> list[str]:
    bindings = cloud.iam.policy(API, account).get("bindings", ())
    found = (member for binding in bindings if binding["role"] in wanted for member in binding["members"])
    return list(dict.fromkeys(found))


def _known(call: Call) -> None:
    if "/".join(call.path.split("/")[:2]) != ACCOUNT["name"]:
        raise permission_denied("The caller does not have permission")


def _sets_policy(call: Call) -> Sequence[tuple[str, str]]:
    """Once there is a policy, it also says who may change it; the first one anybody may set."""
    return [("billing.accounts.setIamPolicy", call.name)] if call.cloud.iam.has_policy(API, call.name) else []


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
    offers=lambda cloud: [BillingAccounts(partial(_allowed, cloud), partial(_members, cloud))],
    methods={
        "cloudbilling.projects.getBillingInfo": get_info,
        "cloudbilling.projects.updateBillingInfo": update_info,
        "cloudbilling.billingAccounts.list": list_accounts,
        "cloudbilling.billingAccounts.get": get_account,
        "cloudbilling.billingAccounts.getIamPolicy": get_policy,
        "cloudbilling.billingAccounts.setIamPolicy": set_policy,
        "cloudbilling.billingAccounts.testIamPermissions": check_permissions,
        "cloudbilling.billingAccounts.projects.list": list_projects,
    },
    permissions={
        "cloudbilling.projects.getBillingInfo": "resourcemanager.projects.get",
        "cloudbilling.projects.updateBillingInfo": "resourcemanager.projects.createBillingAssignment",
        "cloudbilling.billingAccounts.list": None,
        "cloudbilling.billingAccounts.get": None,
        "cloudbilling.billingAccounts.getIamPolicy": None,
        "cloudbilling.billingAccounts.setIamPolicy": _sets_policy,
        "cloudbilling.billingAccounts.testIamPermissions": None,
        "cloudbilling.billingAccounts.projects.list": None,
    },
)
