"""Folders of buckets with a hierarchical namespace: created, listed, renamed with their contents, and deleted.

Source: cloud.google.com/storage/docs/folders-overview, …/json_api/v1/folders.
"""

from __future__ import annotations

from urllib.parse import quote

from localcloud.engine import lro, paging
from localcloud.engine.exchange import Reply
from localcloud.engine.service import Body, Call
from localcloud.errors import already_exists, failed_precondition
from localcloud.services.storage import access, folder_rows, listing, names, preconditions, refusals, rows, versions
from localcloud.services.storage.folder_rows import MANAGED, PLAIN, Folder
from localcloud.services.storage.listing import MOST
from localcloud.services.storage.rows import LIVE, NONCURRENT, SOFT_DELETED, Bucket, Span
from localcloud.services.storage.times import from_micros, micros, rfc3339

_CONTROL = "google.storage.control.v2"


def insert(call: Call) -> Body:
    """storage.folders.insert"""
    bucket, name = _bucket(call), str(call.body.get("name") or "")
    _require(call, bucket, "create", name)
    names.check_folder_name(name)
    store, now = call.cloud.store, micros(call.cloud.clock.now())
    if folder_rows.find(store, bucket.name, PLAIN, name) is not None:
        raise already_exists("The folder you tried to create already exists.")
    if call.params.get("recursive"):
        folder_rows.ensure(store, bucket.name, name, now)
    _check_parent(call, bucket, name)
    folder = Folder(bucket.name, PLAIN, name, 1, now, now)
    folder_rows.add(store, folder)
    return _shown(call, folder)


def get(call: Call) -> Body | Reply:
    """storage.folders.get"""
    folder = _found(call, _bucket(call), "get", call.params["folder"])
    if not preconditions.of(call.params).check_read(0, folder.metageneration):
        return Reply(status=304)
    return _shown(call, folder)


def list_(call: Call) -> Body:
    """storage.folders.list"""
    bucket, params = _bucket(call), call.params
    prefix, depth = params.get("prefix", ""), params.get("delimiter", "")
    if prefix and not prefix.endswith("/"):
        raise refusals.invalid(f"Invalid value '{prefix}' for prefix: it must be empty or end with a slash.")
    if depth not in {"", "/"}:
        raise refusals.invalid(f"Invalid value '{depth}' for delimiter: folders are listed by '/' only.")
    access.require_below(call, bucket, "storage.folders.list", prefix)
    limit = paging.size(params.get("pageSize"), MOST, MOST)
    question = f"folders of {bucket.name}"
    after = paging.after(params.get("pageToken", ""), question)
    start, end = max(prefix, params.get("startOffset", "")), params.get("endOffset")
    bodies = [
        folder
        for folder in folder_rows.page(call.cloud.store, bucket.name, PLAIN, prefix, after, -1)
        if folder.name >= start
        and (end is None or folder.name < end)
        and (not depth or "/" not in folder.name[len(prefix) : -1])
    ]
    page, more = paging.cut(bodies, limit, lambda folder: folder.name, question)
    items = {"items": [_shown(call, folder) for folder in page]} if page else {}
    return {"kind": "storage#folders", **items, **more}


def delete(call: Call) -> Reply:
    """storage.folders.delete: only an empty one"""
    bucket = _bucket(call)
    folder = _found(call, bucket, "delete", call.params["folder"])
    preconditions.of(call.params).check_write(0, folder.metageneration)
    store = call.cloud.store
    inside = Span(bucket.name, folder.name, 0, listing.successor(folder.name), (LIVE, NONCURRENT))
    if rows.stretch(store, inside, 1) or folder_rows.page(store, bucket.name, PLAIN, folder.name, folder.name, 1):
        raise already_exists("The folder you tried to delete is not empty.")
    folder_rows.remove(store, folder)
    return Reply(status=204)


def delete_recursive(call: Call) -> Body:
    """storage.folders.deleteRecursive: with all its objects and folders, atomically"""
    bucket = _bucket(call)
    folder = _found(call, bucket, "delete", call.params["folder"])
    access.require_below(call, bucket, "storage.objects.delete", folder.name)
    preconditions.of(call.params).check_write(0, folder.metageneration)
    store = call.cloud.store
    inside = Span(bucket.name, folder.name, 0, listing.successor(folder.name), (LIVE, NONCURRENT))
    for row in rows.stretch(store, inside, -1):
        versions.delete(call.cloud, bucket, row, pinned=True)
    for one in folder_rows.page(store, bucket.name, PLAIN, folder.name, "", -1):
        folder_rows.remove(store, one)
    metadata = {"@type": f"{_CONTROL}.DeleteFolderRecursiveMetadata", "folderId": folder.name}
    return _operation(call, bucket, lro.finished(call, metadata=metadata, parent=_parent(bucket)))


def rename(call: Call) -> Body:
    """storage.folders.rename: with its contents, atomically"""
    bucket, new = _bucket(call), call.params["destinationFolder"]
    source = _found(call, bucket, "rename", call.params["sourceFolder"])
    _require(call, bucket, "create", new)
    preconditions.of(call.params, "ifSource").check_write(0, source.metageneration)
    names.check_folder_name(new)
    store = call.cloud.store
    if new.startswith(source.name):
        raise refusals.invalid(
            f"The folder '{source.name}' cannot be renamed to '{new}', which is the same, or inside it."
        )
    if folder_rows.find(store, bucket.name, PLAIN, new) is not None:
        raise already_exists(f"The folder '{new}' already exists.")
    _check_parent(call, bucket, new)
    if folder_rows.page(store, bucket.name, MANAGED, source.name, "", 1):
        raise failed_precondition(f"The folder '{source.name}' holds managed folders, and cannot be renamed.")
    folder_rows.rename(store, bucket.name, PLAIN, source.name, new)
    _move_objects(call, bucket, source.name, new)
    moved = folder_rows.find(store, bucket.name, PLAIN, new)
    assert moved is not None
    metadata = {
        "@type": f"{_CONTROL}.RenameFolderMetadata",
        "sourceFolderId": source.name,
        "destinationFolderId": new,
    }
    kind, shown = f"{_CONTROL}.Folder", _shown(call, moved)
    return _operation(call, bucket, lro.finished(call, shown, kind=kind, metadata=metadata, parent=_parent(bucket)))


def _move_objects(call: Call, bucket: Bucket, old: str, new: str) -> None:
    inside = Span(bucket.name, old, 0, listing.successor(old), (LIVE, NONCURRENT, SOFT_DELETED))
    for row in rows.stretch(call.cloud.store, inside, -1):
        rows.rename(call.cloud.store, row, new + row.name.removeprefix(old))


def _parent(bucket: Bucket) -> str:
    return access.bucket_resource(bucket.name)


def _operation(call: Call, bucket: Bucket, operation: Body) -> Body:
    identity = operation["name"].rpartition("/")[2]
    link = f"{call.base}/storage/v1/b/{bucket.name}/operations/{identity}"
    return {"kind": "storage#operation", "selfLink": link, **operation}


def operation_get(call: Call) -> Body:
    """storage.buckets.operations.get"""
    bucket = access.bucket(call, call.params["bucket"], "storage.bucketOperations.get")
    name = f"{_parent(bucket)}/operations/{call.params['operationId']}"
    return _operation(call, bucket, lro.shown(call.cloud.operations.get("storage", name)))


def operation_list(call: Call) -> Body:
    """storage.buckets.operations.list"""
    bucket = access.bucket(call, call.params["bucket"], "storage.bucketOperations.list")
    limit, question = paging.size(call.params.get("pageSize"), MOST, MOST), f"operations of {bucket.name}"
    after = paging.after(call.params.get("pageToken", ""), question)
    operations = call.cloud.operations.list("storage", _parent(bucket), after, limit + 1)
    page, more = paging.cut(operations, limit, lambda one: one.name, question)
    shown = [_operation(call, bucket, lro.shown(one)) for one in page]
    return {"kind": "storage#operations", **({"operations": shown} if shown else {}), **more}


def _bucket(call: Call) -> Bucket:
    bucket = rows.bucket(call.cloud.store, call.params["bucket"])
    if not bucket.hierarchical:
        raise failed_precondition(f"The bucket '{bucket.name}' does not have a hierarchical namespace.")
    return bucket


def _require(call: Call, bucket: Bucket, verb: str, name: str) -> None:
    access.require_below(call, bucket, f"storage.folders.{verb}", name)


def _found(call: Call, bucket: Bucket, verb: str, name: str) -> Folder:
    _require(call, bucket, verb, name)
    folder = folder_rows.find(call.cloud.store, bucket.name, PLAIN, name)
    if folder is None:
        raise refusals.no_folder("folder", bucket.name, name)
    return folder


def _check_parent(call: Call, bucket: Bucket, name: str) -> None:
    parent = name[: name[:-1].rfind("/") + 1]
    if parent and folder_rows.find(call.cloud.store, bucket.name, PLAIN, parent) is None:
        raise failed_precondition(f"The parent folder '{parent}' does not exist.")


def _shown(call: Call, folder: Folder) -> Body:
    return {
        "kind": "storage#folder",
        "id": f"{folder.bucket}/{folder.name}",
        "selfLink": f"{call.base}/storage/v1/b/{folder.bucket}/folders/{quote(folder.name, safe='')}",
        "name": folder.name,
        "bucket": folder.bucket,
        "createTime": rfc3339(from_micros(folder.created)),
        "updateTime": rfc3339(from_micros(folder.updated)),
        "metageneration": str(folder.metageneration),
    }
