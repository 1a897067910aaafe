"""Services: a template and its traffic; every change of the template creates a revision."""

from __future__ import annotations

import copy
import re
import uuid
from typing import Any

from localcloud.engine import gate, lro, places, standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.labels import problem as labels_problem
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import CloudError, already_exists, failed_precondition, invalid, not_found
from localcloud.services.run import addresses, images, names, revisions, templates, traffic
from localcloud.services.run.conditions import RECONCILING, condition
from localcloud.services.run.names import API
from localcloud.spec import fields

KIND = "GoogleCloudRunV2Service"
DEPLOY = "deploy"
REMOVE = "remove"
OPEN = "invokerIamDisabled"
TABLES = """
CREATE TABLE IF NOT EXISTS run_hosts (service TEXT PRIMARY KEY, host TEXT NOT NULL, port INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS run_hosts_by_host ON run_hosts (host);
"""
SERVER_MADE = frozenset(
    {
        "conditions", "createTime", "creator", "deleteTime", "expireTime", "generation", "lastModifier", "latestCreatedRevision",
        "latestReadyRevision", "observedGeneration", "reconciling", "satisfiesPzs", "terminalCondition", "trafficStatuses", "uid",
        "updateTime", "uri", "urls", "threatDetectionEnabled",
    }
)  # fmt: skip
_RESERVED_KEYS = ("run.googleapis.com/", "cloud.googleapis.com/", "serving.knative.dev/", "autoscaling.knative.dev/")


def create(call: Call) -> Body:
    """services.create: the service is stored at once, and ready when its first revision is."""
    identity = str(call.params.get("serviceId") or f"service-{uuid.uuid4().hex[:8]}")
    return created(call, f"{call.path}/{identity}", dict(call.body))


def created(call: Call, name: str, sent: Body) -> Body:
    """Creates a service with a full name; returns the operation that ends when it is ready."""
    place = names.RunName.of(name)
    if not re.fullmatch(names.SERVICE_ID, place.name):
        raise invalid(
            f"Service name must use only lowercase alphanumeric characters and dashes. It must begin with a letter and cannot end "
            f"with a dash, and must be less than 50 characters: {place.name!r} does not.",
            "service_id",
        )
    if place.region not in places.REGIONS:
        raise places.unknown(call, place.region)
    if call.cloud.store.get(API, name) is not None:
        raise already_exists(f"Resource '{place.name}' already exists.")
    return _applied(call, name, None, sent, force=True)


def patch(call: Call) -> Body:
    """services.patch: updates the masked fields, or replaces everything without a mask."""
    old = call.cloud.store.get(API, call.name)
    if old is None and call.params.get("allowMissing"):
        gate.check_creation(call)
        return created(call, call.name, dict(call.body))
    if old is None:
        raise missing(call.name)
    sent, mask = dict(call.body), call.params.get("updateMask", "")
    check_etag(sent.get("etag"), old)
    schemas = call.document.schemas
    new = fields.updated(old, sent, mask, schemas, KIND) if mask else fields.replaced(old, sent, schemas, KIND)
    return changed(call, call.name, old, new, force=bool(call.params.get("forceNewRevision")))


def changed(call: Call, name: str, old: Body, new: Body, *, force: bool = False) -> Body:
    """Stores a service's new configuration; returns the operation that ends when it is ready."""
    return _applied(call, name, old, new, force=force)


def delete(call: Call) -> Body:
    """services.delete: deletes its revisions and stops their instances, too."""
    body = call.cloud.store.get(API, call.name)
    if body is None:
        raise missing(call.name)
    check_etag(call.params.get("etag"), body)
    if not call.params.get("validateOnly"):
        removed(call, call.name)
    deleted = standard.shown(call, RESOURCE, call.name, body) | {"deleteTime": call.cloud.clock.rfc3339()}
    return lro.finished(call, deleted, kind=KIND, metadata={"@type": KIND, **deleted}, parent=location(call.name))


def removed(call: Call, name: str) -> None:
    """Deletes a service; its instances are stopped in the background."""
    ids = [revisions.short(full) for full, _ in call.cloud.store.list(API, name, "revisions")]
    addresses.close(call.cloud, name)
    standard.remove(call.cloud, API, name)
    call.cloud.jobs.start(API, REMOVE, {"service": name, "revisions": ids})


def _applied(call: Call, name: str, old: Body | None, sent: Body, *, force: bool) -> Body:
    generation = int(old["generation"]) + 1 if old else 1
    new = _completed(call, name, old, sent, generation)
    if new.get(OPEN, False) != (old or {}).get(OPEN, False):  # as good as a grant to everybody
        gate.check(call, "run.services.setIamPolicy", name)
    template = new["template"]
    remade = force or old is None or template != old["template"]
    revision = ""
    if remade:
        revision = template.get("revision") or names.revision(names.RunName.of(name).name, generation)
        remade = revisions.check_name(call, name, revision, template)
    known = revisions.known(call.cloud, name) | ({revision} if remade else set())
    new["traffic"] = traffic.checked(new.get("traffic", []), known)
    images.check(call, name, template)
    validate = bool(call.params.get("validateOnly"))
    if not validate:
        if old is None:
            addresses.open_(call.cloud, name)
        if remade:
            revisions.add(call, name, revision, template, generation)
            new["latestCreatedRevision"] = f"{name}/revisions/{revision}"
        new = standard.saved(call, RESOURCE, name, new) if old else standard.add_child(call, RESOURCE, name, new)
    answer = standard.shown(call, RESOURCE, name, new)
    options: Any = {"kind": KIND, "metadata": {"@type": KIND, **answer}, "parent": location(name)}
    if validate:
        return lro.finished(call, answer, **options)
    return lro.started(
        call, DEPLOY, {"service": name, "revision": revision if remade else "", "generation": generation}, **options
    )


def _completed(call: Call, name: str, old: Body | None, sent: Body, generation: int) -> Body:
    new = {key: value for key, value in copy.deepcopy(sent).items() if key not in SERVER_MADE or (old and key in old)}
    new["annotations"] = _annotations(new.get("annotations", {}))
    if problem := labels_problem(own_labels(new.get("labels", {})), "service"):
        raise invalid(problem, "labels")
    if not new.get("template"):
        raise invalid("The request is missing the required field template.", "template")
    new["template"] = templates.service(call, {key: one for key, one in new["template"].items() if one != {}})
    _check_scaling(new)
    new.setdefault("ingress", "INGRESS_TRAFFIC_ALL")
    new.setdefault("launchStage", "GA")
    cloud, caller = call.cloud, call.principal.partition(":")[2]
    deploying = condition(cloud, "Ready", RECONCILING, "Deploying revision.")
    hosts = names.hosts(cloud, name)
    new |= {
        "generation": str(generation),
        "lastModifier": caller,
        "creator": old["creator"] if old else caller,
        "uri": f"https://{hosts[1]}",
        "urls": [f"https://{host}" for host in hosts],
        "reconciling": True,
        "terminalCondition": deploying,
        "conditions": [
            condition(cloud, "RoutesReady", RECONCILING),
            condition(cloud, "ConfigurationsReady", RECONCILING),
        ],
    }
    return {key: value for key, value in new.items() if value not in ({}, "") or key == "name"}


def _annotations(sent: Body) -> Body:
    kept = {key: value for key, value in sent.items() if key != addresses.ANNOTATION}
    if len(str(kept)) > 256 << 10:
        raise invalid("Annotations may have at most 256 KiB in total.", "annotations")
    return kept


def own_labels(labels: Body) -> Body:
    """The labels without those reserved for Google."""
    return {key: value for key, value in labels.items() if not key.startswith((*_RESERVED_KEYS, "client.knative.dev/"))}


def _check_scaling(body: Body) -> None:
    scaling = body.get("scaling", {})
    if scaling.get("scalingMode") == "MANUAL" and "manualInstanceCount" not in scaling:
        raise invalid(
            "scaling.manual_instance_count is required with scaling_mode MANUAL.", "scaling.manual_instance_count"
        )


def presented(cloud: Cloud, body: Body) -> Body:
    """A stored service as v2 returns it: traffic to the latest revision does not name that revision."""
    body = addressed(cloud, body)
    if "trafficStatuses" not in body:
        return body
    statuses = [dict(one) for one in body["trafficStatuses"]]
    for one in statuses:
        if one["type"] == traffic.LATEST:
            one.pop("revision", None)
    return body | {"trafficStatuses": statuses}


def addressed(cloud: Cloud, body: Body) -> Body:
    """A stored service with its address on this machine."""
    own = addresses.own(cloud, body["name"])
    if not own:
        return body
    return body | {"annotations": {**body.get("annotations", {}), addresses.ANNOTATION: own}}


def check_etag(sent: str | None, body: Body) -> None:
    """409 for an etag that is not the current one."""
    if sent and sent.strip('"') != str(body["etag"]).strip('"'):
        raise CloudError(
            409,
            "ABORTED",
            f"The etag {sent} is not the current one ({body['etag']}): read the resource again and retry.",
        )


def location(name: str) -> str:
    """The parent of operations on a resource: "projects/p/locations/r"."""
    return "/".join(name.split("/")[:4])


def missing(name: str) -> CloudError:
    """The 404 for a service, job or execution."""
    return not_found(
        f"Resource '{name.rpartition('/')[2]}' of kind '{name.split('/')[-2].removesuffix('s').upper()}' in region "
        f"'{names.RunName.of(name).region}' in project '{names.RunName.of(name).project}' does not exist."
    )


def delete_revision(call: Call) -> Body:
    """revisions.delete: only for a revision without traffic."""
    body = call.cloud.store.get(API, call.name)
    if body is None:
        raise missing(call.name)
    service = call.cloud.store.get(API, names.service(call.name)) or {}
    if revisions.short(call.name) in traffic.serving(service) or service.get("latestCreatedRevision") == call.name:
        raise failed_precondition(
            f"Revision '{revisions.short(call.name)}' is the latest or serves traffic, and cannot be deleted; move its traffic first."
        )
    standard.remove(call.cloud, API, call.name)
    call.cloud.jobs.start(API, REMOVE, {"service": names.service(call.name), "revisions": [revisions.short(call.name)]})
    deleted = body | {"deleteTime": call.cloud.clock.rfc3339()}
    kind = revisions.KIND
    return lro.finished(call, deleted, kind=kind, metadata={"@type": kind, **deleted}, parent=location(call.name))


RESOURCE = Resource(kind="Service", id_param="serviceId", present=presented, etag=names.etag, iam=True)
