"""Time series of a TensorBoard's runs: points are written by step, and read all or sampled.

Source: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.tensorboards.experiments.runs.timeSeries.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence

from localcloud.engine import paging, standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.exchange import Reply
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import invalid, not_found
from localcloud.services.aiplatform import boards, names
from localcloud.services.aiplatform.names import API

_KINDS = ("SCALAR", "TENSOR", "BLOB_SEQUENCE")
_VALUES = {"SCALAR": "scalar", "TENSOR": "tensor", "BLOB_SEQUENCE": "blobs"}
_MOST_SERIES, _MOST_POINTS = 1000, 10_000
_USUAL_POINTS = 1000
_LATEST_STEP = (1 << 63) - 1


def completed(_call: Call, body: Body) -> Body:
    """A new time series, validated."""
    names.check_described(body, "TensorboardTimeSeries", "tensorboard_time_series")
    if body.get("valueType") not in _KINDS:
        raise invalid(f"value_type must be one of {', '.join(_KINDS)}.", "tensorboard_time_series.value_type")
    return {**body, "metadata": {"maxStep": "0"}}


def changed(_call: Call, _old: Body, new: Body) -> Body:
    """A changed time series, validated."""
    names.check_described(new, "TensorboardTimeSeries", "tensorboard_time_series")
    return new


SERIES = Resource(
    kind="TensorboardTimeSeries",
    id_param="tensorboardTimeSeriesId",
    id_rule=r"[a-z0-9][a-z0-9-]{0,127}",
    complete=completed,
    changed=changed,
    present=names.shown,
    immutable=("valueType", "pluginName"),
    missing='The TensorboardTimeSeries "{numbered}" does not exist.',
)


def batch_create(call: Call) -> Body:
    """experiments.batchCreate: creates all the requested time series of an experiment's runs, or none."""
    requests = call.body.get("requests", [])
    if not 1 <= len(requests) <= _MOST_SERIES:
        raise invalid(f"requests must have 1 to {_MOST_SERIES} entries.", "requests")
    experiment = call.name
    method = call.document.methods[f"{call.method.id.rpartition('.')[0]}.runs.timeSeries.create"]
    created = []
    for one in requests:
        run = call.cloud.projects.named(one.get("parent", ""))
        if not run.startswith(f"{experiment}/runs/"):
            raise invalid(f"requests.parent must be a run of {experiment}.", "requests.parent")
        identity = one.get("tensorboardTimeSeriesId") or boards.number()
        params = {**call.params, "tensorboardTimeSeriesId": identity}
        body = one.get("tensorboardTimeSeries", {})
        created.append(
            standard.create(call._replace(method=method, params=params, body=body, path=f"{run}/timeSeries"), SERIES)
        )
    return {"tensorboardTimeSeries": created}


def write_run(call: Call) -> Body:
    """runs.write: writes points of a run's time series, replacing those of the same step; all of them, or none."""
    standard.existing(call, call.service.resources[call.method.collection])
    _write(call.cloud, call.name, call.body.get("timeSeriesData", []))
    return {}


def write_experiment(call: Call) -> Body:
    """experiments.write: like runs.write, for several runs."""
    standard.existing(call, call.service.resources[call.method.collection])
    for one in call.body.get("writeRunDataRequests", []):
        run = call.cloud.projects.named(one.get("tensorboardRun", ""))
        if not run.startswith(f"{call.name}/runs/"):
            raise invalid(f"{run or '(none)'} is not a run of {call.name}.", "write_run_data_requests.tensorboard_run")
        _write(call.cloud, run, one.get("timeSeriesData", []))
    return {}


def read(call: Call) -> Body:
    """timeSeries.read: the points by step, sampled evenly down to the requested number, and including the last one."""
    body = standard.existing(call, SERIES)
    if call.params.get("filter"):
        raise invalid("The local cloud does not support filters on time series.", "filter")
    most = call.params.get("maxDataPoints") or _USUAL_POINTS
    return {"timeSeriesData": _data(body, _taken(_points(call.cloud, body["name"]), most))}


def batch_read(call: Call) -> Body:
    """tensorboards.batchRead: the points of several time series."""
    series = []
    for text in call.params.get("timeSeries", []):
        name = call.cloud.projects.named(text)
        body = call.cloud.store.get(API, name)
        if body is None or not name.startswith(f"{call.name}/"):
            raise names.absent(call.cloud, "TensorboardTimeSeries", name)
        series.append(_data(body, _taken(_points(call.cloud, name), _USUAL_POINTS)))
    return {"timeSeriesData": series} if series else {}


def export(call: Call) -> Body:
    """timeSeries.exportTensorboardTimeSeries: all points, a page at a time."""
    body = standard.existing(call, SERIES)
    size = paging.size(call.body.get("pageSize"), _USUAL_POINTS, _MOST_POINTS)
    after = paging.after(call.body.get("pageToken", ""), body["name"])
    rows = call.cloud.store.list(API, body["name"], "points", after, size + 1)
    page: Body = {"timeSeriesDataPoints": [_without_bytes(point) for _, point in rows[:size]]} if rows else {}
    return page | ({"nextPageToken": paging.token(rows[size - 1][0], body["name"])} if len(rows) > size else {})


def size(call: Call) -> Body:
    """tensorboards.readSize: the size of the points, as stored JSON."""
    standard.existing(call, call.service.resources[call.method.collection])
    rows = call.cloud.store.sql(
        "SELECT sum(length(body)) FROM resources WHERE service = ? AND collection = 'points' AND name GLOB ?",
        *(API, f"{call.name}/*"),
    )
    ((total,),) = rows
    return {"storageSizeByte": str(total or 0)}


def read_blobs(call: Call) -> Reply:
    """timeSeries.readBlobData: the bytes of blobs, in a single chunk of the stream that Google returns."""
    body = standard.existing(call, SERIES)
    blobs = {blob["id"]: blob for point in _points(call.cloud, body["name"]) for blob in _blobs(point)}
    wanted = call.params.get("blobIds", [])
    if unknown := [one for one in wanted if one not in blobs]:
        raise not_found(f'The TensorboardBlob "{unknown[0]}" does not exist in {body["name"]}.')
    part = {"blobs": [blobs[one] for one in wanted]} if wanted else {}
    return Reply(body=json.dumps([part]))


def usage(call: Call) -> Body:
    """tensorboards.readUsage: who viewed it in its web app, by month; always empty, as there is no web app here."""
    standard.existing(call, call.service.resources[call.method.collection])
    return {}


def _blobs(point: Body) -> list[Body]:
    found: list[Body] = point.get("blobs", {}).get("values", [])
    return found


def _write(cloud: Cloud, run: str, data: Sequence[Body]) -> None:
    for one in data:
        name = f"{run}/timeSeries/{one.get('tensorboardTimeSeriesId', '')}"
        body = cloud.store.get(API, name)
        if body is None:
            raise names.absent(cloud, "TensorboardTimeSeries", name)
        if one.get("valueType", body["valueType"]) != body["valueType"]:
            raise invalid(f"value_type of {name} is {body['valueType']}.", "time_series_data.value_type")
        points = one.get("values", [])
        for point in points:
            named = [{"id": uuid.uuid4().hex, **blob} for blob in _blobs(point)]
            kept = {**point, "blobs": {"values": named}} if "blobs" in point else point
            cloud.store.put(API, f"{name}/points/{_step(point, body['valueType']):019d}", kept)
        if points:
            last = max(points, key=lambda point: int(point.get("step", 0)))
            step = max(int(last.get("step", 0)), int(body["metadata"]["maxStep"]))
            wall = max(*(point.get("wallTime", "") for point in points), body["metadata"].get("maxWallTime", ""))
            metadata = {"maxStep": str(step), **({"maxWallTime": wall} if wall else {})}
            cloud.store.put(API, name, {**body, "metadata": metadata})


def _step(point: Body, kind: str) -> int:
    field = _VALUES[kind]
    if field not in point:
        raise invalid(f"A point of a time series of {kind} needs {field}.", "time_series_data.values")
    step = int(point.get("step", 0))
    if not 0 <= step <= _LATEST_STEP:
        raise invalid(f"step must be from 0 to {_LATEST_STEP}; it is {step}.", "time_series_data.values.step")
    return step


def _points(cloud: Cloud, name: str) -> list[Body]:
    return [body for _, body in cloud.store.list(API, name, "points")]


def _taken(points: list[Body], most: int) -> list[Body]:
    """At most that many points (-1: all), sampled evenly from the end."""
    if most < 0 or len(points) <= most:
        return points
    return [points[len(points) - 1 - at * len(points) // most] for at in reversed(range(most))]


def _data(body: Body, points: Iterable[Body]) -> Body:
    identity = body["name"].rpartition("/")[2]
    values = [_without_bytes(point) for point in points]
    return {
        "tensorboardTimeSeriesId": identity,
        "valueType": body["valueType"],
        **({"values": values} if values else {}),
    }


def _without_bytes(point: Body) -> Body:
    """A point with only the ids of its blobs, whose bytes are read separately."""
    return {**point, "blobs": {"values": [{"id": one["id"]} for one in _blobs(point)]}} if "blobs" in point else point
