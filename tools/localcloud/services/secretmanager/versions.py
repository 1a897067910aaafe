"""Secret versions: numbered from 1, ENABLED or DISABLED until they are DESTROYED."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call
from localcloud.errors import failed_precondition, invalid, not_found, permission_denied
from localcloud.services.secretmanager import payloads, secrets
from localcloud.services.secretmanager.secrets import API, shown

MOST_BYTES = 64 * 1024
DESTRUCTION = "destruction"


def add(call: Call) -> Body:
    """addVersion: stores the payload as the newest version, ENABLED."""
    secret = secrets.find(call, call.name)
    payload = call.body.get("payload", {})
    data = _decoded(payload.get("data", ""))
    _check_checksum(payload, data)
    number = payloads.add(call.cloud.store, secret["name"], data)
    body: Body = {
        "name": f"{secret['name']}/versions/{number}",
        "createTime": call.cloud.clock.rfc3339(),
        "state": "ENABLED",
        "replicationStatus": _replication_status(secret),
        "etag": secrets.etag(call.cloud),
    }
    if "dataCrc32c" in payload:
        body["clientSpecifiedPayloadChecksum"] = True
    call.cloud.store.insert(API, body["name"], body)
    return presented(call.cloud, body)


def get(call: Call) -> Body:
    """A version's metadata; its id may be "latest" or an alias."""
    return presented(call.cloud, _find(call))


def payload(cloud: Cloud, principal: str, name: str) -> bytes:
    """A payload for another service on behalf of a principal; 404 without it, 403 without permission, 400 for a disabled version."""
    secret, _, wanted = name.partition("/versions/")
    if not cloud.iam.allowed(principal, "secretmanager.versions.access", API, secret, secret.split("/")[1]):
        raise permission_denied(
            f"Permission 'secretmanager.versions.access' denied for resource '{name}' (or it may not exist)."
        )
    number = int(wanted) if wanted.isdecimal() else _number(cloud, secret, wanted)
    version = cloud.store.get(API, f"{secret}/versions/{number}")
    if version is None:
        raise not_found(f"Secret Version [{shown(cloud, name)}] not found.")
    if version["state"] != "ENABLED":
        raise failed_precondition(f"Secret Version [{shown(cloud, name)}] is in {version['state']} state.")
    return payloads.read(cloud.store, secret, number)


def access(call: Call) -> Body:
    """The payload of an ENABLED version, with its CRC32C."""
    version = _find(call)
    if version["state"] != "ENABLED":
        raise _wrong_state(call, version)
    secret, _, number = version["name"].rpartition("/versions/")
    data = payloads.read(call.cloud.store, secret, int(number))
    payload = {"data": base64.b64encode(data).decode(), "dataCrc32c": str(payloads.checksum(data))}
    return {"name": shown(call.cloud, version["name"]), "payload": payload}


def enable(call: Call) -> Body:
    """Makes a version readable again; a scheduled destruction is cancelled."""
    return _move(call, _into("ENABLED"))


def disable(call: Call) -> Body:
    """Makes a version unreadable; its payload is kept."""
    return _move(call, _into("DISABLED"))


def destroy(call: Call) -> Body:
    """Erases a version's payload, at once or after the secret's versionDestroyTtl."""
    return _move(call, _destroyed)


def presented(cloud: Cloud, body: Body) -> Body:
    """A stored version as it is returned."""
    return body | {"name": shown(cloud, body["name"])}


def destroyed(cloud: Cloud, name: str, _moment: float) -> None:
    """Carries out the scheduled destruction of a version."""
    body = cloud.store.get(API, name)
    if body is not None:
        cloud.store.put(API, name, _wiped(cloud, body, body["scheduledDestroyTime"]))


def _find(call: Call) -> Body:
    secret, _, wanted = call.name.rpartition("/versions/")
    number = wanted if wanted.isdecimal() else _number(call.cloud, secret, wanted)
    body = call.cloud.store.get(API, f"{secret}/versions/{number}")
    if body is None:
        raise not_found(f"Secret Version [{shown(call.cloud, call.name)}] not found.")
    return body


def _number(cloud: Cloud, secret: str, alias: str) -> int:
    if alias == "latest":
        number = payloads.newest(cloud.store, secret)
    else:
        body = cloud.store.get(API, secret) or {}
        number = int(body.get("versionAliases", {}).get(alias, 0))
    if not number:
        raise not_found(f"Secret [{shown(cloud, secret)}] not found or has no versions.")
    return number


def _move(call: Call, change: Callable[[Call, Body], Body]) -> Body:
    body = _find(call)
    secrets.check_etag(call.body.get("etag"), body)
    if body["state"] == "DESTROYED":
        raise _wrong_state(call, body)
    moved = change(call, body)
    call.cloud.store.put(API, body["name"], moved)
    return presented(call.cloud, moved)


def _into(state: str) -> Callable[[Call, Body], Body]:
    def change(call: Call, body: Body) -> Body:
        if body["state"] == state and "scheduledDestroyTime" not in body:
            return body
        call.cloud.due.forget(API, body["name"])
        kept = {key: value for key, value in body.items() if key != "scheduledDestroyTime"}
        return kept | {"state": state, "etag": secrets.etag(call.cloud)}

    return change


def _destroyed(call: Call, body: Body) -> Body:
    secret = secrets.find(call, body["name"].rpartition("/versions/")[0])
    delay = secret.get("versionDestroyTtl")
    if delay is None:
        call.cloud.due.forget(API, body["name"])
        return _wiped(call.cloud, body, call.cloud.clock.rfc3339())
    moment = call.cloud.clock.rfc3339(secrets.seconds(delay, "version_destroy_ttl"))
    call.cloud.due.after(API, DESTRUCTION, body["name"], secrets.seconds(delay, "version_destroy_ttl"))
    return body | {"state": "DISABLED", "scheduledDestroyTime": moment, "etag": secrets.etag(call.cloud)}


def _wiped(cloud: Cloud, body: Body, moment: str) -> Body:
    secret, _, number = body["name"].rpartition("/versions/")
    payloads.wipe(cloud.store, secret, int(number))
    kept = {key: value for key, value in body.items() if key != "scheduledDestroyTime"}
    return kept | {"state": "DESTROYED", "destroyTime": moment, "etag": secrets.etag(cloud)}


def _wrong_state(call: Call, body: Body) -> Exception:
    return failed_precondition(f"Secret Version [{shown(call.cloud, body['name'])}] is in {body['state']} state.")


def _decoded(text: str) -> bytes:
    try:
        data = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise invalid("payload.data is not base64.", "payload.data") from None
    if not data:
        raise invalid("Secret Payload cannot be empty.", "payload.data")
    if len(data) > MOST_BYTES:
        raise invalid(f"Secret payload must be at most 65536 bytes; this one has {len(data)}.", "payload.data")
    return data


def _check_checksum(payload: Body, data: bytes) -> None:
    sent = payload.get("dataCrc32c")
    if sent is not None and int(sent) != payloads.checksum(data):
        raise invalid(
            f"The payload's CRC32C is {payloads.checksum(data)}, but payload.data_crc32c says {sent}; send it again.",
            "payload.data_crc32c",
        )


def _replication_status(secret: Body) -> dict[str, Any]:
    replicas = secret.get("replication", {}).get("userManaged", {}).get("replicas")
    if replicas is None:
        return {"automatic": {}}
    return {"userManaged": {"replicas": [{"location": replica["location"]} for replica in replicas]}}
