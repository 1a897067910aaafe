"""Endpoints, and the models deployed on them with their shares of the traffic; serving.py runs them."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

from localcloud.engine import lro, standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.exchange import Reply
from localcloud.engine.jobs import Job
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import CloudError, failed_precondition, invalid
from localcloud.services.aiplatform import answers, machines, model_servers, models, names, serving, specs
from localcloud.services.aiplatform.names import API
from localcloud.spec import json_text

DEPLOY = "deploy"
_NEW = "0"
_RESOURCES = ("dedicatedResources", "automaticResources")


def completed(call: Call, body: Body) -> Body:
    """A new endpoint, validated and completed."""
    names.check_place(call)
    names.check_described(body, "endpoint", "endpoint")
    return {key: value for key, value in body.items() if key not in {"trafficSplit", "deployedModels"}}


def changed(_call: Call, old: Body, new: Body) -> Body:
    """A changed endpoint, validated."""
    names.check_described(new, "endpoint", "endpoint")
    if new.get("trafficSplit") != old.get("trafficSplit"):
        _check_split(new.get("trafficSplit", {}), [one["id"] for one in new.get("deployedModels", [])])
    return new


def deleted(_call: Call, body: Body) -> None:
    """400 for deleting an endpoint with deployed models."""
    if body.get("deployedModels"):
        raise failed_precondition(
            f'Endpoint "{body["name"].rpartition("/")[2]}" has deployed or being-deployed DeployedModel(s); undeploy them first.'
        )


def update(call: Call) -> Body:
    """endpoints.update: like patch, but returns an operation."""
    method = call.document.methods[f"{call.method.id.rpartition('.')[0]}.patch"]
    body = standard.patch(call._replace(method=method, body=call.body.get("endpoint", {})), ENDPOINT)
    return answers.finished(call, "UpdateEndpointOperationMetadata", body, "Endpoint")


def deploy(call: Call) -> Body:
    """endpoints.deployModel: starts to serve a model; "0" in the traffic split refers to it."""
    endpoint = _endpoint(call)
    sent = call.body.get("deployedModel", {})
    if not sent.get("model"):
        raise invalid("deployed_model.model is required.", "deployed_model.model")
    named = call.cloud.projects.named(sent["model"])
    if not names.seen(call, named, "aiplatform.models.get"):
        raise names.absent(call.cloud, "Model", named)
    model = models.found(call.cloud, named)
    kinds = [name for name in _RESOURCES if name in sent]
    if len(kinds) != 1:
        raise invalid("deployed_model needs dedicated_resources or automatic_resources.", "deployed_model")
    identity = sent.get("id") or str(uuid.uuid4().int % 10**19)
    if any(one["id"] == identity for one in endpoint.get("deployedModels", [])):
        raise invalid(f"The endpoint already has a deployed model {identity}.", "deployed_model.id")
    account = specs.checked_account(call, sent["serviceAccount"]) if sent.get("serviceAccount") else ""
    deployed = {
        "displayName": model["displayName"],
        **sent,
        **({"serviceAccount": account} if account else {}),
        "id": identity,
        "model": f"{model['name']}@{model['versionId']}",
        "modelVersionId": model["versionId"],
        "createTime": call.cloud.clock.rfc3339(),
    }
    machines.of(serving.machine_spec(deployed), "deployed_model.dedicated_resources.machine_spec")
    split = {identity if key == _NEW else key: share for key, share in call.body.get("trafficSplit", {}).items()}
    if not split and not endpoint.get("deployedModels"):
        split = {identity: 100}
    if split:
        _check_split(split, [identity, *(one["id"] for one in endpoint.get("deployedModels", []))])
    return lro.started(
        call,
        DEPLOY,
        {"endpoint": call.name, "deployed": deployed, "split": split},
        kind=answers.full(call, "DeployModelResponse"),
        metadata=answers.metadata(call, "DeployModelOperationMetadata"),
    )


async def carried_out(cloud: Cloud, job: Job) -> None:
    """The worker for a deployment: starts to serve the model, then adds it to the endpoint."""
    endpoint, deployed = job.body["endpoint"], job.body["deployed"]
    running = await serving.begin(cloud, job.commits, endpoint, deployed)
    async with model_servers.ended_on_failure(running):
        await job.write(partial(_deployed, cloud, job, endpoint, deployed))


def _deployed(cloud: Cloud, job: Job, endpoint: str, deployed: Body) -> None:
    body = cloud.store.get(API, endpoint)
    if body is None:
        raise names.absent(cloud, "Endpoint", endpoint)
    body["deployedModels"] = [*body.get("deployedModels", []), deployed]
    if job.body["split"]:
        body["trafficSplit"] = job.body["split"]
    cloud.store.put(API, endpoint, body | {"updateTime": cloud.clock.rfc3339()})
    cloud.operations.done(API, job.operation, {"deployedModel": names.shown(cloud, deployed)})


def undeploy(call: Call) -> Body:
    """endpoints.undeployModel: stops a model; the other models' traffic must add up to 100 without it."""
    endpoint = _endpoint(call)
    identity = call.body.get("deployedModelId", "")
    undeployed = next((one for one in endpoint.get("deployedModels", []) if one["id"] == identity), None)
    if undeployed is None:
        raise invalid(f'The endpoint has no deployed model "{identity}".', "deployed_model_id")
    rest = [one for one in endpoint["deployedModels"] if one["id"] != identity]
    split = call.body.get("trafficSplit") or endpoint.get("trafficSplit", {})
    split = {key: share for key, share in split.items() if key != identity}
    if rest and sum(split.values()) != 100:
        raise invalid(
            "The traffic_split must add up to 100 without the undeployed model; send a new one.",
            "traffic_split",
        )
    body = endpoint | {"deployedModels": rest, "trafficSplit": split if rest else {}}
    call.cloud.store.put(API, call.name, body | {"updateTime": call.cloud.clock.rfc3339()})
    serving.end(call.cloud, call.name, undeployed)
    return answers.finished(call, "UndeployModelOperationMetadata", {}, "UndeployModelResponse")


def predict(call: Call) -> Reply:
    """endpoints.predict: predictions for instances, by a model picked by the traffic split."""
    deployed = _picked(call)
    if not call.body.get("instances"):
        raise invalid("instances: at least one instance is required.", "instances")
    sent = json.dumps({key: call.body[key] for key in ("instances", "parameters") if key in call.body}).encode()
    about = _about(call, deployed)

    async def later() -> Reply:
        answer = await serving.ask(call.cloud, call.name, deployed, sent, "application/json")
        if answer.status >= 400:
            raise serving.refused(answer)
        try:
            assert isinstance(answer.body, bytes)
            parsed = json_text.read(answer.body)
            return Reply(body={"predictions": parsed["predictions"], **about})
        except (ValueError, KeyError, TypeError):
            raise CloudError(
                400, "FAILED_PRECONDITION", 'The model server did not return a JSON object with "predictions".'
            ) from None

    return Reply(later=later)


def raw_predict(call: Call) -> Reply:
    """endpoints.rawPredict: passes the request's body to the model, and its response back, unchanged."""
    deployed = _picked(call)
    content = call.content
    sent, kind = (content.read(), content.type) if content else (b"", "application/json")

    async def later() -> Reply:
        answer = await serving.ask(call.cloud, call.name, deployed, sent, kind)
        if answer.status >= 400:
            raise serving.refused(answer)
        headers = {
            "x-vertex-ai-endpoint-id": call.name.rpartition("/")[2],
            "x-vertex-ai-deployed-model-id": deployed["id"],
        }
        return Reply(answer.status, answer.body, {**answer.headers, **headers})

    return Reply(later=later)


def presented(cloud: Cloud, body: Body) -> Body:
    """An endpoint as clients see it."""
    shown = names.shown(cloud, body)
    deployed = [names.shown(cloud, one) for one in body.get("deployedModels", [])]
    return shown | ({"deployedModels": deployed} if deployed else {})


def _about(call: Call, deployed: Body) -> Mapping[str, Any]:
    name, _, version = deployed["model"].partition("@")
    return {
        "deployedModelId": deployed["id"],
        "model": call.cloud.projects.numbered(name),
        "modelDisplayName": deployed["displayName"],
        "modelVersionId": version,
    }


def _picked(call: Call) -> Body:
    """The deployed model that serves this request."""
    endpoint = _endpoint(call)
    split = endpoint.get("trafficSplit", {})
    by_id = {one["id"]: one for one in endpoint.get("deployedModels", [])}
    shares = {key: share for key, share in split.items() if key in by_id and share}
    if not shares:
        raise failed_precondition(
            f"Endpoint {call.cloud.projects.numbered(call.name)} has no deployed model with traffic."
        )
    chosen = random.choices(list(shares), list(shares.values()))[0]  # noqa: S311 - not for security
    deployed: Body = by_id[chosen]
    return deployed


def _endpoint(call: Call) -> Body:
    body = call.cloud.store.get(API, call.name)
    if body is None:
        raise names.absent(call.cloud, "Endpoint", call.name)
    return body


def _check_split(split: Mapping[str, int], known: list[str]) -> None:
    if strangers := sorted(set(split) - set(known)):
        raise invalid(
            f"traffic_split names {', '.join(strangers)}, which is not deployed on this endpoint.", "traffic_split"
        )
    if any(share < 0 for share in split.values()) or (split and sum(split.values()) != 100):
        raise invalid("The values of traffic_split must add up to 100.", "traffic_split")


ENDPOINT = Resource(
    kind="Endpoint",
    id_param="endpointId",
    id_rule=r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?|[0-9]{1,19}",
    complete=completed,
    changed=changed,
    present=presented,
    delete=deleted,
    missing='The Endpoint "{numbered}" does not exist.',
)
