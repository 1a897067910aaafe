"""The methods of buckets.

Source: cloud.google.com/storage/docs/json_api/v1/buckets.
"""

from __future__ import annotations

from collections.abc import Callable

from localcloud.engine import paging
from localcloud.engine.exchange import Reply
from localcloud.engine.service import Body, Call
from localcloud.services.storage import (
    access,
    acl_entries,
    answers,
    bucket_fields,
    charges,
    deleted_buckets,
    lifecycle,
    policies,
    preconditions,
    refusals,
    rows,
)
from localcloud.services.storage.listing import MOST
from localcloud.services.storage.rows import Bucket

_LISTS = ("acl", "defaultObjectAcl")
_PREDEFINED = ("predefinedAcl", "predefinedDefaultObjectAcl")


def insert(call: Call) -> Reply:
    """storage.buckets.insert"""
    project = _project(call)
    access.require_in_project(call, project, "storage.buckets.create")
    object_retention = bool(call.params.get("enableObjectRetention"))
    number = str(call.cloud.projects.number(project))
    body = bucket_fields.created(call.body, number, call.cloud.clock.now(), object_retention=object_retention)
    existing = rows.find_bucket(call.cloud.store, body["name"])
    if existing is not None:
        raise refusals.bucket_is_yours() if existing.project == project else refusals.bucket_is_taken()
    _check_acls(call, body)
    bucket = rows.add_bucket(call.cloud.store, project, body)
    lifecycle.schedule(call.cloud, bucket.name)
    charges.schedule(call.cloud)
    policies.write_default(call, bucket)
    _write_lists(call, bucket)
    return answers.bucket_reply(call, bucket)


def get(call: Call) -> Body | Reply:
    """storage.buckets.get"""
    if call.params.get("softDeleted"):
        return deleted_buckets.get(call)
    bucket = access.bucket(call, call.params["bucket"], "storage.buckets.get")
    etag = bucket.facts["etag"]
    condition = preconditions.of(call.params).check_read(*_generations(bucket))
    if not (preconditions.check_etag(call.headers, lambda: etag) and condition):
        return Reply(status=304, headers={"etag": etag})
    return answers.bucket_reply(call, bucket)


def list_(call: Call) -> Body:
    """storage.buckets.list"""
    project = _project(call)
    access.require_in_project(call, project, "storage.buckets.list")
    if call.params.get("softDeleted"):
        return deleted_buckets.list_(call, project)
    result: Body = {"kind": "storage#buckets"}
    limit = paging.size(call.params.get("maxResults"), MOST, MOST)
    prefix, question = call.params.get("prefix", ""), f"buckets of {project}"
    after = paging.after(call.params.get("pageToken", ""), question)
    rows_ = rows.buckets(call.cloud.store, project, prefix, after, limit + 1)
    page, more = paging.cut(rows_, limit, lambda bucket: bucket.name, question)
    if page:
        result["items"] = [answers.bucket(call, bucket) for bucket in page]
    return result | more


def patch(call: Call) -> Reply:
    """storage.buckets.patch"""
    bucket = _changeable(call)
    return _save(call, bucket, bucket_fields.patched(bucket.facts, call.body, call.cloud.clock.now()))


def update(call: Call) -> Reply:
    """storage.buckets.update"""
    bucket = _changeable(call)
    return _save(call, bucket, bucket_fields.replaced(bucket.facts, call.body, call.cloud.clock.now()))


def lock_retention_policy(call: Call) -> Reply:
    """storage.buckets.lockRetentionPolicy"""
    bucket = _changeable(call)
    return _save(call, bucket, bucket_fields.locked(bucket.facts, call.cloud.clock.now()))


def delete(call: Call) -> Reply:
    """storage.buckets.delete"""
    store = call.cloud.store
    bucket = access.bucket(call, call.params["bucket"], "storage.buckets.delete")
    preconditions.of(call.params).check_write(*_generations(bucket))
    if rows.has_objects(store, bucket.name):
        raise refusals.bucket_not_empty()
    if bucket.soft_delete_seconds:
        deleted_buckets.keep(call, bucket)
    rows.remove_bucket(store, bucket.name)
    call.cloud.due.forget("storage", bucket.name)
    store.delete_below("storage", f"buckets/{bucket.name}")
    for api in ("storage", access.LISTS):
        call.cloud.iam.forget(api, access.bucket_resource(bucket.name))
    return Reply(status=204)


def layout(call: Call) -> Body:
    """storage.buckets.getStorageLayout"""
    bucket = access.bucket(call, call.params["bucket"], "storage.objects.list")
    fields = {"location", "locationType", "customPlacementConfig", "hierarchicalNamespace"}
    facts = {field: value for field, value in bucket.facts.items() if field in fields}
    return {"kind": "storage#storageLayout", "bucket": bucket.name, **facts}


def none_of(kind: str, permission: str) -> Callable[[Call], Body]:
    """An empty list of something that buckets here never have, such as managedFolders or anywhereCaches."""

    def list_none(call: Call) -> Body:
        access.bucket(call, call.params["bucket"], permission)
        return {"kind": f"storage#{kind}"}

    return list_none


def service_account(call: Call) -> Body:
    """storage.projects.serviceAccount.get: the agent that acts for Cloud Storage in the project (simulated)."""
    project = call.params["projectId"]
    access.require_in_project(call, project, "resourcemanager.projects.get")
    return {"kind": "storage#serviceAccount", "email_address": call.cloud.agents.email("storage", project)}


def project(call: Call) -> str | None:
    """The project of the bucket in a call, or the one that the call names."""
    bucket = rows.find_bucket(call.cloud.store, call.params["bucket"]) if "bucket" in call.params else None
    project_given = call.params.get("project") or call.params.get("projectId")
    return bucket.project if bucket else call.cloud.projects.id_of(str(project_given)) if project_given else None


def _project(call: Call) -> str:
    project = call.params.get("project")
    if not project:
        raise refusals.required("project")
    return call.cloud.projects.id_of(str(project))


def _changeable(call: Call) -> Bucket:
    bucket = access.bucket(call, call.params["bucket"], "storage.buckets.update")
    preconditions.of(call.params).check_write(*_generations(bucket))
    _check_acls(call, bucket.facts)
    return bucket


def _check_acls(call: Call, facts: Body) -> None:
    """Access control lists can be sent, and are refused where access is uniform."""
    sent = any(map(call.body.get, _LISTS))
    has_predefined = any(map(call.params.get, _PREDEFINED))
    if (sent or has_predefined) and facts["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"]:
        raise refusals.acl_write("bucket")


def _write_lists(call: Call, bucket: Bucket) -> None:
    """The access control lists that the request sends, or names among the predefined ones."""
    if not any(call.body.get(field) is not None for field in _LISTS) and not any(map(call.params.get, _PREDEFINED)):
        return
    access.require(call, bucket, "storage.buckets.setIamPolicy")
    own, fresh = (
        acl_entries.predefined(bucket, name, []) if name else acl_entries.written(call.body, field)
        for field, name in zip(_LISTS, map(call.params.get, _PREDEFINED), strict=True)
    )
    if own is not None:
        acl_entries.write_bucket(call, bucket, own)
    if fresh is not None:
        acl_entries.write_new_objects(call, bucket, fresh)


def _save(call: Call, bucket: Bucket, facts: Body) -> Reply:
    changed = rows.change_bucket(call.cloud.store, bucket, facts)
    if changed.private != bucket.private:  # decides whether grants to everybody count
        access.require(call, bucket, "storage.buckets.setIamPolicy")
    if changed.uniform != bucket.uniform:
        policies.write_lists(call, changed)
    _write_lists(call, changed)
    return answers.bucket_reply(call, changed)


def _generations(bucket: Bucket) -> tuple[int, int]:
    return int(bucket.facts["generation"]), int(bucket.facts["metageneration"])
