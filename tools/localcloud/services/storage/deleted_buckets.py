"""Soft-deleted buckets: kept with their policies and soft-deleted objects until their retention ends.

While it is deleted, everything of a bucket lies under the name "bucket@generation", which no bucket can have.
Source: cloud.google.com/storage/docs/soft-delete.
"""

from __future__ import annotations

from datetime import timedelta

from localcloud.engine import gate, paging
from localcloud.engine.cloud import Cloud
from localcloud.engine.exchange import Reply
from localcloud.engine.service import Body, Call
from localcloud.services.storage import access, answers, lifecycle, policies, refusals, rows
from localcloud.services.storage.listing import MOST
from localcloud.services.storage.rows import Bucket
from localcloud.services.storage.times import rfc3339

API = "storage"
_COLLECTION = "deletedBuckets"
PURGE = "bucket purge"


def keep(call: Call, bucket: Bucket) -> None:
    """Stores a bucket before its deletion: its resource, its policies, its soft-deleted objects."""
    now = call.cloud.clock.now()
    ends = now + timedelta(seconds=bucket.soft_delete_seconds)
    facts = bucket.facts | {"softDeleteTime": rfc3339(now), "hardDeleteTime": rfc3339(ends)}
    name = _kept_name(bucket)
    call.cloud.store.insert(API, f"{_COLLECTION}/{name}", {"project": bucket.project, "facts": facts})
    call.cloud.due.after(API, PURGE, name, bucket.soft_delete_seconds)
    rows.rename_objects(call.cloud.store, bucket.name, name)
    _move_policy(call, bucket.name, name)


def get(call: Call) -> Body:
    """storage.buckets.get with softDeleted"""
    if "generation" not in call.params:
        raise refusals.required("generation")
    bucket = _found(call)
    resource = access.bucket_resource(_kept_name(bucket))
    if not call.cloud.iam.allowed(call.principal, "storage.buckets.get", "storage", resource, bucket.project):
        raise gate.refusal(call, "storage.buckets.get", resource)
    return answers.bucket(call, bucket)


def list_(call: Call, project: str) -> Body:
    """storage.buckets.list with softDeleted"""
    limit = paging.size(call.params.get("maxResults"), MOST, MOST)
    prefix, question = call.params.get("prefix", ""), f"deleted buckets of {project}"
    after = paging.after(call.params.get("pageToken", ""), question)
    kept = call.cloud.store.list(API, "", _COLLECTION)
    mine = [(_kept_name(one), one) for one in (_bucket(body) for _, body in kept) if one.project == project]
    matching = [(name, one) for name, one in mine if name > after and name.startswith(prefix)]
    page, more = paging.cut(matching, limit, lambda pair: pair[0], question)
    items = {"items": [answers.bucket(call, one) for _, one in page]} if page else {}
    return {"kind": "storage#buckets", **items, **more}


def restore(call: Call) -> Reply:
    """storage.buckets.restore: the bucket as it was; its objects are restored one by one"""
    bucket = _found(call)
    access.require_in_project(call, bucket.project, "storage.buckets.restore")
    store, now = call.cloud.store, call.cloud.clock.now()
    if rows.find_bucket(store, bucket.name) is not None:
        raise refusals.bucket_is_taken()
    gone = ("softDeleteTime", "hardDeleteTime")
    facts = {field: value for field, value in bucket.facts.items() if field not in gone}
    store.delete(API, f"{_COLLECTION}/{_kept_name(bucket)}")
    call.cloud.due.forget(API, _kept_name(bucket))
    restored = rows.add_bucket(store, bucket.project, facts | {"updated": rfc3339(now)})
    lifecycle.schedule(call.cloud, restored.name)
    rows.rename_objects(store, _kept_name(bucket), bucket.name)
    _move_policy(call, _kept_name(bucket), bucket.name)
    policies.write_lists(call, restored)
    return answers.bucket_reply(call, restored)


def _kept_name(bucket: Bucket) -> str:
    return f"{bucket.name}@{bucket.facts['generation']}"


def _bucket(body: Body) -> Bucket:
    return rows.as_bucket(body["facts"], body["project"])


def _found(call: Call) -> Bucket:
    body = call.cloud.store.get(API, f"{_COLLECTION}/{call.params['bucket']}@{call.params['generation']}")
    if body is None:
        raise refusals.no_bucket()
    return _bucket(body)


def purged(cloud: Cloud, name: str, _moment: float) -> None:
    """Purges a deleted bucket at the end of its retention."""
    cloud.store.delete(API, f"{_COLLECTION}/{name}")
    rows.remove_bucket(cloud.store, name)
    cloud.iam.forget(API, access.bucket_resource(name))


def _move_policy(call: Call, name: str, new: str) -> None:
    iam = call.cloud.iam
    policy = iam.policy(API, access.bucket_resource(name))
    iam.forget(API, access.bucket_resource(name))
    iam.write(API, access.bucket_resource(new), {key: value for key, value in policy.items() if key != "etag"})
