"""`groundwork jobs submit | list | logs | cancel | artifacts | schedules | pause | resume`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from groundwork.cli.group import Group
from groundwork.cli.options import completed, dry_run_option, environment_option, json_option, yes_option
from groundwork.cli.pairs import pairs
from groundwork.cli.principal import as_option
from groundwork.cli.printing import as_written, echo, print_json
from groundwork.cli.table import print_table
from groundwork.cli.terminal import Terminal
from groundwork.cli.workloads import opened, print_data, print_entries, streamed, to_end
from groundwork.errors import Refused, UsageProblem
from groundwork.resources.contents import bytes_text
from groundwork.workloads import artifacts as feature_artifacts
from groundwork.workloads import images, job_files, job_price, quotas, training
from groundwork.workloads import jobs as feature
from groundwork.workloads import schedules as feature_schedules
from groundwork.workloads.jobs import Job
from groundwork.workloads.project import Project, when
from groundwork.workloads.schedules import Schedule
from groundwork.workloads.training import TrainingRequest

_named = completed(lambda environment: [*environment.training, *environment.jobs])
_job = click.argument("job", metavar="JOB")
_scheduled = click.argument(
    "job", metavar="JOB", shell_complete=completed(lambda environment: [*environment.scheduled])
)


@click.group(cls=Group)
def jobs() -> None:
    """Train on Vertex AI or run a Cloud Run job; follow and cancel jobs, list their results, and pause their schedules.

    Example: groundwork jobs submit train.yaml
    """


@jobs.command(context_settings={"ignore_unknown_options": False})
@click.argument("what", metavar="[FILE|NAME]", default="", shell_complete=_named)
@click.argument("args", metavar="[-- ARGUMENT…]", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--image",
    default="",
    help="Image to train with, NAME or REPOSITORY/NAME of the environment or a full name, instead of FILE or of the image that FILE names.",
)
@click.option(
    "--display-name",
    default="",
    metavar="NAME",
    help="Display name of the job; by default the name of its file or image.",
)
@click.option("--machine-type", default="", metavar="TYPE", help="Such as n1-highmem-2.")
@click.option("--gpu", default="", metavar="TYPE[:COUNT]", help="Such as NVIDIA_TESLA_T4.")
@click.option("--timeout", default="", metavar="TIME", help="Longest time it may run, such as 90m or 2h.")
@click.option("--identity", default="", metavar="NAME", help="Identity that it runs as; by default `train`.")
@click.option("--output", default="", metavar="gs://…", help="Where it writes; AIP_MODEL_DIR is model/ in there.")
@click.option(
    "--set-env",
    "env",
    multiple=True,
    metavar="NAME=VALUE",
    help="Environment variable, never a secret; may be repeated.",
)
@click.option(
    "--label", "labels", multiple=True, metavar="NAME=VALUE", help="Label, to tell costs apart; may be repeated."
)
@click.option("--detach", is_flag=True, help="Do not follow the job's log.")
@environment_option
@as_option
@yes_option
@dry_run_option
@json_option
def submit(
    what: str, args: tuple[str, ...], image: str, display_name: str, machine_type: str, gpu: str, timeout: str, identity: str,
    output: str, env: tuple[str, ...], labels: tuple[str, ...], detach: bool, name: str, who: str | None, yes: bool, dry_run: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Submit a job to Vertex AI: the training NAME from the environment file, a FILE as for `gcloud ai custom-jobs create`, or --image;
    or run the Cloud Run job NAME now.

    Shows the most it can cost, checks the GPU quota, asks, and follows the log. ^C leaves the job running. It runs as its own
    identity, is stopped at its timeout, and is labelled with who submitted it. Exits with 1 when the job fails.

    Example: groundwork jobs submit train --timeout 2h -- --epochs 10
    """
    project = opened(name, who, named=True)
    talk = Terminal(quiet=as_json)
    request = TrainingRequest(
        None, "", images.deployable(project, image) if image else "", display_name, machine_type, gpu, timeout, identity, output,
        pairs(labels, "--label"), pairs(env, "--set-env"), args,
    )  # fmt: skip
    if _is_file(what):
        request = replace(request, file=Path(what))
    elif what in project.environment.training:
        request = replace(request, training=what)
    if what and not (request.file or request.training):
        started = _run(project, what, request, talk, yes=yes, dry_run=dry_run)
    else:
        started = _train(project, request, talk, yes=yes, dry_run=dry_run)
    if started is None:
        return
    talk.say(f"{started.called} submitted to {project.environment.place}")
    _followed(project, started, talk, detach=detach, as_json=as_json)


def _is_file(what: str) -> bool:
    return what.endswith((".yaml", ".yml", ".json")) or "/" in what or Path(what).is_file()


def _train(project: Project, request: TrainingRequest, talk: Terminal, *, yes: bool, dry_run: bool) -> Job | None:
    body = training.job_of(project, request)
    for warning in job_files.warnings(body):
        talk.say(f"warning: {warning}")
    spec = body["jobSpec"]
    price = job_price.of_training(spec, project.region).at_most(training.timeout(body))
    found = quotas.of_job(project, spec, project.region)
    for quota in found:
        talk.say(quota.text(project.region))
    if dry_run:
        print_json(body)
        echo(f"would submit this, for {price}", err=True)
        return None
    if lacking := [quota for quota in found if not quota.enough]:
        raise Refused(
            f"The GPU quota is too low: {lacking[0].text(project.region)}.",
            [
                "ask Google for more in the console (IAM & Admin, Quotas), or train without GPUs: leave out acceleratorType and --gpu"
            ],
        )
    talk.say(
        f"{body['displayName']} as {spec['serviceAccount']}, writing to {spec['baseOutputDirectory']['outputUriPrefix']}"
    )
    talk.say(f"{price}{' (the local cloud bills nothing)' if project.environment.local else ''}")
    if not yes and not project.environment.local:
        talk.confirm(f"Submit it to {project.environment.place}?")
    return feature.trained(project, body)


def _run(
    project: Project, what: str, request: TrainingRequest, talk: Terminal, *, yes: bool, dry_run: bool
) -> Job | None:
    body = feature.run_job(project, what)
    refused = [option for option, value in _for_training(request).items() if value]
    if refused:
        raise UsageProblem(
            f"{what} is a Cloud Run job, which the environment file describes: leave out {', '.join(refused)}."
        )
    rate, longest = job_price.of_run_job(body, project.region)
    if dry_run:
        echo(f"would run {what} now, for {rate.at_most(longest)}")
        return None
    talk.say(
        f"{what}: {rate.at_most(longest)}{' (the local cloud bills nothing)' if project.environment.local else ''}"
    )
    if not yes and not project.environment.local:
        talk.confirm(f"Run it in {project.environment.place}?")
    return feature.executed(project, body, request)


def _for_training(request: TrainingRequest) -> dict[str, Any]:
    """The options that apply to training only."""
    return {
        "--image": request.image, "--display-name": request.name, "--machine-type": request.machine, "--gpu": request.gpu,
        "--timeout": request.timeout, "--identity": request.identity, "--output": request.output, "--label": request.labels,
    }  # fmt: skip


def _followed(project: Project, started: Job, talk: Terminal, *, detach: bool, as_json: bool) -> None:
    if not detach:
        with streamed(f"job {started.id}", f"groundwork jobs cancel {started.id} --env {project.environment.name}"):
            started = feature.follow(project, started, lambda entry: talk.say(entry.line))
    if as_json:
        print_data(project, {"job": _data(project, started)})
    if detach:
        return
    feature.refuse_failed(project, started)
    talk.say(started.text)
    if not as_json and started.sort == "training":
        _print_artifacts(feature_artifacts.artifacts(project, started), started)


@jobs.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Show at most this many.")
@environment_option
@as_option
@json_option
def list_(limit: int, name: str, who: str | None, as_json: bool) -> None:
    """List the newest jobs on Vertex AI and Cloud Run: their state, how long they ran, who submitted them, what they cost.

    Example: groundwork jobs list --json
    """
    project = opened(name, who)
    found = feature.jobs(project, limit)
    if as_json:
        print_data(project, {"jobs": [_data(project, one) for one in found]})
    elif found:
        columns = ("job", "id", "sort", "state", "submitted (UTC)", "took", "cost", "by")
        print_table(columns, [_row(project, one) for one in found])
    else:
        echo(f"No job has been submitted in {project.environment.place} yet: start with `groundwork jobs submit`.")


def _row(project: Project, one: Job) -> tuple[str, ...]:
    cost = feature.cost(one, project.region)
    return (one.name, one.id, one.sort, one.state, when(one.created), one.took, cost, project.person(one.submitter))


def _data(project: Project, one: Job) -> dict[str, Any]:
    return {
        "name": one.name, "id": one.id, "sort": one.sort, "state": one.state, "created": one.created, "started": one.started or None,
        "ended": one.ended or None, "took": one.took or None, "cost": feature.cost(one, project.region) or None,
        "submitter": one.submitter or None, "output": one.output or None, "message": one.message or None,
    }  # fmt: skip


@jobs.command()
@_job
@click.option("--follow/--no-follow", default=True, help="Keep printing while it runs; the default.")
@environment_option
@as_option
@json_option
def logs(job: str, follow: bool, name: str, who: str | None, as_json: bool) -> None:
    """Print a job's log, and follow it while the job runs. JOB is an ID, or a name, which means the newest job of that name.

    Example: groundwork jobs logs train
    """
    project = opened(name, who)
    found = feature.job(project, job)
    if as_json or not (follow and found.running):
        print_entries(project, feature.log_filter(found), as_json=as_json)
    else:
        with streamed(f"job {found.id}", f"groundwork jobs cancel {found.id} --env {name}"):
            found = feature.follow(project, found, lambda entry: as_written(entry.line))
    if not (as_json or found.running):
        echo(found.failure, err=True)


@jobs.command()
@_job
@environment_option
@as_option
@yes_option
@dry_run_option
def cancel(job: str, name: str, who: str | None, yes: bool, dry_run: bool) -> None:
    """Cancel a job that is running or queued; what it wrote stays.

    Example: groundwork jobs cancel 1234567890
    """
    project = opened(name, who)
    found = feature.job(project, job)
    if to_end(project, found.called, over="" if found.running else found.text, yes=yes, dry_run=dry_run):
        echo(feature.cancelled(project, found).text)


@jobs.command()
@_job
@environment_option
@as_option
@json_option
def artifacts(job: str, name: str, who: str | None, as_json: bool) -> None:
    """List what a training job wrote: first the model (AIP_MODEL_DIR), then checkpoints, TensorBoard logs and the rest.

    Example: groundwork jobs artifacts train
    """
    project = opened(name, who)
    found = feature.job(project, job)
    there = feature_artifacts.artifacts(project, found)
    if as_json:
        rows = [
            {"url": one.url, "folder": one.folder or None, "bytes": one.size, "updated": one.updated} for one in there
        ]
        print_data(project, {"job": found.id, "output": found.output, "artifacts": rows})
    else:
        _print_artifacts(there, found)


def _print_artifacts(there: list[feature_artifacts.Artifact], job: Job) -> None:
    if not there:
        echo(f"{job.name} wrote nothing to {job.output}: a model to keep must be saved to AIP_MODEL_DIR.")
    for one in there:
        echo(f"{bytes_text(one.size):>10}  {one.url}")


@jobs.command("schedules")
@environment_option
@as_option
@json_option
def schedules_(name: str, who: str | None, as_json: bool) -> None:
    """List the schedules of jobs: when each starts its job next, and how the last start ended.

    Example: groundwork jobs schedules --json
    """
    project = opened(name, who)
    found = feature_schedules.schedules(project)
    if as_json:
        print_data(project, {"schedules": [feature_schedules.as_data(one) for one in found]})
    elif found:
        columns = ("job", "schedule", "state", "next (UTC)", "last (UTC)", "result")
        print_table(columns, [(one.job, one.times, one.state, one.due, one.tried, one.result) for one in found])
    else:
        echo(
            f"No job has a schedule in {project.environment.place}: add `schedule` to one in {project.environment.file}."
        )


@jobs.command()
@_scheduled
@environment_option
@as_option
@yes_option
@dry_run_option
def pause(job: str, name: str, who: str | None, yes: bool, dry_run: bool) -> None:
    """Pause the schedule of JOB: nothing starts by the clock until it is resumed. It stays paused when `up` runs again.

    Example: groundwork jobs pause drift
    """
    project = opened(name, who)
    found = feature_schedules.schedule(project, job)
    if _confirmed(project, found, "pause", over=found.paused, yes=yes, dry_run=dry_run):
        echo(feature_schedules.paused(project, found).text)


@jobs.command()
@_scheduled
@environment_option
@as_option
@yes_option
@dry_run_option
def resume(job: str, name: str, who: str | None, yes: bool, dry_run: bool) -> None:
    """Resume the schedule of JOB. What it missed meanwhile is not started.

    Example: groundwork jobs resume drift
    """
    project = opened(name, who)
    found = feature_schedules.schedule(project, job)
    if _confirmed(project, found, "resume", over=not found.paused, yes=yes, dry_run=dry_run):
        echo(feature_schedules.resumed(project, found).text)


def _confirmed(project: Project, schedule: Schedule, verb: str, *, over: bool, yes: bool, dry_run: bool) -> bool:
    """Whether to pause or resume, after asking on Google Cloud; prints why not."""
    if over:
        echo(f"{schedule.text}: there is nothing to {verb}.")
    elif dry_run:
        echo(f"would {verb} the schedule of job {schedule.job}, {schedule.times}")
    elif not yes and not project.environment.local:
        Terminal().confirm(f"{verb.capitalize()} the schedule of job {schedule.job} in {project.environment.place}?")
    return not over and not dry_run
