"""Eventually consistent lists: they lack what was just created and still show what was just deleted, if the profile says so."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from localcloud.engine.exchange import Reply
from localcloud.engine.service import Body, Call, Handler
from localcloud.errors import CloudError

_MAKING = {"create", "undelete"}


def answered(call: Call, handle: Handler, get: Handler | None) -> Body | Reply:
    """A call's answer under a profile; `get` reads the resource that the call's URL names."""
    lateness, api = call.cloud.lateness, call.service.api
    profile = lateness.profile
    seconds = profile.list_of(api) if profile else 0
    if call.method.verb == "list":
        return _late(call, handle(call), seconds)
    former = _former(call, get) if call.method.http == "DELETE" and get and seconds else None
    result = handle(call)
    created = {} if isinstance(result, Reply) else result.get("response", result)
    if call.method.verb in _MAKING and (name := str(created.get("name", ""))):
        lateness.note("made", api, call.cloud.projects.named(name))
    if former:
        lateness.note("gone", api, call.path.rpartition("/")[0], former)
    return result


def _late(call: Call, result: Body | Reply, seconds: float) -> Body | Reply:
    key = _items(call)
    if isinstance(result, Reply) or not key or not seconds:
        return result
    cloud, api = call.cloud, call.service.api
    visible = [
        item
        for item in result.get(key, ())
        if not cloud.lateness.fresh(
            api, cloud.projects.named(str(item.get("name", ""))), lambda profile: profile.list_of(api)
        )
    ]
    names = {item.get("name") for item in result.get(key, ())}
    if "nextPageToken" not in result:
        wanted = "/".join("*" if word == "-" else word for word in call.path.split("/"))
        ghosts = cloud.lateness.gone(api, seconds)
        visible += [body for place, body in ghosts if fnmatchcase(place, wanted) and body.get("name") not in names]
    rest = {name: value for name, value in result.items() if name != key}
    return ({key: visible} if visible else {}) | rest


def _items(call: Call) -> str:
    """The field of a list's answer that holds the things; "" when there is no such field, or they have no names."""
    fields: Mapping[str, Any] = call.schema(call.method.response).get("properties", {})
    return next((name for name, field in fields.items() if "$ref" in field.get("items", {})), "")


def _former(call: Call, get: Handler) -> Body | None:
    try:
        body = get(call)
    except CloudError:
        return None
    return None if isinstance(body, Reply) else body
