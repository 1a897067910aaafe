"""Service account keys: created or uploaded, unless an organization policy forbids it.

The private half is in the answer to its creation and nowhere else. Nothing that this project builds makes keys.
"""

from __future__ import annotations

import base64
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from localcloud.engine.cloud import Cloud
from localcloud.engine.interfaces import Constraints
from localcloud.engine.service import Body, Call, Handler
from localcloud.errors import failed_precondition, invalid, not_found
from localcloud.services.iam import accounts, certificates, signing
from localcloud.services.iam.accounts import API
from localcloud.spec import timestamps

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

MOST = 10
_BITS = {"KEY_ALG_RSA_1024": 1024, "KEY_ALG_RSA_2048": 2048}
_USUAL = "KEY_ALG_RSA_2048"
_CERTIFICATE = "_certificate"
_NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_ROTATION = timedelta(days=14)
_URL_SAFE = str.maketrans("-_", "+/")


def create(call: Call) -> Body:
    """keys.create: a new key pair; the private key is not stored."""
    account = _changeable(call, "creation", "disableServiceAccountKeyCreation")
    algorithm = call.body.get("keyAlgorithm", _USUAL)
    pair = certificates.pair(_BITS.get(algorithm, _BITS[_USUAL]))
    identity = uuid.uuid4().hex + uuid.uuid4().hex[:8]
    form = call.body.get("privateKeyType", "TYPE_GOOGLE_CREDENTIALS_FILE")
    certificate = certificates.made(account["uniqueId"], pair, call.cloud.clock.now(), _NEVER)
    body = _kept(account, identity, certificate, pair.key_size, "GOOGLE_PROVIDED")
    call.cloud.store.insert(API, body["name"], body)
    if form == "TYPE_PKCS12_FILE":
        data = certificates.packed(pair, certificate)
    else:
        form, data = "TYPE_GOOGLE_CREDENTIALS_FILE", json.dumps(_file(account, identity, pair), indent=2).encode()
    return _shown(body) | {"privateKeyType": form, "privateKeyData": base64.b64encode(data).decode()}


def upload(call: Call) -> Body:
    """keys.upload: the public key of the caller's own key pair, in a certificate."""
    account = _changeable(call, "upload", "disableServiceAccountKeyUpload")
    try:
        certificate = certificates.read(base64.b64decode(call.body.get("publicKeyData", "").translate(_URL_SAFE)))
        public = certificates.public_key(certificate)
    except ValueError:
        public = None
    if public is None or public.key_size not in _BITS.values():
        raise invalid(
            "public_key_data must be an RSA public key of 1024 or 2048 bits in an X.509 v3 certificate, PEM-encoded.",
            "public_key_data",
        )
    identity = certificates.fingerprint(certificate)[:40]
    body = _kept(account, identity, certificate, public.key_size, "USER_PROVIDED")
    if call.cloud.store.get(API, body["name"]) is None:
        call.cloud.store.insert(API, body["name"], body)
    return _shown(body)


def list_(call: Call) -> Body:
    """keys.list: an account's user-managed keys, and the key that Google manages for it."""
    account = accounts.find(call)
    key_types = call.params.get("keyTypes") or ["USER_MANAGED", "SYSTEM_MANAGED"]
    own = call.cloud.store.list(API, account["name"], "keys") if "USER_MANAGED" in key_types else []
    keys = [body for _, body in own] + ([_googles(call, account)] if "SYSTEM_MANAGED" in key_types else [])
    return {"keys": [_shown(body) for body in keys]} if keys else {}


def get(call: Call) -> Body:
    """keys.get: one key, with its public key on request."""
    account = accounts.find(call)
    googles = call.id == signing.key_id(call.cloud.store, account["uniqueId"])
    body = _googles(call, account) if googles else _find(call)
    form = call.params.get("publicKeyType", "TYPE_NONE")
    if form == "TYPE_NONE":
        return _shown(body)
    certificate = certificates.read(body[_CERTIFICATE].encode())
    data = body[_CERTIFICATE].encode()
    if form == "TYPE_RAW_PUBLIC_KEY":
        data = certificates.public_text(certificate)
    return _shown(body) | {"publicKeyData": base64.b64encode(data).decode()}


def delete(call: Call) -> Body:
    """keys.delete: permanently."""
    call.cloud.store.delete(API, _find(call)["name"])
    return {}


def enable(call: Call) -> Body:
    """keys.enable: its signatures are accepted again."""
    body = {key: value for key, value in _find(call).items() if key not in ("disabled", "disableReason")}
    call.cloud.store.put(API, body["name"], body)
    return {}


def disable(call: Call) -> Body:
    """keys.disable: its signatures are no longer accepted."""
    body = _find(call) | {"disabled": True, "disableReason": "SERVICE_ACCOUNT_KEY_DISABLE_REASON_USER_INITIATED"}
    call.cloud.store.put(API, body["name"], body)
    return {}


def account_of(cloud: Cloud, email: str) -> Body | None:
    """The account with this address, None when it is in no project here."""
    match = accounts.EMAIL.fullmatch(email)
    return cloud.store.get(API, f"projects/{match['project']}/serviceAccounts/{email}") if match else None


def vouched(cloud: Cloud, account: Body, data: bytes, signature: bytes) -> bool:
    """Whether a signature is the account's: by its key in the cloud, or by an enabled key of its own."""
    if signing.signed(cloud.store, account["uniqueId"], data, signature):
        return True
    now = _seconds(cloud.clock.now())
    for _, body in cloud.store.list(API, account["name"], "keys"):
        if body.get("disabled") or not body["validAfterTime"] <= now < body["validBeforeTime"]:
            continue
        public = certificates.public_key(certificates.read(body[_CERTIFICATE].encode()))
        if public is not None and signing.verifies(public, data, signature):
            return True
    return False


def _changeable(call: Call, what: str, constraint: str) -> Body:
    """The account that is to get a key; 400 where a constraint forbids it, or it has ten."""
    account = accounts.find(call)
    rules = call.cloud.offers.get(Constraints)
    project = account["projectId"]
    names = (f"iam.{constraint}", f"iam.managed.{constraint}")
    enforced = next((name for name in names if rules is not None and rules.enforced(project, name)), "")
    if enforced:
        text = f"Key {what} is not allowed on this service account."
        problem = failed_precondition(text)
        violation = {"type": f"constraints/{enforced}", "subject": account["name"], "description": text}
        problem.details = [{"@type": "type.googleapis.com/google.rpc.PreconditionFailure", "violations": [violation]}]
        raise problem
    if len(call.cloud.store.list(API, account["name"], "keys")) >= MOST:
        raise failed_precondition(f"Precondition check failed. An account may have {MOST} keys; delete one first.")
    return account


def _find(call: Call) -> Body:
    account = accounts.find(call)
    body = call.cloud.store.get(API, f"{account['name']}/keys/{call.id}")
    if body is None:
        raise not_found(f"Service account key {call.id} does not exist.")
    return body


def _googles(call: Call, account: Body) -> Body:
    """The key that Google has for an account and changes every two weeks; the local cloud only says so."""
    now = call.cloud.clock.now()
    begun = now - timedelta(seconds=now.timestamp() % _ROTATION.total_seconds())
    key = signing.key(call.cloud.store, account["uniqueId"])
    identity = signing.key_id(call.cloud.store, account["uniqueId"])
    certificate = certificates.made(account["uniqueId"], key, begun, begun + _ROTATION + timedelta(days=3))
    return _kept(account, identity, certificate, key.key_size, "GOOGLE_PROVIDED") | {"keyType": "SYSTEM_MANAGED"}


def _kept(account: Body, identity: str, certificate: Certificate, bits: int, origin: str) -> Body:
    return {
        "name": f"{account['name']}/keys/{identity}",
        "validAfterTime": _seconds(certificate.not_valid_before_utc),
        "validBeforeTime": _seconds(certificate.not_valid_after_utc),
        "keyAlgorithm": f"KEY_ALG_RSA_{bits}",
        "keyOrigin": origin,
        "keyType": "USER_MANAGED",
        _CERTIFICATE: certificates.text(certificate),
    }


def _shown(body: Body) -> Body:
    return {key: value for key, value in body.items() if key != _CERTIFICATE}


def _seconds(moment: datetime) -> str:
    return timestamps.rfc3339(moment)[:19] + "Z"


def _file(account: Body, identity: str, key: RSAPrivateKey) -> dict[str, Any]:
    """What client libraries read as credentials."""
    return {
        "type": "service_account",
        "project_id": account["projectId"],
        "private_key_id": identity,
        "private_key": certificates.private_text(key),
        "client_email": account["email"],
        "client_id": account["uniqueId"],
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": f"https://www.googleapis.com/robot/v1/metadata/x509/{quote(account['email'])}",
        "universe_domain": "googleapis.com",
    }


METHODS: dict[str, Handler] = {
    "create": create,
    "upload": upload,
    "list": list_,
    "get": get,
    "delete": delete,
    "enable": enable,
    "disable": disable,
}
