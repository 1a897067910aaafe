"""Admin activity: who changed what, as an entry of the project's audit log.

Data access is not logged, as at Google unless somebody switches it on. Bodies are left out: they may hold what is secret.
Source: https://cloud.google.com/logging/docs/audit#admin-activity.
"""

from __future__ import annotations

from localcloud.engine import gate
from localcloud.engine.exchange import Reply
from localcloud.engine.service import Body, Call, Service
from localcloud.spec.discovery import Method

LOG = "cloudaudit.googleapis.com/activity"
_READS = (
    "get",
    "list",
    "search",
    "test",
    "query",
    "batchGet",
    "validate",
    "lookup",
    "wait",
    "read",
    "fetch",
    "aggregated",
)


def is_activity(service: Service, method: Method) -> bool:
    """Whether a method changes what is there, rather than reading it or the data in it."""
    reads = method.http in {"GET", "HEAD"} or method.verb.startswith(_READS)
    return not reads and not method.id.startswith(service.data_access)


def note(call: Call, project: str | None, result: Body | Reply) -> None:
    """Writes down a change that was made in a project."""
    if project is None or call.params.get("validateOnly"):
        return
    made = result.body if isinstance(result, Reply) else result
    named = made.get("name") if isinstance(made, dict) and "done" not in made else None
    host = f"{call.service.api}.googleapis.com"
    said: Body = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "authenticationInfo": {"principalEmail": call.principal.partition(":")[2]},
        "requestMetadata": {"callerIp": "127.0.0.1", "callerSuppliedUserAgent": call.headers.get("user-agent", "")},
        "serviceName": host,
        "methodName": call.method.id,
        "resourceName": named if call.method.verb in {"create", "insert"} and named else call.name,
        "authorizationInfo": [
            {"permission": permission, "resource": resource, "granted": True}
            for permission, resource in gate.needed(call)
        ],
    }
    labels = {"project_id": project, "service": host, "method": call.method.id}
    resource = {"type": "audited_resource", "labels": labels}
    call.cloud.logs.log(project, LOG, resource, {}, severity="NOTICE", protoPayload=said)
