"""Calls to Google's APIs, or to the local cloud in their place, with official clients and with plain requests."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from groundwork.environment.checkout import Checkout
from groundwork.errors import Exit, GroundworkError, PermissionProblem
from groundwork.google import isolation, local
from groundwork.google.transport import Google, Loopback, Response, Transport, Unreachable, loopback_session
from groundwork.google.waiting import PROMPT, Patience, patiently

if TYPE_CHECKING:
    from google.cloud.devtools.cloudbuild_v1 import CloudBuildClient
    from google.cloud.secretmanager import SecretManagerServiceClient
    from google.cloud.storage import Client as StorageClient

    from groundwork.environment.values import Environment

C = TypeVar("C")
IMPERSONATES = "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_WHO = "https://www.googleapis.com/auth/userinfo.email"
_IN_PATHS = "/:@!$&'()*+,;=~%?"
_BELOW_HOST = ("storage", "compute", "bigquery")
_TEMPORARY = (408, 429, 500, 502, 503, 504)
# A 403 in the older APIs, such as BigQuery's (https://cloud.google.com/bigquery/docs/error-messages) and Compute Engine's.
_TOO_OFTEN = ("rateLimitExceeded", "userRateLimitExceeded")
_WAITS = (0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0)
_SHORT_WAITS = _WAITS[:4]
_LOCAL_WAITS = (0.1, 0.2, 0.4)


WHOM_TO_ASK = (
    "ask an owner of the project or an operator of your team; `groundwork access explain YOU PERMISSION RESOURCE` "
    "shows them the line that grants it"
)
WHO_ONE_IS = "your login was not accepted: `groundwork doctor --env NAME` shows who you are and what your login lacks"
_UNPAID = "no billing account pays for the project: `groundwork doctor --env NAME` shows how to link one"
# Refusals that no grant can fix. Source: https://cloud.google.com/apis/design/errors#error_model, google.api.ErrorReason, and
# https://cloud.google.com/storage/docs/json_api/v1/status-codes#403-forbidden.
WHAT_ELSE = {
    "BILLING_DISABLED": _UNPAID,
    "accountDisabled": _UNPAID,
    "SERVICE_DISABLED": "`groundwork up` enables the APIs that the environment file needs, e.g. for services:, jobs:, builds: or training:",
    "USER_PROJECT_DENIED": "your login's quota project is one that you may not use: run `groundwork login --env NAME`",
}


class CloudProblem(GroundworkError):
    """A call that Google (or the local cloud) refused: HTTP `code`, `status` ("NOT_FOUND"), `reason` ("SERVICE_DISABLED").

    `code` is 0 when there was no response at all.
    """

    def __init__(self, call: str, code: int, status: str, text: str, reason: str = "") -> None:
        refused = code in (401, 403) and reason not in ("SERVICE_DISABLED", *_TOO_OFTEN)
        remedy = WHAT_ELSE.get(reason) or (WHO_ONE_IS if code == 401 else WHOM_TO_ASK if refused else "")
        answer = f"{code or 'no answer'} {status}".rstrip()
        super().__init__(": ".join(filter(None, (call, answer, text))), (remedy,) if remedy else ())
        self.code = code
        self.status = status
        self.text = text
        self.reason = reason
        if refused:
            self.exit_code = Exit.PERMISSION

    @property
    def switched_off(self) -> bool:
        """Whether the API is disabled in the project, which then has none of its resources."""
        return self.reason == "SERVICE_DISABLED"

    @property
    def is_temporary(self) -> bool:
        """Whether the same call may succeed a moment later."""
        return self.code == 0 or self.code in _TEMPORARY or self.reason in _TOO_OFTEN


@dataclass(frozen=True)
class GoogleCloud:
    """Google Cloud as one principal, for one project.

    `base` is the local cloud's address, None for Google itself; `login` is the local cloud's token, or google-auth's credentials.
    `patience` decides how long to wait for changes to become visible.
    """

    project: str
    base: str | None
    login: Any = field(repr=False)
    patience: Patience = field(default=Patience(), compare=False, repr=False)

    @cached_property
    def _transport(self) -> Transport:
        return Loopback(self.login) if self.base else Google(self.credentials)

    @cached_property
    def credentials(self) -> Any:
        """The credentials for google-auth and the official clients."""
        if not self.base:
            return _with_quota_project(self.login, self.project)
        from google.oauth2.credentials import Credentials

        return Credentials(self.login)  # type: ignore[no-untyped-call]

    @property
    def simulated(self) -> bool:
        """Whether this is the local cloud."""
        return self.base is not None

    def address(self, api: str) -> str:
        """The root URL of an API, without a version; `api` is a name such as "secretmanager" or "europe-west1-aiplatform"."""
        if self.base is not None:
            return f"{self.base}/{api.rpartition('-')[2]}"
        return f"https://{api}.googleapis.com" + (f"/{api}" if api in _BELOW_HOST else "")

    def request(
        self, verb: str, api: str, path: str, *, params: Mapping[str, Any] | None = None, json: Any = None
    ) -> dict[str, Any]:
        """The JSON object that a call returns, e.g. request("GET", "secretmanager", "v1/projects/p/secrets").

        A temporary failure is retried for a minute, a lost connection for some seconds; anything but a GET only when nothing
        can have happened (429, 503). Raises CloudProblem.
        """
        answer = self._send(verb, api, path, params, json)
        if not answer.content and verb != "GET":
            return {}
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise CloudProblem(f"{verb} {api} {path}", answer.status, "", "the response is not a JSON object")
        return found

    def read(self, api: str, path: str, *, params: Mapping[str, Any] | None = None) -> bytes:
        """The raw bytes that a GET returns, e.g. of an object with alt=media."""
        return self._send("GET", api, path, params).content

    def pages(self, api: str, path: str, key: str, params: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Every item of a list call, over all its pages; `key` is the field with a page's items."""
        for page in self.whole_pages(api, path, params):
            yield from page.get(key, ())

    def whole_pages(self, api: str, path: str, params: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Every page of a list call, unchanged. Raises CloudProblem, also for a page token that repeats."""
        tokens = {""}
        token = ""
        while True:
            page = self.request("GET", api, path, params={**(params or {}), **({"pageToken": token} if token else {})})
            yield page
            token = str(page.get("nextPageToken") or "")
            if not token:
                return
            if token in tokens:
                raise CloudProblem(f"GET {api} {path}", 200, "", "the next page token repeats an earlier one")
            tokens.add(token)

    def storage(self) -> StorageClient:
        """The official Cloud Storage client."""
        from google.cloud.storage import Client

        options = {"universe_domain": isolation.UNIVERSE, **({"api_endpoint": self.base} if self.base else {})}
        session = loopback_session(self.credentials) if self.base else None
        return Client(project=self.project, credentials=self.credentials, client_options=options, _http=session)

    def secrets(self) -> SecretManagerServiceClient:
        """The official Secret Manager client (REST)."""
        from google.cloud.secretmanager import SecretManagerServiceClient

        return self._official(SecretManagerServiceClient, "secretmanager")

    def builds(self) -> CloudBuildClient:
        """The official Cloud Build client (REST)."""
        from google.cloud.devtools.cloudbuild_v1 import CloudBuildClient

        return self._official(CloudBuildClient, "cloudbuild")

    def _official(self, kind: type[C], api: str) -> C:
        client: Any = kind
        if not self.base:
            options = {"universe_domain": isolation.UNIVERSE}
            return client(credentials=self.credentials, transport="rest", client_options=options)  # type: ignore[no-any-return]
        rest: Any = client.get_transport_class("rest")
        transport = rest(host=self.address(api), credentials=self.credentials)
        transport._session.trust_env = False  # noqa: SLF001 - it accepts no session, and calls must not go through a proxy
        return client(transport=transport)  # type: ignore[no-any-return]

    def _send(self, verb: str, api: str, path: str, params: Mapping[str, Any] | None, body: Any = None) -> Response:
        def once() -> Response:
            return self._once(verb, api, path, params or {}, body)

        def passes(problem: Exception) -> bool:
            if not isinstance(problem, CloudProblem) or problem.code == 0:
                return False
            return problem.is_temporary and (verb == "GET" or problem.code in (429, 503))

        waits = _LOCAL_WAITS if self.base else _WAITS
        offline_waits = _LOCAL_WAITS if self.base else _SHORT_WAITS
        return patiently(lambda: patiently(once, _is_offline, offline_waits if verb == "GET" else ()), passes, waits)

    def _once(self, verb: str, api: str, path: str, params: Mapping[str, Any], body: Any) -> Response:
        call = f"{verb} {api} {path}"
        try:
            # A name that somebody typed may hold anything; requests would end a URL at "#", and a lone surrogate fits nowhere.
            sent = quote(path, safe=_IN_PATHS, errors="replace")
            answer = self._transport.send(verb, f"{self.address(api)}/{sent}", params, body)
        except Unreachable as error:
            raise CloudProblem(call, 0, "UNREACHABLE", str(error)) from None
        if answer.status >= 400:
            raise _problem(call, answer)
        return answer


def _is_offline(problem: Exception) -> bool:
    return isinstance(problem, CloudProblem) and problem.code == 0


def _problem(call: str, answer: Response) -> CloudProblem:
    """An error in either of Google's two formats: with `status` and `details` or, from Cloud Storage, with `errors`."""
    try:
        body = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        return CloudProblem(call, answer.status, "", answer.content[:200].decode("utf-8", "replace"))
    if not isinstance(body, dict):
        return CloudProblem(call, answer.status, str(body), "")
    details = [item for item in body.get("details", ()) if isinstance(item, dict)]
    reason = next((str(item["reason"]) for item in details if "reason" in item), "")
    reason = reason or next((str(item.get("reason", "")) for item in body.get("errors", ())), "")
    return CloudProblem(call, answer.status, str(body.get("status", "")), str(body.get("message", "")), reason)


def local_cloud(project: str, base: str, token: str, patience: Patience = PROMPT) -> GoogleCloud:
    """The local cloud at `base`, as the principal that `token` names."""
    return GoogleCloud(project, base, token, patience)


def connect(environment: Environment, principal: str | None = None, checkout: Checkout | None = None) -> GoogleCloud:
    """The environment's cloud, for features that do not use Terraform; starts the local cloud if necessary.

    `principal` ("user:alice@example.com") applies to the local cloud, by default the shell's (`local env --as`); on Google
    Cloud it is whoever is logged in.
    `checkout` is the clone whose local cloud to use, by default the one that contains the environment file.
    """
    if not environment.local:
        isolation.refuse_elsewhere(os.environ, environment.name)
        return google_cloud(environment.project)
    clone = checkout or Checkout(environment.root)
    running = local.start(clone)
    return local_cloud(
        environment.project,
        running.base,
        local.token(clone, principal or local.shells_principal(os.environ)),
        local.patience(running),
    )


def google_cloud(project: str, variables: Mapping[str, str] | None = None) -> GoogleCloud:
    """Google Cloud with the caller's login.

    Credentials: GOOGLE_OAUTH_ACCESS_TOKEN, else application default credentials, with the deployer impersonated when
    GOOGLE_IMPERSONATE_SERVICE_ACCOUNT names it (Terraform's provider reads the same variables). Raises PermissionProblem.
    """
    environ = os.environ if variables is None else variables
    isolation.refuse_elsewhere(environ, project)
    return GoogleCloud(project, None, _credentials(environ))


def _with_quota_project(login: Any, project: str) -> Any:
    """A user's credentials with `project` as quota project, unless they have one.

    Without one, calls to many APIs count for gcloud's own project, where those APIs are off
    (https://cloud.google.com/docs/authentication/troubleshoot-adc#user-creds-client-based).
    """
    from google.oauth2.credentials import Credentials

    if isinstance(login, Credentials) and login.refresh_token and not login.quota_project_id:
        return login.with_quota_project(project)
    return login


def _credentials(variables: Mapping[str, str]) -> Any:
    from google.auth import default, impersonated_credentials
    from google.auth.exceptions import DefaultCredentialsError
    from google.oauth2.credentials import Credentials

    if token := variables.get("GOOGLE_OAUTH_ACCESS_TOKEN"):
        source: Any = Credentials(token)  # type: ignore[no-untyped-call]
    else:
        # It warns when gcloud has no default project, but the environment file names the project.
        logging.getLogger("google.auth._default").setLevel(logging.ERROR)
        try:
            # A user's token reveals their e-mail address only with the scope for it.
            source, _project = default(scopes=[SCOPE, _WHO])
        except DefaultCredentialsError:
            raise _not_logged_in(by_file=bool(variables.get("GOOGLE_APPLICATION_CREDENTIALS"))) from None
    deployer = variables.get(IMPERSONATES)
    if not deployer or _acts_as(source) == deployer:
        return source
    return impersonated_credentials.Credentials(
        source_credentials=source, target_principal=deployer, target_scopes=[SCOPE]
    )  # type: ignore[no-untyped-call]


def impersonating_once(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables, without the account to impersonate where the login already is that account.

    An account cannot impersonate itself without a permission that it usually lacks. Raises PermissionProblem.
    """
    alone = {name: value for name, value in variables.items() if name != IMPERSONATES}
    wanted = variables.get(IMPERSONATES)
    return alone if wanted and _acts_as(_credentials(alone)) == wanted else dict(variables)


def _acts_as(login: object) -> str:
    """The service account of a login, "" for a user."""
    return str(getattr(login, "service_account_email", None) or "")


def _not_logged_in(*, by_file: bool) -> PermissionProblem:
    if by_file:
        # Its value is not repeated: some people put the key itself there.
        return PermissionProblem(
            "GOOGLE_APPLICATION_CREDENTIALS is set, but does not name a usable login: unset it and run "
            "`gcloud auth application-default login`."
        )
    return PermissionProblem("You are not logged in to Google Cloud: run `groundwork login --env NAME`.")
