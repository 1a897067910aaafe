"""Download rules of repositories and packages; what they deny cannot be pulled.

Source: https://cloud.google.com/artifact-registry/docs/restrict-artifact-downloads.
"""

from __future__ import annotations

from urllib.parse import unquote

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import already_exists, invalid
from localcloud.spec import expressions
from localcloud.spec.expressions import Language

API = "artifactregistry"


def created(call: Call, body: Body) -> Body:
    """A new rule, validated; 409 if its package, or the repository, has one already."""
    for _, other in call.cloud.store.list(API, call.parent, "rules"):
        if _package(other) == _package(body):
            raise already_exists(
                f"A rule for {_package(body) or 'the whole repository'} already exists: {other['name']}."
            )
    return _checked(body)


def changed(_call: Call, _old: Body, new: Body) -> Body:
    """A patched rule, validated."""
    return _checked(new)


def denied(cloud: Cloud, repository: str, package: str, version: str, tag: str) -> bool:
    """Whether a version may not be pulled: the package's rule decides before the repository's, and without one it may.

    A condition that has no clear answer denies, and never allows.
    """
    rules = {_package(body): body for _, body in cloud.store.list(API, repository, "rules")}
    names = {"pkg": {"version": {"id": version}} | ({"tag": {"name": tag}} if tag else {})}
    for rule in (rules.get(package), rules.get("")):
        if rule is not None and _applies(rule, names):
            return bool(rule["action"] == "DENY")
    return False


def _applies(rule: Body, names: Body) -> bool:
    expression = rule.get("condition", {}).get("expression", "")
    if not expression:
        return True
    try:
        return expressions.compiled(Language.ARTIFACT, expression)(names) is True
    except (expressions.Undecided, expressions.BadExpression):
        return bool(rule["action"] == "DENY")


def _package(rule: Body) -> str:
    return unquote(rule.get("packageId", ""))


def _checked(body: Body) -> Body:
    if body.get("action", "ACTION_UNSPECIFIED") == "ACTION_UNSPECIFIED":
        raise invalid("A rule must have an action, ALLOW or DENY.", "rule.action")
    if body.get("operation", "OPERATION_UNSPECIFIED") == "OPERATION_UNSPECIFIED":
        body = body | {"operation": "DOWNLOAD"}
    expression = body.get("condition", {}).get("expression", "")
    try:
        if expression and not expressions.answers_a_truth(Language.ARTIFACT, expression):
            raise invalid("The condition of a rule must be boolean.", "rule.condition")
    except expressions.BadExpression as problem:
        raise invalid(f"The condition of the rule is not valid: {problem}.", "rule.condition") from None
    return body


RULE = Resource(
    kind="Rule",
    id_param="ruleId",
    id_rule=r"[A-Za-z0-9._~:@+^%-]{1,256}",
    id_error="Invalid rule ID '{id}': it takes at most 256 letters, digits and the characters -._~:@+^%.",
    complete=created,
    changed=changed,
    immutable=("packageId",),
    taken="the rule already exists",
    missing="Requested entity was not found.",
    update="mask",
)
