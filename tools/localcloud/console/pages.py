"""The console's pages: an ASGI application in which every path begins with the console's secret."""

from __future__ import annotations

import hmac
import json
import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from localcloud.console import access, activity, commands
from localcloud.console.address import PREFIX
from localcloud.console.views import Views, moment, preview
from localcloud.engine.service import Asgi, Body
from localcloud.errors import CloudError

Endpoint = Callable[[Request], Awaitable[Response]]
_HERE = Path(__file__).parent
# No script runs on these pages, whatever an object or a name contains.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    # With "no-referrer", browsers would send "Origin: null" with forms, which is refused here; other sites still learn nothing.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
# For users' content on its own page: it cannot run scripts, load anything or submit forms.
_ALONE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
_MOST_FORM = 4096
# Compared as whole strings: browsers use the last type in "image/png,text/html".
_IMAGES = frozenset(f"image/{kind}" for kind in ("avif", "bmp", "gif", "jpeg", "png", "webp", "x-icon"))
_KINDS = ("error", "latency", "drop", "late", "pending")


def _seconds(text: str) -> float:
    """The number in a text; raises ValueError if it is not finite."""
    if not math.isfinite(seconds := float(text)):
        raise ValueError(text)
    return seconds


_NUMBERS: Mapping[str, Callable[[str], float]] = {"code": int, "count": int, "seconds": _seconds}
_HOURS = {"1 hour": 3600, "1 day": 86_400, "8 days": 8 * 86_400, "31 days": 31 * 86_400}


@dataclass(frozen=True)
class Switches:
    """What the test switches act on: the request log, the faults in force, and the consistency profiles."""

    requests: Callable[[], Sequence[Body]]
    faults: Callable[[], Sequence[Body]]
    order: Callable[[Mapping[str, Any]], object]
    clear: Callable[[], None]
    advance: Callable[[float], None]


class Console:
    """The pages over one cloud."""

    def __init__(self, views: Views, switches: Switches, secret: str, is_anothers: Callable[[Scope], bool]) -> None:
        """`is_anothers`: whether a request comes from another user of this machine, to whom the secret is of no use."""
        self._views, self._switches, self._secret, self._is_anothers = views, switches, secret, is_anothers
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"), autoescape=select_autoescape(default=True), trim_blocks=True
        )
        self._templates.filters["pretty"] = lambda body: json.dumps(body, indent=2, ensure_ascii=False)
        self._templates.filters["moment"] = moment
        self._templates.filters["amount"] = activity.amount
        self._templates.filters["words"] = lambda name: re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
        self._templates.globals["style"] = (_HERE / "templates" / "style.css").read_text("utf-8")

    def app(self) -> Asgi:
        """The ASGI application; without the secret, every request gets the same page."""
        inside = self._inside()

        async def entered(scope: Scope, receive: Receive, send: Send) -> None:
            admitted = self._has_secret(scope["path"]) and not self._is_anothers(scope)
            shown = inside if admitted else self._door(scope["path"], scope["method"])
            await shown(scope, receive, send)

        return entered

    def _has_secret(self, path: str) -> bool:
        given = path.removeprefix(PREFIX).partition("/")[0]
        return path.startswith(PREFIX) and hmac.compare_digest(given.encode(), self._secret.encode())

    def _door(self, path: str, method: str) -> Response:
        looks = method in ("GET", "HEAD")
        page = self._templates.get_template("door.html").render()
        return HTMLResponse(page, 403 if path != "/" else 200 if looks else 405, _HEADERS)

    def _inside(self) -> Starlette:
        routes = [
            Route("/console/{secret}", self.overview),
            Route("/console/{secret}/", self.overview),
            Route("/console/{secret}/project/{project}", self.project),
            Route("/console/{secret}/project/{project}/access", self.access),
            Route("/console/{secret}/project/{project}/logs", self.logs),
            Route("/console/{secret}/project/{project}/operations", self.operations),
            Route("/console/{secret}/project/{project}/usage", self.usage),
            Route("/console/{secret}/project/{project}/map", self.map),
            Route("/console/{secret}/project/{project}/map.svg", self.drawing),
            Route("/console/{secret}/project/{project}/{api}", self.service),
            Route("/console/{secret}/bucket/{bucket}", self.bucket),
            Route("/console/{secret}/object/{bucket}/{name:path}", self.object),
            Route("/console/{secret}/download/{bucket}/{name:path}", self.download),
            Route("/console/{secret}/resource/{api}/{name:path}", self.resource),
            Route("/console/{secret}/requests", self.requests),
            Route("/console/{secret}/switches", self.switches, methods=["GET", "POST"]),
        ]
        return Starlette(routes=routes, exception_handlers={404: self._not_found})

    def _page(self, template: str, status: int = 200, /, **found: Any) -> Response:
        cloud = self._views.cloud
        page = self._templates.get_template(template).render(
            root=f"/console/{self._secret}",
            now=moment(cloud.clock.rfc3339()) + " UTC",
            ahead=cloud.clock.offset,
            **found,
        )
        return HTMLResponse(page, status, _HEADERS)

    async def _not_found(self, _: Request, __: Exception) -> Response:
        return self._page("nothing.html", 404)

    async def overview(self, _: Request) -> Response:
        """The projects, each with its services."""
        projects = [(one, self._views.tiles(one["id"])) for one in self._views.projects()]
        return self._page("overview.html", projects=projects)

    async def project(self, request: Request) -> Response:
        name = request.path_params["project"]
        projects = [(one, self._views.tiles(name)) for one in self._views.projects() if one["id"] == name]
        return (
            self._page("overview.html", project=name, projects=projects)
            if projects
            else self._page("nothing.html", 404)
        )

    async def service(self, request: Request) -> Response:
        """The resources of a service."""
        project, api = request.path_params["project"], request.path_params["api"]
        things = self._views.things(project, api)
        collections = {
            thing.collection: commands.of_list(
                api,
                next(iter(self._views.versions(api)), ""),
                thing.name.rpartition("/")[0].rpartition("/")[0],
                thing.collection,
            )
            for thing in things
            if "/" in thing.name
        }
        found = {"title": self._views.title(api), "things": things, "collections": collections}
        return self._page("service.html", project=project, api=api, trail=self._trail(project), **found)

    def _trail(self, project: str, api: str = "") -> list[tuple[str, str]]:
        """The pages above one, as titles and paths, the project's first."""
        trail = [(project, f"project/{project}")]
        return [*trail, (self._views.title(api), f"project/{project}/{api}")] if api else trail

    def _within_bucket(self, bucket: Body, path: str) -> dict[str, Any]:
        """The project of a bucket, and the pages above a folder or object in it."""
        number = bucket.get("projectNumber", "")
        project = next((one["id"] for one in self._views.projects() if one["projectNumber"] == number), "")
        if not project:
            return {}
        above, name = path.split("/")[:-1], quote(bucket["name"])
        folders = [(folder, "/".join(above[: place + 1])) for place, folder in enumerate(above)]
        trail = [(bucket["name"], f"bucket/{name}")] if path else []
        trail += [(folder, f"bucket/{name}?prefix={quote(full, safe='')}/") for folder, full in folders]
        return {"project": project, "trail": [*self._trail(project, "storage"), *trail]}

    async def access(self, request: Request) -> Response:
        """The access matrix."""
        project = request.path_params["project"]
        return self._page("access.html", project=project, found=access.matrix(self._views, project))

    async def logs(self, request: Request) -> Response:
        """The latest log entries."""
        project, text = request.path_params["project"], request.query_params.get("text", "")
        entries = activity.entries(self._views, project, text)
        return self._page(
            "logs.html", project=project, text=text, entries=entries, follow="follow" in request.query_params
        )

    async def operations(self, request: Request) -> Response:
        """The last long-running operations."""
        project = request.path_params["project"]
        rows = activity.operations(self._views, project)
        return self._page("operations.html", project=project, operations=rows, follow="follow" in request.query_params)

    async def usage(self, request: Request) -> Response:
        """Metered usage."""
        project = request.path_params["project"]
        await self._views.cloud.commits.write(self._views.cloud.usage.flush)
        return self._page("usage.html", project=project, used=activity.used(self._views, project))

    async def map(self, request: Request) -> Response:
        """The map of a project, if one was stored."""
        project = request.path_params["project"]
        return self._page("map.html", project=project, there=self._views.drawing(project) is not None)

    async def drawing(self, request: Request) -> Response:
        """The drawing itself, served as an image, in which scripts do not run."""
        document = self._views.drawing(request.path_params["project"])
        if document is None:
            return self._page("nothing.html", 404)
        return Response(document, 200, _HEADERS | _ALONE, "image/svg+xml")

    async def bucket(self, request: Request) -> Response:
        """The objects of a bucket, folder by folder."""
        prefix = request.query_params.get("prefix", "")
        name = request.path_params["bucket"]
        listing = self._views.bucket(name, prefix)
        if listing is None:
            return self._page("nothing.html", 404)
        listing |= self._within_bucket(listing["bucket"], prefix.rstrip("/"))
        return self._page("bucket.html", prefix=prefix, commands=commands.of_bucket(name, prefix), **listing)

    async def object(self, request: Request) -> Response:
        """An object's metadata, and the beginning of its content if that is text."""
        bucket, name = request.path_params["bucket"], request.path_params["name"]
        content = self._views.object(bucket, name)
        if content is None:
            return self._page("nothing.html", 404)
        shown = preview(content[1], content[2])
        return self._page(
            "object.html",
            bucket=bucket,
            object=content[0],
            preview=shown,
            image=content[2] in _IMAGES,
            commands=commands.of_object(bucket, name),
            **self._within_bucket((self._views.bucket(bucket, name) or {}).get("bucket", {"name": bucket}), name),
        )

    async def download(self, request: Request) -> Response:
        """An object's content; HTML and SVG are never shown as pages of the console."""
        content = self._views.object(request.path_params["bucket"], request.path_params["name"])
        if content is None:
            return self._page("nothing.html", 404)
        safe = content[2] in _IMAGES
        kind = content[2] if safe else "application/octet-stream"
        place = "inline" if safe else "attachment"
        return Response(content[1], 200, {**_HEADERS, **_ALONE, "Content-Disposition": place}, kind)

    async def resource(self, request: Request) -> Response:
        """A resource as the API returns it."""
        api, name = request.path_params["api"], request.path_params["name"]
        details = self._views.resource(api, name)
        if details is None:
            return self._page("nothing.html", 404)
        version, body = details
        commands_ = commands.of_resource(api, version, name)
        inside = self._views.inside(api, version, name)
        words = name.split("/")
        more = (
            {"project": words[1], "trail": self._trail(words[1], api)}
            if words[0] == "projects" and len(words) > 2
            else {}
        )
        return self._page("resource.html", api=api, name=name, body=body, inside=inside, commands=commands_, **more)

    async def requests(self, request: Request) -> Response:
        """Recent requests, newest first; optionally only those that failed."""
        refused = "refused" in request.query_params
        rows = [
            row
            for row in reversed(self._switches.requests())
            if not refused or row["status"] >= 400 or not row["status"]
        ]
        return self._page(
            "requests.html", requests=rows[:200], refused=refused, follow="follow" in request.query_params
        )

    async def switches(self, request: Request) -> Response:
        """Faults and the clock, for tests."""
        problem = ""
        if request.method == "POST":
            form = parse_qs((await request.body())[:_MOST_FORM].decode("utf-8", "replace"))
            problem = self._switch({**request.query_params, **{key: values[-1] for key, values in form.items()}})
            if not problem:
                return RedirectResponse(request.url.path, 303, _HEADERS)
        context = {"faults": self._switches.faults(), "hours": _HOURS, "kinds": _KINDS, "problem": problem}
        return self._page("switches.html", 400 if problem else 200, **context)

    def _switch(self, form: Mapping[str, str]) -> str:
        """Applies a form; returns an error message, "" on success."""
        try:
            if "advance" in form:
                self._switches.advance(_seconds(form["advance"]))
            elif form.get("fault") == "none":
                self._switches.clear()
            elif "fault" in form:
                numbers = {key: kind(form[key]) for key, kind in _NUMBERS.items() if form.get(key)}
                self._switches.order(
                    {"method": form.get("method") or "*", "kind": form["fault"], "count": 1, **numbers}
                )
        except CloudError as refused:
            return refused.message
        except (ValueError, OverflowError):
            return "Enter a number: seconds such as 3, or a code such as 503."
        return ""
