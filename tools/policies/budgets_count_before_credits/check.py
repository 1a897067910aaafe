"""A budget counts what is spent before credits pay for it."""

from policies.language import PASSES, Policy, Resource, Ruling, Settings, Severity, Unknown, Verdict, fails, unknown


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails a budget whose treatment of credits subtracts them all, which is also Google's default, or promotional ones by name."""
    filters = resource.blocks("budget_filter")
    if isinstance(filters, Unknown):
        return unknown("budget_filter")
    treatment = filters[0].get("credit_types_treatment") if filters else None
    if isinstance(treatment, Unknown):
        return unknown("credit_types_treatment")
    if treatment == "EXCLUDE_ALL_CREDITS":
        return PASSES
    if treatment != "INCLUDE_SPECIFIED_CREDITS":
        return fails("subtracts credits from what is spent")
    types = filters[0].get("credit_types")
    if isinstance(types, Unknown):
        return unknown("credit_types")
    promotional = isinstance(types, list) and "PROMOTION" in types
    return fails("subtracts promotional credits from what is spent") if promotional else PASSES


POLICY = Policy(
    title="Budgets count before credits",
    severity=Severity.MEDIUM,
    why="After credits a team that pays with them spends nothing, so the budget is silent until the day on which they are used up.",
    mend='Set `credit_types_treatment = "EXCLUDE_ALL_CREDITS"` in `budget_filter`; `budget` in the environment file does.',
    resources=("google_billing_budget",),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="whether a budget warns must be readable before apply",
)
