"""The pages of the console: an ASGI application whose every address begins with its secret."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from localcloud.console.views import Body, Views, commands, preview

Endpoint = Callable[[Request], Awaitable[Response]]
_HERE = Path(__file__).parent
# No script runs on these pages, whatever an object or a name holds.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_HOURS = {"1 hour": 3600, "1 day": 86_400, "8 days": 8 * 86_400, "31 days": 31 * 86_400}


@dataclass(frozen=True)
class Switches:
    """What the switches for tests act on: the requests that were made, the faults in force, and the profiles of late visibility."""

    requests: Callable[[], Sequence[Body]]
    faults: Callable[[], Sequence[Body]]
    order: Callable[[Mapping[str, Any]], object]
    clear: Callable[[], None]
    advance: Callable[[float], None]


class Console:
    """The pages over one cloud."""

    def __init__(self, views: Views, switches: Switches, secret: str) -> None:
        self._views, self._switches, self._secret = views, switches, secret
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"), autoescape=select_autoescape(default=True), trim_blocks=True
        )
        self._templates.filters["pretty"] = lambda body: json.dumps(body, indent=2, ensure_ascii=False)
        self._templates.filters["words"] = lambda name: re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
        self._templates.globals["style"] = (_HERE / "templates" / "style.css").read_text("utf-8")

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/", self.door),
            Route("/console/{secret}", self._behind(self.overview)),
            Route("/console/{secret}/", self._behind(self.overview)),
            Route("/console/{secret}/project/{project}", self._behind(self.project)),
            Route("/console/{secret}/project/{project}/access", self._behind(self.access)),
            Route("/console/{secret}/project/{project}/logs", self._behind(self.logs)),
            Route("/console/{secret}/project/{project}/{api}", self._behind(self.service)),
            Route("/console/{secret}/bucket/{bucket}", self._behind(self.bucket)),
            Route("/console/{secret}/object/{bucket}/{name:path}", self._behind(self.object)),
            Route("/console/{secret}/download/{bucket}/{name:path}", self._behind(self.download)),
            Route("/console/{secret}/resource/{api}/{name:path}", self._behind(self.resource)),
            Route("/console/{secret}/requests", self._behind(self.requests)),
            Route("/console/{secret}/switches", self._behind(self.switches), methods=["GET", "POST"]),
        ]
        return Starlette(routes=routes, exception_handlers={404: self._nothing})

    def _behind(self, endpoint: Endpoint) -> Endpoint:
        async def answered(request: Request) -> Response:
            if not hmac.compare_digest(request.path_params["secret"].encode(), self._secret.encode()):
                return self._page("door.html", 403)
            return await endpoint(request)

        return answered

    def _page(self, template: str, status: int = 200, /, **found: Any) -> Response:
        cloud = self._views.cloud
        page = self._templates.get_template(template).render(
            root=f"/console/{self._secret}", now=cloud.clock.rfc3339()[:19] + "Z", ahead=cloud.clock.offset, **found
        )
        return HTMLResponse(page, status, _HEADERS)

    async def _nothing(self, _: Request, __: Exception) -> Response:
        return self._page("nothing.html", 404)

    async def door(self, _: Request) -> Response:
        """What is said to who comes without the secret."""
        return self._page("door.html")

    async def overview(self, _: Request) -> Response:
        """The projects, each with its services."""
        projects = [(one, self._views.tiles(one["id"])) for one in self._views.projects()]
        return self._page("overview.html", projects=projects)

    async def project(self, request: Request) -> Response:
        """One project."""
        name = request.path_params["project"]
        found = [(one, self._views.tiles(name)) for one in self._views.projects() if one["id"] == name]
        return self._page("overview.html", projects=found) if found else self._page("nothing.html", 404)

    async def service(self, request: Request) -> Response:
        """The resources of a service."""
        project, api = request.path_params["project"], request.path_params["api"]
        return self._page("service.html", project=project, api=api, things=self._views.things(project, api))

    async def access(self, request: Request) -> Response:
        """Who holds which role on what."""
        project = request.path_params["project"]
        things, members = self._views.grants(project)
        return self._page("access.html", project=project, things=things, members=members)

    async def logs(self, request: Request) -> Response:
        """The last log entries."""
        project = request.path_params["project"]
        return self._page("logs.html", project=project, entries=self._views.entries(project))

    async def bucket(self, request: Request) -> Response:
        """The objects of a bucket, folder by folder."""
        prefix = request.query_params.get("prefix", "")
        found = self._views.bucket(request.path_params["bucket"], prefix)
        return self._page("bucket.html", prefix=prefix, **found) if found else self._page("nothing.html", 404)

    async def object(self, request: Request) -> Response:
        """An object: what is known of it, and its beginning where it is text."""
        bucket, name = request.path_params["bucket"], request.path_params["name"]
        found = self._views.object(bucket, name)
        if found is None:
            return self._page("nothing.html", 404)
        shown = preview(found[1], found[2])
        return self._page(
            "object.html", bucket=bucket, object=found[0], preview=shown, image=found[2].startswith("image/")
        )

    async def download(self, request: Request) -> Response:
        """An object's bytes; a page or a drawing among them is never shown as one of ours."""
        found = self._views.object(request.path_params["bucket"], request.path_params["name"])
        if found is None:
            return self._page("nothing.html", 404)
        safe = found[2].startswith("image/") and "svg" not in found[2]
        kind = found[2] if safe else "application/octet-stream"
        place = "inline" if safe else "attachment"
        return Response(found[1], 200, {**_HEADERS, "Content-Disposition": place}, kind)

    async def resource(self, request: Request) -> Response:
        """A resource as the API shows it."""
        api, name = request.path_params["api"], request.path_params["name"]
        body = self._views.resource(api, name)
        if body is None:
            return self._page("nothing.html", 404)
        return self._page("resource.html", api=api, name=name, body=body, commands=commands(api, "v1", name))

    async def requests(self, _: Request) -> Response:
        """What clients asked, newest first."""
        return self._page("requests.html", requests=list(reversed(self._switches.requests()))[:200])

    async def switches(self, request: Request) -> Response:
        """Faults and the clock, for tests."""
        if request.method == "POST":
            self._switch(dict(request.query_params))
            return RedirectResponse(request.url.path, 303, _HEADERS)
        return self._page("switches.html", faults=self._switches.faults(), hours=_HOURS)

    def _switch(self, asked: Mapping[str, str]) -> None:
        if "advance" in asked:
            self._switches.advance(float(asked["advance"]))
        elif asked.get("fault") == "none":
            self._switches.clear()
        elif "fault" in asked:
            code = {"code": int(asked["code"])} if "code" in asked else {}
            seconds = {"seconds": float(asked["seconds"])} if "seconds" in asked else {}
            self._switches.order({"method": "*", "kind": asked["fault"], "count": 1, **code, **seconds})
