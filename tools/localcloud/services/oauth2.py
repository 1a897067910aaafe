"""Google's OAuth hosts: token information, and tokens for refresh tokens and signed assertions. Clients go there without being configured to.

A refresh token is simulated: it is a token of the local cloud, and is exchanged for itself.
Source: https://developers.google.com/identity/protocols/oauth2/native-app.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localcloud.engine import forms, gate
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Service, Site
from localcloud.errors import CloudError, OAuthError
from localcloud.services.sts import key_grants

_LIFETIME = 3599
_SCOPE = "https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/userinfo.email openid"
_REFRESH = "refresh_token"


class TokenSite:
    """The pages of oauth2.googleapis.com and openidconnect.googleapis.com."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def token(self, request: Request) -> Response:
        """Access and identity tokens for a refresh token, or for what a service account's key has signed."""
        form = await _form(request)
        if form.get("grant_type") == key_grants.GRANT:
            return JSONResponse(key_grants.granted(self._cloud, form))
        if form.get("grant_type") != _REFRESH:
            raise OAuthError(
                "unsupported_grant_type", f"grant_type must be {_REFRESH} or {key_grants.GRANT} in the local cloud."
            )
        token = form.get(_REFRESH, "")
        principal, now = self._principal(token), self._cloud.clock.seconds()
        given = {"access_token": token, "expires_in": _LIFETIME, "scope": _SCOPE, "token_type": "Bearer"}
        client = form.get("client_id")
        named = {"id_token": self._cloud.tokens.identity(principal, client, now)} if client else {}
        return JSONResponse({**given, **named})

    async def tokeninfo(self, request: Request) -> Response:
        """What a token is."""
        token = request.query_params.get("access_token", "")
        if not token and request.method == "POST":
            token = (await _form(request)).get("access_token", "")
        email = self._email(token, "invalid_token")
        return JSONResponse({"email": email, "email_verified": "true", "expires_in": str(_LIFETIME), "scope": _SCOPE})

    async def userinfo(self, request: Request) -> Response:
        """Whom the Authorization header names."""
        email = self._email(request.headers.get("authorization", "").partition(" ")[2], "invalid_request", 401)
        return JSONResponse({"sub": email, "email": email, "email_verified": True})

    def _email(self, token: str, word: str, status: int = 400) -> str:
        return self._principal(token, word, status).partition(":")[2]

    def _principal(self, token: str, word: str = "invalid_grant", status: int = 400) -> str:
        try:
            return gate.caller(self._cloud, {"authorization": f"Bearer {token}"})
        except CloudError:
            raise OAuthError(word, "The token is none of the local cloud, or has expired.", status) from None

    def app(self) -> Starlette:
        """As an ASGI application."""
        routes = [
            Route("/token", self.token, methods=["POST"]),
            Route("/tokeninfo", self.tokeninfo, methods=["GET", "POST"]),
            Route("/v1/userinfo", self.userinfo, methods=["GET"]),
        ]
        return Starlette(routes=routes, exception_handlers={OAuthError: _refused})


async def _form(request: Request) -> dict[str, str]:
    try:
        return await forms.read(request.stream())
    except forms.FormTooLarge:
        raise OAuthError("invalid_request", f"A form may have {forms.MOST} bytes.", 413) from None


def _refused(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, OAuthError)
    return JSONResponse(problem.body(), problem.status)


SERVICE = Service(
    api="oauth2",
    versions=("v2",),
    title="Google OAuth2 API",
    always_enabled=True,
    sites=(
        Site(
            lambda cloud: TokenSite(cloud).app(),
            name="tokens",
            hosts=("oauth2.googleapis.com", "openidconnect.googleapis.com"),
        ),
    ),
)
