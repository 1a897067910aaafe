"""`groundwork builds submit | list | logs | cancel`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from groundwork.cli.group import Group
from groundwork.cli.options import completed, dry_run_option, environment_option, json_option, yes_option
from groundwork.cli.pairs import pairs
from groundwork.cli.principal import as_option
from groundwork.cli.printing import as_written, echo
from groundwork.cli.table import print_table
from groundwork.cli.terminal import Terminal
from groundwork.cli.workloads import opened, print_data, print_entries, streamed, to_end
from groundwork.cost.amounts import as_money
from groundwork.environment.workloads import BuildSpec as Settings
from groundwork.errors import UsageProblem
from groundwork.resources.contents import bytes_text
from groundwork.text import allowed, counted
from groundwork.workloads import build_files, sources
from groundwork.workloads import builds as feature
from groundwork.workloads import images as image_names
from groundwork.workloads.build_files import BuildRequest
from groundwork.workloads.builds import Build
from groundwork.workloads.project import Project, when

_build = click.argument("build", metavar="BUILD")
_named = completed(lambda environment: environment.builds)
_detach = click.option("--detach", is_flag=True, help="Do not follow the build's log.")


@click.group(cls=Group)
def builds() -> None:
    """Build images with Cloud Build: submit, list, follow and cancel builds.

    Example: groundwork builds submit
    """


@builds.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=None, required=False)
@click.option(
    "--build",
    "trigger",
    metavar="NAME",
    shell_complete=_named,
    help="Run the trigger of this build from the environment file; with FOLDER, build that folder by its settings.",
)
@click.option(
    "--branch", default="", help="With --build: the branch to build; by default the one in the environment file."
)
@click.option("--commit", default="", help="With --build: the commit to build.")
@click.option("--tag", default="", help="With --build: the tag to build.")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The build config file; by default the folder's cloudbuild.yaml.",
)
@click.option(
    "--image",
    default="",
    metavar="NAME",
    help="Without a config file: the image to build, NAME or REPOSITORY/NAME; by default the folder's name.",
)
@click.option(
    "--dockerfile",
    default="",
    metavar="NAME",
    help="Without a config file: the Dockerfile to use; by default Dockerfile.",
)
@click.option(
    "--substitution",
    "substitutions",
    multiple=True,
    metavar="_NAME=VALUE",
    help="Value of a substitution in the config file; may be repeated.",
)
@click.option(
    "--machine-type",
    default="",
    metavar="TYPE",
    help="E2_HIGHCPU_8 or E2_HIGHCPU_32; by default the machine type with free minutes.",
)
@_detach
@environment_option
@as_option
@yes_option
@dry_run_option
@json_option
def submit(
    folder: Path | None, trigger: str | None, branch: str, commit: str, tag: str, config: Path | None, image: str, dockerfile: str,
    substitutions: tuple[str, ...], machine_type: str, detach: bool, name: str, who: str | None, yes: bool, dry_run: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Build FOLDER (by default the current one), or run a build from the environment file, and follow its log.

    A folder with a cloudbuild.yaml is built by it. One with only a Dockerfile is built with the latest image as layer cache, and
    pushed with two tags: the build's ID and latest. Files that .gcloudignore or .gitignore exclude are not uploaded. ^C leaves the
    build running. Exits with 1 when the build fails.

    Example: groundwork builds submit backend --image backend
    """
    project = opened(name, who, named=True)
    talk = Terminal(quiet=as_json)
    if trigger and not folder:
        if config or image:
            raise UsageProblem("--build takes its settings from the environment file: leave out --config and --image.")
        started = _by_trigger(project, trigger, (branch, commit, tag), talk, yes=yes, dry_run=dry_run)
    else:
        settings = _settings(project, trigger) if trigger else None
        filled = pairs(substitutions, "--substitution")
        request = BuildRequest(folder or Path(), config, image, dockerfile, filled, machine_type, settings)
        started = _of_folder(project, request, talk, yes=yes, dry_run=dry_run)
    if started is None:
        return
    talk.say(f"build {started.id} started in {project.environment.place}")
    _followed(project, started, talk, detach=detach, as_json=as_json)


def _settings(project: Project, name: str) -> Settings:
    known = project.environment.builds
    if name not in known:
        raise UsageProblem(f"The environment file has no build {name}; {allowed(known, name)}")
    return known[name]


def _by_trigger(
    project: Project, trigger: str, which: tuple[str, str, str], talk: Terminal, *, yes: bool, dry_run: bool
) -> Build | None:
    feature.trigger_id(project, trigger)
    source = " ".join(filter(None, which)) or "its own branch"
    if dry_run:
        echo(f"would run the build {trigger} of {source} in {project.environment.place}")
        return None
    if not yes and not project.environment.local:
        talk.confirm(f"Run the build {trigger} of {source} in {project.environment.place}?")
    return feature.started(project, trigger, *which)


def _of_folder(project: Project, request: BuildRequest, talk: Terminal, *, yes: bool, dry_run: bool) -> Build | None:
    message = build_files.build_of(project, request)
    files = sources.source_files(request.folder)
    images = ", ".join(message.images) or "no named image"
    what = f"{counted(len(files), 'file')} of {request.folder.resolve()} to {images}"
    if dry_run:
        echo(f"would build {what}, as {message.service_account or 'the default account of Cloud Build'}")
        return None
    if not yes and not project.environment.local:
        talk.confirm(f"Build {what} in {project.environment.place}?")
    source = sources.uploaded(project, request.folder)
    talk.say(f"{counted(source.files, 'file')}, {bytes_text(source.size)} packed, are in gs://{source.bucket}")
    return feature.submitted(project, request, source)


def _followed(project: Project, started: Build, talk: Terminal, *, detach: bool, as_json: bool) -> None:
    if not detach:
        cancel = f"groundwork builds cancel {started.id[:8]} --env {project.environment.name}"
        with streamed(f"build {started.id[:8]}", cancel):
            started = feature.follow(project, started, lambda entry: talk.say(entry.text))
    if as_json:
        print_data(project, {"build": _data(started)})
    if not detach:
        feature.refuse_failed(project, started)
    if not as_json:
        for image in started.images:
            echo(image)


@builds.command("list")
@click.option(
    "--build",
    "trigger",
    default="",
    metavar="NAME",
    shell_complete=_named,
    help="Only runs of this build from the environment file.",
)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Show at most this many.")
@environment_option
@as_option
@json_option
def list_(trigger: str, limit: int, name: str, who: str | None, as_json: bool) -> None:
    """List the newest builds: how they ended, how long they took, who started them, which images they built.

    Example: groundwork builds list --limit 5
    """
    project = opened(name, who)
    found = feature.builds(project, limit, trigger)
    used = feature.this_month(project, found)
    if as_json:
        minutes = {"used": used.used, "free": used.free, "cost": used.cost}
        print_data(project, {"builds": [_data(one) for one in found], "minutes_this_month": minutes})
        return
    if not found:
        echo(f"Nothing has been built in {project.environment.place} yet: start with `groundwork builds submit`.")
        return
    print_table(("build", "status", "started (UTC)", "took", "by", "images"), [_row(project, one) for one in found])
    beyond = f", and {as_money(used.cost)} on larger machines" if used.cost else ""
    echo(f"these used {used.used:,.0f} of this month's {used.free:,.0f} free minutes{beyond}", err=True)


def _row(project: Project, one: Build) -> tuple[str, ...]:
    by = one.trigger or project.person(one.submitter)
    images = ", ".join(image_names.short(image.partition("@")[0]) for image in one.images) or "none"
    return (one.id[:8], one.status.lower().replace("_", " "), when(one.created), one.took, by, images)


def _data(one: Build) -> dict[str, object]:
    return {**asdict(one), "took": one.took, "running": one.running}


@builds.command()
@click.argument("build", metavar="[BUILD]", default="")
@click.option("--follow/--no-follow", default=True, help="Keep printing while it runs; the default.")
@environment_option
@as_option
@json_option
def logs(build: str, follow: bool, name: str, who: str | None, as_json: bool) -> None:
    """Print a build's log, and follow it while the build runs. BUILD is an ID, the start of one, or the name of a build in the
    environment file, which means its newest run; without BUILD, the newest of all.

    Example: groundwork builds logs api
    """
    project = opened(name, who)
    found = feature.build(project, build)
    wanted = feature.log_filter(project, found)
    if as_json or not (follow and found.running):
        print_entries(project, wanted, as_json=as_json)
    else:
        with streamed(f"build {found.id[:8]}", f"groundwork builds cancel {found.id[:8]} --env {name}"):
            found = feature.follow(project, found, lambda entry: as_written(entry.text))
    if not (as_json or found.running):
        echo(found.failure, err=True)
        if why := feature.likely_cause(project, found):
            echo(f"  {why}", err=True)


@builds.command()
@_build
@environment_option
@as_option
@yes_option
@dry_run_option
def cancel(build: str, name: str, who: str | None, yes: bool, dry_run: bool) -> None:
    """Cancel a build that is running or queued.

    Example: groundwork builds cancel 1a2b3c4d
    """
    project = opened(name, who)
    found = feature.build(project, build)
    if to_end(project, f"build {found.id[:8]}", over="" if found.running else found.text, yes=yes, dry_run=dry_run):
        echo(feature.cancelled(project, found).text)
