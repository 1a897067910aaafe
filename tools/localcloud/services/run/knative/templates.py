"""Converts containers, volumes and templates between v1 and v2."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.engine.service import Body
from localcloud.errors import invalid
from localcloud.spec import json_text

_SCALE = {
    "autoscaling.knative.dev/maxScale": "maxInstanceCount",
    "autoscaling.knative.dev/minScale": "minInstanceCount",
}
_BOOST, _THROTTLING = "run.googleapis.com/startup-cpu-boost", "run.googleapis.com/cpu-throttling"
_ENVIRONMENT, _AFFINITY = "run.googleapis.com/execution-environment", "run.googleapis.com/sessionAffinity"
_DEPENDENCIES = "run.googleapis.com/container-dependencies"
_CLIENT, _CLIENT_VERSION = "run.googleapis.com/client-name", "run.googleapis.com/client-version"
_LIFTED = frozenset({*_SCALE, _BOOST, _THROTTLING, _ENVIRONMENT, _AFFINITY, _DEPENDENCIES, _CLIENT, _CLIENT_VERSION})
_SAME = (
    "image",
    "name",
    "command",
    "args",
    "workingDir",
    "ports",
    "volumeMounts",
    "startupProbe",
    "livenessProbe",
    "readinessProbe",
)
_ENVIRONMENTS = {"gen1": "EXECUTION_ENVIRONMENT_GEN1", "gen2": "EXECUTION_ENVIRONMENT_GEN2"}
_GCS = "gcsfuse.run.googleapis.com"


def without(body: Mapping[str, Any]) -> Body:
    """A body without empty fields."""
    return {key: value for key, value in body.items() if value not in ({}, [], "", None)}


def whole(text: str, field: str) -> int:
    """An integer from an annotation, which v1 keeps as text; 400 if it is not one."""
    try:
        return int(text)
    except ValueError:
        raise invalid(f"{field}: {text!r} is not an integer.", field) from None


def inward(template: Mapping[str, Any]) -> Body:
    """A v1 RevisionTemplate as a v2 template."""
    metadata, spec = template.get("metadata", {}), template.get("spec", {})
    annotations = metadata.get("annotations", {})
    scaling = {field: whole(annotations[key], key) for key, field in _SCALE.items() if annotations.get(key)}
    body: Body = {
        "revision": metadata.get("name", ""),
        "labels": dict(metadata.get("labels", {})),
        "annotations": {key: value for key, value in annotations.items() if key not in _LIFTED},
        "scaling": scaling,
        "executionEnvironment": _ENVIRONMENTS.get(annotations.get(_ENVIRONMENT, ""), ""),
        "serviceAccount": spec.get("serviceAccountName", ""),
        "timeout": f"{spec['timeoutSeconds']}s" if spec.get("timeoutSeconds") else "",
        "maxInstanceRequestConcurrency": spec.get("containerConcurrency") or None,
        "containers": containers_in(spec, annotations),
        "volumes": [_volume_in(one) for one in spec.get("volumes", [])],
        "client": annotations.get(_CLIENT, ""),
        "clientVersion": annotations.get(_CLIENT_VERSION, ""),
    }
    return without(body) | ({"sessionAffinity": True} if annotations.get(_AFFINITY, "").lower() == "true" else {})


def containers_in(spec: Mapping[str, Any], annotations: Mapping[str, str]) -> list[Body]:
    """The containers of a v1 spec as v2 containers; some of their settings are in the annotations."""
    try:
        order = json_text.read((annotations.get(_DEPENDENCIES) or "{}").encode())
    except ValueError:
        order = None
    lists = list(order.values()) if isinstance(order, dict) else [None]
    if any(not isinstance(names, list) or any(not isinstance(one, str) for one in names) for names in lists):
        raise invalid(f"{_DEPENDENCIES} must be a JSON object of lists of names.", _DEPENDENCIES)
    return [_container_in(one, annotations, order) for one in spec.get("containers", [])]


def _container_in(sent: Mapping[str, Any], annotations: Mapping[str, str], order: Mapping[str, list[str]]) -> Body:
    body = without({key: sent[key] for key in _SAME if key in sent})
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        if probe in body:
            body[probe] = {key: value for key, value in body[probe].items() if key not in {"successThreshold", "exec"}}
    resources: Body = {"limits": dict(sent.get("resources", {}).get("limits", {}))}
    resources["cpuIdle"] = annotations.get(_THROTTLING, "").lower() != "false"
    if annotations.get(_BOOST, "").lower() == "true":
        resources["startupCpuBoost"] = True
    env = [_variable_in(one) for one in sent.get("env", [])]
    return body | without(
        {"resources": without(resources), "env": env, "dependsOn": order.get(body.get("name", ""), [])}
    )


def _variable_in(sent: Mapping[str, Any]) -> Body:
    reference = sent.get("valueFrom", {}).get("secretKeyRef")
    if reference is None:
        return {"name": sent.get("name", ""), "value": sent.get("value", "")}
    secret = reference.get("name") or reference.get("localObjectReference", {}).get("name", "")
    return {
        "name": sent.get("name", ""),
        "valueSource": {"secretKeyRef": {"secret": secret, "version": reference.get("key", "latest")}},
    }


def _volume_in(sent: Mapping[str, Any]) -> Body:
    body: Body = {"name": sent.get("name", "")}
    if "secret" in sent:
        secret = sent["secret"]
        items = [
            without({"version": one.get("key"), "path": one.get("path"), "mode": one.get("mode")})
            for one in secret.get("items", [])
        ]
        body["secret"] = without(
            {"secret": secret.get("secretName"), "items": items, "defaultMode": secret.get("defaultMode")}
        )
    elif "emptyDir" in sent:
        given = sent["emptyDir"]
        body["emptyDir"] = without({"medium": given.get("medium", "").upper(), "sizeLimit": given.get("sizeLimit")})
    elif "csi" in sent:
        if sent["csi"].get("driver") != _GCS:
            raise invalid(f"The driver {sent['csi'].get('driver')!r} is not one of Cloud Run's.", "volumes.csi.driver")
        attributes = sent["csi"].get("volumeAttributes", {})
        options = [one for one in attributes.get("mountOptions", "").split(",") if one]
        given = {"bucket": attributes.get("bucketName", ""), "mountOptions": options}
        body["gcs"] = without(given) | ({"readOnly": True} if sent["csi"].get("readOnly") else {})
    elif "nfs" in sent:
        body["nfs"] = dict(sent["nfs"])
    return body


def outward(body: Mapping[str, Any]) -> Body:
    """A v2 template, or revision, as a v1 RevisionTemplate."""
    annotations = dict(body.get("annotations", {}))
    scaling = body.get("scaling", {})
    annotations |= {key: str(scaling[field]) for key, field in _SCALE.items() if scaling.get(field)}
    annotations |= annotations_out(body)
    if body.get("sessionAffinity"):
        annotations[_AFFINITY] = "true"
    metadata = without({"name": body.get("revision", ""), "labels": body.get("labels", {}), "annotations": annotations})
    spec = {
        "containerConcurrency": body.get("maxInstanceRequestConcurrency"),
        "timeoutSeconds": int(body["timeout"][:-1]) if "timeout" in body else None,
        "serviceAccountName": body.get("serviceAccount"),
        **containers_out(body),
    }
    return {"metadata": metadata, "spec": without(spec)}


def annotations_out(body: Mapping[str, Any]) -> dict[str, str]:
    """The annotations in which v1 keeps some settings of a template's containers and client."""
    annotations: dict[str, str] = {}
    resources = [one.get("resources", {}) for one in body["containers"]]
    if any(one.get("startupCpuBoost") for one in resources):
        annotations[_BOOST] = "true"
    if any(one.get("cpuIdle") is False for one in resources):
        annotations[_THROTTLING] = "false"
    order = {one["name"]: one["dependsOn"] for one in body["containers"] if one.get("dependsOn")}
    if order:
        annotations[_DEPENDENCIES] = json.dumps(order)
    environments = {value: key for key, value in _ENVIRONMENTS.items()}
    if body.get("executionEnvironment") in environments:
        annotations[_ENVIRONMENT] = environments[body["executionEnvironment"]]
    annotations |= without({_CLIENT: body.get("client"), _CLIENT_VERSION: body.get("clientVersion")})
    return annotations


def containers_out(body: Mapping[str, Any]) -> Body:
    """A v2 template's containers and volumes, for a v1 spec."""
    return without(
        {
            "containers": [_container_out(one) for one in body["containers"]],
            "volumes": [_volume_out(one) for one in body.get("volumes", [])],
        }
    )


def _container_out(body: Mapping[str, Any]) -> Body:
    container = {key: body[key] for key in _SAME if key in body}
    env = [_variable_out(one) for one in body.get("env", [])]
    return container | without({"resources": {"limits": body["resources"]["limits"]}, "env": env})


def _variable_out(body: Mapping[str, Any]) -> Body:
    reference = body.get("valueSource", {}).get("secretKeyRef")
    if reference is None:
        return without(body)
    selector = {"name": reference["secret"], "key": reference.get("version") or "latest"}
    return {"name": body["name"], "valueFrom": {"secretKeyRef": selector}}


def _volume_out(body: Mapping[str, Any]) -> Body:
    volume: Body = {"name": body["name"]}
    if "secret" in body:
        secret = body["secret"]
        items = [
            without({"key": one.get("version"), "path": one.get("path"), "mode": one.get("mode")})
            for one in secret.get("items", [])
        ]
        volume["secret"] = without(
            {"secretName": secret["secret"], "items": items, "defaultMode": secret.get("defaultMode")}
        )
    elif "gcs" in body:
        gcs = body["gcs"]
        attributes = without({"bucketName": gcs["bucket"], "mountOptions": ",".join(gcs.get("mountOptions", []))})
        volume["csi"] = {"driver": _GCS, "readOnly": bool(gcs.get("readOnly")), "volumeAttributes": attributes}
    elif "emptyDir" in body:
        given = body["emptyDir"]
        volume["emptyDir"] = without(
            {"medium": given.get("medium", "").capitalize(), "sizeLimit": given.get("sizeLimit")}
        )
    elif "nfs" in body:
        volume["nfs"] = body["nfs"]
    return volume
