"""Uptime checks as clients see them: created, checked, and completed with Google's defaults."""

from __future__ import annotations

import re
import uuid

from localcloud.engine import standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import failed_precondition, invalid, unimplemented
from localcloud.services.monitoring import checks
from localcloud.services.monitoring.names import API, missing, seconds, wrong
from localcloud.spec import patterns, urls

_PERIODS = (60, 300, 600, 900)
_LONGEST_TIMEOUT = 60
_TARGETS = ("monitoredResource", "resourceGroup", "syntheticMonitor")
_PROTOCOLS = ("httpCheck", "tcpCheck")
_MASKED = "******"
_FEWEST_REGIONS = 3
_OF_SEVERAL = {"USA": 3}
"""How many locations a region has, where it has more than one."""
_ADDRESSES = (
    ("USA_OREGON", "Oregon", "192.0.2.1"),
    ("USA_IOWA", "Iowa", "192.0.2.2"),
    ("USA_VIRGINIA", "Virginia", "192.0.2.3"),
    ("EUROPE", "Belgium", "192.0.2.4"),
    ("SOUTH_AMERICA", "Sao Paulo", "192.0.2.5"),
    ("ASIA_PACIFIC", "Singapore", "192.0.2.6"),
)
"""Where checks come from. The addresses are those kept for examples (RFC 5737), since no check leaves this machine (simulated)."""


def create(call: Call) -> Body:
    """uptimeCheckConfigs.create: the id is made of the display name."""
    body = _checked(call, dict(call.body))
    words = re.sub(r"[^a-z0-9]+", "-", body["displayName"].lower()).strip("-")
    name = f"{call.path}/{words[:50]}-{uuid.uuid4().hex[:11]}"
    created = standard.add_child(call, RESOURCE, name, body)
    checks.schedule(call, created)
    return _presented(call.cloud, created)


def list_addresses(_: Call) -> Body:
    """uptimeCheckIps.list"""
    rows = [{"region": region, "location": place, "ipAddress": address} for region, place, address in _ADDRESSES]
    return {"uptimeCheckIps": rows}


def _checked(call: Call, body: Body) -> Body:
    if not body.get("displayName"):
        raise missing("uptime_check_config.display_name")
    if not body.get("timeout"):
        raise missing("uptime_check_config.timeout")
    if not 1 <= seconds(body["timeout"], "uptime_check_config.timeout") <= _LONGEST_TIMEOUT:
        raise wrong("uptime_check_config.timeout", body["timeout"], f"must be from 1s to {_LONGEST_TIMEOUT}s.")
    body["period"] = body.get("period") or "60s"
    if seconds(body["period"], "uptime_check_config.period") not in _PERIODS:
        raise wrong("uptime_check_config.period", body["period"], "must be 60s, 300s, 600s or 900s.")
    targets = _only(body, _TARGETS, "resource")
    if targets == "monitoredResource":
        labels = {"project_id": call.project, **body[targets].get("labels", {})}
        body[targets] = body[targets] | {"labels": labels}
        if body[targets].get("type") == "uptime_url" and not labels.get("host"):
            raise missing("uptime_check_config.monitored_resource.labels[host]")
        if "host" in labels and not _is_host(labels["host"]):
            raise wrong(
                "uptime_check_config.monitored_resource.labels[host]", labels["host"], "must be the name of a host."
            )
    if targets != "syntheticMonitor" and _only(body, _PROTOCOLS, "check_request_type") == "httpCheck":
        body["httpCheck"] = _http(body["httpCheck"])
    regions = body.get("selectedRegions", [])
    if regions and sum(_OF_SEVERAL.get(region, 1) for region in regions) < _FEWEST_REGIONS:
        why = f"must include a minimum of {_FEWEST_REGIONS} locations."
        raise wrong("uptime_check_config.selected_regions", ", ".join(regions), why)
    for one in body.get("contentMatchers", []):
        _check_matcher(one)
    return {"checkerType": "STATIC_IP_CHECKERS"} | body


def _is_host(text: str) -> bool:
    """Whether a text is a host and nothing else: no user before it, no port, path or query after it."""
    url = urls.parts(f"http://{text}/", "http")
    return url is not None and url.path == "/" and url.port is None and not {"@", "?", "#"} & set(text)


def _only(body: Body, names: tuple[str, ...], oneof: str) -> str:
    """The one field of several that is set; 400 for none or more."""
    found = [name for name in names if name in body]
    if len(found) > 1:
        text = f"Invalid value at 'uptime_check_config' (oneof), oneof field '{oneof}' is already set. Cannot set '{found[1]}'"
        raise invalid(text, "uptime_check_config")
    if not found:
        raise missing(f"uptime_check_config.{oneof}")
    return found[0]


def _http(sent: Body) -> Body:
    method = sent.get("requestMethod", "METHOD_UNSPECIFIED")
    method = "GET" if method == "METHOD_UNSPECIFIED" else method
    if method == "GET" and sent.get("body"):
        raise wrong("uptime_check_config.http_check.body", "…", "a GET request may not have a body.")
    if method == "POST" and sent.get("contentType", "TYPE_UNSPECIFIED") == "TYPE_UNSPECIFIED":
        raise wrong("uptime_check_config.http_check.content_type", "TYPE_UNSPECIFIED", "a POST request needs one.")
    path = sent.get("path") or "/"
    port = sent.get("port") or (443 if sent.get("useSsl") else 80)
    return sent | {"requestMethod": method, "path": path if path.startswith("/") else f"/{path}", "port": port}


def _check_matcher(one: Body) -> None:
    kind = one.get("matcher", "")
    if kind.endswith("JSON_PATH"):
        raise unimplemented(f"The local cloud has no {kind}: use CONTAINS_STRING or MATCHES_REGEX.")
    try:
        patterns.compiled(one.get("content", "") if kind.endswith("REGEX") else "")
    except patterns.BadPattern as problem:
        why = f"is no regular expression: {problem}."
        raise wrong("uptime_check_config.content_matchers[0].content", one["content"], why) from None


def _changed(call: Call, old: Body, new: Body) -> Body:
    """A changed check; what was read masked and is written back is as it was."""
    for names in (
        ("authInfo", "password"),
        *(("headers", name) for name in new.get("httpCheck", {}).get("headers", {})),
    ):
        part = new.get("httpCheck", {}).get(names[0], {})
        if part.get(names[1]) == _MASKED:
            part[names[1]] = old.get("httpCheck", {}).get(names[0], {}).get(names[1], "")
    body = _checked(call, new)
    checks.schedule(call, body)
    return body


def _presented(_: Cloud, body: Body) -> Body:
    http = dict(body.get("httpCheck", {}))
    if http.get("maskHeaders"):
        http["headers"] = dict.fromkeys(http.get("headers", {}), _MASKED)
    if "authInfo" in http:
        http["authInfo"] = http["authInfo"] | {"password": _MASKED}
    return body | {"httpCheck": http} if http else body


def _delete(call: Call, _: Body) -> None:
    """A check that a policy watches cannot be deleted."""
    for __, policy in call.cloud.store.list(API, call.parent, "alertPolicies"):
        if any(call.id in str(condition) for condition in policy["conditions"]):
            raise failed_precondition(
                f"Cannot delete check {call.id}. One or more alerting policies is using it. "
                "Delete the alerting policy(s) before deleting this check."
            )


RESOURCE = Resource(
    kind="UptimeCheckConfig",
    changed=_changed,
    present=_presented,
    delete=_delete,
    missing="Could not find uptime check {id}.",
)
