"""Workload identity pools and their providers: which external identities a project trusts, and under which conditions."""

from __future__ import annotations

import re
from functools import partial

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call, Resource, SoftDelete
from localcloud.errors import invalid
from localcloud.spec import expressions, json_text, urls
from localcloud.spec.expressions import Language
from localcloud.spec.fields import without_zeros

ID_RULE = r"(?!gcp-)[a-z0-9-]{4,32}"
ID_ERROR = "The id '{id}' must have 4 to 32 of the characters [a-z0-9-]; the prefix gcp- is reserved for Google."
KINDS = ("aws", "oidc", "saml", "x509")
SHARED_ISSUERS = (
    "https://token.actions.githubusercontent.com",
    "https://gitlab.com",
    "https://app.terraform.io",
    "https://agent.buildkite.com",
    "https://oidc.circleci.com",
    "https://oidc.vercel.com",
)
"""Issuers that all customers of a service share: without a condition, any customer's token would be accepted."""
RULES = "_attestationRules"
_KEY = re.compile(r"google\.(?:subject|groups|display_name|profile_photo|posix_username)|attribute\.[a-z0-9_]{1,90}")
_MOST_ATTRIBUTES = 50
_DEFAULT_AWS = {
    "google.subject": "assertion.arn",
    "attribute.aws_role": (
        "assertion.arn.contains('assumed-role') ? assertion.arn.extract('{account_arn}assumed-role/') + 'assumed-role/' + "
        "assertion.arn.extract('assumed-role/{role_name}/') : assertion.arn"
    ),
}


def presented(cloud: Cloud, body: Body) -> Body:
    """A stored pool or provider as it is returned: with the project's number in its name."""
    shown = {key: value for key, value in without_zeros(body, *KINDS).items() if key != RULES}
    return shown | {"name": cloud.projects.numbered(body["name"])}


def pool_created(call: Call, body: Body) -> Body:
    """A new pool in its stored form."""
    if call.path.split("/")[3] != "global":
        raise invalid(
            f"Workload identity pools are in the location global, not in {call.path.split('/')[3]}.", "parent"
        )
    check_texts(body)
    mode = body.get("mode", "MODE_UNSPECIFIED")
    return body | {"state": "ACTIVE", "mode": "FEDERATION_ONLY" if mode == "MODE_UNSPECIFIED" else mode}


def pool_changed(_call: Call, _old: Body, new: Body) -> Body:
    """A patched pool in its stored form."""
    check_texts(new)
    return new


def provider_created(_call: Call, body: Body) -> Body:
    """A new provider in its stored form."""
    return _checked(body) | {"state": "ACTIVE"}


def provider_changed(_call: Call, old: Body, new: Body) -> Body:
    """A patched provider in its stored form; its kind cannot change."""
    before = [kind for kind in KINDS if kind in old]
    if before != [kind for kind in KINDS if kind in new]:
        raise invalid(f"A provider keeps its kind ({', '.join(before)}); create another provider instead.", "provider")
    return _checked(new)


def mapping(provider: Body) -> dict[str, str]:
    """A provider's attribute mapping; for AWS a default that Google does not show."""
    default = _DEFAULT_AWS if "aws" in provider else {}
    return provider.get("attributeMapping") or default


def _checked(body: Body) -> Body:
    check_texts(body)
    kinds = [kind for kind in KINDS if kind in body]
    if len(kinds) != 1:
        raise invalid(
            f"A provider must have exactly one of {', '.join(KINDS)}; this one has {' and '.join(kinds) or 'none'}.",
            "workload_identity_pool_provider",
        )
    _check_mapping(mapping(body))
    if kinds == ["oidc"]:
        _check_oidc(body["oidc"])
    if kinds == ["x509"]:
        _check_trust_store(body["x509"].get("trustStore", {}))
    _check_condition(body)
    return body


def _check_trust_store(store: Body) -> None:
    anchors = store.get("trustAnchors", [])
    if not anchors or not all(one.get("pemCertificate") for one in (*anchors, *store.get("intermediateCas", []))):
        raise invalid(
            "A provider of kind x509 must have a trust store with a trust anchor, and each of its certificates in PEM.",
            "x509.trust_store",
        )


def check_texts(body: Body) -> None:
    """Refuses texts that are too long."""
    for field, most in (("displayName", 32), ("description", 256)):
        if len(body.get(field, "")) > most:
            words = {"displayName": "display name"}.get(field, field)
            raise invalid(f"{words} must be less than or equal to {most} characters", field)


def _check_mapping(sent: dict[str, str]) -> None:
    for key, expression in sent.items():
        if not _KEY.fullmatch(key):
            raise invalid(
                f"Invalid mapped attribute key: {key}. Custom mapped attributes must be in format "
                "'attribute.{custom_attribute}'",
                "attribute_mapping",
            )
        _check_expression(Language.MAPPING, expression, 2048, f"The mapping of {key}", "attribute_mapping")
    if sum(key.startswith("attribute.") for key in sent) > _MOST_ATTRIBUTES:
        raise invalid(
            f"A provider may map {_MOST_ATTRIBUTES} custom attributes; this one maps more.", "attribute_mapping"
        )
    if "google.subject" not in sent:
        raise invalid("The attribute mapping must include a mapping for google.subject.", "attribute_mapping")


def _check_oidc(oidc: Body) -> None:
    issuer = oidc.get("issuerUri", "")
    parts = urls.parts(issuer, "https")
    if parts is None or parts.query or parts.fragment:
        raise invalid(f"The issuer URI [{issuer}] must be an https address without query.", "oidc.issuer_uri")
    audiences = oidc.get("allowedAudiences", [])
    if len(audiences) > 10 or any(len(audience) > 256 for audience in audiences):
        raise invalid("A provider may allow 10 audiences of at most 256 characters each.", "oidc.allowed_audiences")
    if oidc.get("jwksJson"):
        try:
            keys = json_text.read(oidc["jwksJson"].encode())["keys"]
        except (ValueError, KeyError, TypeError):
            raise invalid("oidc.jwks_json is not a JSON Web Key Set.", "oidc.jwks_json") from None
        if not isinstance(keys, list):
            raise invalid("oidc.jwks_json holds no list of keys.", "oidc.jwks_json")


def _check_condition(body: Body) -> None:
    condition = body.get("attributeCondition", "")
    if condition:
        _check_expression(Language.ADMISSION, condition, 4096, "The attribute condition", "attribute_condition")
    issuer = body.get("oidc", {}).get("issuerUri", "").rstrip("/")
    if not condition and not issuer.startswith(SHARED_ISSUERS):
        return
    if not condition or not _speaks_of_claims(condition):
        raise invalid("The attribute condition must reference one of the provider's claims.", "attribute_condition")


def _check_expression(language: Language, text: str, longest: int, what: str, field: str) -> None:
    if not text or len(text) > longest:
        raise invalid(f"{what} must be an expression of at most {longest} characters; it has {len(text)}.", field)
    try:
        expressions.compiled(language, text)
        if language is Language.ADMISSION and not expressions.answers_a_truth(language, text):
            raise invalid(f"{what} must be true or false; it is neither.", field)
    except expressions.BadExpression as problem:
        raise invalid(f"{what} cannot be read: {problem}.", field) from None


def _speaks_of_claims(condition: str) -> bool:
    """Whether an otherwise valid expression refers to claims."""
    try:
        expressions.compiled(Language.NOTHING, condition)
    except expressions.BadExpression:
        return True
    return False


TAKEN = "Requested entity already exists"
MISSING = "Requested entity was not found."
resource = partial(Resource, present=presented, taken=TAKEN, missing=MISSING, soft_delete=SoftDelete(), page_size=50)
"""A pool, or a resource in one."""
POOL = resource(
    kind="WorkloadIdentityPool",
    id_param="workloadIdentityPoolId",
    id_rule=ID_RULE,
    id_error=ID_ERROR,
    complete=pool_created,
    changed=pool_changed,
    immutable=("mode",),
    iam=True,
)
PROVIDER = resource(
    kind="WorkloadIdentityPoolProvider",
    id_param="workloadIdentityPoolProviderId",
    id_rule=ID_RULE,
    id_error=ID_ERROR,
    complete=provider_created,
    changed=provider_changed,
)
