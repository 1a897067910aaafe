"""`groundwork status` and `groundwork output`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from groundwork.cli.options import environment_option, here, json_option
from groundwork.cli.outputs import print_outputs
from groundwork.cli.printing import echo, print_json
from groundwork.cost.amounts import as_money
from groundwork.display import on_one_line
from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment
from groundwork.errors import GroundworkError, UsageProblem
from groundwork.google import local
from groundwork.google.cloud import connect
from groundwork.lifecycle import local_commands
from groundwork.lifecycle import status as feature
from groundwork.lifecycle.status import LayerStatus, Status
from groundwork.terraform import lock
from groundwork.text import allowed, counted
from groundwork.workloads import running, schedules
from groundwork.workloads.project import Project, when
from groundwork.workloads.running import Now


@click.command()
@environment_option
@json_option
def status(name: str, as_json: bool) -> None:
    """Show what exists, what is running and its cost per hour, what starts by the clock, open alerts, who holds the lock, and whether a run is in progress or was interrupted.

    Example: groundwork status --env dev
    """
    checkout, environment = here(name)
    found = feature.status(checkout, environment)
    runs, here_runs = _running(checkout, found), _local_workloads(checkout, found)
    if as_json:
        print_json(_data(found) | {"runs": _runs_data(runs), "credits": _credits(found), "workloads": here_runs})
        return
    echo(f"{environment.name}: project {environment.project}, {environment.region}, on {found.where}")
    if found.never_up:
        echo(
            f"nothing is up: gs://{environment.state_bucket} holds no state for it; start with `groundwork up --env {name}`"
        )
        return
    for layer in found.layers:
        _print_layer(layer, known=found.running)
    _print_runs(runs, environment)
    for line in here_runs:
        echo(line)
    if found.running and _has_credits(environment):
        from groundwork.cli.cost import credit_lines  # loads all that reads costs

        for line in credit_lines(environment):
            echo(line)


def _print_layer(layer: LayerStatus, *, known: bool) -> None:
    echo(
        f"{layer.name}: {counted(layer.resources, 'resource')}"
        if known
        else f"{layer.name}: unknown while it is stopped"
    )
    for component, number in layer.components.items():
        echo(f"  {component:<28} {number}")
    if layer.lock:
        echo(f"  locked by {lock.text(layer.lock)}")
    if layer.run:
        echo(f"  {'in progress' if layer.run.at_work else 'interrupted'}: {layer.run.text}")


def _running(checkout: Checkout, found: Status) -> Now:
    """What is running; nothing where nothing is up or the local cloud is stopped."""
    if not found.running or found.never_up:
        return Now((), ())
    return running.now(Project(connect(found.environment, checkout=checkout), found.environment))


def _local_workloads(checkout: Checkout, found: Status) -> list[str]:
    """How the local cloud runs what the file names: by containers, by commands that stand in for them, or not at all."""
    cloud = local.find(checkout) if found.environment.local and found.running and not found.never_up else None
    return list(local_commands.described(found.environment, local.workloads(cloud))) if cloud else []


def _print_runs(now: Now, environment: Environment) -> None:
    if now.runs:
        local_bill = "; the local cloud bills nothing" if environment.local else ""
        echo(f"running: {as_money(now.hourly)} an hour at Google's list prices{local_bill}")
    for one in now.runs:
        echo(f"  {one.text}")
    if now.scheduled:
        echo("scheduled:")
    for schedule in now.scheduled:
        echo(f"  {schedule.text}")
    if now.alerts:
        echo("open alerts:")
    for alert in now.alerts:
        echo(f"  {alert.text}")
    if now.failed:
        echo("last build failed:")
    for build in now.failed:
        failure = on_one_line(f"{build.trigger}, {when(build.created)} UTC: {build.failure}")
        echo(f"  {failure}; groundwork builds logs {build.id[:8]} --env {environment.name}")
    for sentence in now.unknown:
        echo(f"  unknown: {sentence}")


def _runs_data(now: Now) -> dict[str, Any]:
    rows = [{"kind": one.kind, "name": one.name, "detail": one.detail, "hourly": one.hourly} for one in now.runs]
    scheduled = [schedules.as_data(one) for one in now.scheduled]
    open_alerts = [asdict(one) for one in now.alerts]
    return {
        "running": rows,
        "hourly": now.hourly,
        "unknown": list(now.unknown),
        "scheduled": scheduled,
        "alerts": open_alerts,
        "failed_builds": [asdict(one) for one in now.failed],
    }


def _has_credits(environment: Environment) -> bool:
    return bool(environment.cost.get("grants"))


def _credits(found: Status) -> list[dict[str, Any]] | None:
    """What is left of the credits; None where that is unknown."""
    if not _has_credits(found.environment) or not found.running or found.never_up:
        return []
    from groundwork.cli.cost import credit_bars
    from groundwork.cost import bars

    try:
        return [bars.as_data(bar) for bar in credit_bars(found.environment)]
    except GroundworkError:
        return None


def _data(found: Status) -> dict[str, Any]:
    return {
        "environment": found.environment.name,
        "project": found.environment.project,
        "region": found.environment.region,
        "simulated": found.environment.local,
        "running": found.running,
        "local_cloud": found.base,
        "layers": {
            layer.name: {
                "serial": layer.serial,
                "resources": layer.resources,
                "components": dict(layer.components),
                "lock": {
                    "id": layer.lock.id,
                    "who": layer.lock.who,
                    "operation": layer.lock.doing,
                    "created": layer.lock.created.isoformat(),
                }
                if layer.lock
                else None,
                "run": {"pid": layer.run.pid, "phase": layer.run.phase, "at_work": layer.run.at_work}
                if layer.run
                else None,
            }
            for layer in found.layers
        },
    }


@click.command()
@environment_option
@json_option
@click.argument("output_name", metavar="[NAME]", required=False)
def output(name: str, as_json: bool, output_name: str | None) -> None:
    """Print the outputs of the environment, or the one called NAME.

    Example: groundwork output buckets --json
    """
    checkout, environment = here(name)
    found = feature.outputs(checkout, environment)
    if output_name is not None and output_name not in found:
        hint = allowed(found, output_name) if found else "there is none before `groundwork up`."
        raise UsageProblem(f"There is no output {output_name} in {name}; {hint}")
    chosen = {key: item for key, item in found.items() if output_name in (None, key)}
    if as_json:
        values = {key: item.value for key, item in chosen.items() if not item.sensitive}
        print_json(values.get(output_name or "", values))
    else:
        print_outputs(chosen, environment)
    if not found:
        echo(f"There are no outputs: nothing is up in {name}. Start with `groundwork up --env {name}`.", err=True)
