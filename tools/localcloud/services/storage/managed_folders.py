"""Managed folders: prefixes with an IAM policy that applies to all objects below them.

Source: cloud.google.com/storage/docs/managed-folders, …/json_api/v1/managedFolder.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from localcloud.engine import paging
from localcloud.engine.exchange import Reply
from localcloud.engine.service import Body, Call
from localcloud.errors import already_exists
from localcloud.services.storage import access, folder_rows, listing, names, policies, preconditions, refusals, rows
from localcloud.services.storage.folder_rows import MANAGED, Folder
from localcloud.services.storage.listing import MOST
from localcloud.services.storage.rows import LIVE, NONCURRENT, Bucket, Span
from localcloud.services.storage.times import from_micros, micros, rfc3339


def insert(call: Call) -> Body:
    """storage.managedFolders.insert"""
    bucket = access.bucket(call, call.params["bucket"], "storage.managedFolders.create")
    name = str(call.body.get("name") or "")
    names.check_managed_folder_name(name)
    if not bucket.uniform:
        raise refusals.needs_uniform_access(bucket.name, "Managed folders")
    store, now = call.cloud.store, micros(call.cloud.clock.now())
    if folder_rows.find(store, bucket.name, MANAGED, name) is not None:
        raise already_exists("The managed folder you tried to create already exists.")
    folder = Folder(bucket.name, MANAGED, name, 1, now, now)
    folder_rows.add(store, folder)
    if bucket.hierarchical:
        folder_rows.ensure(store, bucket.name, f"{name}/", now)
    return _shown(call, folder)


def get(call: Call) -> Body | Reply:
    """storage.managedFolders.get"""
    _, folder = _found(call, "get")
    if not preconditions.of(call.params).check_read(0, folder.metageneration):
        return Reply(status=304)
    return _shown(call, folder)


def list_(call: Call) -> Body:
    """storage.managedFolders.list"""
    bucket = rows.bucket(call.cloud.store, call.params["bucket"])
    prefix, question = call.params.get("prefix", ""), f"managed folders of {bucket.name}"
    access.require_below(call, bucket, "storage.managedFolders.list", prefix)
    limit = paging.size(call.params.get("pageSize"), MOST, MOST)
    after = paging.after(call.params.get("pageToken", ""), question)
    entries = folder_rows.page(call.cloud.store, bucket.name, MANAGED, prefix, after, limit + 1)
    page, more = paging.cut(entries, limit, lambda folder: folder.name, question)
    items = {"items": [_shown(call, folder) for folder in page]} if page else {}
    return {"kind": "storage#managedFolders", **items, **more}


def update(call: Call) -> Body:
    """storage.managedFolders.update: only the update time changes, as nothing else can"""
    _, folder = _found(call, "update")
    preconditions.of(call.params).check_write(0, folder.metageneration)
    if call.body.get("rapidCacheConfig"):
        raise refusals.unsupported("rapid caches; leave out rapidCacheConfig")
    return _shown(call, _touched(call, folder))


def delete(call: Call) -> Reply:
    """storage.managedFolders.delete: only an empty one, unless allowNonEmpty is set"""
    bucket, folder = _found(call, "delete")
    preconditions.of(call.params).check_write(0, folder.metageneration)
    store = call.cloud.store
    if call.params.get("allowNonEmpty"):
        _require(call, bucket, "setIamPolicy", folder.name)
    elif _holds_something(call, folder):
        raise already_exists("The managed folder you tried to delete is not empty.")
    folder_rows.remove(store, folder)
    call.cloud.iam.forget("storage", access.folder_resource(bucket, folder.name))
    return Reply(status=204)


def _holds_something(call: Call, folder: Folder) -> bool:
    store, end = call.cloud.store, listing.successor(folder.name)
    objects = rows.stretch(store, Span(folder.bucket, folder.name, 0, end, (LIVE, NONCURRENT)), 1)
    return bool(objects or folder_rows.page(store, folder.bucket, MANAGED, folder.name, folder.name, 1))


def get_policy(call: Call) -> Body:
    """storage.managedFolders.getIamPolicy"""
    bucket, folder = _found(call, "getIamPolicy")
    return policies.shown(call, access.folder_resource(bucket, folder.name))


def set_policy(call: Call) -> Body:
    """storage.managedFolders.setIamPolicy"""
    bucket, folder = _found(call, "setIamPolicy")
    result = policies.changed(call, bucket, access.folder_resource(bucket, folder.name))
    _touched(call, folder)
    return result


def test(call: Call) -> Body:
    """storage.managedFolders.testIamPermissions"""
    bucket = rows.bucket(call.cloud.store, call.params["bucket"])
    name = call.params["managedFolder"]
    granted = [one for one in call.params["permissions"] if access.allowed_below(call, bucket, one, name)]
    return {"kind": "storage#testIamPermissionsResponse", **({"permissions": granted} if granted else {})}


def _found(call: Call, verb: str) -> tuple[Bucket, Folder]:
    """The folder that the URL names (404 when there is none), for a caller who has the permission on it."""
    bucket, name = rows.bucket(call.cloud.store, call.params["bucket"]), call.params["managedFolder"]
    _require(call, bucket, verb, name)
    folder = folder_rows.find(call.cloud.store, bucket.name, MANAGED, name)
    if folder is None:
        raise refusals.no_folder("managed folder", bucket.name, name)
    return bucket, folder


def _require(call: Call, bucket: Bucket, verb: str, name: str) -> None:
    access.require_below(call, bucket, f"storage.managedFolders.{verb}", name)


def _touched(call: Call, folder: Folder) -> Folder:
    now = micros(call.cloud.clock.now())
    folder = replace(folder, metageneration=folder.metageneration + 1, updated=now)
    folder_rows.change(call.cloud.store, folder)
    return folder


def _shown(call: Call, folder: Folder) -> Body:
    return {
        "kind": "storage#managedFolder",
        "id": f"{folder.bucket}/{folder.name}",
        "selfLink": f"{call.base}/storage/v1/b/{folder.bucket}/managedFolders/{quote(folder.name, safe='')}",
        "name": folder.name,
        "bucket": folder.bucket,
        "createTime": rfc3339(from_micros(folder.created)),
        "updateTime": rfc3339(from_micros(folder.updated)),
        "metageneration": str(folder.metageneration),
    }
