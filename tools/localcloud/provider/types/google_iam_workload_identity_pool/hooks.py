"""google_iam_workload_identity_pool: its attestation rules are read and written by methods of their own."""

from __future__ import annotations

from localcloud.provider import rest
from localcloud.provider.client import Refused
from localcloud.provider.hooks import Hooks
from localcloud.provider.operations import finished
from localcloud.provider.values import Object
from localcloud.provider.work import Work


def created(work: Work, planned: Object) -> None:
    """Sets the rules of a pool that was just made."""
    if planned["attestation_rules"]:
        _set_rules(work, planned)


def update(work: Work, prior: Object, planned: Object) -> Object:
    """Patches the pool, then its rules."""
    changed = rest.differing(work, prior, planned)
    rest.send_changes(work, prior, planned, changed)
    if "attestation_rules" in changed:
        _set_rules(work, planned)
    return rest.read(work, planned) or planned


def decode(work: Work, values: Object, _state: Object) -> Object:
    """The pool with its rules."""
    try:
        rules = work.call("listAttestationRules", {"resource": work.path(values)}).get("attestationRules", [])
    except Refused as error:
        if error.code not in (404, 501):
            raise
        rules = []
    found = [{"google_cloud_resource": one.get("googleCloudResource", "")} for one in rules if one]
    return values | {"attestation_rules": found}


def _set_rules(work: Work, values: Object) -> None:
    method = work.method("setAttestationRules")
    rules = [{"googleCloudResource": one["google_cloud_resource"]} for one in values["attestation_rules"]]
    body = {"attestationRules": sorted(rules, key=lambda one: one["googleCloudResource"])}
    finished(work, work.ask(method, {"resource": work.path(values)}, body=body), method.response)


HOOKS = Hooks(created=created, update=update, decode=decode)
