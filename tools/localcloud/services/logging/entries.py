"""Log entries: written, listed by a filter, and deleted by log."""

from __future__ import annotations

import heapq
import json
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote, unquote

from localcloud.engine import gate, paging
from localcloud.engine.logs import FIRST, LAST, Mark
from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError, invalid, permission_denied
from localcloud.services.logging import buckets
from localcloud.spec import log_filters, timestamps

_MOST = 1000
_ORDERS = {"": False, "timestamp": False, "timestamp asc": False, "timestamp desc": True}
_LOG = re.compile(r"[A-Za-z0-9/_.-]{1,511}")
_AUDIT_LOGS = frozenset({"cloudaudit.googleapis.com", "externalaudit.googleapis.com"})
_PAYLOADS = ("textPayload", "jsonPayload", "protoPayload")


def write(call: Call) -> Body:
    """entries.write: stores the entries; the request's fields are defaults for all of them."""
    shared: Body = {name: call.body[name] for name in ("logName", "resource") if name in call.body}
    entries = [_completed(call, {**shared, **one}, at) for at, one in enumerate(call.body.get("entries", []))]
    for container in {_container(call, entry["logName"]) for entry in entries}:
        require(call, "logging.logEntries.create", container)
    if not call.body.get("dryRun"):
        for entry in entries:
            call.cloud.logs.write(_container(call, entry["logName"]), entry)
    return {}


def list_(call: Call) -> Body:
    """entries.list: a page of the entries that match the filter, by time."""
    names = call.body.get("resourceNames") or [f"projects/{one}" for one in call.body.get("projectIds", [])]
    if not names:
        raise invalid("The request names no resources; set resource_names.", "resource_names")
    containers = sorted({_container(call, name) for name in names})
    tests = [(_container(call, name), buckets.scope(call.cloud, call.cloud.projects.named(name))) for name in names]
    for container in containers:
        require(call, "logging.logEntries.list", container)
    order = call.body.get("orderBy", "")
    if order not in _ORDERS:
        raise invalid(f"Invalid order_by {order!r}: timestamp asc or timestamp desc.", "order_by")
    newest, text = _ORDERS[order], call.body.get("filter", "")
    test = log_filters.compiled(text)
    question = _question(names, text, newest=newest)
    size = paging.size(call.body.get("pageSize"), 50, _MOST)
    last = paging.after(call.body.get("pageToken", ""), question)
    entries: list[tuple[Mark, Body]] = []
    for mark, entry in _merged(call, containers, last, newest=newest):
        if test(entry) and any(entry["logName"].startswith(f"{one}/") and shows(entry) for one, shows in tests):
            entries.append((mark, entry))
        if len(entries) > size:
            break
    page, more = paging.cut(entries, size, lambda pair: json.dumps(pair[0]), question)
    return {"entries": [entry for _, entry in page], **more} if page else {}


def token_after(names: Sequence[str], text: str, mark: Mark) -> str:
    """The page token with which a list, oldest first, goes on after an entry."""
    return paging.token(json.dumps(mark), _question(names, text, newest=False))


def names(call: Call) -> Body:
    """logs.list: the names of the logs that have entries."""
    log_names = call.cloud.logs.names(call.name)
    return {"logNames": list(log_names)} if log_names else {}


def delete(call: Call) -> Body:
    """logs.delete: a log with all its entries."""
    project, _, log = call.path.partition("/logs/")
    if not call.cloud.logs.delete(project, f"{project}/logs/{log.replace('/', '%2F')}"):
        raise CloudError(404, "NOT_FOUND", f"Log {log} does not exist.")
    return {}


def require(call: Call, permission: str, container: str) -> None:
    """Refuses (403) callers without the permission in a project."""
    project = container.partition("/")[2]
    if not call.principal or not call.cloud.iam.allowed(call.principal, permission, "logging", container, project):
        raise gate.refusal(call, permission, container)


def _question(names: Sequence[str], text: str, *, newest: bool) -> str:
    return f"{sorted(names)} {newest} {text}"


def _merged(call: Call, containers: list[str], last: str, *, newest: bool) -> Iterator[tuple[Mark, Body]]:
    logs = call.cloud.logs
    if newest:
        streams = [logs.read(one, until=_mark(last) or LAST, newest=True) for one in containers]
    else:
        streams = [logs.read(one, since=_mark(last) or FIRST) for one in containers]
    yield from heapq.merge(*streams, key=lambda pair: pair[0], reverse=newest)


def _mark(text: str) -> Mark | None:
    if not text:
        return None
    moment, identity = json.loads(text)
    return int(moment), str(identity)


def _completed(call: Call, entry: Body, at: int) -> Body:
    if not entry.get("logName"):
        raise invalid(f"entries[{at}].log_name is missing.", f"entries[{at}].log_name")
    if not entry.get("resource", {}).get("type"):
        raise invalid(f"entries[{at}].resource is missing.", f"entries[{at}].resource")
    if sum(name in entry for name in _PAYLOADS) > 1:
        raise invalid(f"entries[{at}] has more than one payload.", f"entries[{at}]")
    labels = {**call.body.get("labels", {}), **entry.get("labels", {})}
    project = _container(call, entry["logName"]).partition("/")[2]
    resource = entry["resource"]
    resource = {**resource, "labels": {"project_id": project, **resource.get("labels", {})}}
    if "timestamp" in entry:
        try:
            timestamps.parse(entry["timestamp"])
        except ValueError:
            raise invalid(f"entries[{at}].timestamp is not an RFC 3339 time.", f"entries[{at}].timestamp") from None
    name = _log_name(call, entry["logName"], at)
    return {**entry, "logName": name, "resource": resource, **({"labels": labels} if labels else {})}


def _log_name(call: Call, sent: str, at: int) -> str:
    """A log's name in its one spelling; 400 for one that is not a name, 403 for an audit log, which Google's services alone write."""
    container, _, coded = call.cloud.projects.named(sent).partition("/logs/")
    log = unquote(coded)
    if not _LOG.fullmatch(log) or "/" in coded:
        raise invalid(
            f"entries[{at}].log_name: {sent[:200]!r} must be PROJECT/logs/LOG_ID, with up to 511 letters, digits, '/', '_', '-' and '.' in "
            "LOG_ID, which is URL-encoded.",
            f"entries[{at}].log_name",
        )
    if log.partition("/")[0] in _AUDIT_LOGS:
        raise permission_denied(
            f"entries[{at}].log_name: {log} is an audit log, which only Google Cloud services write."
        )
    return f"{container}/logs/{quote(log, safe='')}"


def _container(call: Call, name: str) -> str:
    """The project of a resource name, a view's or a log's name."""
    words = name.split("/")
    if words[0] != "projects" or len(words) < 2 or not words[1]:
        raise invalid(f"{name!r} is of no project; the local cloud keeps the logs of projects only.", "resource_names")
    return f"projects/{call.cloud.projects.id_of(words[1])}"
