"""The front end of services: finds a request's service, authorizes its caller, and chooses a revision."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.iam import identities
from localcloud.engine.service import Asgi, Body
from localcloud.errors import CloudError
from localcloud.services.run import addresses, images, instances, names, revisions, templates
from localcloud.services.run.exchanges import Chosen, Exchange, Head, ProxyError
from localcloud.services.run.fleet import Fleet, Instance
from localcloud.services.run.journal import Answered
from localcloud.services.run.names import API
from localcloud.services.run.proxy import Visit

INVOKE = "run.routes.invoke"
_ACCESS_TOKEN = b"local/"
_CACHE_SIZE = 1024
# gcloud's own client ID: the audience of people's tokens from `gcloud auth print-identity-token`, which every service accepts.
# Source: https://cloud.google.com/run/docs/authenticating/developers.
_GCLOUD = "32555940559.apps.googleusercontent.com"
_SIMULATED = (
    "This service is simulated: its configuration is validated and stored, but nothing runs, since its image is not one that can run "
    "on this machine. Without podman and docker none can, unless a command stands in for it."
)


@dataclass(slots=True)
class RevisionShare:
    """A revision's share of the requests, for weighted round robin; `credit` is its current weight.

    placeholder   whether Google's placeholder, which does not run here, would answer
    """

    revision: str
    percent: int
    timeout: float
    h2c: bool = False
    placeholder: bool = False
    credit: int = 0


@dataclass(slots=True)
class Route:
    """What the front end needs to know of a service, cached until something changes."""

    service: str
    project: str
    open: bool
    audiences: frozenset[str]
    shares: list[RevisionShare] = field(default_factory=list)
    tags: dict[str, RevisionShare] = field(default_factory=dict)
    problem: ProxyError | None = None

    def next(self) -> RevisionShare:
        """The share whose turn it is, by smooth weighted round robin."""
        if len(self.shares) == 1:
            return self.shares[0]
        for share in self.shares:
            share.credit += share.percent
        chosen = max(self.shares, key=lambda share: share.credit)
        chosen.credit -= 100
        return chosen


class Front:
    """All services' front end (exchanges.RequestRouter)."""

    def __init__(self, cloud: Cloud, fleet: Fleet) -> None:
        self._cloud, self._fleet = cloud, fleet
        self._routes: dict[str, Route] = {}
        self._hosts: dict[str, names.HostTarget | None] = {}
        self._callers: dict[bytes, tuple[str, str, float]] = {}
        self._seen: Any = None

    def connection(self, _host: str) -> asyncio.Protocol:
        """The protocol for a client of a run.app host, over TLS or through the proxy."""
        return Visit(self, secure=True)

    def own(self, service: str) -> asyncio.Protocol:
        """The protocol for a client at a service's own port."""
        return Visit(_PortFront(self, service), secure=False)

    # exchanges.RequestRouter

    def choose(self, head: Head) -> RevisionShare:
        """The revision that answers a request, by its host. Raises ProxyError."""
        target = self._resolve(head.field(b"host").decode("latin-1").partition(":")[0].lower())
        if target is None:
            raise ProxyError(
                404, "The requested URL was not found on this server: there is no service at this address."
            )
        return self.chosen(head, target.service, target.tag)

    def enter(self, chosen: Chosen) -> Instance | None:
        """An instance with capacity now."""
        return self._fleet.enter(chosen.revision)

    async def acquire(self, chosen: Chosen) -> Instance:
        """An instance as soon as there is one. Raises NoInstance."""
        return await self._fleet.acquire(chosen.revision)

    def leave(self, instance: Instance) -> None:
        """A request has ended."""
        self._fleet.leave(instance)

    def suspect(self, instance: Instance) -> None:
        """The connection to an instance broke."""
        self._fleet.suspect(instance)

    def answered(self, exchange: Exchange) -> None:
        """Records a finished request."""
        now = asyncio.get_running_loop().time()
        self._fleet.journal.answered(Answered(exchange, exchange.chosen.revision, now - exchange.started, time.time()))

    def chosen(self, head: Head, service: str, tag: str) -> RevisionShare:
        """The revision that answers a request to a service. Raises ProxyError."""
        route = self._route(service)
        if route.problem is not None and not route.open:
            self._admit(head, route)
        if route.problem is not None:
            raise route.problem
        if not route.open:
            self._admit(head, route)
        if tag and tag not in route.tags:
            raise ProxyError(404, "The requested URL was not found on this server: no revision has this tag.")
        return route.tags[tag] if tag else route.next()

    def _admit(self, head: Head, route: Route) -> None:
        """Raises ProxyError unless the request has an identity token for this service, of a caller who may invoke it."""
        url = head.target.decode("latin-1").partition("?")[0]
        denied = f"Your client does not have permission to get URL {url} from this server."
        token = _token(head)
        if not token:
            raise ProxyError(
                403,
                f"{denied} The request was not authenticated: send an identity token (groundwork token), or make the service public.",
            )
        try:
            principal, audience = self._caller(token)
        except CloudError:
            what = (
                "That is an access token; Cloud Run takes identity tokens."
                if token.startswith(_ACCESS_TOKEN)
                else "The token could not be verified."
            )
            raise _unverified(what) from None
        if audience not in route.audiences and not (audience == _GCLOUD and principal.startswith("user:")):
            raise _unverified(f"The token is for {audience}, not for this service.")
        allowed = self._cloud.iam.allowed(principal, INVOKE, API, route.service, route.project)
        if not allowed or not self._cloud.iam.active(principal):
            raise ProxyError(403, f"{denied} {principal} needs the role roles/run.invoker on the service.")

    def _caller(self, token: bytes) -> tuple[str, str]:
        now = self._cloud.clock.seconds()
        known = self._callers.get(token)
        if known is not None and now < known[2]:
            return known[0], known[1]
        principal, audience, expires = self._cloud.tokens.identified(token.decode("latin-1"), now)
        if len(self._callers) > _CACHE_SIZE:
            self._callers.clear()
        caller = identities.canonical(principal), audience.rstrip("/")
        self._callers[token] = (*caller, min(now + 60, expires))
        return caller

    def _resolve(self, host: str) -> names.HostTarget | None:
        self._refresh()
        if host not in self._hosts:
            if len(self._hosts) > _CACHE_SIZE:
                self._hosts.clear()
            self._hosts[host] = names.resolve(self._cloud, host)
        return self._hosts[host]

    def _route(self, service: str) -> Route:
        self._refresh()
        route = self._routes.get(service)
        if route is None:
            route = self._routes[service] = _route(self._cloud, service)
        return route

    def _refresh(self) -> None:
        versions = (self._cloud.store.writes[API], self._cloud.iam.state, self._cloud.workloads.settings.told)
        if versions != self._seen:
            self._seen = versions
            self._routes.clear()
            self._hosts.clear()


class _PortFront:
    """The front end at one service's own port, which ignores the host."""

    def __init__(self, front: Front, service: str) -> None:
        self._front, self._service = front, service
        self.enter, self.acquire = front.enter, front.acquire
        self.leave, self.suspect, self.answered = front.leave, front.suspect, front.answered

    def choose(self, head: Head) -> RevisionShare:
        """The revision that answers a request. Raises ProxyError."""
        return self._front.chosen(head, self._service, "")


def _token(head: Head) -> bytes:
    authorization = head.field(b"x-serverless-authorization") or head.field(b"authorization")
    scheme, _, token = authorization.partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else b""


def _unverified(sentence: str) -> ProxyError:
    challenge = 'Bearer error="invalid_token" error_description="The access token could not be verified"'
    return ProxyError(
        401,
        f"Your client does not have permission to the requested URL. {sentence}",
        (("WWW-Authenticate", challenge),),
    )


def _route(cloud: Cloud, service: str) -> Route:
    body = cloud.store.get(API, service)
    if body is None:
        return Route(service, "", True, frozenset(), problem=ProxyError(404, "The service was deleted."))
    place = names.RunName.of(service)
    public = cloud.iam.allowed("", INVOKE, API, service, place.project)
    own = addresses.own(cloud, service)
    tags = [one["uri"] for one in body.get("trafficStatuses", ()) if "uri" in one]
    audiences = frozenset((*body["urls"], *body.get("customAudiences", ()), own, *tags))
    route = Route(service, place.project, public or bool(body.get("invokerIamDisabled")), audiences)
    for status in body.get("trafficStatuses", ()):
        full = f"{service}/revisions/{status['revision']}"
        there = cloud.store.get(API, full)
        if there is None:
            continue
        h2c = templates.serving(there)["ports"][0]["name"] == "h2c"
        share = RevisionShare(full, status.get("percent", 0), templates.seconds(there["timeout"]), h2c)
        ran_by = there.get("annotations", {}).get(revisions.RAN_BY)
        if ran_by == "simulated" and instances.how(cloud, full, there) == "simulated":
            share.placeholder = _answers(there)
            if not share.placeholder:
                route.problem = ProxyError(503, _SIMULATED)
        if share.percent:
            route.shares.append(share)
        if status.get("tag"):
            route.tags[status["tag"]] = share
    if not route.shares and route.problem is None:
        route.problem = ProxyError(503, "The service has no ready revision yet; its conditions say why.")
    return route


def _answers(revision: Body) -> bool:
    """Whether the image of a revision that does not run is the placeholder, and would answer; in a function's, it stands for one."""
    serving = templates.serving(revision)
    of_function = revision.get("labels", {}).get("goog-managed-by") == "cloudfunctions"
    return images.answers(serving["image"]) and serving["ports"][0]["name"] != "h2c" and not of_function


def late(_cloud: Cloud) -> Asgi:
    """Answers requests on a connection that was opened for another host."""

    async def answered(_scope: Any, _receive: Any, send: Any) -> None:
        text = b"This connection was opened for another host; open a new one for this service.\n"
        await send({"type": "http.response.start", "status": 421, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": text})

    return answered
