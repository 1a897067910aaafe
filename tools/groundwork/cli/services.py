"""`groundwork services list | deploy | traffic | rollback | call | logs | open`."""

from __future__ import annotations

from typing import Any

import click

from groundwork.cli.browser import show
from groundwork.cli.calls import call_and_print, data_option, header_option, method_option, print_new, request_from
from groundwork.cli.group import Group
from groundwork.cli.options import completed, dry_run_option, environment_option, json_option, yes_option
from groundwork.cli.principal import as_option
from groundwork.cli.printing import echo
from groundwork.cli.table import print_table
from groundwork.cli.terminal import Terminal
from groundwork.cli.workloads import opened, print_data, print_entries, streamed
from groundwork.cost.amounts import as_money
from groundwork.environment.workloads import PLACEHOLDER
from groundwork.errors import UsageProblem
from groundwork.workloads import images as image_names
from groundwork.workloads import revisions
from groundwork.workloads import services as feature
from groundwork.workloads.project import Project, when
from groundwork.workloads.services import Service

_service = click.argument("service", metavar="NAME", shell_complete=completed(lambda environment: environment.services))


@click.group(cls=Group)
def services() -> None:
    """Work with Cloud Run services: deploy a revision, split traffic, roll back, call, read the log.

    Example: groundwork services list
    """


@services.command("list")
@environment_option
@as_option
@json_option
def list_(name: str, who: str | None, as_json: bool) -> None:
    """List the services: address, revision, traffic, and what their minimum instances cost while idle.

    Example: groundwork services list --json
    """
    project = opened(name, who)
    found = feature.services(project)
    if as_json:
        print_data(project, {"services": [_data(project, one) for one in found]})
        return
    if not found:
        echo(f"No service runs in {project.environment.place}: describe one in {project.environment.file}.")
        return
    columns = ["service", "state", "traffic", "newest image", "minimum", "address"]
    rows = [_row(project, one) for one in found]
    if project.cloud.simulated:
        columns.append("runs as")
        rows = [(*row, feature.ran_as(project, one)) for row, one in zip(rows, found, strict=True)]
    print_table(columns, rows)
    for one in found:
        if one.problem:
            echo(f"{one.name}: {one.problem}", err=True)


def _row(project: Project, one: Service) -> tuple[str, ...]:
    traffic = ", ".join(share.text for share in one.traffic) or "none"
    return (one.name, one.state, traffic, image_names.short(one.image), _minimum(project, one), one.url or "none yet")


def _minimum(project: Project, one: Service) -> str:
    """The minimum number of instances, with their price."""
    if not one.least:
        return "0"
    price = feature.idle_price(project, one)
    return f"{one.least}, {'price unknown' if price is None else f'{as_money(price)} a month'}"


def _data(project: Project, one: Service) -> dict[str, Any]:
    return {
        "name": one.name,
        "state": one.state,
        "problem": one.problem or None,
        "url": one.url or None,
        "reached": one.reached or None,
        "revision": one.revision or None,
        "image": one.image,
        "traffic": [
            {"revision": share.revision, "percent": share.percent, "tag": share.tag or None} for share in one.traffic
        ],
        "minimum_instances": one.least,
        "idle_cost_a_month": feature.idle_price(project, one) if one.least else 0,
        "everybody_may_call": one.public,
        "runs_as": feature.ran_as(project, one) or None,
    }


@services.command()
@_service
@click.argument("image", metavar="IMAGE")
@click.option("--no-traffic", is_flag=True, help="Create the revision, but send it no traffic.")
@environment_option
@as_option
@yes_option
@dry_run_option
@json_option
def deploy(
    service: str, image: str, no_traffic: bool, name: str, who: str | None, yes: bool, dry_run: bool, as_json: bool
) -> None:
    """Deploy a new revision of a service with another IMAGE; once it is ready, it gets all traffic.

    IMAGE is NAME or REPOSITORY/NAME of the environment, with a tag unless that is latest, or an address in any registry. A revision
    that does not start gets no traffic: its last log lines are shown and explained, and the command exits with 1. Everything except
    the image stays as the environment file says.

    Example: groundwork services deploy api images/api
    """
    project = opened(name, who)
    found = feature.service(project, service)
    chosen = image_names.deployable(project, image)
    if dry_run:
        echo(f"would deploy {chosen} to {service}, in place of {found.image or 'no image'}")
        return
    talk = Terminal(quiet=as_json)
    if not yes and not project.environment.local:
        talk.confirm(f"Deploy {chosen} to {service} in {project.environment.place}, in place of {found.image}?")
    talk.say(f"deploying {image_names.short(chosen)} to {service} …")
    _show(project, revisions.deployed(project, service, chosen, traffic=not no_traffic), as_json=as_json)


def _show(project: Project, after: Service, *, as_json: bool) -> None:
    if as_json:
        print_data(project, {"service": _data(project, after)})
        return
    shares = ", ".join(share.text for share in after.traffic) or "none"
    echo(f"{after.name}: {after.state}, traffic {shares}")
    echo(after.url or "It has no address yet.")


@services.command()
@_service
@click.argument("shares", metavar="REVISION=PERCENT…", nargs=-1, required=True)
@environment_option
@as_option
@yes_option
@dry_run_option
@json_option
def traffic(
    service: str, shares: tuple[str, ...], name: str, who: str | None, yes: bool, dry_run: bool, as_json: bool
) -> None:
    """Split a service's traffic between its revisions; `latest` always means the newest. The percentages must add up to 100.

    Example: groundwork services traffic api api-00001-abc=90 latest=10
    """
    project = opened(name, who)
    wanted = revisions.parsed(shares)
    before = feature.service(project, service)
    now = ", ".join(share.text for share in before.traffic) or "none"
    if dry_run:
        echo(f"would split the traffic of {service} as {' '.join(shares)}; now it is {now}")
        return
    if not yes and not project.environment.local:
        Terminal().confirm(f"Split the traffic of {service} as {' '.join(shares)}? Now it is {now}.")
    _show(project, revisions.shared(project, service, wanted), as_json=as_json)


@services.command()
@_service
@environment_option
@as_option
@yes_option
@dry_run_option
@json_option
def rollback(service: str, name: str, who: str | None, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Send all traffic back to the previous revision: the newest ready one before the one that serves now.

    The traffic stays there until the next `groundwork services deploy`. Exits with 9 when there is no revision to go back to.

    Example: groundwork services rollback api
    """
    project = opened(name, who)
    previous = revisions.previous(project, feature.service(project, service))
    image = (
        f"{image_names.short(previous.image)}{', the placeholder' if previous.image.startswith(PLACEHOLDER) else ''}"
    )
    what = f"{previous.name}{f' of {when(previous.created)} UTC' if previous.created else ''} ({image})"
    if dry_run:
        echo(f"would send all traffic of {service} to {what}")
        return
    talk = Terminal(quiet=as_json)
    if not yes and not project.environment.local:
        talk.confirm(f"Send all traffic of {service} to {what}?")
    talk.say(f"rolling {service} back to {what}")
    _show(project, revisions.shared(project, service, {previous.name: 100}), as_json=as_json)


@services.command()
@_service
@click.argument("path", default="/")
@method_option
@data_option
@header_option
@environment_option
@as_option
def call(
    service: str, path: str, method: str, data: str | None, headers: tuple[str, ...], name: str, who: str | None
) -> int:
    """Call a service as yourself; the status goes to standard error, the response body to standard output.

    Data that looks like JSON is sent as JSON. Exits with 5 when you may not call the service, with 1 on any other
    status of 400 or above.

    Example: groundwork services call api /predict --data @request.json
    """
    project = opened(name, who)
    request = request_from(path, method, data, headers)
    return call_and_print(project, feature.service(project, service), request, f"service/{service}")


@services.command()
@_service
@click.option("--revision", default="", help="Only lines of this revision.")
@click.option("-f", "--follow", is_flag=True, help="Keep printing new lines until ^C.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="Print at most this many lines."
)
@environment_option
@as_option
@json_option
def logs(service: str, revision: str, follow: bool, limit: int, name: str, who: str | None, as_json: bool) -> None:
    """Print a service's newest log lines: its own output and its requests.

    Example: groundwork services logs api --follow
    """
    project = opened(name, who)
    feature.service(project, service)
    wanted = revisions.log_filter(service, revision)
    if as_json and follow:
        raise UsageProblem("--json and --follow cannot be combined: --json prints one document.")
    print_entries(project, wanted, limit, as_json=as_json)
    if follow:
        with streamed(f"service {service}", f"groundwork services traffic {service} REVISION=100"):
            print_new(project, wanted)


@services.command("open")
@_service
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening it.")
@environment_option
@as_option
def open_(service: str, no_browser: bool, name: str, who: str | None) -> None:
    """Open a service's address in a browser. A private service refuses browsers: use `groundwork services call`.

    On the local cloud the address is a port on this machine.

    Example: groundwork services open frontend
    """
    project = opened(name, who)
    found = feature.service(project, service)
    if not found.url:
        raise UsageProblem(f"{service} has no address: {found.problem or found.state}.")
    show(found.reached, wanted=not no_browser)
