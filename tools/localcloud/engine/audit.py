"""Audit logs of admin activity: who changed something, or was denied it.

Data access is not logged, which is Google's default. Bodies are left out, since they may contain secrets.
Source: https://cloud.google.com/logging/docs/audit#admin-activity.
"""

from __future__ import annotations

from localcloud.engine import gate
from localcloud.engine.exchange import Reply
from localcloud.engine.service import Body, Call, Service
from localcloud.errors import CloudError, rpc_code
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
    """Whether a method changes resources, rather than reading them or changing data in them."""
    reads = method.http in {"GET", "HEAD"} or method.verb.startswith(_READS)
    return not reads and not method.id.startswith(service.data_access)


def note(call: Call, project: str | None, result: Body | Reply) -> None:
    """Logs a change that was made in a project."""
    if project is None or call.params.get("validateOnly"):
        return
    changed = result.body if isinstance(result, Reply) else result
    resource_name = changed.get("name") if isinstance(changed, dict) and "done" not in changed else None
    resource = resource_name if call.method.verb in {"create", "insert"} and resource_name else call.name
    _write(call, project, "NOTICE", {"resourceName": resource, "authorizationInfo": _asked(call, granted=True)})


def denied(call: Call, problem: CloudError) -> None:
    """Logs a change that its caller lacked the permission for."""
    if call.project is None or call.cloud.projects.find(call.project) is None or _is_unserved(problem):
        return
    payload = {
        "status": {"code": rpc_code(problem.status), "message": problem.message},
        "resourceName": call.name,
        "authorizationInfo": [dict(problem.lacking)] if problem.lacking else _asked(call),
    }
    _write(call, call.project, "ERROR", payload)


def _is_unserved(problem: CloudError) -> bool:
    """Whether a call was refused before it reached its service: the API is disabled, or the project is deleted."""
    return any(detail.get("domain") == "googleapis.com" for detail in problem.details)


def method_name(service: Service, method: Method) -> str:
    """The method's name in audit logs: usually its full gRPC name, as the service declares it (Service.audited), else its id."""
    declared = service.audited
    pattern = declared.get(method.id) or declared.get(method.collection) or declared.get("", "{id}")
    verb = {"patch": "update"}.get(method.verb, method.verb)
    if verb == "setIamPolicy" and "*" in pattern:
        pattern = pattern.partition("*")[0] + "*"
    return pattern.replace("*", verb[0].upper() + verb[1:]).replace("{id}", method.id)


def _asked(call: Call, **more: bool) -> list[Body]:
    return [{"permission": permission, "resource": resource, **more} for permission, resource in gate.needed(call)]


def _write(call: Call, project: str, severity: str, content: Body) -> None:
    host = f"{call.service.api}.googleapis.com"
    payload: Body = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "authenticationInfo": {"principalEmail": call.principal.partition(":")[2]},
        "requestMetadata": {"callerIp": "127.0.0.1", "callerSuppliedUserAgent": call.headers.get("user-agent", "")},
        "serviceName": host,
        "methodName": (name := method_name(call.service, call.method)),
        **content,
    }
    labels = {"project_id": project, "service": host, "method": name}
    resource = {"type": "audited_resource", "labels": labels}
    call.cloud.logs.log_later(project, LOG, resource, severity=severity, protoPayload=payload)
