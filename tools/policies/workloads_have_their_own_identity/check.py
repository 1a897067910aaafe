"""Workloads, builds and schedules act as accounts created for them, never as one of Google's default accounts."""

from policies.language import (
    PASSES,
    Block,
    Policy,
    Resource,
    Ruling,
    Settings,
    Severity,
    Unknown,
    Verdict,
    blocks,
    fails,
    unknown,
    worst,
)
from policies.workloads import FUNCTION, JOB, SCHEDULE, SERVICE, TRIGGER, template

_DEFAULTS = (
    "-compute@developer.gserviceaccount.com",
    "@appspot.gserviceaccount.com",
    "@cloudbuild.gserviceaccount.com",
)


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails a service, function, job or trigger without an account, and any of them or a schedule with a default one.

    A function also has an account that builds it.
    """
    if resource.kind == FUNCTION:
        parts = (("service_config", "service_account_email"), ("build_config", "service_account"))
        return worst(_judge_block(resource.blocks(part), name) for part, name in parts)
    if resource.kind == SCHEDULE:
        token = _token(resource)
        sends = isinstance(token, Unknown) or token.get("service_account_email")
        return _judge_account(token, "service_account_email") if sends else PASSES
    return _judge_account(resource.values if resource.kind == TRIGGER else template(resource), "service_account")


def _judge_block(found: list[Block] | Unknown, name: str) -> Ruling:
    return _judge_account(found if isinstance(found, Unknown) else next(iter(found), {}), name)


def _judge_account(place: Block | Unknown, name: str) -> Ruling:
    if isinstance(place, Unknown):
        return unknown("its account")
    account = place.get(name)
    if not account:
        return fails("names no account, and so runs as Compute Engine's default account")
    if not isinstance(account, str):
        return unknown("its account")
    return fails(f"runs as a default account, {account.rpartition('/')[2]}") if account.endswith(_DEFAULTS) else PASSES


def _token(resource: Resource) -> Block | Unknown:
    """The block with the account whose token a schedule sends; empty if it sends none."""
    targets = resource.blocks("http_target")
    if isinstance(targets, Unknown):
        return targets
    for target in targets:
        for name in ("oauth_token", "oidc_token"):
            tokens = blocks(target, name)
            if isinstance(tokens, Unknown) or tokens:
                return tokens if isinstance(tokens, Unknown) else tokens[0]
    return {}


POLICY = Policy(
    title="Workloads have an identity of their own",
    severity=Severity.HIGH,
    why="A default account is shared by everything that names none, and is often an editor of the project; nobody can tell who did what.",
    mend="Name an identity in the environment file (`identity:`), or set `service_account` (of a schedule `service_account_email`) to an account created for the purpose.",
    resources=(SERVICE, FUNCTION, JOB, TRIGGER, SCHEDULE),
    judge=judge,
    when_unknown=Verdict.PASS,
    unknown_because="an account known only after apply is one that this plan creates; the default ones are written out or left out",
)
