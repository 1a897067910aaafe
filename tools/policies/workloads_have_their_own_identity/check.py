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
)
from policies.workloads import JOB, SCHEDULE, SERVICE, TRIGGER, template

_DEFAULTS = (
    "-compute@developer.gserviceaccount.com",
    "@appspot.gserviceaccount.com",
    "@cloudbuild.gserviceaccount.com",
)


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails a service, job or trigger without an account, and any of them or a schedule with a default one."""
    if resource.kind == SCHEDULE:
        place, name = _token(resource), "service_account_email"
    else:
        place, name = (resource.values if resource.kind == TRIGGER else template(resource)), "service_account"
    if isinstance(place, Unknown):
        return unknown("its account")
    account = place.get(name)
    if not account and resource.kind == SCHEDULE:  # it sends no token
        return PASSES
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
    resources=(SERVICE, JOB, TRIGGER, SCHEDULE),
    judge=judge,
    when_unknown=Verdict.PASS,
    unknown_because="an account known only after apply is one that this plan creates; the default ones are written out or left out",
)
