"""Secret Manager: secrets, global and regional, and their versions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from localcloud.engine import paging
from localcloud.engine.iam import roles
from localcloud.engine.interfaces import Secrets
from localcloud.engine.service import Body, Call, Endpoints, Resource, Service
from localcloud.engine.usage import Sku
from localcloud.services.secretmanager import payloads, secrets, versions
from localcloud.services.secretmanager.secrets import API
from localcloud.spec import filters

_MOST = 25_000
_PLACES = ("projects", "projects.locations")
_ACCESS = "secretmanager.access"
_RPC = "google.cloud.secretmanager.v1.SecretManagerService"


def list_secrets(call: Call) -> Body:
    """A page of secrets, newest first."""
    bodies = [secrets.presented(call.cloud, body) for _, body in call.cloud.store.list(API, call.parent, "secrets")]
    return _page(call, "secrets", bodies, lambda body: f"{body['createTime']} {body['name']}")


def list_versions(call: Call) -> Body:
    """A page of a secret's versions, newest first."""
    secret = secrets.find(call, call.parent)
    bodies = [
        versions.presented(call.cloud, body) for _, body in call.cloud.store.list(API, secret["name"], "versions")
    ]
    return _page(call, "versions", bodies, lambda body: f"{int(body['name'].rpartition('/')[2]):012d}")


def _page(call: Call, field: str, bodies: Sequence[Body], key: Callable[[Body], str]) -> Body:
    """The bodies that the filter takes, last key first; `totalSize` counts them unless there is a filter."""
    question = f"{call.path}?{call.params.get('filter', '')}"
    before = paging.after(call.params.get("pageToken", ""), question)
    size = paging.size(call.params.get("pageSize"), _MOST, _MOST)
    test = filters.compiled(call.params["filter"]) if call.params.get("filter") else None
    ordered = sorted(((key(body), body) for body in bodies), key=lambda pair: pair[0], reverse=True)
    rest = [pair for pair in ordered if (not before or pair[0] < before) and (test is None or test(pair[1]))]
    page, more = paging.cut(rest, size, lambda pair: pair[0], question)
    answer: Body = {field: [body for _, body in page], **more} if page else {}
    return answer | ({"totalSize": len(ordered)} if ordered and test is None else {})


def _refusal(_call: Call, permission: str, resource: str) -> str:
    return f"Permission '{permission}' denied for resource '{resource}' (or it may not exist)."


SECRET = Resource(
    kind="Secret",
    id_param="secretId",
    id_rule=secrets.ID_RULE,
    id_error=secrets.ID_ERROR,
    complete=secrets.created,
    changed=secrets.changed,
    present=secrets.presented,
    delete=secrets.removed,
    immutable=("secretType",),
    taken="Secret [{numbered}] already exists.",
    missing="Secret [{numbered}] not found.",
    iam=True,
)
_METHODS = {
    "list": list_secrets,
    "addVersion": versions.add,
    "versions.list": list_versions,
    "versions.get": versions.get,
    "versions.access": versions.access,
    "versions.enable": versions.enable,
    "versions.disable": versions.disable,
    "versions.destroy": versions.destroy,
}
SERVICE = Service(
    api=API,
    title="Secret Manager API",
    agent="service-{number}@gcp-sa-secretmanager.iam.gserviceaccount.com",
    roles=roles.beside(__file__, "secretmanager."),
    endpoints=Endpoints(terraform={"SECRET_MANAGER": "v1/", "SECRET_MANAGER_REGIONAL": "v1/"}, gcloud=""),
    numbered=True,
    resources={f"{place}.secrets": SECRET for place in _PLACES}
    | {f"{place}.secrets.versions": Resource(kind="SecretVersion") for place in _PLACES},
    methods={f"{API}.{place}.secrets.{name}": method for place in _PLACES for name, method in _METHODS.items()},
    permissions={f"{API}.{place}.secrets.addVersion": "secretmanager.versions.add" for place in _PLACES},
    tables=payloads.TABLES,
    proto="google.cloud.secretmanager.v1",
    audited={f"{place}.secrets": f"{_RPC}.*Secret" for place in _PLACES}
    | {f"{place}.secrets.versions": f"{_RPC}.*SecretVersion" for place in _PLACES}
    | {f"{API}.{place}.secrets.addVersion": f"{_RPC}.AddSecretVersion" for place in _PLACES},
    skus=(Sku(_ACCESS, "Secret access operations", "requests", "count", 1, ("EE82-7A5E-871C", "Secret Manager")),),
    metered={f"{API}.{place}.secrets.versions.access": _ACCESS for place in _PLACES},
    refusal=_refusal,
    offers=lambda cloud: (Secrets(partial(versions.payload, cloud)),),
    due={
        secrets.EXPIRY: secrets.expired,
        secrets.ROTATION: secrets.rotated,
        versions.DESTRUCTION: versions.destroyed,
    },
)
