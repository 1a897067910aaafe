"""What else identity pools hold: namespaces, managed identities, and attestation rules."""

from __future__ import annotations

from functools import partial

from localcloud.engine import lro
from localcloud.engine.service import Body, Call, Handler
from localcloud.errors import failed_precondition, invalid, not_found
from localcloud.services.iam import pools

_RULES = pools.RULES
_MOST_RULES = 50
_ID_RULE = r"(?!gcp-)[a-z0-9][a-z0-9-]{0,61}[a-z0-9]"
_ID_ERROR = (
    "The id '{id}' must have 2 to 63 of the characters [a-z0-9-], with a letter or a digit at both ends; the prefix gcp- is "
    "reserved for Google."
)
_MODES = ("TRUST_DOMAIN", "SYSTEM_TRUST_DOMAIN")


def created(call: Call, body: Body) -> Body:
    """A new namespace or managed identity in its stored form; only trust domain pools may have them."""
    pool = "/".join(call.parent.split("/")[:6])
    pool_body = call.cloud.store.get("iam", pool)
    if pool_body is not None and pool_body["mode"] not in _MODES:
        raise failed_precondition(
            f"{pool} is in the mode {pool_body['mode']}; only pools in {_MODES[0]} have namespaces."
        )
    return checked(call, {}, body) | {"state": "ACTIVE"}


def checked(_call: Call, _old: Body, new: Body) -> Body:
    """A patched one in its stored form."""
    pools.check_texts(new)
    return new


def list_rules(call: Call) -> Body:
    """The attestation rules of a pool or managed identity."""
    rules = _found(call).get(_RULES)
    return {"attestationRules": rules} if rules else {}


def set_rules(call: Call) -> Body:
    """Replaces the attestation rules."""
    return _keep_rules(call, call.body.get("attestationRules", []))


def add_rule(call: Call) -> Body:
    """Adds one attestation rule."""
    rule = call.body.get("attestationRule", {})
    return _keep_rules(call, [one for one in _found(call).get(_RULES, []) if one != rule] + [rule])


def remove_rule(call: Call) -> Body:
    """Removes one attestation rule."""
    rule = call.body.get("attestationRule", {})
    return _keep_rules(call, [one for one in _found(call).get(_RULES, []) if one != rule])


def _found(call: Call) -> Body:
    body = call.cloud.store.get("iam", call.name)
    if body is None:
        raise not_found(pools.MISSING)
    return body


def _keep_rules(call: Call, rules: list[Body]) -> Body:
    if len(rules) > _MOST_RULES:
        raise invalid(f"There may be {_MOST_RULES} attestation rules; these are {len(rules)}.", "attestation_rules")
    body = _found(call)
    call.cloud.store.put("iam", call.name, body | {_RULES: rules})
    kind = IDENTITY.kind if call.collection == "managedIdentities" else pools.POOL.kind
    return lro.finished(call, pools.presented(call.cloud, body), kind=kind)


_held = partial(pools.resource, id_rule=_ID_RULE, id_error=_ID_ERROR, complete=created, changed=checked)
NAMESPACE = _held(kind="WorkloadIdentityPoolNamespace", id_param="workloadIdentityPoolNamespaceId")
IDENTITY = _held(kind="WorkloadIdentityPoolManagedIdentity", id_param="workloadIdentityPoolManagedIdentityId")
RULE_METHODS: dict[str, Handler] = {
    "listAttestationRules": list_rules,
    "setAttestationRules": set_rules,
    "addAttestationRule": add_rule,
    "removeAttestationRule": remove_rule,
}
