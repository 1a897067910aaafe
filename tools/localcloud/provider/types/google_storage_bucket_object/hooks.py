"""google_storage_bucket_object: uploaded from a string or a file, compared by its MD5 hash."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json

from localcloud.provider import patches, paths, requests, rest
from localcloud.provider.additions import PlanDraft
from localcloud.provider.hooks import Hooks
from localcloud.provider.sniffing import media_type
from localcloud.provider.suppress import local_md5
from localcloud.provider.values import UNKNOWN, Object
from localcloud.provider.work import Incomplete, Problem, Work

_BOUNDARY = "groundwork-local-object"
_HASHES = ("crc32c", "generation", "md5hash")
_REUPLOADED = frozenset({"content", "source_md5hash", "detect_md5hash"})


def plan(draft: PlanDraft) -> None:
    """New content means new hashes and a new generation. Rejects duplicate context keys."""
    _refuse_same_keys(draft)
    changed = (draft.prior.get("source_md5hash") or "") != (draft.planned["source_md5hash"] or "")
    if draft.config.get("source_md5hash") is UNKNOWN or changed:
        return _hashes_unknown(draft)
    emptied = {"content": ""} if draft.config.get("content") == "" else {}
    digest = local_md5(draft.planned | emptied, draft.settings)
    if digest and digest != draft.prior.get("md5hash"):
        _hashes_unknown(draft)
    return None


def _refuse_same_keys(draft: PlanDraft) -> None:
    blocks = draft.planned["contexts"]
    if blocks is UNKNOWN or blocks == draft.prior.get("contexts") or not blocks or blocks[0]["custom"] is UNKNOWN:
        return
    keys = [one["key"] for one in blocks[0]["custom"]]
    again = [key for index, key in enumerate(keys) if key in keys[:index] and key is not UNKNOWN]
    if again:
        raise Problem(f"The key {again[0]!r} appears twice in contexts.", "Give each key once.", "contexts")


def create(work: Work, planned: Object) -> Object:
    """Uploads the object and reads it back."""
    _upload(work, planned)
    state = planned | {"id": f"{planned['bucket']}-{planned['name']}"}
    try:
        return read(work, state) or state
    except Exception as error:
        raise Incomplete(state, error) from error


def read(work: Work, state: Object) -> Object | None:
    """The state from the object's metadata, read with the object's own key for its hashes; its content is not read."""
    method = work.method("get")
    url = work.url(method.api, method.version, paths.route(method.path, _names(state)))
    answer = requests.gone_as_none(lambda: work.request("GET", url, extra=_encryption(state)).body)
    return None if answer is None else rest.complete(work, answer, state)


def decode(work: Work, values: Object, state: Object) -> Object:
    """Adds the hash in its three forms, and contexts in the configuration's order."""
    md5 = str(work.answer.get("md5Hash", ""))
    return values | {
        "detect_md5hash": md5,
        "md5hexhash": binascii.hexlify(base64.b64decode(md5)).decode(),
        "source_md5hash": state["source_md5hash"] or "",
        "contexts": _contexts(work.answer, state),
    }


def update(work: Work, prior: Object, planned: Object) -> Object:
    """Uploads the object again if its content changed; otherwise updates the metadata."""
    changed = patches.differing(work, prior, planned)
    if changed & _REUPLOADED:
        return create(work, planned | {"kms_key_name": None})
    body = work.call("get", _names(planned))
    for name in ("event_based_hold", "temporary_hold", "retention", "contexts"):
        if name in changed:
            body |= _changed_field(work, name, planned)
    query = {"overrideUnlockedRetention": "true"} if "retention" in changed else {}
    work.call("update", _names(planned), query=query, body=body)
    return read(work, planned) or planned


def delete(work: Work, state: Object) -> None:
    """Deletes the object if it still exists."""
    requests.gone_as_none(lambda: work.call("delete", _names(state)))


def import_(_work: Work, name: str) -> Object:
    """Always a Problem: objects cannot be imported, since their content is unknown."""
    raise Problem(
        f"google_storage_bucket_object: {name!r} cannot be imported; objects do not support import.",
        "Leave the import out: apply overwrites the existing object with the configured content.",
    )


def _names(values: Object) -> dict[str, str]:
    return {"bucket": values["bucket"], "object": values["name"]}


def _hashes_unknown(draft: PlanDraft) -> None:
    for name in _HASHES:
        draft.set(name, UNKNOWN)


def _upload(work: Work, planned: Object) -> None:
    content = _content(work, planned)
    metadata = requests.fields(work).expand(planned) | _custom(planned)
    kind = "" if planned["force_empty_content_type"] else media_type(content)
    method = work.method("insert")
    path = method.uploads[-1] if method.uploads[-1].startswith("/upload") else method.uploads[0]
    url = work.host() + path.replace("/resumable", "").replace("{bucket}", planned["bucket"])
    work.request(
        "POST",
        url,
        query={"uploadType": "multipart", "name": planned["name"]},
        body=_multipart(metadata, kind, content),
        kind=f"multipart/related; boundary={_BOUNDARY}",
        extra=_encryption(planned),
    )


def _content(work: Work, planned: Object) -> bytes:
    if planned["source"]:
        try:
            return work.settings.file(planned["source"]).read_bytes()
        except OSError as error:
            raise Problem(
                f"The file {planned['source']} cannot be read: {error.strerror}.",
                'The provider is a separate process: give an absolute path, e.g. abspath("${path.module}/file").',
                "source",
            ) from error
    if not planned["content"]:
        raise Problem(f"The object {planned['name']} has neither content nor source.", "Set one of them.", "content")
    return str(planned["content"]).encode()


def _multipart(metadata: Object, kind: str, content: bytes) -> bytes:
    typed = f"Content-Type: {kind}\r\n" if kind else ""
    head = (
        f"--{_BOUNDARY}\r\nContent-Type: application/json\r\n\r\n{json.dumps(metadata)}\r\n--{_BOUNDARY}\r\n{typed}\r\n"
    )
    return head.encode() + content + f"\r\n--{_BOUNDARY}--\r\n".encode()


def _encryption(planned: Object) -> dict[str, str]:
    if not planned["customer_encryption"]:
        return {}
    own = planned["customer_encryption"][0]
    digest = hashlib.sha256(base64.b64decode(own["encryption_key"])).digest()
    return {
        "x-goog-encryption-algorithm": own["encryption_algorithm"],
        "x-goog-encryption-key": own["encryption_key"],
        "x-goog-encryption-key-sha256": base64.b64encode(digest).decode(),
    }


def _custom(planned: Object) -> Object:
    blocks = planned["contexts"]
    return (
        {"contexts": {"custom": {one["key"]: {"value": one["value"]} for one in blocks[0]["custom"]}}} if blocks else {}
    )


def _changed_field(work: Work, name: str, planned: Object) -> Object:
    if name == "contexts":
        return _custom(planned) or {"contexts": None}
    sent = requests.fields(work).expand(planned, frozenset({name}))
    field = {"event_based_hold": "eventBasedHold", "temporary_hold": "temporaryHold", "retention": "retention"}[name]
    return {field: sent.get(field, None if name == "retention" else False)}


def _contexts(answer: Object, state: Object) -> list[Object]:
    custom = (answer.get("contexts") or {}).get("custom") or {}
    blocks = state["contexts"]
    if not custom or not blocks:
        return []
    keys = [one["key"] for one in blocks[0]["custom"] if one["key"] in custom]
    return [{"custom": [_context(key, custom[key]) for key in keys]}]


def _context(key: str, context: Object) -> Object:
    return {
        "key": key,
        "value": context.get("value", ""),
        "create_time": context.get("createTime", ""),
        "update_time": context.get("updateTime", ""),
    }


HOOKS = Hooks(plan=plan, create=create, read=read, decode=decode, update=update, delete=delete, import_=import_)
