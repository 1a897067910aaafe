"""Services, revisions, routes and configurations in the v1 API, as views of the stored v2 resources."""

from __future__ import annotations

import json
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call
from localcloud.errors import invalid
from localcloud.services.run import services, traffic
from localcloud.services.run.conditions import find
from localcloud.services.run.knative import objects, templates
from localcloud.services.run.knative.objects import CREATOR, MODIFIER, SERVING
from localcloud.services.run.knative.templates import without
from localcloud.services.run.names import API, RunName
from localcloud.services.run.service import SERVICE
from localcloud.spec import json_text

_INGRESS, _STATUS = "run.googleapis.com/ingress", "run.googleapis.com/ingress-status"
_URLS, _OPEN, _STAGE = (
    "run.googleapis.com/urls",
    "run.googleapis.com/invoker-iam-disabled",
    "run.googleapis.com/launch-stage",
)
_LEAST, _AUDIENCES = "run.googleapis.com/minScale", "run.googleapis.com/custom-audiences"
_CLIENT, _CLIENT_VERSION = "run.googleapis.com/client-name", "run.googleapis.com/client-version"
_DESCRIPTION = "run.googleapis.com/description"
_LIFTED = frozenset(
    {
        _INGRESS,
        _STATUS,
        _URLS,
        _OPEN,
        _STAGE,
        _LEAST,
        _AUDIENCES,
        _CLIENT,
        _CLIENT_VERSION,
        _DESCRIPTION,
        CREATOR,
        MODIFIER,
    }
)
_INGRESSES = {
    "all": "INGRESS_TRAFFIC_ALL",
    "internal": "INGRESS_TRAFFIC_INTERNAL_ONLY",
    "internal-and-cloud-load-balancing": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
}
_REVISION_PARENTS = ("services", "revisions")


def list_(call: Call) -> Body:
    """services.list."""
    return objects.listed(call, ("services",), shown, SERVING, "Service")


def get(call: Call) -> Body:
    """services.get."""
    name = objects.full(call, "services")
    return shown(call.cloud, name, _stored(call, name))


def create(call: Call) -> Body:
    """services.create."""
    identity = call.body.get("metadata", {}).get("name", "")
    name = f"projects/{objects.project(call)}/locations/{objects.region(call)}/services/{identity}"
    sent = _inward(call.body)
    operation = services.created(objects.as_v2(call, SERVICE, "services.create", name, sent), name, sent)
    return _answer(call, name, operation)


def replace(call: Call) -> Body:
    """services.replaceService: replaces the whole object, and ignores what the server sets."""
    name = objects.full(call, "services")
    old = _stored(call, name)
    objects.locked(call, old)
    sent = _inward(call.body)
    server_made = {key: value for key, value in old.items() if key in services.SERVER_MADE or key in {"name", "etag"}}
    operation = services.changed(
        objects.as_v2(call, SERVICE, "services.patch", name, sent), name, old, {**sent, **server_made}
    )
    return _answer(call, name, operation)


def delete(call: Call) -> Body:
    """services.delete."""
    name = objects.full(call, "services")
    _stored(call, name)
    if call.params.get("dryRun") != "all":
        services.removed(objects.as_v2(call, SERVICE, "services.delete", name), name)
    return objects.gone(call, "Service")


def revisions(call: Call) -> Body:
    """revisions.list."""
    return objects.listed(call, _REVISION_PARENTS, revision, SERVING, "Revision")


def get_revision(call: Call) -> Body:
    """revisions.get."""
    name = objects.among(call, *_REVISION_PARENTS)
    return revision(call.cloud, name, call.cloud.store.get(API, name) or {})


def delete_revision(call: Call) -> Body:
    """revisions.delete."""
    name = objects.among(call, *_REVISION_PARENTS)
    services.delete_revision(objects.as_v2(call, SERVICE, "services.revisions.delete", name))
    return objects.gone(call, "Revision")


def routes(call: Call) -> Body:
    """routes.list."""
    return objects.listed(call, ("services",), route, SERVING, "Route")


def get_route(call: Call) -> Body:
    """routes.get."""
    name = objects.full(call, "services")
    return route(call.cloud, name, _stored(call, name))


def configurations(call: Call) -> Body:
    """configurations.list."""
    return objects.listed(call, ("services",), configuration, SERVING, "Configuration")


def get_configuration(call: Call) -> Body:
    """configurations.get."""
    name = objects.full(call, "services")
    return configuration(call.cloud, name, _stored(call, name))


def _stored(call: Call, name: str) -> Body:
    body = call.cloud.store.get(API, name)
    if body is None:
        raise objects.absent(name.rpartition("/")[2], "services")
    return body


def _answer(call: Call, name: str, operation: Body) -> Body:
    body = call.cloud.store.get(API, name)
    trial = call.params.get("dryRun") == "all" or body is None
    return shown(call.cloud, name, operation["metadata"] if trial or body is None else body)


def _inward(sent: Body) -> Body:
    """A v1 Service as a v2 service, without `status` and what the server sets."""
    metadata, spec = sent.get("metadata", {}), sent.get("spec", {})
    annotations = metadata.get("annotations", {})
    ingress = annotations.get(_INGRESS, "all")
    if ingress not in _INGRESSES:
        raise invalid(f"{_INGRESS} must be one of {', '.join(_INGRESSES)}, not {ingress!r}.", _INGRESS)
    labels = {key: value for key, value in metadata.get("labels", {}).items() if key != objects.LOCATION}
    body = {
        "labels": labels,
        "annotations": {key: value for key, value in annotations.items() if key not in _LIFTED},
        "description": annotations.get(_DESCRIPTION, ""),
        "client": annotations.get(_CLIENT, ""),
        "clientVersion": annotations.get(_CLIENT_VERSION, ""),
        "launchStage": annotations.get(_STAGE, ""),
        "ingress": _INGRESSES[ingress],
        "scaling": {"minInstanceCount": templates.whole(annotations[_LEAST], _LEAST)}
        if annotations.get(_LEAST)
        else {},
        "customAudiences": _audiences(annotations.get(_AUDIENCES, "")),
        "template": templates.inward(spec.get("template", {})),
        "traffic": [_target_in(one) for one in spec.get("traffic", [])],
    }
    return without(body) | ({"invokerIamDisabled": True} if annotations.get(_OPEN, "").lower() == "true" else {})


def _audiences(text: str) -> list[str]:
    try:
        audiences = json_text.read((text or "[]").encode())
    except ValueError:
        raise invalid(f"{_AUDIENCES} is not JSON.", _AUDIENCES) from None
    return [str(one) for one in audiences] if isinstance(audiences, list) else []


def _target_in(sent: Body) -> Body:
    revision_name = sent.get("revisionName", "")
    return without(
        {
            "type": traffic.REVISION if revision_name else traffic.LATEST,
            "revision": revision_name,
            "percent": sent.get("percent"),
            "tag": sent.get("tag"),
        }
    )


def _target_out(body: Body) -> Body:
    latest = body["type"] == traffic.LATEST
    return without(
        {
            "latestRevision": latest or None,
            "revisionName": body.get("revision"),
            "percent": body.get("percent"),
            "tag": body.get("tag"),
            "url": body.get("uri"),
        }
    )


def shown(cloud: Cloud, name: str, stored: Body) -> Body:
    """A v2 service as a v1 Service."""
    body = services.addressed(cloud, stored)
    ingress = next((key for key, value in _INGRESSES.items() if value == body["ingress"]), "all")
    annotations = {
        CREATOR: body.get("creator", ""),
        MODIFIER: body.get("lastModifier", ""),
        _INGRESS: ingress,
        _STATUS: ingress,
        _URLS: json.dumps(body["urls"]),
        _CLIENT: body.get("client", ""),
        _CLIENT_VERSION: body.get("clientVersion", ""),
        _DESCRIPTION: body.get("description", ""),
        _STAGE: body["launchStage"] if body.get("launchStage", "GA") != "GA" else "",
        _OPEN: "true" if body.get("invokerIamDisabled") else "",
        _LEAST: str(body.get("scaling", {}).get("minInstanceCount", "")),
        _AUDIENCES: json.dumps(body["customAudiences"]) if body.get("customAudiences") else "",
    }
    return {
        "apiVersion": SERVING,
        "kind": "Service",
        "metadata": objects.metadata(cloud, name, body, SERVING, {}, without(annotations)),
        "spec": {
            "template": templates.outward(body["template"]),
            "traffic": [_target_out(one) for one in body["traffic"]],
        },
        "status": _status(body),
    }


def _status(body: Body) -> Body:
    inner = [objects.condition(kind, find(body, kind)) for kind in ("ConfigurationsReady", "RoutesReady")]
    return without(
        {
            "observedGeneration": int(body.get("observedGeneration", 0)) or None,
            "conditions": [objects.condition("Ready", body["terminalCondition"]), *inner],
            **_latest(body),
            "traffic": [_target_out(one) for one in body.get("trafficStatuses", [])],
            "url": body["uri"],
            "address": {"url": body["uri"]},
        }
    )


def _latest(body: Body) -> Body:
    return {
        "latestCreatedRevisionName": body.get("latestCreatedRevision", "").rpartition("/")[2],
        "latestReadyRevisionName": body.get("latestReadyRevision", "").rpartition("/")[2],
    }


def revision(cloud: Cloud, name: str, body: Body) -> Body:
    """A v2 revision as a v1 Revision."""
    service = name.partition("/revisions/")[0]
    short, identity = RunName.of(service).name, name.rpartition("/")[2]
    active = identity in traffic.serving(cloud.store.get(API, service) or {})
    template = templates.outward(body)
    labels = {
        "serving.knative.dev/service": short,
        "serving.knative.dev/configuration": short,
        "serving.knative.dev/configurationGeneration": body["annotations"].get(
            "serving.knative.dev/configurationGeneration", ""
        ),
    }
    annotations = {CREATOR: body.get("creator", ""), **template["metadata"].get("annotations", {})}
    conditions = [objects.condition(one["type"], one) for one in body["conditions"]]
    conditions.insert(
        1, {"type": "Active", "status": "True" if active else "False", **({} if active else {"reason": "Retired"})}
    )
    digest = next((one["imageDigest"] for one in body.get("containerStatuses", ())), "")
    status: dict[str, Any] = {
        "conditions": conditions,
        "imageDigest": digest,
        "serviceName": short,
        "observedGeneration": 1,
    }
    return {
        "apiVersion": SERVING,
        "kind": "Revision",
        "metadata": objects.metadata(cloud, name, body, SERVING, labels, annotations),
        "spec": template["spec"],
        "status": without(status),
    }


def route(cloud: Cloud, name: str, body: Body) -> Body:
    """A service's route."""
    whole = shown(cloud, name, body)
    ready = {**find(body, "RoutesReady")}
    status = {key: whole["status"].get(key) for key in ("observedGeneration", "traffic", "url", "address")}
    return {
        "apiVersion": SERVING,
        "kind": "Route",
        "metadata": whole["metadata"] | {"selfLink": whole["metadata"]["selfLink"].replace("/services/", "/routes/")},
        "spec": {"traffic": whole["spec"]["traffic"]},
        "status": without(status | {"conditions": [objects.condition("Ready", ready)]}),
    }


def configuration(cloud: Cloud, name: str, body: Body) -> Body:
    """A service's configuration."""
    whole = shown(cloud, name, body)
    ready = {**find(body, "ConfigurationsReady")}
    link = whole["metadata"]["selfLink"].replace("/services/", "/configurations/")
    status = {"observedGeneration": whole["status"].get("observedGeneration"), **_latest(body)}
    return {
        "apiVersion": SERVING,
        "kind": "Configuration",
        "metadata": whole["metadata"] | {"selfLink": link},
        "spec": {"template": whole["spec"]["template"]},
        "status": without(status | {"conditions": [objects.condition("Ready", ready)]}),
    }
