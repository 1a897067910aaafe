"""Who the caller is, on Google Cloud or on the local cloud."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.google.transport import refused_login

DEPLOYER_VARIABLE = "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"
TOKEN_VARIABLE = "GOOGLE_OAUTH_ACCESS_TOKEN"  # noqa: S105 - a variable's name
FILE_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"


@dataclass(frozen=True)
class Caller:
    """The caller as IAM sees them: `principal` is an e-mail address, "" where Google does not say.

    `source` says where the login comes from; `impersonated` is the service account that they act as, "" for none;
    `expires` is when the token does (UTC), None if that is unknown or it does not expire.
    """

    principal: str
    source: str
    project: str
    quota_project: str
    impersonated: str
    expires: datetime | None
    simulated: bool

    def expiry(self, now: datetime) -> str:
        """When the token expires, in words."""
        if self.simulated:
            return "never"
        if self.expires is None:
            return "not known"
        left = int((self.expires - now).total_seconds() // 60)
        return f"in {left} min, then it is renewed" if left >= 0 else "expired"


def simulated(project: str, principal: str) -> Caller:
    """A caller on the local cloud."""
    return Caller(principal, "the local cloud (simulated)", project, "", "", None, simulated=True)


def of(cloud: GoogleCloud, variables: Mapping[str, str]) -> Caller:
    """The caller on Google Cloud; `variables` are the shell's.

    Raises PermissionProblem when the login is no longer valid, CloudProblem when Google does not answer.
    """
    from google.auth import impersonated_credentials

    credentials = cloud.credentials
    _refresh(credentials, fixed=TOKEN_VARIABLE in variables and DEPLOYER_VARIABLE not in variables)
    account = str(getattr(credentials, "service_account_email", "") or "")
    expiry: datetime | None = getattr(credentials, "expiry", None)
    acting = isinstance(credentials, impersonated_credentials.Credentials)
    return Caller(
        principal=account if "@" in account else _email(cloud),
        source=_source(variables),
        project=cloud.project,
        quota_project=str(getattr(cloud.login, "quota_project_id", "") or ""),
        impersonated=account if acting else "",
        expires=expiry.replace(tzinfo=UTC) if expiry and expiry.tzinfo is None else expiry,
        simulated=False,
    )


def _refresh(credentials: Any, *, fixed: bool) -> None:
    from google.auth.exceptions import GoogleAuthError, TransportError
    from google.auth.transport.requests import Request

    if fixed:
        return
    try:
        credentials.refresh(Request())
    except TransportError as error:
        raise CloudProblem("the login", 0, "UNREACHABLE", str(error)) from None
    except GoogleAuthError as error:
        raise refused_login(error, credentials) from None


def _email(cloud: GoogleCloud) -> str:
    try:
        return str(cloud.request("GET", "openidconnect", "v1/userinfo").get("email", ""))
    except CloudProblem as problem:
        if problem.is_temporary:
            raise
        return ""


def _source(variables: Mapping[str, str]) -> str:
    if variables.get(TOKEN_VARIABLE):
        return f"the token in {TOKEN_VARIABLE}"
    if variables.get(FILE_VARIABLE):
        return f"the file that {FILE_VARIABLE} names"
    return "application default credentials"
