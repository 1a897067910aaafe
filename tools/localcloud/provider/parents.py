"""Resources that have an IAM policy: how configurations name them, and how their policies are read and written."""

from __future__ import annotations

from typing import Any

from localcloud.provider import paths
from localcloud.provider.rows import Parent
from localcloud.provider.values import Object
from localcloud.provider.work import Problem, Work

POLICY_VERSION = 3
Policy = dict[str, Any]


def get(work: Work, values: Object) -> Policy:
    """The policy of a located parent, with conditions where hashicorp/google requests them."""
    method = work.method("getIamPolicy")
    version = next((name for name in method.params if name.lower().endswith("requestedpolicyversion")), "")
    query = {version: POLICY_VERSION} if version and of(work).versioned else {}
    body: Object | None = {} if method.http == "POST" else None
    if method.http == "POST" and not version:
        body = {"options": {"requestedPolicyVersion": POLICY_VERSION}}
    return work.ask(method, _resource(work, method.path, values), query=query, body=body)


def put(work: Work, values: Object, policy: Policy) -> Policy:
    """Replaces the policy and returns it as stored. With an etag, the API refuses if the policy has changed meanwhile."""
    method = work.method("setIamPolicy")
    body = policy if method.request == "Policy" else {"policy": policy}
    if of(work).mask:
        body = {**body, "updateMask": of(work).mask}
    return work.ask(method, _resource(work, method.path, values), body=body)


def _resource(work: Work, template: str, values: Object) -> dict[str, str]:
    """The method's parameters: the resource's full name, its id where the path supplies the rest, or each part of it."""
    names, full = paths.names(template), path(work, values)
    if len(names) > 1:
        return dict(zip(names, (paths.parse(work.row.id, full) or {}).values(), strict=True))
    return {names[0]: full if "{+" in template else paths.last(full)}


def path(work: Work, values: Object) -> str:
    """The parent's full name, once the values are located."""
    return str(values[of(work).attribute]) if of(work).attribute else work.path(values)


def of(work: Work) -> Parent:
    """The parent that the row declares."""
    assert work.row.parent is not None
    return work.row.parent


def attribute(work: Work) -> str:
    """The name of the attribute that names the parent."""
    return of(work).attribute or paths.names(work.row.id)[-1]


def located(work: Work, values: Object) -> Object:
    """The values with the parent's full name; project and place default to the provider block's."""
    parent = of(work)
    if not parent.attribute:
        return values
    name = str(values.get(parent.attribute) or "")
    name = paths.relative(name) if "://" in name else name
    parsed = next((one for form in parent.accepts if (one := paths.parse(form, name)) is not None), None)
    if parsed is None:
        raise Problem(
            f"{work.row.type}: {name!r} does not name a parent; accepted forms: {', '.join(parent.accepts)}.",
            attribute=parent.attribute,
        )
    known = _defaults(work, values) | parsed
    return values | known | {parent.attribute: paths.fill(work.row.id, known)}


def _defaults(work: Work, values: Object) -> Object:
    settings = work.settings
    region = settings.region or settings.zone.rpartition("-")[0]
    defaults = {
        "project": settings.project,
        "location": settings.region or settings.zone,
        "region": region,
        "zone": settings.zone,
    }
    return {name: values.get(name) or defaults[name] for name in paths.names(work.row.id) if name in defaults}
