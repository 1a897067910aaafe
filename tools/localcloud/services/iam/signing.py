"""The keys that service accounts sign with: one each, created on first use, which never leave the cloud.

Such signatures are valid only at the local cloud (simulated), since nobody else knows the keys. Source:
cloud.google.com/iam/docs/service-account-creds#google-managed-keys.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from localcloud.engine.store import Store

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

TABLES = """
CREATE TABLE IF NOT EXISTS service_account_signers (unique_id TEXT PRIMARY KEY, private BLOB NOT NULL) WITHOUT ROWID;
"""


def sign(store: Store, unique_id: str, data: bytes) -> bytes:
    """An account's RSA-SHA256 signature of some data."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    return key(store, unique_id).sign(data, PKCS1v15(), SHA256())


def signed(store: Store, unique_id: str, data: bytes, signature: bytes) -> bool:
    """Whether a signature of some data is the account's."""
    if _kept(store, unique_id) is None:
        return False
    return verifies(key(store, unique_id).public_key(), data, signature)


def verifies(public: RSAPublicKey, data: bytes, signature: bytes) -> bool:
    """Whether a signature matches a public key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        public.verify(signature, data, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def key_id(store: Store, unique_id: str) -> str:
    """The id of an account's key: forty hexadecimal digits."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = key(store, unique_id).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(public).hexdigest()[:40]


def _kept(store: Store, unique_id: str) -> bytes | None:
    row = store.row("SELECT private FROM service_account_signers WHERE unique_id = ?", unique_id)
    return None if row is None else row[0]


def key(store: Store, unique_id: str) -> RSAPrivateKey:
    """An account's key. Its library is loaded on first use: few clouds see a signature."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key

    kept = _kept(store, unique_id)
    if kept is not None:
        key = load_der_private_key(kept, None)
        assert isinstance(key, RSAPrivateKey)
        return key
    private_key = generate_private_key(65537, 2048)
    private = private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    store.sql("INSERT INTO service_account_signers VALUES (?, ?)", unique_id, private)
    return private_key
