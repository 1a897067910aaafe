"""Objects created from other objects: compose, copy, rewrite and move.

Source: cloud.google.com/storage/docs/json_api/v1/objects/compose, …/copy, …/rewrite, …/move.
"""

from __future__ import annotations

import base64
from dataclasses import replace

from localcloud.engine.exchange import Reply
from localcloud.engine.service import Body, Call
from localcloud.services.storage import (
    access,
    answers,
    checksums,
    creation,
    joining,
    keys,
    preconditions,
    refusals,
    rows,
    versions,
)
from localcloud.services.storage.object_fields import Data
from localcloud.services.storage.rows import Bucket, ObjectVersion
from localcloud.services.storage.versions import NewVersion

_MOST_SOURCES = 32
_SMALLEST_STEP = 1 << 20


def copy(call: Call) -> Reply:
    """storage.objects.copy"""
    bucket, row = _copy(call)
    return answers.object_reply(call, bucket, row)


def rewrite(call: Call) -> Body | Reply:
    """storage.objects.rewrite: done in one call, unless the caller limits the bytes per call"""
    _, source = _source(call, call.params["sourceBucket"])
    keys.check(source, call.headers, keys.SOURCE)
    step = call.params.get("maxBytesRewrittenPerCall") or 0
    if step < 0 or step % _SMALLEST_STEP:
        raise refusals.invalid(f"Invalid value '{step}' for maxBytesRewrittenPerCall: it must be a multiple of 1 MiB.")
    written = _progress(call, source) + step if step else source.size
    result: Body = {"kind": "storage#rewriteResponse", "objectSize": str(source.size), "done": written >= source.size}
    if written < source.size:
        token = base64.urlsafe_b64encode(f"{source.generation}:{written}".encode()).decode()
        return {**result, "totalBytesRewritten": str(written), "rewriteToken": token}
    bucket, row = _copy(call)
    (text,) = answers.object_texts(call, bucket, [row])
    return answers.text_reply(
        f'{{"kind":"storage#rewriteResponse","totalBytesRewritten":"{row.size}","objectSize":"{row.size}",'
        f'"done":true,"resource":{text}}}'
    )


def _progress(call: Call, source: ObjectVersion) -> int:
    token = call.params.get("rewriteToken")
    if not token:
        return 0
    try:
        generation, _, written = base64.urlsafe_b64decode(token).decode().partition(":")
        if int(generation) == source.generation:
            return int(written)
    except ValueError:
        pass
    raise refusals.invalid(
        "Invalid rewriteToken: it does not belong to this source; start the rewrite again without it."
    )


def _copy(call: Call) -> tuple[Bucket, ObjectVersion]:
    params = call.params
    _, source = _source(call, params["sourceBucket"])
    keys.check(source, call.headers, keys.SOURCE)
    target = rows.bucket(call.cloud.store, params["destinationBucket"])
    sent = {key: value for key, value in call.body.items() if key not in {"md5Hash", "crc32c"}}
    draft = versions.copied(call.cloud.store, source, target, params["destinationObject"], sent)
    draft = replace(draft, sent=keys.with_key(draft.sent, call.headers))
    creation.check_request(call, target, draft.sent)
    return target, versions.place(call, draft, preconditions.of(params))


def _source(call: Call, bucket_name: str) -> tuple[Bucket, ObjectVersion]:
    bucket = rows.bucket(call.cloud.store, bucket_name)
    name = call.params["sourceObject"]
    access.require(call, bucket, "storage.objects.get", name)
    row = versions.find(call.cloud.store, bucket, name, call.params.get("sourceGeneration"))
    preconditions.of(call.params, "ifSource").check_write(row.generation, row.metageneration)
    return bucket, row


def move(call: Call) -> Reply:
    """storage.objects.move: a new object with the old one's content, and the old one deleted, atomically"""
    bucket, source = _source(call, call.params["bucket"])
    name = call.params["destinationObject"]
    access.require(call, bucket, "storage.objects.delete", source.name)
    if name == source.name:
        raise refusals.invalid("Source and destination of a move must differ.")
    draft = versions.copied(call.cloud.store, source, bucket, name, {})
    row = versions.place(call, draft, preconditions.of(call.params))
    versions.delete(call.cloud, bucket, source, pinned=False)
    return answers.object_reply(call, bucket, row)


def compose(call: Call) -> Reply:
    """storage.objects.compose"""
    store, params = call.cloud.store, call.params
    bucket = rows.bucket(call.cloud.store, params["destinationBucket"])
    sources = [_component(call, bucket, item) for item in _components(call)]
    sent = keys.with_key(call.body.get("destination") or {}, call.headers)
    creation.check_request(call, bucket, sent)
    size, generations = sum(source.size for source in sources), [source.generation for source in sources]
    parts = [rows.content(store, source) for source in sources]
    target, sums = joining.joined(call, f"of {generations}", parts, size)
    try:
        count = sum(source.resource.get("componentCount", 1) for source in sources)
        data = Data(size, checksums.Checksums(sums.crc32c, None), count)
        draft = NewVersion(bucket, params["destinationObject"], sent, data, target)
        row = versions.place(call, draft, preconditions.of(params))
    finally:
        target.unlink(missing_ok=True)
    if call.body.get("deleteSourceObjects"):
        for source in {row.name: row for row in sources}.values():
            if source.name != params["destinationObject"]:
                access.require(call, bucket, "storage.objects.delete", source.name)
                versions.delete(call.cloud, bucket, source, pinned=False)
    return answers.object_reply(call, bucket, row)


def _components(call: Call) -> list[Body]:
    items: list[Body] = call.body.get("sourceObjects") or []
    if not items:
        raise refusals.invalid("You must provide at least one source component.")
    if len(items) > _MOST_SOURCES:
        raise refusals.invalid(
            f"The number of source components provided ({len(items)}) exceeds the maximum ({_MOST_SOURCES})."
        )
    return items


def _component(call: Call, bucket: Bucket, item: Body) -> ObjectVersion:
    name = item.get("name", "")
    access.require(call, bucket, "storage.objects.get", name)
    generation = item.get("generation")
    row = versions.find(call.cloud.store, bucket, name, None if generation is None else int(generation))
    expected = (item.get("objectPreconditions") or {}).get("ifGenerationMatch")
    if expected is not None and int(expected) != row.generation:
        raise refusals.condition_not_met()
    keys.check(row, call.headers)
    return row
