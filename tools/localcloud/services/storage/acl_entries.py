"""Access control lists of buckets without uniform access: their entries, and where they are stored.

A bucket's own list is what its policy says in legacy roles. The list of an object, and the one that new objects get, are
kept as policies of an API of their own, which are asked only while access is not uniform. An object without a list of its
own has its bucket's default one. Source: cloud.google.com/storage/docs/access-control/lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.engine.iam import members
from localcloud.engine.service import Call
from localcloud.services.storage import access, refusals, rows
from localcloud.services.storage.access import LISTS
from localcloud.services.storage.rows import LIVE, Bucket, Span

Entry = tuple[str, str]
"""Who (an entity such as "user-alice@example.com" or "allUsers"), and as what."""
BUCKET_ROLES = {name: f"roles/storage.legacyBucket{name.title()}" for name in ("OWNER", "WRITER", "READER")}
OBJECT_ROLES = {name: f"roles/storage.legacyObject{name.title()}" for name in ("OWNER", "READER")}
_TEAMS = {"owners": "projectOwner", "editors": "projectEditor", "viewers": "projectViewer"}
_KINDS = {"user": "user", "serviceAccount": "user", "group": "group", "domain": "domain"}
_PUBLIC = ("allUsers", "allAuthenticatedUsers")


def of_bucket(call: Call, bucket: Bucket) -> list[Entry]:
    """The bucket's own list."""
    policy = call.cloud.iam.policy("storage", access.bucket_resource(bucket.name))
    return entries(call, policy, BUCKET_ROLES)


def of_new_objects(call: Call, bucket: Bucket) -> list[Entry]:
    """The default list for new objects of the bucket."""
    return entries(call, call.cloud.iam.policy(LISTS, access.default_list(bucket)), OBJECT_ROLES)


def of_object(call: Call, bucket: Bucket, name: str) -> list[Entry]:
    return entries(call, call.cloud.iam.policy(LISTS, access.list_of(call, bucket, name)), OBJECT_ROLES)


def write_bucket(call: Call, bucket: Bucket, wanted: Iterable[Entry]) -> None:
    """Replaces the bucket's own list, which always keeps the project's owners; the rest of its policy is unchanged."""
    iam, resource = call.cloud.iam, access.bucket_resource(bucket.name)
    wanted = [*wanted, (f"project-owners-{bucket.facts['projectNumber']}", "OWNER")]
    policy = iam.policy("storage", resource)
    kept = [one for one in policy.get("bindings", ()) if one["role"] not in BUCKET_ROLES.values() or "condition" in one]
    iam.write("storage", resource, policy | {"bindings": [*kept, *_bindings(call, bucket, wanted, BUCKET_ROLES)]})


def write_new_objects(call: Call, bucket: Bucket, wanted: Iterable[Entry]) -> None:
    """Replaces the default list for new objects; existing ones keep theirs."""
    iam, resource = call.cloud.iam, access.default_list(bucket)
    fresh = _bindings(call, bucket, wanted, OBJECT_ROLES)
    if iam.has_policy(LISTS, resource):
        before = iam.policy(LISTS, resource)
        for row in rows.stretch(call.cloud.store, Span(bucket.name, "", 0, None, (LIVE,)), -1):
            if access.list_of(call, bucket, row.name) == resource:
                iam.write(LISTS, access.own_list(bucket, row.name), before)
    iam.write(LISTS, resource, {"bindings": fresh})


def write_object(call: Call, bucket: Bucket, name: str, wanted: Iterable[Entry]) -> None:
    """Gives an object a list of its own."""
    bindings = _bindings(call, bucket, wanted, OBJECT_ROLES)
    call.cloud.iam.write(LISTS, access.own_list(bucket, name), {"bindings": bindings})


def predefined(bucket: Bucket, name: str, maker: list[Entry]) -> list[Entry]:
    """The entries of a predefined list such as "publicRead"; `maker` is an object's owner, nobody for default lists.

    Source: cloud.google.com/storage/docs/access-control/lists#predefined-acl.
    """
    owners, editors, viewers = (f"project-{team}-{bucket.facts['projectNumber']}" for team in _TEAMS)
    known: dict[str, list[Entry]] = {
        "private": [],
        "projectPrivate": [(owners, "OWNER"), (editors, "OWNER"), (viewers, "READER")],
        "publicRead": [("allUsers", "READER")],
        "publicReadWrite": [("allUsers", "WRITER")],
        "authenticatedRead": [("allAuthenticatedUsers", "READER")],
        "bucketOwnerRead": [(owners, "READER")],
        "bucketOwnerFullControl": [(owners, "OWNER")],
    }
    if name not in known:
        raise refusals.invalid(f"Invalid argument. '{name}' is not a predefined access control list.")
    return list(dict([*known[name], *maker]).items())


def asked(call: Call, bucket: Bucket, sent: Mapping[str, Any]) -> list[Entry] | None:
    """The list that a request specifies for an object: a predefined one, or that of the resource that was `sent`."""
    name = call.params.get("predefinedAcl") or call.params.get("destinationPredefinedAcl") or sent.get("predefinedAcl")
    if name:
        return predefined(bucket, name, maker(call))
    return written(sent, "acl")


def written(resource: Mapping[str, Any], field: str) -> list[Entry] | None:
    """The list in a field of the sent resource; None when there is none."""
    if resource.get(field) is None:
        return None
    return [(str(one.get("entity") or ""), str(one.get("role") or "")) for one in resource[field]]


def write_new(call: Call, bucket: Bucket, name: str, sent: Mapping[str, Any]) -> None:
    """Gives a new object its list, with its creator as owner, unless the default list is the same."""
    iam, own = call.cloud.iam, access.own_list(bucket, name)
    if iam.has_policy(LISTS, own):
        iam.forget(LISTS, own)
    wanted = asked(call, bucket, sent)
    if wanted is None:
        if access.allowed(call, bucket, "storage.objects.setIamPolicy", name):
            return
        wanted = of_new_objects(call, bucket)
    write_object(call, bucket, name, [*wanted, *maker(call)])


def maker(call: Call) -> list[Entry]:
    """The caller as the owner of a new object; nobody for callers that lists cannot name."""
    entity = _entity(call, call.principal)
    return [(entity, "OWNER")] if entity else []


def _bindings(call: Call, bucket: Bucket, wanted: Iterable[Entry], roles: Mapping[str, str]) -> list[dict[str, Any]]:
    members_by_role: dict[str, list[str]] = {}
    wanted = dict(wanted).items()
    prevented = bucket.facts["iamConfiguration"]["publicAccessPrevention"] == "enforced"
    for entity, role in wanted:
        if role not in roles:
            raise refusals.invalid(f"Invalid argument. '{role}' is not a role of this list: {', '.join(roles)}.")
        if prevented and entity in _PUBLIC:
            raise refusals.public_access_prevented()
        members_by_role.setdefault(roles[role], []).append(_member(call, entity))
    return [{"role": role, "members": there} for role, there in members_by_role.items()]


def entries(call: Call, policy: Mapping[str, Any], roles: Mapping[str, str]) -> list[Entry]:
    """The entities in a policy with their role; the first one if an entity has several."""
    bindings = [binding for binding in policy.get("bindings", ()) if "condition" not in binding]
    named = [
        (_entity(call, member), role)
        for role, meant in roles.items()
        for binding in bindings
        if binding["role"] == meant
        for member in binding["members"]
    ]
    roles_by_entity: dict[str, str] = {}
    for entity, role in named:
        roles_by_entity.setdefault(entity, role)
    roles_by_entity.pop("", None)
    return list(roles_by_entity.items())


def _member(call: Call, entity: str) -> str:
    """The member of policies that an entity is: "project-owners-123" → "projectOwner:p"; 400 for what is not an entity."""
    kind, _, rest = entity.partition("-")
    if entity in _PUBLIC:
        return entity
    if kind == "project":
        team, _, number = rest.partition("-")
        if team in _TEAMS and number:
            return f"{_TEAMS[team]}:{call.cloud.projects.id_of(number)}"
    if kind in {"user", "group", "domain"} and rest:
        member = f"{'serviceAccount' if rest.endswith('.gserviceaccount.com') else kind}:{rest}"
        members.check(member)
        return member
    raise refusals.invalid(f"Invalid argument. '{entity}' is not an entity that a list can name.")


def _entity(call: Call, member: str) -> str:
    """The entity that a member of policies is; empty for one that lists cannot name."""
    kind, _, rest = member.partition(":")
    if member in _PUBLIC:
        return member
    if kind in _KINDS:
        return f"{_KINDS[kind]}-{rest}"
    team = next((team for team, convenience in _TEAMS.items() if convenience == kind), "")
    return f"project-{team}-{call.cloud.projects.number(rest)}" if team else ""
