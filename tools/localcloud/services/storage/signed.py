"""Signed URLs: anyone with the URL acts as its signer until it expires.

Source: cloud.google.com/storage/docs/authentication/signatures, …/canonical-requests, …/access-control/signed-urls-v2.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from localcloud.engine.iam import acting
from localcloud.engine.interfaces import Signatures
from localcloud.engine.service import Call
from localcloud.errors import CloudError

_ALGORITHM = "GOOG4-RSA-SHA256"
_LONGEST = 7 * 24 * 3600
_EARLY = 15 * 60
_ACCOUNT = re.compile(r"[^@/]+@(?P<project>[a-z0-9-]+)\.iam\.gserviceaccount\.com")
_EXTENSIONS = ("x-goog-", "x-amz-")
_SUBRESOURCES = ("acl", "cors", "lifecycle", "uploads", "uploadId", "partNumber", "versioning")


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a link says: whose it is, from when until when (Unix seconds), and what was signed how."""

    email: str
    begins: float
    ends: float
    text: str
    signature: bytes


def admitted(call: Call) -> Call:
    """The call as the signer of its URL; unchanged if the URL is not signed. 400 or 403 for an invalid signature."""
    if "X-Goog-Signature" in call.params:
        claim = _of_v4(call)
    elif "Signature" in call.params:
        claim = _of_v2(call)
    else:
        return call
    now = call.cloud.clock.seconds()
    if now >= claim.ends:
        moment = datetime.fromtimestamp(claim.ends, UTC)
        raise _refused(400, "ExpiredToken", f"Invalid argument. The link ended at {moment.isoformat()}.")
    if now < claim.begins:
        raise _refused(403, "RequestNotYetValid", "The link is dated in the future.")
    _check(call, claim)
    return call._replace(principal=f"serviceAccount:{claim.email}")


def _check(call: Call, claim: _Claim) -> None:
    match = _ACCOUNT.fullmatch(claim.email)
    account = acting.find(call.cloud, claim.email, match["project"]) if match else None
    if account is None:
        raise _refused(
            403, "AccessDenied", f"{claim.email} cannot sign links: there is no such active service account."
        )
    keys = call.cloud.offers.get(Signatures)
    if keys is None or not keys.vouched(account, claim.text.encode(), claim.signature):
        raise _refused(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your Google secret "
            f"key and signing method. StringToSign: {claim.text!r}",
        )


def _of_v4(call: Call) -> _Claim:
    params = call.params
    if params.get("X-Goog-Algorithm") != _ALGORITHM:
        raise _invalid("X-Goog-Algorithm", f"{_ALGORITHM} is the only algorithm of the local cloud.")
    email, _, scope = str(params.get("X-Goog-Credential", "")).partition("/")
    if not re.fullmatch(r"\d{8}/[^/]+/storage/goog4_request", scope):
        raise _invalid("X-Goog-Credential", "it must be EMAIL/DATE/LOCATION/storage/goog4_request.")
    try:
        begins = datetime.strptime(str(params.get("X-Goog-Date")), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        lasts = _number(params, "X-Goog-Expires")
        signature = binascii.unhexlify(params["X-Goog-Signature"])
    except ValueError:
        raise _invalid("X-Goog-Date, X-Goog-Expires or X-Goog-Signature", "it cannot be read.") from None
    _check_signed_headers(call)
    if not 0 < lasts <= _LONGEST:
        raise _invalid("X-Goog-Expires", f"it must be between 1 and {_LONGEST} seconds.")
    digest = hashlib.sha256(_canonical_request(call).encode()).hexdigest()
    text = f"{_ALGORITHM}\n{params['X-Goog-Date']}\n{scope}\n{digest}"
    return _Claim(email, begins - _EARLY, begins + lasts, text, signature)


def _check_signed_headers(call: Call) -> None:
    """Refuse headers that add to what the link allows, such as an access control list, without being signed.

    Source: cloud.google.com/storage/docs/authentication/canonical-requests#required-headers.
    """
    names = str(call.params.get("X-Goog-SignedHeaders", "")).split(";")
    needed = ["host", *(name for name in sorted(call.headers) if name.startswith(_EXTENSIONS))]
    for name in needed:
        if name not in names:
            raise _refused(
                400, "MalformedSecurityHeader", f"Your request has a malformed header: {name} is not signed."
            )
    for name in names:
        if name not in call.headers:
            raise _refused(
                400, "MalformedSecurityHeader", f"Your request has a malformed header: {name} is signed, but not sent."
            )


def _canonical_request(call: Call) -> str:
    names = str(call.params.get("X-Goog-SignedHeaders", "")).split(";")
    headers = "".join(f"{name}:{' '.join(call.headers.get(name, '').split())}\n" for name in names)
    unsigned = {"bucket", "object", "X-Goog-Signature"}
    query = "&".join(
        sorted(f"{_quoted(name)}={_quoted(value)}" for name, value in call.params.items() if name not in unsigned)
    )
    content = call.headers.get("x-goog-content-sha256", "UNSIGNED-PAYLOAD")
    return f"{call.method.http}\n/{call.http_path}\n{query}\n{headers}\n{';'.join(names)}\n{content}"


def _number(params: Mapping[str, Any], name: str) -> int:
    """A parameter in whole seconds; ValueError when it is none."""
    if not re.fullmatch(r"\d{1,12}", str(params.get(name))):
        raise ValueError(name)
    return int(params[name])


def _quoted(value: Any) -> str:
    return quote(str(value), safe="")


def _of_v2(call: Call) -> _Claim:
    params = call.params
    try:
        ends = _number(params, "Expires")
        signature = base64.b64decode(str(params["Signature"]), validate=True)
    except ValueError:
        raise _invalid("Expires or Signature", "it cannot be read.") from None
    headers = call.headers
    extension = "".join(
        f"{name}:{' '.join(headers[name].split())}\n" for name in sorted(headers) if name.startswith("x-goog-")
    )
    parts = (call.method.http, headers.get("content-md5", ""), headers.get("content-type", ""), str(ends))
    text = "\n".join(parts) + f"\n{extension}/{call.http_path}{_subresource(params)}"
    return _Claim(str(params.get("GoogleAccessId", "")), 0, ends, text, signature)


def _subresource(params: Mapping[str, Any]) -> str:
    parts = [f"{name}={params[name]}" if params[name] else name for name in _SUBRESOURCES if name in params]
    return "?" + "&".join(parts) if parts else ""


def _invalid(name: str, why: str) -> CloudError:
    return _refused(400, "InvalidArgument", f"Invalid argument. {name} of the signed link: {why}")


def _refused(code: int, reason: str, message: str) -> CloudError:
    return CloudError(code, "PERMISSION_DENIED" if code == 403 else "INVALID_ARGUMENT", message, reason)
