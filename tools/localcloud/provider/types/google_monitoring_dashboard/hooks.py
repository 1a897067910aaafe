"""google_monitoring_dashboard: one attribute holds the whole dashboard as JSON."""

from __future__ import annotations

import json

from localcloud.provider import creation, requests, rest, stored
from localcloud.provider.creation import Creation
from localcloud.provider.hooks import Hooks
from localcloud.provider.values import Object
from localcloud.provider.work import Work


def create(work: Work, planned: Object) -> Object:
    """Sends the JSON; the dashboard's name is the id."""
    method = work.verb("create")
    body = json.loads(planned["dashboard_json"])
    answer = creation.insert(work, Creation(planned, body, requests.parent_params(work, method, planned)))
    return rest.complete(work, answer, planned | {"id": answer["name"]})


def update(work: Work, prior: Object, planned: Object) -> Object:
    """Sends all of the new JSON, with the etag of the one that it replaces."""
    body = json.loads(planned["dashboard_json"]) | {"etag": json.loads(prior["dashboard_json"]).get("etag")}
    method = work.verb("patch")
    answer = work.ask(method, requests.params(work, method, planned), body=body)
    return rest.complete(work, answer, planned)


def decode(work: Work, values: Object, _state: Object) -> Object:
    """The JSON is what the API answers, with its names, etag and defaults."""
    return values | {"dashboard_json": stored.read("json", work.answer)}


HOOKS = Hooks(create=create, update=update, decode=decode)
