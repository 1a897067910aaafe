"""The errors that the local cloud answers with; each dialect renders them in its own form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


class CloudError(Exception):
    """A refusal or failure as Google would answer it.

    code        the HTTP status
    status      the canonical name (https://cloud.google.com/apis/design/errors)
    reason      the older dialect's error reason; derived from the code when empty
    details     google.rpc detail objects
    headers     extra response headers
    lacking     the permission and resource that the caller lacks, if that is the cause
    afterwards  called once everything that the request wrote has been rolled back
    plain       whether the response is plain text, as for Cloud Storage's downloads
    """

    def __init__(
        self,
        code: int,
        status: str,
        message: str,
        reason: str = "",
        details: Sequence[Mapping[str, Any]] = (),
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.message = message
        self.reason = reason
        self.details = list(details)
        self.headers = dict(headers or {})
        self.lacking: Mapping[str, str] | None = None
        self.afterwards: Callable[[], None] | None = None
        self.plain = False

    def described(self) -> dict[str, Any]:
        """The error as JSON-compatible values."""
        return {name: getattr(self, name) for name in ("code", "status", "message", "reason", "details")}


class OAuthError(Exception):
    """An OAuth error response (RFC 6749, section 5.2): the error code `word`, and a sentence."""

    def __init__(self, word: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.word, self.text, self.status = word, text, status

    def body(self) -> dict[str, str]:
        """The JSON object of the answer."""
        return {"error": self.word, "error_description": self.text}


def rpc_code(status: str) -> int:
    """The number of a canonical status in google.rpc.Code."""
    names = (
        "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED "
        "RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED"
    )
    return names.split().index(status)


def invalid(message: str, field: str = "", reason: str = "", description: str = "") -> CloudError:
    """400 INVALID_ARGUMENT; with `field`, a BadRequest detail names it, and describes it as `description`, else as the message."""
    details = [bad_request(field, description or message)] if field else []
    return CloudError(400, "INVALID_ARGUMENT", message, reason, details)


def bad_request(field: str, description: str) -> dict[str, Any]:
    """The google.rpc.BadRequest detail that points at one field ("" = the body as a whole)."""
    violation = {"field": field, "description": description} if field else {"description": description}
    return {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}


def error_info(reason: str, domain: str, metadata: Mapping[str, str]) -> dict[str, Any]:
    """The google.rpc.ErrorInfo detail that clients switch on."""
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": domain,
        "metadata": dict(metadata),
    }


def help_links(description: str, url: str) -> dict[str, Any]:
    """The google.rpc.Help detail with one link."""
    return {"@type": "type.googleapis.com/google.rpc.Help", "links": [{"description": description, "url": url}]}


def localized(message: str) -> dict[str, Any]:
    """The google.rpc.LocalizedMessage detail, which repeats a message for people."""
    return {"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": message}


def unauthenticated(message: str = "", why: str = "CREDENTIALS_MISSING") -> CloudError:
    """401: a missing or unknown token; `why` is the reason in its ErrorInfo."""
    text = message or (
        "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
    )
    challenge = {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'}
    return CloudError(
        401, "UNAUTHENTICATED", text, "required", [error_info(why, "googleapis.com", {})], headers=challenge
    )


def permission_denied(message: str, details: Sequence[Mapping[str, Any]] = ()) -> CloudError:
    """403 PERMISSION_DENIED."""
    return CloudError(403, "PERMISSION_DENIED", message, "forbidden", details)


def not_found(message: str) -> CloudError:
    """404 NOT_FOUND."""
    return CloudError(404, "NOT_FOUND", message, "notFound")


def already_exists(message: str) -> CloudError:
    """409 ALREADY_EXISTS."""
    return CloudError(409, "ALREADY_EXISTS", message, "conflict")


def aborted(message: str) -> CloudError:
    """409 ABORTED: lost to a concurrent change; the caller should read again and retry."""
    return CloudError(409, "ABORTED", message, "conflict")


def cancelled(message: str = "The operation was cancelled.") -> CloudError:
    """499 CANCELLED: the caller cancelled the operation."""
    return CloudError(499, "CANCELLED", message, "clientClosedRequest")


def failed_precondition(message: str) -> CloudError:
    """400 FAILED_PRECONDITION: the resource is not in a state that allows this."""
    return CloudError(400, "FAILED_PRECONDITION", message, "failedPrecondition")


def precondition_failed(message: str) -> CloudError:
    """412: an If-Match or ifGenerationMatch condition does not hold."""
    return CloudError(412, "FAILED_PRECONDITION", message, "conditionNotMet")


def unimplemented(message: str) -> CloudError:
    """501: documented by Google, not emulated here."""
    return CloudError(501, "UNIMPLEMENTED", message, "notImplemented")


DISK_REFUSED = "diskRefused"
"""The reason of errors caused by the disk."""


def disk_problem(cause: Exception, folder: str) -> CloudError:
    """400: the disk refused a write; nothing of the request was kept.

    Not a 5xx: Google's Go clients retry those forever, so Terraform would never end on a full disk.
    """
    return CloudError(
        400,
        "FAILED_PRECONDITION",
        f"The local cloud could not write to its disk at {folder} ({cause}); nothing of this request was kept. "
        "Free space there or make it writable, then repeat the request.",
        DISK_REFUSED,
    )


def damaged(sentence: str) -> CloudError:
    """400: stored data is damaged or missing. Not a 5xx, for the same reason as in `disk_problem`."""
    return CloudError(400, "FAILED_PRECONDITION", sentence, "dataLoss")
