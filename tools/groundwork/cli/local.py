"""`groundwork local`: control the local cloud by hand."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from groundwork.cli.env import say_how_to_undo
from groundwork.cli.group import Group
from groundwork.cli.options import environment_option, here, json_option, yes_option
from groundwork.cli.principal import principal_of
from groundwork.cli.printing import as_written, echo, print_json
from groundwork.cli.terminal import Terminal
from groundwork.display import on_one_line
from groundwork.environment.checkout import find_checkout
from groundwork.errors import UsageProblem
from groundwork.google import local as feature
from groundwork.lifecycle import local_claims
from groundwork.login import notebook
from groundwork.text import allowed

_LATENESS = {
    True: "as late as on Google Cloud; commands advance its clock instead of waiting",
    False: "at once",
}


@click.group(cls=Group)
def local() -> None:
    """Start, stop, inspect and empty this clone's local cloud. Everything on it is simulated.

    Example: groundwork local status
    """


@local.command()
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port to listen on; by default a free one, the same each time."
)
def start(port: int | None) -> None:
    """Start it, unless it is running; other commands start it by themselves.

    Example: groundwork local start --port 8085
    """
    found = feature.start(find_checkout(Path.cwd()), port)
    echo(f"The local cloud (simulated) is at {found.base}.")


@local.command()
def stop() -> None:
    """Stop it, unless a command is using it; its contents stay on disk.

    Example: groundwork local stop
    """
    checkout = find_checkout(Path.cwd())
    with local_claims.claimed(checkout, "local stop"):
        stopped = feature.stop(checkout)
    echo("The local cloud is stopped." if stopped else "The local cloud was not running.")


@local.command()
@json_option
def status(as_json: bool) -> None:
    """Show whether it is running, where, and which containers run on it.

    Example: groundwork local status --json
    """
    checkout = find_checkout(Path.cwd())
    found = feature.find(checkout)
    workloads = feature.workloads(found) if found else {}
    if as_json:
        print_json(
            {
                "simulated": True,
                "running": found is not None,
                "base": found and found.base,
                "pid": found and found.pid,
                "state": str(checkout.local_state),
                "workloads": workloads,
            }
        )
    elif found:
        echo(
            f"The local cloud (simulated) is at {found.base} (process {found.pid}), with its state in {checkout.local_state}."
        )
        for line in feature.described(workloads):
            echo(line)
    else:
        echo(f"The local cloud is stopped; its state is in {checkout.local_state}.")


@local.command("stand-in")
@click.argument("image")
@click.argument("command", nargs=-1)
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="Where the command runs; by default the current folder.",
)
def stand_in(image: str, command: tuple[str, ...], folder: Path) -> None:
    """Let a command stand in for an image where neither podman nor docker is installed; without COMMAND, remove the stand-in.

    The command gets the environment, the port and the identity that the container would have. IMAGE is given without a tag.

    Example: groundwork local stand-in europe-west1-docker.pkg.dev/my-team/images/train -- python train.py
    """
    body = {"command": list(command), "folder": str(folder.absolute())} if command else None
    checkout = find_checkout(Path.cwd())
    feature.configure_workloads(checkout, {"standIns": {image: body}})
    if command:
        kind = feature.workloads(feature.start(checkout))["kind"]
        echo(f"{' '.join(command)} stands in for {image}; containers here are run by {kind}.")
    else:
        echo(f"Nothing stands in for {image}.")


@local.command()
@click.option("--builds", type=click.IntRange(1, 100), help="Builds of Cloud Build.")
@click.option("--instances", type=click.IntRange(1, 100), help="Instances of services, jobs and endpoints.")
@click.option("--jobs", type=click.IntRange(1, 100), help="Replicas of training jobs.")
@json_option
def limits(builds: int | None, instances: int | None, jobs: int | None, as_json: bool) -> None:
    """Show or set how many containers of each kind may run at once; those beyond that wait or are refused.

    Example: groundwork local limits --jobs 1
    """
    wanted = {"builds": builds, "instances": instances, "jobs": jobs}
    changed = {"limits": {name: most for name, most in wanted.items() if most is not None}}
    found = feature.configure_workloads(find_checkout(Path.cwd()), changed)["limits"]
    if as_json:
        print_json({"simulated": True, "limits": found})
        return
    for name, most in found.items():
        echo(f"{name}: {most} at once")


@local.command()
@yes_option
def reset(yes: bool) -> None:
    """Delete everything on it, including the Terraform states, unless a command is using it.

    Example: groundwork local reset --yes
    """
    checkout = find_checkout(Path.cwd())
    if not yes:
        Terminal().confirm(f"Empty the local cloud in {checkout.local_state}, including its Terraform states?")
    with local_claims.claimed(checkout, "local reset"):
        local_claims.empty(checkout)
    echo("The local cloud is empty.")


@local.command()
@click.argument("name", required=False, type=click.Choice(["as-google", "prompt"]))
@json_option
def profile(name: str | None, as_json: bool) -> None:
    """Show or set how soon changes become visible: as-google (minutes for APIs, policies, accounts and lists), or prompt, the default.

    With as-google, commands wait as they would on Google Cloud, but advance its clock instead of sleeping. GROUNDWORK_LOCAL_PROFILE sets it too.

    Example: groundwork local profile as-google
    """
    checkout = find_checkout(Path.cwd())
    found = feature.start(checkout) if name is None else feature.behave(checkout, name.replace("prompt", ""))
    if as_json:
        print_json({"simulated": True, "profile": found.profile or "prompt"})
        return
    echo(f"The local cloud (simulated) shows changes {_LATENESS[bool(found.profile)]}.")


@local.command()
@environment_option
@click.option("--as", "principal", default=feature.OWNER, show_default=True, help="Principal to act as.")
def env(name: str, principal: str) -> None:
    """Print `export NAME=value` lines that point terraform, gcloud and Google's Python clients at it.

    To undo it in a shell: `eval "$GROUNDWORK_OFF"`. `groundwork run -- COMMAND` needs no eval. The token expires after 12 to 24 hours.

    Example: eval "$(groundwork local env)"
    """
    checkout, environment = here(name)
    if not environment.local:
        raise UsageProblem(f"{name} is on Google Cloud: `groundwork local env` is for environments with cloud: local.")
    who = principal_of(principal)
    for line in notebook.shell(notebook.of_process(checkout, environment, os.environ, who), os.environ):
        as_written(line)
    say_how_to_undo()


@local.command()
@click.argument("url", required=False, default="")
@click.argument("folder", required=False, default=None, type=click.Path(path_type=Path))
@json_option
def repository(url: str, folder: Path | None, as_json: bool) -> None:
    """Let a folder stand in for a GitHub repository, or list the folders that do.

    This replaces the manual step of a connection: on Google Cloud, somebody authorises it on GitHub. Triggers then build what is
    committed in FOLDER, a git repository on this machine (by default the current folder).

    Example: groundwork local repository https://github.com/team/app ../app
    """
    chosen = str((folder or Path.cwd()).resolve()) if url else ""
    found = feature.repositories(find_checkout(Path.cwd()), url, chosen)
    if as_json:
        print_json(found)
        return
    for remote, place in found["folders"].items():
        echo(f"{place} stands in for {remote}.")
    if not found["folders"]:
        echo("No folder stands in for a repository.")
    for name in found["completed"]:
        echo(f"Connection {name} is complete.")
    if url:
        echo(
            "After a commit, run groundwork local push. To have git do that, put this line into its .git/hooks/post-commit:"
        )
        root = shlex.quote(str(find_checkout(Path.cwd()).root))
        echo(f"  cd {root} && groundwork local push {shlex.quote(url)}")


def _outcome(trigger: Mapping[str, Any]) -> str:
    """What a trigger did at a push."""
    if not trigger["build"]:
        return f"builds nothing, {trigger['problem']}"
    number = trigger["build"].rpartition("/")[2][:8]
    if trigger["problem"]:
        return f"build {number} could not be started: {trigger['problem'].rstrip('.')}. The next `groundwork local push` tries it again."
    return f"build {number} started" + (", because the last one failed" if trigger["again"] else "")


@local.command()
@click.argument("url", required=False, default="")
@json_option
def push(url: str, as_json: bool) -> None:
    """Report the new commits and tags in these folders to the triggers, and start the builds that they trigger.

    Example: groundwork local push
    """
    found = feature.pushes(find_checkout(Path.cwd()), url)
    if as_json:
        print_json(found)
        return
    for one in found:
        echo(f"{one['repository']} {one['ref'].removeprefix('refs/')} is at {one['commit'][:7]}.")
        for trigger in one["triggers"]:
            echo(f"  {on_one_line(trigger['name'])}: {on_one_line(_outcome(trigger))}")
        if not one["triggers"]:
            echo("  No trigger matches it.")
    if not found:
        echo("There is nothing new since the last push.")


@local.command()
@environment_option
@click.argument("amount", type=click.FloatRange(0, 1_000_000, min_open=True))
@click.option(
    "--credits", "paid", type=click.FloatRange(0, 1_000_000), default=0, help="Part that promotional credits pay."
)
@json_option
def charge(name: str, amount: float, paid: float, as_json: bool) -> None:
    """Add a made-up charge of AMOUNT US dollars to the environment's project, to see what its budget does.

    Nothing is billed; such a charge is in no report. Only `local reset` takes it back.

    Example: groundwork local charge 30 --env starfish
    """
    checkout, environment = here(name)
    if not environment.local:
        raise UsageProblem(f"{environment.file} is on Google Cloud: only the local cloud takes made-up charges.")
    notices = feature.charge(checkout, environment.project, amount, paid)
    if as_json:
        print_json({"notices": notices, "simulated": True})
        return
    for line in notices or ["No budget has passed a further threshold."]:
        echo(line)


@local.command()
@click.option(
    "-n", "--lines", type=click.IntRange(min=1), default=20, show_default=True, help="Lines to print of each log."
)
def logs(lines: int) -> None:
    """Print the last lines of its logs.

    Example: groundwork local logs -n 50
    """
    for file in feature.logs(find_checkout(Path.cwd())):
        echo(f"== {file}")
        for line in file.read_text("utf-8", "replace").splitlines()[-lines:]:
            as_written(line)


@local.command()
@json_option
@click.option("--api", default="", help="Only this API, method by method.")
def coverage(as_json: bool, api: str) -> None:
    """Show which of Google's API methods it answers: by code of their own, by a standard verb, or not at all.

    Example: groundwork local coverage --api secretmanager
    """
    found = feature.coverage(find_checkout(Path.cwd()))
    chosen = {name: body for name, body in found.items() if name.startswith(api)}
    if not chosen:
        known = {name.partition(".")[0] for name in found}
        raise UsageProblem(f'The local cloud has no API "{api}"; {allowed(known, api)}')
    if as_json:
        print_json(chosen)
        return
    for name, body in chosen.items():
        counts = Counter(body["methods"].values())
        echo(f"{name:<28} {counts['emulated']:>4} emulated {counts['generic']:>4} generic {counts['absent']:>4} absent")
        for method, kind in body["methods"].items() if api else ():
            echo(f"  {kind:<9} {method}")
