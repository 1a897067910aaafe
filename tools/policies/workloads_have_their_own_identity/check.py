"""Workloads and builds run as accounts created for them, never as one of Google's default accounts."""

from policies.language import PASSES, Policy, Resource, Ruling, Settings, Severity, Unknown, Verdict, fails, unknown
from policies.workloads import JOB, SERVICE, TRIGGER, template

_DEFAULTS = (
    "-compute@developer.gserviceaccount.com",
    "@appspot.gserviceaccount.com",
    "@cloudbuild.gserviceaccount.com",
)


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails a service, job or trigger without an account, or with a default one."""
    place = resource.values if resource.kind == TRIGGER else template(resource)
    if isinstance(place, Unknown):
        return unknown("its account")
    account = place.get("service_account")
    if not account:
        return fails("names no account, and so runs as Compute Engine's default account")
    if not isinstance(account, str):
        return unknown("its account")
    return fails(f"runs as a default account, {account.rpartition('/')[2]}") if account.endswith(_DEFAULTS) else PASSES


POLICY = Policy(
    title="Workloads have an identity of their own",
    severity=Severity.HIGH,
    why="A default account is shared by everything that names none, and is often an editor of the project; nobody can tell who did what.",
    mend="Name an identity in the environment file (`identity:`), or set `service_account` to an account created for the purpose.",
    resources=(SERVICE, JOB, TRIGGER),
    judge=judge,
    when_unknown=Verdict.PASS,
    unknown_because="an account known only after apply is one that this plan creates; the default ones are written out or left out",
)
