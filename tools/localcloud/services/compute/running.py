"""What becomes of machines while they run: they are metered, and one whose run is limited stops by itself.

Source: https://cloud.google.com/compute/docs/instances/limit-vm-runtime.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.operations import Operation
from localcloud.engine.service import Body
from localcloud.errors import invalid
from localcloud.services.compute import attached, charges
from localcloud.services.compute.disks import API
from localcloud.spec import timestamps

LIMIT = "end of a run"
_LOG = "cloudaudit.googleapis.com/system_event"
_SHORTEST, _LONGEST = 30, 120 * 86400


def check_limit(scheduling: Mapping[str, Any]) -> None:
    """Raises 400 for a run whose limit is not possible."""
    limit = _seconds(scheduling)
    if limit is not None and not _SHORTEST <= limit <= _LONGEST:
        text = f"'{limit:g}s'. Must be between 30 seconds and 120 days."
        field = "scheduling.maxRunDuration"
        raise invalid(f"Invalid value for field 'resource.{field}': {text}", field, "invalid")
    if limit is not None and scheduling.get("terminationTime"):
        text = "Only one of maxRunDuration and terminationTime can be specified."
        raise invalid(f"Invalid value for field 'resource.scheduling': {text}", "scheduling", "invalid")


def begun(cloud: Cloud, name: str, body: Body) -> Body:
    """A machine that begins to run: its time is metered from now on, and a limit starts over."""
    now = cloud.clock.now()
    charges.begin(cloud, name)
    body = body | {"status": "RUNNING", "lastStartTimestamp": timestamps.pacific(now)}
    end = _end(now, body["scheduling"])
    if end is None:
        return _without_end(body)
    cloud.due.at(API, LIMIT, name, end.timestamp())
    return body | {"resourceStatus": {"scheduling": {"terminationTimestamp": timestamps.pacific(end)}}}


def ended(cloud: Cloud, name: str, body: Body, moment: datetime, status: str = "TERMINATED") -> Body:
    """The same once it no longer runs, since a moment."""
    charges.end(cloud, name, body, moment.timestamp())
    cloud.due.forget(API, name, LIMIT)
    return _without_end(body) | {"status": status, "lastStopTimestamp": timestamps.pacific(moment)}


def limit_reached(cloud: Cloud, name: str, moment: float) -> None:
    """Stops or deletes a machine at the end of its run, which is noted as an event of Google's own."""
    body = cloud.store.get(API, name)
    if body is None:
        return
    at = datetime.fromtimestamp(moment, cloud.clock.now().tzinfo)
    action = body["scheduling"].get("instanceTerminationAction")
    body = ended(cloud, name, body, at)
    if action == "DELETE":
        attached.removed(cloud, name, body)
        cloud.store.delete(API, name)
    else:
        cloud.store.put(API, name, body)
    _note(cloud, name, body, "compute.instances.deferred" + ("Delete" if action == "DELETE" else "Stop"), at)


def _note(cloud: Cloud, name: str, body: Body, method: str, at: datetime) -> None:
    """An operation, and an entry in the audit log of system events."""
    _, project, _, zone, *_ = name.split("/")
    random = secrets.token_hex(8)
    operation = Operation(
        name=f"projects/{project}/zones/{zone}/operations/systemevent-{int(at.timestamp() * 1000)}-{random}",
        state="RUNNING",
        verb=method,
        target=name,
        principal="system:system",
        begun=timestamps.rfc3339(at),
        metadata={"id": str(secrets.randbits(62)), "targetId": body["id"]},
    )
    cloud.operations.keep(API, operation)
    cloud.operations.done(API, operation.name, {})
    payload = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "authenticationInfo": {"principalEmail": "system@google.com"},
        "serviceName": f"{API}.googleapis.com",
        "methodName": method,
        "resourceName": name,
    }
    labels = {"instance_id": body["id"], "project_id": project, "zone": zone}
    cloud.logs.log_later(
        project, _LOG, {"type": "gce_instance", "labels": labels}, severity="INFO", protoPayload=payload
    )


def _end(now: datetime, scheduling: Mapping[str, Any]) -> datetime | None:
    """When a machine that begins to run now stops by itself."""
    if end := scheduling.get("terminationTime"):
        return max(timestamps.parse(str(end)), now)
    limit = _seconds(scheduling)
    return None if limit is None else datetime.fromtimestamp(now.timestamp() + limit, now.tzinfo)


def _seconds(scheduling: Mapping[str, Any]) -> float | None:
    limit = scheduling.get("maxRunDuration") or {}
    return int(limit["seconds"]) + int(limit.get("nanos") or 0) / 1e9 if limit.get("seconds") else None


def _without_end(body: Body) -> Body:
    return {key: value for key, value in body.items() if key != "resourceStatus"}
