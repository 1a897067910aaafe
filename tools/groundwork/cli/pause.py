"""`groundwork pause` and `groundwork resume`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from groundwork.cli.options import dry_run_option, environment_option, here, json_option, yes_option
from groundwork.cli.principal import as_option, connected
from groundwork.cli.printing import echo, print_json
from groundwork.cli.terminal import Terminal
from groundwork.cost.amounts import as_money
from groundwork.environment.values import Environment
from groundwork.errors import GroundworkError
from groundwork.lifecycle import pause as feature
from groundwork.lifecycle import paused
from groundwork.lifecycle.pause import Turn, TurnPlan, Verb
from groundwork.text import counted


@click.command()
@environment_option
@click.argument("names", metavar="[NAME]...", nargs=-1)
@yes_option
@dry_run_option
@json_option
@as_option
def pause(name: str, names: tuple[str, ...], yes: bool, dry_run: bool, as_json: bool, who: str | None) -> None:
    """Stop what costs by the hour in the project: virtual machines, and the schedules that start jobs; or only those called NAME.

    It shows them with their price first, and asks. Terraform takes no notice. What cannot be stopped is listed with what to do instead.

    Example: groundwork pause --env dev
    """
    _run("pause", name, names, yes=yes, dry_run=dry_run, as_json=as_json, who=who)


@click.command()
@environment_option
@click.argument("names", metavar="[NAME]...", nargs=-1)
@yes_option
@dry_run_option
@json_option
@as_option
def resume(name: str, names: tuple[str, ...], yes: bool, dry_run: bool, as_json: bool, who: str | None) -> None:
    """Start what `pause` has stopped in the project; or only those called NAME, whoever stopped them.

    It shows them with their price first, and asks. What was already stopped before `pause` is listed and left alone.

    Example: groundwork resume gpu
    """
    _run("resume", name, names, yes=yes, dry_run=dry_run, as_json=as_json, who=who)


def _run(
    verb: Verb, name: str, names: tuple[str, ...], *, yes: bool, dry_run: bool, as_json: bool, who: str | None
) -> None:
    checkout, environment = here(name)
    cloud, _ = connected(environment, checkout, who)
    talk = Terminal()
    known = paused.read(cloud, environment, checkout)
    plan = feature.find(cloud, verb, names, paused=known)
    for turn in plan.turns:
        talk.say(f"{'stops' if verb == 'pause' else 'starts'}  {turn.text}")
    for item, reason in plan.others.items():
        talk.say(f"{'keeps running' if verb == 'pause' else 'stays stopped'}  {item.kind} {item.short}: {reason}")
    if plan.turns and not dry_run and not yes:
        talk.confirm(f"{verb.capitalize()} {counted(len(plan.turns), 'resource')} in project {environment.place}?")
    found = {turn.item.name for turn in plan.turns}
    # It is noted beforehand, so that `resume` also starts what an interrupted run has stopped.
    if found and verb == "pause" and not dry_run:
        paused.write(cloud, environment, checkout, known | found, talk.say)
    done, failed = ([], {}) if dry_run else feature.turn_all(cloud, plan, talk)
    turned = {turn.item.name for turn in done}
    if verb == "pause" and failed:
        paused.write(cloud, environment, checkout, known | turned, talk.say)
    elif verb == "resume" and done:
        rest = known if names else found  # what is gone or runs is paused no longer
        paused.write(cloud, environment, checkout, rest - turned, talk.say)
    if as_json:
        print_json(_data(plan, [turn.item.name for turn in done], failed))
    elif plan.turns:
        echo(_summary(plan, environment, done, dry_run=dry_run))
    elif not plan.unknown:
        nothing = (
            "Nothing that could be stopped runs" if verb == "pause" else "Nothing that `pause` stopped is still stopped"
        )
        echo(f"{nothing} in project {environment.place}.")
    plan.verdict(environment.place)
    if failed:
        raise GroundworkError(f"{len(failed)} of {len(plan.turns)} could not be {_word(verb)}; the reasons are above.")


def _word(verb: Verb) -> str:
    return "stopped" if verb == "pause" else "started"


def _summary(plan: TurnPlan, environment: Environment, done: Sequence[Turn], *, dry_run: bool) -> str:
    turns, word = (plan.turns, "would be ") if dry_run else (done, "")
    dollars, verb = as_money(feature.hourly_of(turns)), "saves" if plan.verb == "pause" else "costs"
    price = f"which {verb} {dollars} an hour at Google's list prices"
    ends = ["the local cloud bills nothing"] if environment.local else []
    ends += ["this was a dry run"] if dry_run else []
    sentence = f"{len(turns)} {word}{_word(plan.verb)} in project {environment.place}, {price}"
    return f"{'; '.join([sentence, *ends])}."


def _data(plan: TurnPlan, done: list[str], failed: dict[str, str]) -> dict[str, Any]:
    return {
        "resources": [
            {"kind": one.item.kind, "name": one.item.name, "detail": one.doing, "hourly": one.hourly}
            for one in plan.turns
        ],
        "hourly": feature.hourly_of(plan.turns),
        "done": done,
        "failed": failed,
        "keeps_running" if plan.verb == "pause" else "stays_stopped": [
            {"kind": item.kind, "name": item.name, "reason": why} for item, why in plan.others.items()
        ],
        "unknown": dict(plan.unknown),
    }
