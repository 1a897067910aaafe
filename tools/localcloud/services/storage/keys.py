"""Customer-supplied encryption keys: validated as Google does and stored as a hash only; nothing is encrypted with them (simulated).

What lies on the disk is as readable as any other object. Source: cloud.google.com/storage/docs/encryption/customer-supplied-keys.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from localcloud.errors import CloudError
from localcloud.services.storage.rows import ObjectVersion

OWN, SOURCE = "x-goog-encryption-", "x-goog-copy-source-encryption-"
"""What the headers begin with that carry a key: of the object that a request is about, and of the one that it copies."""
FIELD = "customerEncryption"
_NAMES = {kind: (f"{kind}algorithm", f"{kind}key") for kind in (OWN, SOURCE)}
_MARK = f'"{FIELD}":{{'
_LENGTH = 32


def of(headers: Mapping[str, str], kind: str = OWN) -> str | None:
    """The hash of the request's key, None without one; 400 for an invalid key or one that does not match its hash."""
    algorithm, key = _NAMES[kind]
    if algorithm not in headers and key not in headers:
        return None
    if headers.get(algorithm) != "AES256":
        raise _refused("customerEncryptionAlgorithmIsInvalid", "The encryption algorithm must be AES256.")
    try:
        content = base64.b64decode(headers.get(key, ""), validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if len(content) != _LENGTH:
        raise _refused(
            "customerEncryptionKeyFormatIsInvalid", f"An encryption key is needed: {_LENGTH} bytes, base64 encoded."
        )
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    if headers.get(f"{key}-sha256") != digest:
        raise _refused(
            "customerEncryptionKeySha256IsInvalid",
            "The SHA256 hash of the encryption key is missing or not that of the key.",
        )
    return digest


def with_key(sent: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a new object, with the request's key and no other."""
    plain = {field: value for field, value in sent.items() if field != FIELD}
    digest = of(headers)
    return plain if digest is None else {**plain, FIELD: {"encryptionAlgorithm": "AES256", "keySha256": digest}}


def needed(row: ObjectVersion) -> str | None:
    """The hash of the key that an object must be read with, None for none."""
    if _MARK not in row.facts:
        return None
    kept: dict[str, str] = row.resource.get(FIELD, {})
    return kept.get("keySha256")


def check(row: ObjectVersion, headers: Mapping[str, str], kind: str = OWN) -> str | None:
    """The hash of an object's key; 400 when the request has no key, a wrong one, or an unneeded one."""
    given, wanted = of(headers, kind), needed(row)
    if given == wanted:
        return wanted
    if given is None:
        raise _refused(
            "resourceIsEncryptedWithCustomerEncryptionKey",
            "The object is encrypted by a customer-supplied encryption key.",
        )
    if wanted is None:
        raise _refused(
            "resourceNotEncryptedWithCustomerEncryptionKey",
            "The object is not encrypted by a customer-supplied encryption key.",
        )
    raise _incorrect()


def check_same(begun: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    """Refuses (400) a chunk of an upload with another key than its first request."""
    given = of(headers)
    if given is not None and given != begun.get(FIELD, {}).get("keySha256"):
        raise _incorrect()


def _incorrect() -> CloudError:
    return _refused("customerEncryptionKeyIsIncorrect", "The provided encryption key is incorrect.")


def headers(digest: str) -> dict[str, str]:
    """The headers about the key with that hash, for an answer with an object's content."""
    return {f"{OWN}algorithm": "AES256", f"{OWN}key-sha256": digest}


def _refused(reason: str, message: str) -> CloudError:
    return CloudError(400, "INVALID_ARGUMENT", message, reason)
