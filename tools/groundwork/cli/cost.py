"""`groundwork cost`: what a plan would cost, what was spent, and how long the credits last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from groundwork.cli.group import Group
from groundwork.cli.options import completed, environment_option, here, json_option, members, provider_option
from groundwork.cli.printing import as_written, echo, print_json
from groundwork.cli.table import show
from groundwork.cli.terminal import Terminal
from groundwork.cost.billing.files import matching
from groundwork.cost.billing.loading import Labels
from groundwork.cost.report import GROUPINGS, CostReport, period
from groundwork.cost.source import CostSource
from groundwork.environment.values import Environment
from groundwork.errors import GroundworkError, UsageProblem

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from groundwork.cost.against import SpendComparison
    from groundwork.cost.bars import Bar

F = TypeVar("F", bound=Callable[..., Any])
GROUPING_NAMES = [name.replace(" ", "-") for name in GROUPINGS]


class Defaulting(Group):
    """A group that runs its first command when none is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert the first command's name where the arguments name none."""
        if not args or (args[0].startswith("-") and args[0] not in ("-h", "--help")):
            args = [next(iter(self.commands)), *args]
        return super().parse_args(ctx, args)


def csv_option(command: F) -> F:
    return click.option("--csv", "as_csv", is_flag=True, help="Print CSV, exact to the last digit.")(command)


def _files(_context: click.Context, _option: click.Parameter, patterns: tuple[str, ...]) -> tuple[Path, ...]:
    try:
        return matching(patterns)
    except UsageProblem as problem:
        raise click.BadParameter(problem.message) from problem


def source_options(command: F) -> F:
    """--env and the options that say where costs are read from; the command gets them as one `source`."""

    @wraps(command)
    def packed(*, name: str, paths: tuple[Path, ...], demo: bool, most_mib: int, **rest: Any) -> Any:
        labels = Labels(rest.pop("member_label"), rest.pop("component_label"))
        _, environment = here(name)
        return command(source=CostSource(environment, paths, demo, labels, most_mib * 1024**2), **rest)

    options = (
        click.option("--most-mib", type=click.IntRange(1), default=2048, show_default=True, help="Most MiB that a BigQuery query may read."),
        click.option("--component-label", default="component", show_default=True, help="Label that names a resource's component."),
        click.option("--member-label", default="member", show_default=True, help="Label that names a resource's owner."),
        click.option("--demo", is_flag=True, help="Read a simulated export."),
        click.option("-f", "--file", "paths", metavar="FILE", callback=_files, shell_complete=click.Path(dir_okay=False).shell_complete, multiple=True, help="Billing export, cost table or FOCUS file, or a glob pattern; may be repeated."),
        environment_option,
    )  # fmt: skip
    wrapped: Any = packed
    for option in options:
        wrapped = option(wrapped)
    return wrapped  # type: ignore[no-any-return]


@click.group(cls=Defaulting)
def cost() -> None:
    """What a plan would cost, what was spent and by whom, and how long the credits last.

    Without a command, runs `estimate`.

    Example: groundwork cost report --demo
    """


@cost.command(short_help="Estimate what the environment would cost.")
@environment_option
@provider_option
@json_option
@csv_option
@click.option("--details", is_flag=True, help="List every address, assumption and change.")
@click.option(
    "--plan", "saved", type=click.Path(dir_okay=False, path_type=Path), multiple=True,
    help="Output of `terraform show -json`; may be repeated. Without it, every layer is planned.",
)  # fmt: skip
def estimate(
    *, name: str, provider: str | None, as_json: bool, as_csv: bool, details: bool, saved: tuple[Path, ...]
) -> None:
    """Estimate what the environment would cost after the plan: the total, each component, and what is left of the credits.

    Prices are list prices from groundwork's own catalogue. What it has no price for is listed, and the total then starts with ≥.

    Example: groundwork cost estimate --json
    """
    from groundwork.cost import budget, planned, sheets, tables, tree
    from groundwork.cost.estimate import stale_note

    _one_format(as_json, as_csv)
    today = _now().date()
    talk = Terminal(quiet=as_json or as_csv)
    found, environment = _estimate(name, provider, saved, talk)
    simulated, budget_status = environment.local, budget.of_estimate(environment.budget, found)
    if as_json:
        print_json(sheets.estimate_json(found, today, simulated=simulated, budget=budget_status))
    elif as_csv:
        as_written(sheets.written(sheets.estimate_rows(found)))
    else:
        _print(tables.of_estimate(found, today) if details else tree.of_estimate(found, today))
    if budget_status and not as_json:
        echo(budget_status.text, err=as_csv)
    if simulated and not (as_json or as_csv):
        echo(planned.LOCAL_NOTE.strip())
    if not (as_json or as_csv or saved):
        for line in credit_lines(environment):
            echo(line)
    if (as_json or as_csv) and (note := stale_note(found, today)):
        echo(note.strip(), err=True)


def credit_lines(environment: Environment) -> list[str]:
    """A heading and a bar per member for the credits that are left; no lines where no grants are entered, a sentence where it is unknown."""
    from groundwork.cost import bars

    try:
        found = credit_bars(environment)
    except GroundworkError as problem:
        return [f"credits: unknown ({problem.message})"]
    simulated = " (simulated)" if environment.local else ""
    return [f"credits{simulated}", *(f"  {line}" for line in bars.lines(found))] if found else []


def credit_bars(environment: Environment) -> list[Bar]:
    """A bar per member who has credits, from the billing export or, on the local cloud, from its metered usage."""
    from groundwork.cost import bars

    source = CostSource(environment, (), demo=False, labels=Labels())
    now = _now()
    if not source.grants(now.date()):
        return []
    return bars.bars(source.balances(now)[0], now.date())


def _estimate(name: str, provider: str | None, saved: Sequence[Path], talk: Terminal) -> tuple[Any, Environment]:
    from groundwork.cost import planned
    from groundwork.cost.estimate import estimate as worked_out
    from groundwork.cost.plan import load_plan

    checkout, environment = here(name)
    if saved:
        plans = [load_plan(path) for path in saved]
        return worked_out(plans, planned.assumptions_of(environment)), environment
    from groundwork.lifecycle import up as feature
    from groundwork.terraform.process import signals_passed_on
    from groundwork.terraform.session import open_session

    planned.assumptions_of(environment)
    with signals_passed_on():
        session = open_session(checkout, environment, provider, "plan", talk.say)
        return planned.of_plans(session, feature.plan(session, talk)), environment


@cost.command(short_help="Report what was spent, and by whom.")
@source_options
@click.option(
    "--from", "since", metavar="DAY", help="First day of use, as 2026-10-01 (Pacific days, as in the console)."
)
@click.option("--until", metavar="DAY", help="Last day of use.")
@click.option("--month", metavar="MONTH", help="Invoice month, as 2026-10, instead of days of use.")
@click.option("--currency", metavar="CODE", help="Currency to report, where the export has several.")
@click.option(
    "--by",
    "groupings",
    type=click.Choice(GROUPING_NAMES),
    metavar="WHAT",
    multiple=True,
    help=f"Show only this: {', '.join(GROUPING_NAMES)}; may be repeated.",
)
@click.option("--chart", type=click.Path(dir_okay=False, path_type=Path), help="Also write an HTML page with charts.")
@click.option("--estimate", "with_estimate", is_flag=True, help="Compare with the estimate for what is up.")
@json_option
@csv_option
def report(
    *,
    source: CostSource,
    since: str | None,
    until: str | None,
    month: str | None,
    currency: str | None,
    groupings: tuple[str, ...],
    chart: Path | None,
    with_estimate: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Report what was spent: by member, service, component and day, before and after promotional credits.

    Reads the billing export in BigQuery (cost.export in the environment file), or files.

    Example: groundwork cost report --demo --by member
    """
    from groundwork.cost import against, budget, sheets, tables
    from groundwork.cost.report import as_data as document

    _one_format(as_json, as_csv)
    now = _now()
    found = source.report(period(since, until, month), now, currency)
    beside = _beside(found, source) if with_estimate else None
    budget_status = budget.of_report(source.environment.budget, found)
    only = [grouping.replace("-", " ") for grouping in groupings]
    if chart:
        _draw(chart, found, source, now, beside)
    if as_json:
        more = {
            "budget": budget_status.data if budget_status else None,
            "against_estimate": against.as_data(beside) if beside else None,
        }
        print_json({**document(found), **_stacks(found), **more})
    elif as_csv:
        as_written(sheets.written(sheets.report_rows(found, only)))
    else:
        _print(tables.of_report(found, only))
        for line in against.lines(beside, found.currency) if beside else ():
            echo(line)
    if budget_status and not as_json:
        echo(budget_status.text, err=as_csv)
    for warning in found.warnings:
        echo(f"warning: {warning}", err=True)


def _stacks(found: CostReport) -> dict[str, Any]:
    from groundwork.cost import stacked
    from groundwork.cost.report import groupings

    by = ("member", "service") if "day" in groupings(found) else ()
    return {f"by_day_and_{name}": stacked.as_data(stacked.stack(found, name)) for name in by}


def _beside(found: CostReport, source: CostSource) -> SpendComparison:
    """Compare the report with the estimate for what is up. Raises UsageProblem for files without days, CloudProblem for an unreadable state."""
    from groundwork.cost import against, planned
    from groundwork.lifecycle.status import states

    if not found.ledger.daily:
        raise UsageProblem(
            f"{found.ledger.origin} has no days, so no month can be picked out of it: leave out --estimate."
        )
    checkout, environment = here(source.environment.name)
    return against.against(found, against.of_states(states(checkout, environment), planned.assumptions_of(environment)))


def _draw(path: Path, found: CostReport, source: CostSource, now: datetime, beside: SpendComparison | None) -> None:
    from groundwork.cost import chart

    text = chart.page(found, source.balances_of(found.ledger, now.date()), now, beside)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise UsageProblem(f"{path} cannot be written: {problem.strerror}. Give --chart another place.") from problem
    echo(f"Wrote {path}: open it in a browser.", err=True)


@cost.group(name="credits", cls=Defaulting, short_help="Show what is left of the credits, and until when.")
def credits_() -> None:
    """Show what is left of the credits, and until when; enter and correct grants.

    Without a command, runs `left`.

    Example: groundwork cost credits --demo
    """


@credits_.command(short_help="Show what is left of every grant.")
@source_options
@json_option
@csv_option
def left(*, source: CostSource, as_json: bool, as_csv: bool) -> None:
    """Show what is left of every grant, and the day it will run out. This is not Google's official balance.

    Example: groundwork cost credits left --demo --json
    """
    from groundwork.cost import burndown, sheets, tables
    from groundwork.cost.credits import as_data as document

    _one_format(as_json, as_csv)
    today = _now().date()
    found, ledger = source.balances(_now())
    if as_json:
        print_json(
            document(found, ledger, today, lambda balance: burndown.as_data(burndown.burndown(balance, ledger, today)))
        )
    elif as_csv:
        as_written(sheets.written(sheets.credit_rows(found, ledger, today)))
    else:
        _print(tables.of_credits(found, ledger, today))
    for note in ledger.notes:
        echo(f"warning: {note}", err=True)


@credits_.command(short_help="Enter a grant.")
@environment_option
@click.option(
    "--member", required=True, metavar="EMAIL", shell_complete=completed(members), help="Whose credits they are."
)
@click.option("--amount", required=True, help="Amount, as the console shows it: 50 or 49.90.")
@click.option("--currency", default="USD", show_default=True, metavar="CODE", help="Currency of the amount.")
@click.option("--start", required=True, metavar="DAY", help="First day of the credits, as 2026-09-01.")
@click.option("--expires", required=True, metavar="DAY", help="First day on which they no longer apply.")
@click.option(
    "--billing-account",
    default="",
    metavar="ID",
    help="Billing account that holds them; without it, they pay for what is labelled as the member's.",
)
def add(*, name: str, member: str, amount: str, currency: str, start: str, expires: str, billing_account: str) -> None:
    """Enter a grant of credits into the environment file.

    Example: groundwork cost credits add --member alice@example.com --amount 50 --start 2026-09-01 --expires 2027-09-01
    """
    from groundwork.cost import grants

    _, environment = here(name)
    entered = grants.entered(
        tuple(environment.members), member,
        {"amount": amount, "currency": currency, "start": start, "expires": expires, "billing_account": billing_account},
    )  # fmt: skip
    new = grants.add(environment.path, entered)
    echo(
        f"{'Entered' if new else 'Already there'}: {entered.words}, until {entered.expires}, in {environment.path.name}.",
        err=True,
    )


@credits_.command(short_help="Record the balance that the console shows.")
@environment_option
@click.option("--member", required=True, metavar="EMAIL", shell_complete=completed(members), help="Whose credits.")
@click.option("--left", "seen", required=True, help="The balance that the console shows.")
@click.option("--on", metavar="DAY", help="The day on which you looked; by default today.")
@click.option("--start", metavar="DAY", help="First day of the grant, if the member has several.")
def check(*, name: str, member: str, seen: str, on: str | None, start: str | None) -> None:
    """Record the balance that the console shows; counting continues from there.

    Example: groundwork cost credits check --member alice@example.com --left 31.20
    """
    from groundwork.cost import grants

    _, environment = here(name)
    looked = grants.looked(seen, on, _now().date())
    grant = grants.check(environment.path, member, looked, grants.day(start, "--start") if start else None)
    echo(f"Recorded: {grant.words} had {seen} {grant.currency} left on {looked.day}.", err=True)


def _one_format(as_json: bool, as_csv: bool) -> None:
    if as_json and as_csv:
        raise UsageProblem("--json and --csv cannot be combined; give one of them.")


def _now() -> datetime:
    return datetime.now(UTC)


def _print(tables: Iterable[Table | Text]) -> None:
    from rich.table import Table

    for item in tables:
        if isinstance(item, Table):
            show(item)
        else:
            echo(item.plain)
        echo()
