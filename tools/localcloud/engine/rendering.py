"""Renders an answer as JSON: only the part that `fields` selects, indented or not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.engine.exchange import Reply
from localcloud.engine.service import Call
from localcloud.spec import fields, json_text

JSON = {"content-type": "application/json; charset=UTF-8", "vary": "Origin, X-Origin, Referer"}
"""Headers of every JSON answer."""
TEXT = {"content-type": "text/plain; charset=UTF-8"}
"""Headers of an answer that is a sentence."""
_ASKS = {"fields", "prettyPrint"}


def reply(call: Call, result: Mapping[str, Any] | Reply) -> Reply:
    """A handler's result, with its JSON rendered as the caller asked."""
    if not isinstance(result, Reply):
        return Reply(200, _text(call, result), JSON)
    body = result.body
    if body is None or isinstance(body, bytes):
        return result
    if isinstance(body, str) and not _ASKS & call.params.keys():
        return Reply(result.status, body.encode(), {**JSON, **result.headers})
    return Reply(result.status, _text(call, body), {**JSON, **result.headers}, wait=result.wait)


def dump(body: Any, *, indented: bool = False) -> bytes:
    """JSON as bytes: compact, which Google does only for `prettyPrint=false`, since most readers are programs."""
    if indented:
        return json.dumps(body, indent=2, ensure_ascii=False).encode() + b"\n"
    return json_text.write(body).encode()


def _text(call: Call, body: Mapping[str, Any] | str) -> bytes:
    params = call.params
    selector = params.get("fields")
    indented = "prettyPrint" in params and params["prettyPrint"].lower() in {"", "true", "1"}
    content = json.loads(body) if isinstance(body, str) else body
    if selector:
        fields.check_selector(selector, call.document.schemas, call.method.response, call.service.dialect.unselected)
        content = fields.selected(content, selector)
    return dump(content, indented=indented)
