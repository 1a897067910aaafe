"""The sinks that every project has from the start: _Default and _Required.

Sources: https://cloud.google.com/logging/docs/store-log-entries, https://cloud.google.com/logging/docs/routing/overview.
"""

from __future__ import annotations

from localcloud.engine import paging, standard
from localcloud.engine.exchange import Reply
from localcloud.engine.service import Body, Call, Handler, Resource
from localcloud.errors import invalid
from localcloud.services.logging.sinks import FILTERS, REQUIRED


def list_sinks(call: Call, sink: Resource) -> Body:
    """sinks.list, including the built-in ones."""
    size = paging.size(call.params.get("pageSize"), sink.page_size, sink.max_page_size)
    after = paging.after(call.params.get("pageToken", ""), call.path)
    stored = dict(call.cloud.store.list(call.service.api, call.parent, "sinks"))
    found = {name: body for name, body in (_sinks(call.parent) | stored).items() if name > after}
    page, more = paging.cut(sorted(found.items()), size, lambda pair: pair[0], call.path)
    return {"sinks": [standard.shown(call, sink, name, body) for name, body in page], **more} if page else {}


def get_sink(call: Call, sink: Resource) -> Body:
    """sinks.get, also for a built-in one."""
    built_in = _sinks(call.parent).get(call.name)
    if built_in is None or call.cloud.store.get(call.service.api, call.name) is not None:
        return standard.get(call, sink)
    return standard.shown(call, sink, call.name, built_in)


def changing(verb: Handler) -> Handler:
    """A verb that makes or changes a sink: _Default is there to be changed, and _Required is as it is."""

    def run(call: Call) -> Body | Reply:
        name = f"{call.parent}/sinks/{call.body.get('name', '')}" if call.method.verb == "create" else call.name
        built_in = _sinks(call.parent).get(name)
        if built_in is not None and call.cloud.store.get(call.service.api, name) is None:
            if name.endswith(REQUIRED) and call.method.verb in {"patch", "update"}:
                raise invalid(f"The sink {REQUIRED} cannot be changed.", "sink_name")
            call.cloud.store.insert(call.service.api, name, built_in)
        return verb(call)

    return run


def kept(call: Call, _body: Body) -> None:
    """400 for the delete of a sink that every project has: _Default can be disabled, but not deleted."""
    if call.id in FILTERS:
        raise invalid(f"The sink {call.id} cannot be deleted.", "sink_name")


def _sinks(project: str) -> dict[str, Body]:
    return {
        f"{project}/sinks/{name}": {
            "name": f"{project}/sinks/{name}",
            "destination": f"logging.googleapis.com/{project}/locations/global/buckets/{name}",
            "filter": text,
        }
        for name, text in FILTERS.items()
    }
