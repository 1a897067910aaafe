"""Identity tokens, which Cloud Run services require: the caller's identity, signed by Google, for one audience and one hour.

An access token, which Google's APIs take, is refused there.
Sources: https://cloud.google.com/run/docs/authenticating/developers and
https://cloud.google.com/iam/docs/create-short-lived-credentials-direct#sa-credentials-oidc.
"""

from __future__ import annotations

from typing import Any

from groundwork.environment.checkout import Checkout
from groundwork.errors import PermissionProblem
from groundwork.google import local
from groundwork.google.cloud import GoogleCloud
from groundwork.google.transport import refused_login
from groundwork.workloads.project import Project

_WHO = ("openid", "https://www.googleapis.com/auth/userinfo.email")


def identity_token(project: Project, audience: str) -> str:
    """A token that identifies the caller to the service at `audience`.

    A person's token has gcloud as its audience and is accepted by every service. Raises PermissionProblem for a login that
    cannot provide one.
    """
    if project.cloud.simulated:
        checkout = Checkout(project.environment.root)
        return local.identity_token(checkout, str(project.cloud.login), audience)
    credentials = project.cloud.credentials
    account = str(getattr(credentials, "service_account_email", None) or "")
    if account and account != "default":
        return _of_account(project.cloud, account, audience)
    if getattr(credentials, "refresh_token", None):
        return _of_person(credentials)
    return _of_machine(audience)


def _of_account(cloud: GoogleCloud, account: str, audience: str) -> str:
    """A token of a service account, requested as whoever impersonates it: an account usually may not request its own."""
    by = GoogleCloud(cloud.project, None, _behind(cloud.credentials), cloud.patience)
    body = {"audience": audience, "includeEmail": True}
    path = f"v1/projects/-/serviceAccounts/{account}:generateIdToken"
    return str(by.request("POST", "iamcredentials", path, json=body)["token"])


def _behind(credentials: Any) -> Any:
    """The credentials behind an impersonation: a person's, or a GitHub workflow's that logged in without a key."""
    from google.auth import external_account, impersonated_credentials

    if isinstance(credentials, impersonated_credentials.Credentials):
        return credentials._source_credentials  # noqa: SLF001 - there is no other way to it
    if isinstance(credentials, external_account.Credentials):
        source_info = {
            name: value for name, value in credentials.info.items() if not name.startswith("service_account_imp")
        }
        return type(credentials).from_info(source_info, scopes=credentials.scopes)  # type: ignore[no-untyped-call]
    return credentials


def _of_person(login: Any) -> str:
    """A person's identity token: the exchange of the refresh token returns one if it asks for the scope `openid`."""
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request
    from google.oauth2.credentials import Credentials

    asked = Credentials(  # type: ignore[no-untyped-call]
        None, login.refresh_token, token_uri=login.token_uri, client_id=login.client_id,
        client_secret=login.client_secret, scopes=_WHO,
    )  # fmt: skip
    try:
        asked.refresh(Request())  # type: ignore[no-untyped-call]
    except GoogleAuthError as error:
        raise refused_login(error, login) from None
    if not asked.id_token:
        raise PermissionProblem(
            "Your login provides no identity token: run `groundwork login --again`, or use the output of "
            "`gcloud auth print-identity-token`."
        )
    return str(asked.id_token)


def _of_machine(audience: str) -> str:
    """An identity token from the metadata server, on Google's own machines."""
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request
    from google.oauth2 import id_token

    try:
        return str(id_token.fetch_id_token(Request(), audience))  # type: ignore[no-untyped-call]
    except GoogleAuthError as error:
        raise PermissionProblem(
            "This login cannot provide an identity token (an access token alone is not enough): run "
            f"`groundwork login`, or act as a service account ({str(error).partition(chr(10))[0]})."
        ) from None
