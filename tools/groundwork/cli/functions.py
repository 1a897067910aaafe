"""`groundwork functions list | call | logs | pack`."""

from __future__ import annotations

import json
from typing import Any

import click

from groundwork.cli.calls import call_and_print, data_option, header_option, method_option, print_new, request_from
from groundwork.cli.group import Group
from groundwork.cli.options import completed, environment_option, here, json_option
from groundwork.cli.principal import as_option
from groundwork.cli.printing import echo, print_json
from groundwork.cli.table import print_table
from groundwork.cli.workloads import opened, print_data, print_entries, streamed
from groundwork.errors import UsageProblem
from groundwork.terraform import packing
from groundwork.workloads import functions as feature
from groundwork.workloads import revisions
from groundwork.workloads.functions import Function

_function = click.argument(
    "function", metavar="NAME", shell_complete=completed(lambda environment: environment.functions)
)


@click.group(cls=Group)
def functions() -> None:
    """Work with functions: list them, call them, read their logs. `groundwork up` deploys them.

    Example: groundwork functions list
    """


@functions.command("list")
@environment_option
@as_option
@json_option
def list_(name: str, who: str | None, as_json: bool) -> None:
    """List the functions: state, trigger, runtime and address.

    Example: groundwork functions list --json
    """
    project = opened(name, who)
    found = feature.functions(project)
    if as_json:
        print_data(project, {"functions": [_data(one) for one in found]})
        return
    if not found:
        echo(f"There is no function in {project.environment.place}: describe one in {project.environment.file}.")
        return
    rows = [(one.name, one.state, one.trigger, one.runtime, one.url or "none yet") for one in found]
    print_table(["function", "state", "trigger", "runtime", "address"], rows)
    for one in found:
        if one.problem:
            echo(f"{one.name}: {one.problem}", err=True)


def _data(one: Function) -> dict[str, Any]:
    return {
        "name": one.name,
        "state": one.state,
        "problem": one.problem or None,
        "event": one.event or None,
        "bucket": one.bucket or None,
        "runtime": one.runtime,
        "url": one.url or None,
    }


@functions.command()
@_function
@click.argument("path", default="/")
@method_option
@data_option
@header_option
@click.option(
    "--object", "object_name", default="", metavar="OBJECT", help="Send the event of this object in its bucket."
)
@environment_option
@as_option
def call(
    function: str,
    path: str,
    method: str,
    data: str | None,
    headers: tuple[str, ...],
    object_name: str,
    name: str,
    who: str | None,
) -> int:
    """Call a function as yourself; the status goes to standard error, the response body to standard output.

    Data that looks like JSON is sent as JSON; --object sends the event of an object in its bucket. Exits with 5 when you may
    not call the function, with 1 on any other status of 400 or above.

    Example: groundwork functions call preprocess --object scan.csv
    """
    if object_name and (data is not None or method or headers or path != "/"):
        raise UsageProblem("--object sends a whole event: leave out the path, --request, --data and --header.")
    project = opened(name, who)
    found = feature.function(project, function)
    if found.bucket and not (object_name or method or headers or data is not None):
        raise UsageProblem(f"{function} runs at events of bucket {found.bucket}: name an object in it with --object.")
    request = (
        feature.object_event(project, found, object_name) if object_name else request_from(path, method, data, headers)
    )
    return call_and_print(project, found, request, f"function/{function}")


@functions.command()
@_function
@click.option("-f", "--follow", is_flag=True, help="Keep printing new lines until ^C.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="Print at most this many lines."
)
@environment_option
@as_option
@json_option
def logs(function: str, follow: bool, limit: int, name: str, who: str | None, as_json: bool) -> None:
    """Print a function's newest log lines: its own output, and its requests or events.

    Example: groundwork functions logs preprocess --follow
    """
    project = opened(name, who)
    feature.function(project, function)
    log_filter = revisions.log_filter(function)
    if as_json and follow:
        raise UsageProblem("--json and --follow cannot be combined: --json prints one document.")
    print_entries(project, log_filter, limit, as_json=as_json)
    if follow:
        with streamed(f"function {function}", "remove it from the file and run groundwork up"):
            print_new(project, log_filter)


@functions.command()
@environment_option
@json_option
def pack(name: str, as_json: bool) -> None:
    """Pack the code of all functions, and print the option that tells plain Terraform where it is; `up` and `plan` pack it themselves.

    Example: terraform -chdir=infra/platform plan "$(groundwork functions pack --env dev)" …
    """
    checkout, environment = here(name)
    if not environment.functions:
        raise UsageProblem(f"{environment.file} has no functions, so there is nothing to pack.")
    checkout.keep_private()
    files = packing.pack(environment, packing.folder(checkout, environment))
    paths = packing.relative_paths(files, checkout.layer("platform"))
    if as_json:
        print_json({"environment": environment.name, "sources": paths})
    else:
        echo(f"-var=sources={json.dumps(paths)}")
