"""Named checks of single values, for where a pattern or a list of allowed values is not enough."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import re
from collections.abc import Callable, Mapping

from localcloud.provider import policy_data
from localcloud.provider.private import seconds
from localcloud.provider.values import Value
from localcloud.provider.work import Problem

_LABEL_KEY = re.compile(r"[a-z0-9_-]{1,63}")
_MEMBER = re.compile(r".+:.+|projectOwners|projectReaders|projectWriters|allUsers|allAuthenticatedUsers")
_LONGEST_TOKEN = 3600
_SERVICE_ACCOUNT = re.compile(r"^.+@(?:.+\.iam|developer|appspot|cloudservices|cloudbuild)\.gserviceaccount\.com\Z")
_OWN_HEADER = re.compile(r"X-Google-|X-AppEngine-")
_POOL_ID = re.compile(r"[0-9a-z-]{4,32}")
_POOL_SUFFIX = ".svc.id.goog"
_PROJECT = re.compile(
    r"(?:(?:[-a-z0-9]{1,63}\.)*(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?):)?(?:[0-9]{1,19}|(?:[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?))"
)


def complaint(name: str, value: Value) -> str:
    """What is wrong with the value, as the predicate of a sentence; empty if nothing is."""
    return _CHECKS[name](value)


def _base64(value: str) -> str:
    try:
        base64.b64decode(re.sub(r"[\r\n]", "", value), validate=True)
    except (binascii.Error, ValueError):
        return "must be base64"
    return ""


def _cidr(value: str) -> str:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return "must be a range of addresses such as 10.0.0.0/8"
    return "" if "/" in value else "must be a range of addresses such as 10.0.0.0/8"


def _duration(value: str) -> str:
    try:
        seconds(value)
    except Problem:
        return 'must be a duration such as "30s" or "5m"'
    return ""


def _endpoint(value: str) -> str:
    return (
        ""
        if re.search(r".*/[^/]+/\Z", value)
        else "must be a URL that ends in a version and a slash, such as http://127.0.0.1:8080/v1/"
    )


def _iam_member(value: str) -> str:
    if value.startswith("deleted"):
        return "must not be a deleted principal"
    return "" if _MEMBER.search(value) else 'must be a principal such as "user:alice@example.com"'


def _iam_policy(value: str) -> str:
    try:
        bindings = policy_data.parsed(value).get("bindings") or []
    except ValueError as error:
        return f"must be an IAM policy as JSON: {error}"
    wrong = [(member, text) for one in bindings for member in one.get("members") or [] if (text := _iam_member(member))]
    return f"has the member {wrong[0][0]!r}, which {wrong[0][1]}" if wrong else ""


def _json(value: str) -> str:
    try:
        json.loads(value)
    except ValueError:
        return "must be JSON"
    return ""


def _label_keys(value: Mapping[str, str]) -> str:
    wrong = [key for key in value if not _LABEL_KEY.fullmatch(key)]
    return f"has an invalid label key: {wrong[0]!r}; use up to 63 of a-z, 0-9, _ and -" if wrong else ""


def _pool_id(value: str) -> str:
    # Like hashicorp/google, which strips the suffix as a set of characters.
    return _pool_part(value.rstrip(_POOL_SUFFIX) if value.endswith(_POOL_SUFFIX) else value)


def _pool_part(value: str) -> str:
    if value.startswith("gcp-"):
        return 'must not start with "gcp-"'
    return "" if _POOL_ID.fullmatch(value) else "must be 4 to 32 lower-case letters, digits or dashes"


def _present_member(value: str) -> str:
    return "must not be a deleted principal" if value.startswith("deleted:") else ""


def _project_id(value: str) -> str:
    return "" if _PROJECT.fullmatch(value.rpartition("/")[2]) else "must be a project id"


def _request_headers(value: Mapping[str, str]) -> str:
    wrong = [key for key in value if key == "Content-Length" or _OWN_HEADER.search(key)]
    return f"has {wrong[0]}, which Cloud Scheduler sets itself" if wrong else ""


def _service_account(value: str) -> str:
    return "" if _SERVICE_ACCOUNT.search(value) else "must be the email of a service account"


def _service_name(value: str) -> str:
    if value == "bigquery-json.googleapis.com":
        return "must be bigquery.googleapis.com; bigquery-json.googleapis.com is no longer in use"
    return "" if "." in value else "must be a domain such as secretmanager.googleapis.com"


def _token_lifetime(value: str) -> str:
    wrong = _duration(value)
    return wrong or ("" if 0 <= seconds(value) <= _LONGEST_TOKEN else "must be from 0s to 3600s")


_CHECKS: Mapping[str, Callable[[Value], str]] = {
    "base64": _base64,
    "cidr": _cidr,
    "duration": _duration,
    "endpoint": _endpoint,
    "iam_member": _iam_member,
    "iam_policy": _iam_policy,
    "json": _json,
    "label_keys": _label_keys,
    "pool_id": _pool_id,
    "pool_part": _pool_part,
    "present_member": _present_member,
    "project_id": _project_id,
    "request_headers": _request_headers,
    "service_account": _service_account,
    "service_name": _service_name,
    "token_lifetime": _token_lifetime,
}
