"""Resource Manager, v1 and v3: projects and their policies, and the few other resources that clients ask for."""

from __future__ import annotations

from localcloud.engine.iam import roles
from localcloud.engine.service import Call, Endpoints, Resource, Service
from localcloud.services.cloudresourcemanager import around, org_policies, projects


def _refusal(call: Call, permission: str, resource: str) -> str:
    """Version 1 does not say what was missing; the details do."""
    if call.method.version == "v1":
        return "The caller does not have permission"
    return f"Permission '{permission}' denied on resource '//{projects.API}.googleapis.com/{resource}' (or it may not exist)."


_MAY = "resourcemanager.projects."

SERVICE = Service(
    api=projects.API,
    versions=("v1", "v3"),
    title="Cloud Resource Manager API",
    roles=roles.beside(__file__, "resourcemanager."),
    endpoints=Endpoints(terraform={"RESOURCE_MANAGER": "v1/", "RESOURCE_MANAGER_V3": "v3/", "TAGS": "v3/"}, gcloud=""),
    always_enabled=True,
    tables=org_policies.TABLES,
    offers=lambda cloud: [org_policies.offered(cloud)],
    audited={"projects": "*Project"},
    refusal=_refusal,
    resources={"projects": Resource(kind="Project", iam=True)},
    methods={
        "cloudresourcemanager.projects.create": projects.create,
        "cloudresourcemanager.projects.get": projects.get,
        "cloudresourcemanager.projects.list": projects.list_,
        "cloudresourcemanager.projects.search": projects.search,
        "cloudresourcemanager.projects.update": projects.update,
        "cloudresourcemanager.projects.patch": projects.patch,
        "cloudresourcemanager.projects.delete": projects.delete,
        "cloudresourcemanager.projects.undelete": projects.undelete,
        "cloudresourcemanager.projects.getAncestry": projects.get_ancestry,
        "cloudresourcemanager.projects.setIamPolicy": projects.set_policy,
        **around.methods(),
        **{f"cloudresourcemanager.projects.{verb}": method for verb, method in org_policies.METHODS.items()},
    },
    permissions={
        **dict.fromkeys(around.methods()),
        **{f"cloudresourcemanager.projects.{verb}": needed for verb, needed in org_policies.PERMISSIONS.items()},
        "cloudresourcemanager.projects.create": None,
        "cloudresourcemanager.projects.list": None,
        "cloudresourcemanager.projects.search": None,
        "cloudresourcemanager.projects.get": _MAY + "get",
        "cloudresourcemanager.projects.getAncestry": _MAY + "get",
        "cloudresourcemanager.projects.update": _MAY + "update",
        "cloudresourcemanager.projects.patch": _MAY + "update",
        "cloudresourcemanager.projects.delete": _MAY + "delete",
        "cloudresourcemanager.projects.undelete": _MAY + "undelete",
        "cloudresourcemanager.projects.getIamPolicy": _MAY + "getIamPolicy",
        "cloudresourcemanager.projects.setIamPolicy": _MAY + "setIamPolicy",
    },
)
