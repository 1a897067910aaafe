"""External events' payloads (Pub/Sub messages, webhooks): the substitutions bound to them, and triggers' filters.

Source: https://cloud.google.com/build/docs/configuring-builds/use-bash-and-bindings-in-substitutions, …/automate-builds-pubsub-events.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from localcloud.engine.service import Body
from localcloud.errors import invalid
from localcloud.services.cloudbuild.substitutions import LONGEST_VALUE
from localcloud.spec import expressions, json_text
from localcloud.spec.expressions import BadExpression, Language, Undecided

_BINDING = re.compile(r"\$\(body((?:\.[\w-]+|\[\d+\]|\['[^']*'\])*)\)")
_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]|\['([^']*)'\]")


def of_message(message: Mapping[str, Any]) -> Body:
    """A message for use in bindings: its data decoded, and parsed if it is JSON."""
    data = base64.b64decode(message.get("data", "")).decode("utf-8", "replace")
    return {"message": {**message, "data": read(data)}}


def read(text: str) -> Any:
    """Parsed JSON; other text unchanged."""
    try:
        return json_text.read(text.encode("utf-8", "replace"))
    except ValueError:
        return text


def bound(substitutions: Mapping[str, str], body: Any) -> dict[str, str]:
    """Substitutions with bindings such as $(body.commits[0].id) replaced by the event's values, "" if it has none.

    One that becomes longer than a substitution may be is cut off behind that, and refused for its length when a build begins.
    """
    texts: dict[int, str] = {}  # of the event's values, each of which has many paths that are spelled in two ways
    return {key: _bound(text, body, texts) for key, text in substitutions.items()}


def _bound(text: str, body: Any, texts: dict[int, str]) -> str:
    parts, size, end = [], 0, 0
    for match in _BINDING.finditer(text):
        found = _at(body, match[1])
        if id(found) not in texts:
            texts[id(found)] = _written(found)[: LONGEST_VALUE + 1]
        parts += [text[end : match.start()], texts[id(found)]]
        size, end = size + len(texts[id(found)]), match.end()
        if size > LONGEST_VALUE:
            return "".join(parts)
    return "".join([*parts, text[end:]])


def check_filter(text: str, substitutions: Mapping[str, str]) -> None:
    """400 for a filter that is not a boolean expression over the substitutions and the event's body."""
    try:
        if text and not expressions.answers_a_truth(Language.EVENT, text, tuple(sorted(substitutions))):
            raise invalid(f"invalid filter {text!r}: it is neither true nor false", "trigger.filter")
    except BadExpression as problem:
        raise invalid(f"invalid filter {text!r}: {problem}", "trigger.filter") from None


def passes(text: str, values: Mapping[str, str], body: Any) -> bool:
    """Whether an event passes a filter; without a filter, every event does."""
    try:
        names = tuple(sorted(values))
        return not text or expressions.compiled(Language.EVENT, text, names)({**values, "body": body}) is True
    except (Undecided, BadExpression):
        return False


def _at(body: Any, path: str) -> Any:
    for name, number, quoted in _STEP.findall(path):
        if number:
            body = body[int(number)] if isinstance(body, list) and int(number) < len(body) else None
        else:
            body = body.get(name or quoted) if isinstance(body, dict) else None
    return body


def _written(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
