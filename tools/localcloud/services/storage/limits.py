"""Limits on the metadata of objects, buckets and notifications.

Sources: google.storage.v2.ServiceConstants, google.storage.v2.Object.contexts, cloud.google.com/storage/docs/use-object-contexts,
cloud.google.com/storage/docs/metadata.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.errors import CloudError
from localcloud.services.storage import refusals

LARGEST_OBJECT = 5 << 40
_NAME, _VALUE, _CUSTOM = 1024, 4096, 8192
_BUCKET = 20 << 10
_CONTEXTS, _CONTEXT, _ALL_CONTEXTS = 50, 256, 25 << 10
_ATTRIBUTES, _KEY_LENGTH, _VALUE_LENGTH = 5, 256, 1024
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_IN_HEADERS = ("cacheControl", "contentDisposition", "contentEncoding", "contentLanguage", "contentType")
_QUOTED = re.compile(r"""["'\\/]""")


def check_object(resource: Mapping[str, Any]) -> None:
    """Refuses (400) fixed fields that no header could hold, and too much custom metadata."""
    for field in _IN_HEADERS:
        if _CONTROL.search(resource.get(field) or ""):
            raise refusals.invalid(f"Invalid value for {field}: it holds a line break or another control character.")
    if "metadata" in resource:
        _check_custom(resource["metadata"])
    if "contexts" in resource:
        _check_contexts(resource["contexts"].get("custom") or {})


def _check_custom(metadata: Mapping[str, str]) -> None:
    total = 0
    for key, value in metadata.items():
        name, content = len(key.encode()), len(value.encode())
        if not key or name > _NAME:
            raise _too_large(f"A key of custom metadata has 1 to {_NAME} bytes; {key[:40]!r} has {name}.")
        if content > _VALUE:
            raise _too_large(
                f"A value of custom metadata has at most {_VALUE} bytes; that of {key[:40]!r} has {content}."
            )
        total += name + content
    if total > _CUSTOM:
        raise _too_large(f"Custom metadata has at most {_CUSTOM} bytes in all; this has {total}.")


def _too_large(message: str) -> CloudError:
    return CloudError(400, "INVALID_ARGUMENT", message, "MetadataTooLarge")


def _check_contexts(contexts: Mapping[str, Any]) -> None:
    if len(contexts) > _CONTEXTS:
        raise refusals.invalid(f"An object may have {_CONTEXTS} contexts; this one has {len(contexts)}.")
    words = [word for key, payload in contexts.items() for word in (key, str((payload or {}).get("value") or ""))]
    for word in words:
        if not 0 < len(word) <= _CONTEXT or not word[0].isalnum() or _QUOTED.search(word) or _CONTROL.search(word):
            raise refusals.invalid(
                f"Invalid context {word[:40]!r}: keys and values have 1 to {_CONTEXT} characters, begin with a letter or digit, "
                "and hold no quotes, slashes or control characters."
            )
    if sum(len(word.encode()) for word in words) > _ALL_CONTEXTS:
        raise refusals.invalid(f"The contexts of an object have at most {_ALL_CONTEXTS} bytes in all.")


def check_size(size: int) -> None:
    """Refuses (400) an object above the maximum size."""
    if size > LARGEST_OBJECT:
        raise refusals.invalid(f"An object may have {LARGEST_OBJECT} bytes; {size} were declared.")


def check_bucket(resource: Mapping[str, Any]) -> None:
    """Refuses (400) a bucket whose fields are too long or too many."""
    total = sum(len(text.encode()) for text in _texts(resource))
    if total > _BUCKET:
        raise _too_large(f"The metadata of a bucket has at most {_BUCKET} bytes; this has {total}.")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield key
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def check_attributes(attributes: Mapping[str, str]) -> None:
    """Refuses (400) custom attributes of a notification that are too many or too long."""
    if len(attributes) > _ATTRIBUTES:
        raise refusals.invalid(
            f"A notification may have {_ATTRIBUTES} custom attributes; this one has {len(attributes)}."
        )
    for key, value in attributes.items():
        if not 0 < len(key) <= _KEY_LENGTH or len(value or "") > _VALUE_LENGTH:
            raise refusals.invalid(
                f"Invalid custom attribute {key[:40]!r}: keys have 1 to {_KEY_LENGTH} characters, values at most {_VALUE_LENGTH}."
            )
