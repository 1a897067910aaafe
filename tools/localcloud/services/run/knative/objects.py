"""What all v1 objects share: metadata, conditions, label selectors, and the v2 names behind them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from localcloud.engine import paging
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call, Service
from localcloud.errors import CloudError, invalid, not_found
from localcloud.services.run.conditions import FAILED, SUCCEEDED
from localcloud.services.run.knative.templates import without
from localcloud.services.run.names import API, RunName
from localcloud.spec.discovery import document

LOCATION = "cloud.googleapis.com/location"
CREATOR, MODIFIER = "serving.knative.dev/creator", "serving.knative.dev/lastModifier"
SERVING, RUNNING = "serving.knative.dev/v1", "run.googleapis.com/v1"
_STATES = {SUCCEEDED: "True", FAILED: "False"}
_SELECTOR = re.compile(r"\s*(?P<key>[^\s=!,]+)\s*(?:(?P<sign>==?|!=)\s*(?P<value>[^\s,]*))?\s*")
Shown = Callable[[Cloud, str, Body], Body]
"""(cloud, full name, v2 body) -> the v1 object."""


def words(call: Call) -> list[str]:
    """The segments of a call's path after the API group: "namespaces", "p", "services", "s"."""
    return call.path.partition("/v1/")[2].split("/") if "/v1/" in call.path else call.path.split("/")


def project(call: Call) -> str | None:
    """The id of a v1 call's project."""
    segments = words(call)
    return (
        call.cloud.projects.id_of(segments[1])
        if len(segments) > 1 and segments[0] in {"namespaces", "projects"}
        else None
    )


def region(call: Call) -> str:
    """A call's region, from its path or its host; "-" for all regions."""
    segments = words(call)
    return segments[3] if segments[0] == "projects" and len(segments) > 3 else call.region or "-"


def full(call: Call, kind: str) -> str:
    """The v2 name of the service or job that a call refers to; 404 on a host without a region."""
    segments = words(call)
    if region(call) == "-":
        raise not_found(f"{segments[-1]} was not found: use a regional host, such as europe-west1-run.googleapis.com.")
    return f"projects/{project(call)}/locations/{region(call)}/{kind}/{segments[-1]}"


def among(call: Call, *kinds: str) -> str:
    """The v2 name of a revision, execution or task, of which v1 gives only the id; 404 if there is none."""
    identity = words(call)[-1]
    where = f"projects/{project(call)}/locations/{region(call)}"
    parent = "/".join([where, *(f"{kind}/-" for kind in kinds[:-1])])
    for name, _ in call.cloud.store.list(API, parent, kinds[-1]):
        if name.endswith(f"/{identity}"):
            return name
    raise absent(identity, kinds[-1])


def absent(identity: str, kind: str) -> CloudError:
    """The 404 with Knative's message."""
    return not_found(f"Resource '{identity}' of kind '{kind.removesuffix('s').upper()}' does not exist.")


def as_v2(call: Call, service: Service, method: str, name: str, body: Body | None = None, **params: Any) -> Call:
    """A call of a v2 method on a full name, by the same caller."""
    method_v2 = document(API, "v2").methods[f"{API}.projects.locations.{method}"]
    path = name.rpartition("/")[0] if method.endswith(".create") else name
    if call.params.get("dryRun") == "all":
        params["validateOnly"] = True
    return call._replace(service=service, method=method_v2, path=path, params=params, body=body or {})


def metadata(
    cloud: Cloud, name: str, body: Body, group: str, labels: Mapping[str, str], annotations: Mapping[str, str]
) -> Body:
    """An object's metadata."""
    place = RunName.of(name)
    number = str(cloud.projects.number(place.project))
    kind, identity = name.split("/")[-2:]
    return without(
        {
            "name": identity,
            "namespace": number,
            "selfLink": f"/apis/{group}/namespaces/{number}/{kind}/{identity}",
            "uid": body.get("uid"),
            "resourceVersion": str(body.get("etag", "")).strip('"'),
            "generation": int(body.get("generation", 1)),
            "creationTimestamp": body.get("createTime"),
            "labels": {**body.get("labels", {}), LOCATION: place.region, **labels},
            "annotations": {**body.get("annotations", {}), **annotations},
        }
    )


def condition(kind: str, body: Mapping[str, Any]) -> Body:
    """A v2 condition as a v1 condition."""
    reasons = (body.get(key, "") for key in ("reason", "revisionReason", "executionReason"))
    reason = next((one for one in reasons if one), "")
    return without(
        {
            "type": kind,
            "status": _STATES.get(body.get("state", ""), "Unknown"),
            "reason": "".join(word.capitalize() for word in reason.split("_")),
            "message": body.get("message", ""),
            "lastTransitionTime": body.get("lastTransitionTime"),
        }
    )


def listed(call: Call, kinds: Iterable[str], shown: Shown, group: str, kind: str) -> Body:
    """A page of the objects that match the label selector."""
    *parents, last = kinds
    where = f"projects/{project(call)}/locations/{region(call)}"
    parent = "/".join([where, *(f"{one}/-" for one in parents)])
    test = _selected(call.params.get("labelSelector", ""))
    objects = [shown(call.cloud, name, body) for name, body in call.cloud.store.list(API, parent, last)]
    items = [one for one in objects if test(one["metadata"].get("labels", {}))]
    question = f"{call.path}?{call.params.get('labelSelector', '')}"
    after = paging.after(call.params.get("continue", ""), question)
    items = [one for one in items if not after or one["metadata"]["selfLink"] > after]
    size = call.params.get("limit") or len(items)
    more = {"continue": paging.token(items[size - 1]["metadata"]["selfLink"], question)} if len(items) > size else {}
    return {"apiVersion": group, "kind": f"{kind}List", "metadata": more, "items": items[:size]}


def _selected(selector: str) -> Callable[[Mapping[str, str]], bool]:
    tests: list[tuple[str, str, str]] = []
    for part in selector.split(",") if selector.strip() else []:
        match = _SELECTOR.fullmatch(part)
        if match is None:
            raise invalid(f"The label selector {selector!r} is not valid.", "labelSelector")
        tests.append((match["key"], match["sign"] or "", match["value"] or ""))

    def test(labels: Mapping[str, str]) -> bool:
        return all(
            key in labels if not sign else (labels.get(key) == value) != (sign == "!=") for key, sign, value in tests
        )

    return test


def gone(call: Call, kind: str) -> Body:
    """The response to a delete."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Success",
        "metadata": {},
        "message": f"{kind} {words(call)[-1]} deleted.",
    }


def locked(call: Call, old: Body) -> None:
    """409 if the object has changed since it was read."""
    version = call.body.get("metadata", {}).get("resourceVersion", "")
    if version and version != str(old.get("etag", "")).strip('"'):
        raise CloudError(
            409, "ABORTED", "Conflict for resource: the object has changed since it was read; read it again and retry."
        )
