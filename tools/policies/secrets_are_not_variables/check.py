"""No secret value is in a container's environment variable: it would be in the state, the console and every revision."""

import re
from collections.abc import Iterator

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
from policies.workloads import JOB, SERVICE, containers

_NAME = re.compile(r"(^|_)(API_?KEY|KEY|PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIALS)\Z", re.IGNORECASE)
# Keys of W&B in either form, of GitHub, Google and Hugging Face.
_VALUE = re.compile(
    r"wandb_v\d+_\w{20,}|[0-9a-f]{40}|gh[pousr]_\w{30,}|github_pat_\w{30,}|AIza[\w-]{35}|hf_[A-Za-z]{30,}"
)


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails a variable that is named like a secret or whose value looks like one; references to secrets pass."""
    found = containers(resource)
    if isinstance(found, Unknown):
        return unknown("its containers")
    return worst(_judge(variable) for container in found for variable in _variables(container))


def _variables(container: Block) -> Iterator[Block | Unknown]:
    found = blocks(container, "env")
    if isinstance(found, Unknown):
        yield found
    else:
        yield from found


def _judge(variable: Block | Unknown) -> Ruling:
    if isinstance(variable, Unknown):
        return unknown("its variables")
    name, value = variable.get("name"), variable.get("value")
    if not value:
        return PASSES
    if isinstance(name, str) and _NAME.search(name):
        return fails(f"has the variable {name} with a literal value")
    if isinstance(value, str) and _VALUE.fullmatch(value):
        return fails(f"has a variable, {name}, whose value looks like a key")
    return unknown("its variables") if isinstance(name, Unknown) or isinstance(value, Unknown) else PASSES


POLICY = Policy(
    title="Secrets are not variables",
    severity=Severity.CRITICAL,
    why="Everybody who may see the service, its revisions, the plan or the state can read it, for as long as these are kept.",
    mend="Put the value into Secret Manager (`groundwork secrets set`) and the variable below `secrets:` of the service or job.",
    resources=(SERVICE, JOB),
    judge=judge,
    when_unknown=Verdict.PASS,
    unknown_because="a value known only after apply is another resource's address",
)
