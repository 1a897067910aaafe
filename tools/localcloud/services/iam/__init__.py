"""IAM: service accounts, roles, and workload identity pools with their providers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from localcloud.engine import standard
from localcloud.engine.iam import roles
from localcloud.engine.interfaces import Signatures
from localcloud.engine.service import Body, Call, Endpoints, Handler, Permission, Resource, Service
from localcloud.services.iam import accounts, custom_roles, grantable, keys, managed_identities, pools, signing

API = "iam"
_ACCOUNT = Resource(kind="ServiceAccount", iam=True, missing="Service account {name} does not exist.")
_POOLS = "iam.projects.locations.workloadIdentityPools"
_IDENTITIES = f"{_POOLS}.namespaces.managedIdentities"
_POOL_THINGS = {
    _POOLS: "workloadIdentityPools",
    f"{_POOLS}.providers": "workloadIdentityPoolProviders",
    f"{_POOLS}.namespaces": "workloadIdentityPoolNamespaces",
    _IDENTITIES: "workloadIdentityPoolManagedIdentities",
}
_RULED = (_POOLS, _IDENTITIES)


def _on_account(verb: Callable[[Call, Resource], Body]) -> Handler:
    """A standard verb on an account that the URL may name by unique id or without its project."""
    return lambda call: verb(call._replace(path=accounts.resolved(call)), _ACCOUNT)


def _needs(permission: str) -> Callable[[Call], Sequence[tuple[str, str]]]:
    return lambda call: [(permission, accounts.resolved(call))]


def _operation_parent(call: Call) -> str:
    """Operations lie below what they are about: a pool, or what is in it."""
    fresh = next((value for name, value in call.params.items() if name.startswith("workloadIdentityPool")), None)
    return f"{call.path}/{fresh}" if fresh else call.name


_ROLE_WORDS = {
    "create": "create a role in {parent}",
    "list": "list roles in {parent}",
    "get": "get the role at {name}",
    "update": "update the role at {name}",
    "delete": "delete the role at {name}",
    "undelete": "undelete the role at {name}",
}


def _refusal(call: Call, permission: str, _resource: str) -> str:
    verb = permission.rpartition(".")[2]
    if permission.startswith("iam.roles.") and verb in _ROLE_WORDS:
        what = _ROLE_WORDS[verb].format(parent="/".join(call.path.split("/")[:2]), name=call.name)
        return f"You don't have permission to {what}."
    return f"Permission '{permission}' denied on resource (or it may not exist)."


_ACCOUNT_METHODS: dict[str, Handler] = {
    "create": accounts.create,
    "get": accounts.get,
    "patch": accounts.patch,
    "update": accounts.update,
    "delete": accounts.delete,
    "undelete": accounts.undelete,
    "enable": accounts.enable,
    "disable": accounts.disable,
    "getIamPolicy": _on_account(standard.get_iam_policy),
    "setIamPolicy": _on_account(standard.set_iam_policy),
    "testIamPermissions": _on_account(standard.check_iam_permissions),
    **{f"keys.{verb}": method for verb, method in keys.METHODS.items()},
}
_ROLE_METHODS: dict[str, Handler] = {
    "create": custom_roles.create,
    "get": custom_roles.get,
    "list": grantable.list_custom,
    "patch": custom_roles.patch,
    "delete": custom_roles.delete,
    "undelete": custom_roles.undelete,
}
_OTHER_METHODS: dict[str, Handler] = {
    "iam.roles.get": custom_roles.get_predefined,
    "iam.roles.list": grantable.list_predefined,
    "iam.roles.queryGrantableRoles": grantable.grantable_roles,
    "iam.permissions.queryTestablePermissions": grantable.testable_permissions,
}


def _permissions() -> dict[str, Permission]:
    permissions: dict[str, Permission] = dict.fromkeys(_OTHER_METHODS)
    words = {"patch": "update", "keys.upload": "keys.create"}
    for verb in _ACCOUNT_METHODS:
        if verb == "testIamPermissions":
            continue
        named = words.get(verb, verb)
        kind, _, last = named.rpartition(".")
        thing = "serviceAccountKeys" if kind else "serviceAccounts"
        permissions[f"iam.projects.serviceAccounts.{verb}"] = _needs(f"iam.{thing}.{last}")
    for collection, thing in _POOL_THINGS.items():
        for verb in ("get", "list", "create", "patch", "delete", "undelete"):
            permissions[f"{collection}.{verb}"] = f"iam.googleapis.com/{thing}.{words.get(verb, verb)}"
        # Operations lie below what they are about, and iam.operations.get is about policies: who sees the thing sees them.
        permissions[f"{collection}.operations.get"] = f"iam.googleapis.com/{thing}.get"
    for verb in ("getIamPolicy", "setIamPolicy"):
        permissions[f"{_POOLS}.{verb}"] = f"iam.googleapis.com/workloadIdentityPools.{verb}"
    for collection in _RULED:
        thing = _POOL_THINGS[collection]
        permissions[f"{collection}.listAttestationRules"] = f"iam.googleapis.com/{thing}.getAttestationRules"
        for verb in ("setAttestationRules", "addAttestationRule", "removeAttestationRule"):
            permissions[f"{collection}.{verb}"] = f"iam.googleapis.com/{thing}.setAttestationRules"
    return permissions


_ADMIN = "google.iam.admin.v1"
_AUDITED = {
    "projects.serviceAccounts": f"{_ADMIN}.*ServiceAccount",
    "projects.serviceAccounts.keys": f"{_ADMIN}.*ServiceAccountKey",
    "projects.roles": f"{_ADMIN}.*Role",
    "iam.projects.serviceAccounts.setIamPolicy": f"{_ADMIN}.SetIAMPolicy",
    "projects.locations.workloadIdentityPools": "google.iam.v1.WorkloadIdentityPools.*WorkloadIdentityPool",
    "projects.locations.workloadIdentityPools.providers": "google.iam.v1.WorkloadIdentityPools.*WorkloadIdentityPoolProvider",
}
SERVICE = Service(
    api=API,
    title="Identity and Access Management (IAM) API",
    roles=roles.beside(__file__, "iam."),
    endpoints=Endpoints(
        terraform={"IAM_BETA": "v1/", "IAM_WORKFORCE_POOL": "v1/", "IAM2": "v2/", "IAM3": "v3/"}, gcloud=""
    ),
    resources={
        "projects.serviceAccounts": _ACCOUNT,
        "projects.locations.workloadIdentityPools": pools.POOL,
        "projects.locations.workloadIdentityPools.providers": pools.PROVIDER,
        "projects.locations.workloadIdentityPools.namespaces": managed_identities.NAMESPACE,
        "projects.locations.workloadIdentityPools.namespaces.managedIdentities": managed_identities.IDENTITY,
    },
    methods={f"iam.projects.serviceAccounts.{verb}": method for verb, method in _ACCOUNT_METHODS.items()}
    | {f"iam.projects.roles.{verb}": method for verb, method in _ROLE_METHODS.items()}
    | {
        f"{collection}.{verb}": method
        for collection in _RULED
        for verb, method in managed_identities.RULE_METHODS.items()
    }
    | _OTHER_METHODS,
    permissions=_permissions(),
    tables=accounts.TABLES + signing.TABLES,
    proto="google.iam.v1",
    audited=_AUDITED,
    operation_metadata="WorkloadIdentityPoolOperationMetadata",
    operation_parent=_operation_parent,
    project=accounts.project,
    refusal=_refusal,
    offers=lambda cloud: [Signatures(partial(keys.vouched, cloud))],
    due={custom_roles.PURGE: custom_roles.purged, accounts.PURGE: accounts.purged},
    enum_numbers={"Role.stage": {0: "ALPHA", 1: "BETA", 2: "GA", 4: "DEPRECATED", 5: "DISABLED", 6: "EAP"}},
)
