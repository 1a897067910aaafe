"""Log buckets and their views: a project's own, and _Default and _Required, which every project has.

Entries lie in the project; a bucket shows those that its sinks have brought it. Nothing is kept for longer or shorter because of a
bucket's retention (simulated).
Sources: https://cloud.google.com/logging/docs/store-log-entries, …/buckets, …/logs-views.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from localcloud.engine import paging, standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.logs import KEPT_DAYS, REQUIRED_DAYS
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import CloudError, failed_precondition, invalid, not_found
from localcloud.services.logging import sinks
from localcloud.services.logging.sinks import API, DEFAULT, REQUIRED
from localcloud.spec import log_filters

GONE = "_expireTime"
"""The field in which a deleted bucket keeps its end; it is not shown."""
_BUILT_IN: dict[str, Body] = {
    DEFAULT: {"description": "Default bucket", "retentionDays": KEPT_DAYS, "lifecycleState": "ACTIVE"},
    REQUIRED: {
        "description": "Audit bucket",
        "retentionDays": REQUIRED_DAYS,
        "lifecycleState": "ACTIVE",
        "locked": True,
    },
}
_ALL = "_AllLogs"
_LONGEST_DAYS = 3650
_SOURCE = re.compile(r'\bSOURCE\(\s*"([^"]*)"\s*\)', re.IGNORECASE)


def complete(_call: Call, body: Body) -> Body:
    """A new bucket in its stored form."""
    body = _with_retention(body) | {"lifecycleState": "ACTIVE"}
    _check(body)
    return body


def changed(call: Call, old: Body, new: Body) -> Body:
    """A changed bucket: what is locked, deleted or analysed stays so."""
    new = _with_retention(new)
    if call.method.verb != "undelete" and old["lifecycleState"] != "ACTIVE":
        raise failed_precondition(f"Bucket `{call.id}` is being deleted; undelete it first.")
    if old.get("locked") and (not new.get("locked") or new.get("retentionDays") != old["retentionDays"]):
        raise failed_precondition(f"Bucket `{call.id}` is locked: its retention cannot change, nor can it be unlocked.")
    if old.get("analyticsEnabled") and not new.get("analyticsEnabled"):
        raise invalid("Log analytics cannot be disabled once it is enabled.", "bucket.analytics_enabled")
    _check(new)
    return new


def presented(_cloud: Cloud, body: Body) -> Body:
    """A bucket as it is returned."""
    return {key: value for key, value in body.items() if key != GONE}


def list_buckets(call: Call, resource: Resource) -> Body:
    """buckets.list: the built-in ones are in the location "global"."""
    stored = dict(call.cloud.store.list(API, call.parent, "buckets"))
    everywhere = call.parent.rpartition("/")[2] in {"global", "-"}
    found = (_inherent(str(call.project)) if everywhere else {}) | stored
    return _page(call, resource, found, "buckets")


def get_bucket(call: Call, resource: Resource) -> Body:
    """buckets.get, also of a built-in one."""
    return standard.shown(call, resource, call.name, _bucket(call.cloud, call.name))


def changing(verb: Callable[[Call, Resource], Body]) -> Callable[[Call, Resource], Body]:
    """A verb that changes a bucket or what lies in it: a built-in one is there to be changed."""

    def run(call: Call, resource: Resource) -> Body:
        at = call.path.split("/")
        name = "/".join(at[: at.index("buckets") + 2])
        found = _bucket(call.cloud, name)
        if call.cloud.store.get(API, name) is None:
            call.cloud.store.insert(API, name, found)
        return verb(call, resource)

    return run


def delete(call: Call, resource: Resource) -> Body:
    """buckets.delete: it can be undeleted for 7 days."""
    if call.id in _BUILT_IN:
        raise invalid(f"Bucket `{call.id}` cannot be deleted.", "name")
    if _bucket(call.cloud, call.name)["lifecycleState"] == "ACTIVE":
        standard.delete(call, resource)
    return {}


def undelete(call: Call, resource: Resource) -> Body:
    """buckets.undelete"""
    standard.undelete(call, resource)
    return {}


def complete_view(_call: Call, body: Body) -> Body:
    """A new view, or a changed one: 400 for a filter that cannot be read."""
    view_test(body)
    return body


def list_views(call: Call, resource: Resource) -> Body:
    """views.list: every bucket has one of all its entries."""
    _bucket(call.cloud, call.parent)
    stored = dict(call.cloud.store.list(API, call.parent, "views"))
    return _page(call, resource, _inherent_views(call.parent) | stored, "views")


def get_view(call: Call, resource: Resource) -> Body:
    """views.get"""
    return standard.shown(call, resource, call.name, _view(call.cloud, call.name))


def own_view(verb: Callable[[Call, Resource], Body]) -> Callable[[Call, Resource], Body]:
    """A verb that changes or deletes a view: not those that a bucket has from the start."""

    def run(call: Call, resource: Resource) -> Body:
        if call.name in _inherent_views(call.parent):
            raise invalid(f"View `{call.id}` cannot be changed or deleted.", "name")
        return verb(call, resource)

    return run


def scope(cloud: Cloud, name: str) -> log_filters.Test:
    """Which entries of a project a bucket or view shows; all of them for other names. 404 where there is no such bucket or view."""
    bucket, view, _ = name.partition("/views/")
    if "/buckets/" not in bucket:
        return lambda _: True
    _bucket(cloud, bucket)
    brought = sinks.brings(cloud, bucket)
    shown = view_test(_view(cloud, name)) if view else (lambda _: True)
    return lambda entry: brought(entry) and shown(entry)


def view_test(view: Body) -> log_filters.Test:
    """Which entries of its bucket a view shows."""
    return log_filters.compiled(_SOURCE.sub(r'logName:"\1/"', view.get("filter", "")))


def _page(call: Call, resource: Resource, found: dict[str, Body], field: str) -> Body:
    size = paging.size(call.params.get("pageSize"), resource.page_size, resource.max_page_size)
    after = paging.after(call.params.get("pageToken", ""), call.path)
    rows = sorted((name, body) for name, body in found.items() if name > after)
    page, more = paging.cut(rows, size, lambda pair: pair[0], call.path)
    return {field: [standard.shown(call, resource, name, body) for name, body in page], **more} if page else {}


def _inherent(project: str) -> dict[str, Body]:
    place = f"projects/{project}/locations/global/buckets"
    return {f"{place}/{name}": {"name": f"{place}/{name}", **body} for name, body in _BUILT_IN.items()}


def _inherent_views(bucket: str) -> dict[str, Body]:
    views: dict[str, Body] = {f"{bucket}/views/{_ALL}": {}}
    if bucket.endswith(f"/{DEFAULT}"):
        views[f"{bucket}/views/{DEFAULT}"] = {"filter": 'NOT log_id("cloudaudit.googleapis.com/data_access")'}
    return {name: {"name": name, **body} for name, body in views.items()}


def _bucket(cloud: Cloud, name: str) -> Body:
    found = cloud.store.get(API, name) or _inherent(name.split("/")[1]).get(name)
    if found is None:
        raise not_found(f"Bucket `{name.rpartition('/')[2]}` does not exist")
    return found


def _view(cloud: Cloud, name: str) -> Body:
    bucket = name.partition("/views/")[0]
    _bucket(cloud, bucket)
    found = cloud.store.get(API, name) or _inherent_views(bucket).get(name)
    if found is None:
        raise CloudError(404, "NOT_FOUND", f"View `{name.rpartition('/')[2]}` does not exist")
    return found


def _with_retention(body: Body) -> Body:
    return {**body, "retentionDays": body.get("retentionDays") or KEPT_DAYS}


def _check(body: Body) -> None:
    if not 1 <= body["retentionDays"] <= _LONGEST_DAYS:
        raise invalid(f"The retention must be from 1 to {_LONGEST_DAYS} days.", "bucket.retention_days")
    paths = [one.get("fieldPath") for one in body.get("indexConfigs", [])]
    if None in paths or len(paths) != len(set(paths)) or len(paths) > 20:
        raise invalid("A bucket has at most 20 indexes, each of another field.", "bucket.index_configs")
