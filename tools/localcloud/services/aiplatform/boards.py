"""TensorBoards with their experiments and runs."""

from __future__ import annotations

import uuid

from localcloud.engine import standard
from localcloud.engine.service import Body, Call, Handler, Resource
from localcloud.errors import invalid
from localcloud.services.aiplatform import names

_MOST_RUNS = 1000


def completed(call: Call, body: Body) -> Body:
    """A new TensorBoard, validated and completed."""
    names.check_place(call)
    names.check_described(body, "TensorBoard", "tensorboard")
    number = call.cloud.projects.number(call.project or "")
    identity = body["name"].rpartition("/")[2]
    return {**body, "blobStoragePathPrefix": f"cloud-ai-platform-{uuid.uuid4()}/tensorboards/{number}/{identity}"}


def changed(_call: Call, _old: Body, new: Body) -> Body:
    """A changed TensorBoard, experiment or run, validated."""
    names.check_described(new, "TensorBoard", "tensorboard", needed="blobStoragePathPrefix" in new)
    return new


def part_completed(call: Call, body: Body) -> Body:
    """A new experiment or run, validated and completed."""
    kind = call.method.collection.rpartition(".")[2].removesuffix("s")
    names.check_described(body, kind, f"tensorboard_{kind}", needed=kind == "run")
    return body


def batch_create_runs(call: Call) -> Body:
    """runs.batchCreate: creates all the requested runs of an experiment, or none."""
    requests = call.body.get("requests", [])
    if not 1 <= len(requests) <= _MOST_RUNS:
        raise invalid(f"requests must have 1 to {_MOST_RUNS} entries.", "requests")
    runs = []
    for one in requests:
        params = {**call.params, "tensorboardRunId": one.get("tensorboardRunId", "")}
        method = call.document.methods[f"{call.method.id.rpartition('.')[0]}.create"]
        path = call.path.removesuffix(":batchCreate")
        single = call._replace(method=method, params=params, body=one.get("tensorboardRun", {}), path=path)
        runs.append(standard.create(single, RUN))
    return {"tensorboardRuns": runs}


def number() -> str:
    """A numeric id like those that Vertex AI generates."""
    return str(uuid.uuid4().int % 10**19)


def named(resource: Resource) -> Handler:
    """The create method for a resource whose id is optional."""

    def create(call: Call) -> Body:
        identity = call.params.get(resource.id_param) or number()
        return standard.create(call._replace(params={**call.params, resource.id_param: identity}), resource)

    return create


_ID = r"[a-z0-9][a-z0-9-]{0,127}"
TENSORBOARD = Resource(
    kind="Tensorboard",
    complete=completed,
    changed=changed,
    present=names.shown,
    missing='The Tensorboard "{numbered}" does not exist.',
)
EXPERIMENT = Resource(
    kind="TensorboardExperiment",
    id_param="tensorboardExperimentId",
    id_rule=_ID,
    complete=part_completed,
    changed=changed,
    present=names.shown,
    missing='The TensorboardExperiment "{numbered}" does not exist.',
)
RUN = Resource(
    kind="TensorboardRun",
    id_param="tensorboardRunId",
    id_rule=_ID,
    complete=part_completed,
    changed=changed,
    present=names.shown,
    missing='The TensorboardRun "{numbered}" does not exist.',
)
