"""Calling a service or function, and following its log."""

from __future__ import annotations

import click

from groundwork.cli.printing import as_written, echo, raw
from groundwork.errors import Exit
from groundwork.workloads import calling, logs
from groundwork.workloads.calling import Callee, Request
from groundwork.workloads.project import Project

method_option = click.option(
    "-X", "--request", "method", default="", metavar="METHOD", help="By default GET, or POST if there is data."
)
data_option = click.option("-d", "--data", metavar="TEXT|@FILE", help="Request body, or @ and the file that holds it.")
header_option = click.option(
    "-H", "--header", "headers", multiple=True, metavar="NAME: VALUE", help="A header; may be repeated."
)
_CHUNK = 8192


def request_from(path: str, method: str, data: str | None, headers: tuple[str, ...]) -> Request:
    """The request that the options describe; data that looks like JSON is sent as JSON. Raises UsageProblem."""
    body = calling.data(data)
    fields = calling.headers(headers)
    if body is not None and body.lstrip()[:1] in (b"{", b"["):
        fields = {"Content-Type": "application/json", **fields}
    return Request(method.upper() or ("GET" if body is None else "POST"), path, fields, body)


def call_and_print(project: Project, callee: Callee, request: Request, target: str) -> int:
    """Print the response, its status on standard error, and return the exit code; `target` is what `access explain` calls it."""
    with calling.response(project, callee, request) as answer:
        echo(calling.status_line(answer), err=True)
        for chunk in answer.iter_content(_CHUNK):
            raw(chunk)
        if answer.status_code in (401, 403):
            whom = project.who or "YOU"
            why = f"groundwork access explain {whom} call {target} --env {project.environment.name}"
            echo(f"The caller needs run.routes.invoke on it: `{why}`.", err=True)
            return int(Exit.PERMISSION)
        return int(Exit.FAILED if answer.status_code >= 400 else Exit.OK)


def print_new(project: Project, log_filter: str) -> None:
    """Print log entries that a filter finds as they arrive, without those that are there already."""
    newest = logs.newest(project, log_filter, 1)
    since = newest[0].time if newest else "1970-01-01T00:00:00Z"
    seen = {entry.id for entry in newest}
    logs.follow(
        project, log_filter, since, lambda: False, lambda entry: None if entry.id in seen else as_written(entry.line)
    )
