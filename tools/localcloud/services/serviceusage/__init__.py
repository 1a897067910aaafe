"""Service Usage: the APIs that exist, those enabled in a project, and the service agents that enabling creates."""

from __future__ import annotations

import re
import uuid
from functools import lru_cache

from localcloud.engine import lro, paging
from localcloud.engine.iam import roles
from localcloud.engine.service import Body, Call, Endpoints, Service
from localcloud.errors import CloudError, error_info, invalid, permission_denied
from localcloud.services.serviceusage import quotas
from localcloud.services.serviceusage.quotas import API
from localcloud.spec import discovery, filters

_KIND = "google.api.serviceusage.v1."
_HOST = ".googleapis.com"
_TAIL = 4096
_BATCH = 20
_WITHOUT_DOCUMENT = {
    "bigquerymigration": "BigQuery Migration API",
    "bigquerystorage": "BigQuery Storage API",
    "cloudapis": "Google Cloud APIs",
    "containerregistry": "Container Registry API",
    "sql-component": "Cloud SQL",
    "storage-api": "Google Cloud Storage JSON API",
    "storage-component": "Cloud Storage",
}


def enable(call: Call) -> Body:
    """Enables one API; returns a finished operation, Google's empty one when nothing changes."""
    host = call.id
    _known(call, [host])
    return _finished(call, _set(call, [host]), "EnableServiceResponse", {"service": _shown(call, host)})


def batch_enable(call: Call) -> Body:
    """Enables up to twenty APIs at once: all or none."""
    hosts = list(dict.fromkeys(call.body.get("serviceIds", [])))
    if not 0 < len(hosts) <= _BATCH:
        raise invalid(f"A batch enables 1 to {_BATCH} services, this one names {len(hosts)}.", "service_ids")
    _known(call, hosts)
    changed = _set(call, hosts)
    response = {"services": [_shown(call, host) for host in hosts]}
    return _finished(call, changed, "BatchEnableServicesResponse", response)


def disable(call: Call) -> Body:
    """Disables one API; its resources remain."""
    host = call.id
    _known(call, [host])
    changed = [_row(call, host)] if call.cloud.store.delete(API, _row(call, host)) else []
    return _finished(call, changed, "DisableServiceResponse", {"service": _shown(call, host)})


def get(call: Call) -> Body:
    """One API with its state in the project."""
    _known(call, [call.id])
    return _shown(call, call.id)


def batch_get(call: Call) -> Body:
    """Several APIs with their states."""
    names = [call.cloud.projects.named(name) for name in call.params.get("names", [])]
    for name in names:
        if not name.startswith(f"{call.parent}/services/"):
            raise invalid(f"The service {name} is not in the parent {call.parent}.", "names")
    hosts = [name.rpartition("/")[2] for name in names]
    _known(call, hosts)
    return {"services": [_shown(call, host) for host in hosts]}


def list_(call: Call) -> Body:
    """APIs by name: the enabled ones for `state:ENABLED`, else every known one."""
    wanted = call.params.get("filter", "")
    question = f"{call.path}?{wanted}"
    after = paging.after(call.params.get("pageToken", ""), question)
    size = paging.size(call.params.get("pageSize"), 50, 200)
    enabled = {name.rpartition("/")[2] for name, _ in call.cloud.store.list(API, call.parent, "services")}
    hosts = sorted(enabled if re.fullmatch(r"\s*state\s*[:=]\s*ENABLED\s*", wanted) else catalogue())
    test = filters.compiled(wanted)
    state = {True: "ENABLED", False: "DISABLED"}
    matching = [host for host in hosts if host > after and test({"state": state[host in enabled], "name": host})]
    page, more = paging.cut(matching, size, str, question)
    return {"services": [_shown(call, host) for host in page], **more} if page else {}


def generate_identity(call: Call) -> Body:
    """v1beta1: the service agent of an API in the project, created if necessary."""
    _known(call, [call.id])
    number = call.cloud.projects.number(call.project or "")
    agent = call.cloud.agents.email(call.id.removesuffix(_HOST), call.project or "")
    response = {"email": agent, "uniqueId": f"1{number:020d}"} if agent else {}
    return lro.finished(
        call,
        response,
        kind="google.api.serviceusage.v1beta1.ServiceIdentity",
        metadata=_metadata(call, [call.name]),
        parent="",
    )


@lru_cache(maxsize=1)
def catalogue() -> frozenset[str]:
    """The host names of all APIs that can be enabled: those with a published document, and some others."""
    documented = {path.name.partition(".")[0] for path in discovery.folder().glob("*.json")}
    return frozenset(name + _HOST for name in documented | set(_WITHOUT_DOCUMENT))


@lru_cache(maxsize=1024)
def title(api: str) -> str:
    """An API's title; read from the end of its document, which may be megabytes long."""
    known = discovery.versions(api)
    if not known:
        return _WITHOUT_DOCUMENT.get(api, api)
    with (discovery.folder() / f"{api}.{known[0]}.json").open("rb") as stream:
        stream.seek(max(0, stream.seek(0, 2) - _TAIL))
        titles = re.findall(rb'"title":\s*"([^"]*)",\s*"version"', stream.read())
    return titles[-1].decode() if titles else api


def _known(call: Call, hosts: list[str]) -> None:
    unknown = [host for host in hosts if host not in catalogue()]
    if unknown:
        raise _unknown(unknown)
    if not call.parent.startswith("projects/") and not call.path.startswith("projects/"):
        raise permission_denied(f"The local cloud has services of projects only; {call.path} is none.")


def _unknown(hosts: list[str]) -> CloudError:
    names = ", ".join(hosts)
    described = {"services": names, "service": API + _HOST}
    return permission_denied(
        f"Not found or permission denied for service(s): {names}.",
        [
            _violated(f"?error_code=220002&services={','.join(hosts)}"),
            error_info("SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED", "serviceusage.googleapis.com", described),
        ],
    )


def _violated(subject: str) -> Body:
    violation = {"type": "googleapis.com", "subject": subject}
    return {"@type": "type.googleapis.com/google.rpc.PreconditionFailure", "violations": [violation]}


def _refusal(call: Call, permission: str, _resource: str) -> CloudError:
    """403 as Service Usage words it: which service, or whose list; never which permission."""
    verb = permission.rpartition(".")[2]
    hosts = call.body.get("serviceIds") or [name.rpartition("/")[2] for name in call.params.get("names", [])]
    if verb == "list":
        text = (
            f"Permission denied to list services for consumer container [{call.cloud.projects.numbered(call.parent)}]"
        )
    else:
        text = f"Permission denied to {verb} service [{', '.join(hosts) or call.id}]"
    return permission_denied(
        text,
        [
            _violated("110002"),
            error_info("AUTH_PERMISSION_DENIED", "serviceusage.googleapis.com", {"permission": permission}),
        ],
    )


def _row(call: Call, host: str) -> str:
    return f"projects/{call.project}/services/{host}"


def _set(call: Call, hosts: list[str]) -> list[str]:
    """Enables; the names that were not enabled before."""
    store = call.cloud.store
    fresh = [_row(call, host) for host in hosts if store.get(API, _row(call, host)) is None]
    for name in fresh:
        store.put(API, name, {"state": "ENABLED"})
        call.cloud.lateness.note("made", API, name)
    return fresh


def _shown(call: Call, host: str) -> Body:
    parent = call.cloud.projects.numbered(f"projects/{call.project}")
    on = call.cloud.store.get(API, _row(call, host)) is not None
    config = {"name": host, "title": title(host.removesuffix(_HOST))}
    return {
        "name": f"{parent}/services/{host}",
        "config": config,
        "state": "ENABLED" if on else "DISABLED",
        "parent": parent,
    }


def _finished(call: Call, changed: list[str], kind: str, response: Body) -> Body:
    if not changed:
        return {
            "name": "operations/noop.DONE_OPERATION",
            "done": True,
            "response": {"@type": f"type.googleapis.com/{_KIND}{kind}", **response},
        }
    number = call.cloud.projects.number(call.project or "")
    return lro.finished(
        call,
        response,
        kind=_KIND + kind,
        metadata=_metadata(call, changed),
        parent="",
        identity=f"acat.p2-{number}-{uuid.uuid4()}",
    )


def _metadata(call: Call, names: list[str]) -> Body:
    return {
        "@type": _KIND + "OperationMetadata",
        "resourceNames": [call.cloud.projects.numbered(name) for name in names],
    }


def _enabling(call: Call) -> list[tuple[str, str]]:
    return [("serviceusage.services.enable", f"projects/{call.project}")]


SERVICE = Service(
    api=API,
    versions=("v1", "v1beta1"),
    title="Service Usage API",
    roles=roles.beside(__file__, "serviceusage."),
    endpoints=Endpoints(terraform={"SERVICE_USAGE": "v1/"}, gcloud=""),
    always_enabled=True,
    encoded_slashes="decoded",
    methods={
        "serviceusage.services.enable": enable,
        "serviceusage.services.batchEnable": batch_enable,
        "serviceusage.services.disable": disable,
        "serviceusage.services.get": get,
        "serviceusage.services.batchGet": batch_get,
        "serviceusage.services.list": list_,
        "serviceusage.services.generateServiceIdentity": generate_identity,
        "serviceusage.services.consumerQuotaMetrics.get": quotas.get,
    },
    permissions={
        "serviceusage.services.batchEnable": _enabling,
        "serviceusage.services.batchGet": "serviceusage.services.get",
        "serviceusage.services.generateServiceIdentity": _enabling,
        "serviceusage.services.consumerQuotaMetrics.get": "serviceusage.quotas.get",
    },
    offers=lambda cloud: (quotas.offer(cloud),),
    controls={"quotas": quotas.grant},
    proto="google.api.serviceusage.v1",
    audited={
        "services": "google.api.serviceusage.v1.ServiceUsage.*Service",
        "serviceusage.services.batchEnable": "google.api.serviceusage.v1.ServiceUsage.BatchEnableServices",
        "serviceusage.services.generateServiceIdentity": "google.api.serviceusage.v1beta1.ServiceUsage.GenerateServiceIdentity",
    },
    refusal=_refusal,
)
