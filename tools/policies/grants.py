"""Members and roles of IAM grants, from every form in which Terraform has them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from policies.language import PASSES, Block, Resource, Ruling, Unknown, blocks, fails, unknown, worst

PUBLIC = ("allAuthenticatedUsers", "allUsers")


@dataclass(frozen=True)
class Grant:
    """One member's role; either may be unknown."""

    role: str | Unknown
    member: str | Unknown


def ways(service: str) -> tuple[str, ...]:
    """Types that grant roles on a service's resources, such as `ways("storage_bucket")`; `*` for any service."""
    return tuple(f"google_{service}_iam_{way}" for way in ("binding", "member", "policy"))


_OPEN = [Grant(Unknown(), Unknown())]
PROJECT_WIDE = (*ways("project"), *ways("folder"), *ways("organization"), "data.google_iam_policy")


def grants(resource: Resource) -> list[Grant]:
    """Every grant of the resource; a single, wholly unknown one if its policy document is unknown."""
    if resource.kind.endswith("_iam_policy") and not resource.kind.startswith("data."):
        return _from_document(resource.get("policy_data"))
    if resource.kind == "data.google_iam_policy":
        return _from_bindings(resource.blocks("binding"))
    role = resource.get("role")
    return [Grant(_text(role), member) for _, member in resource.strings("member", "members")]


def _from_document(document: object) -> list[Grant]:
    """Grants of a policy document: JSON text in a plan; in code, what checkov made of it or of the data source."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return _OPEN
    for part in document if isinstance(document, list) else [document]:
        if isinstance(part, Mapping):
            return _from_bindings(blocks(part, "bindings" if "bindings" in part else "binding"))
    return _OPEN


def _from_bindings(bindings: list[Block] | Unknown) -> list[Grant]:
    if isinstance(bindings, Unknown):
        return _OPEN
    return [Grant(_text(binding.get("role")), member) for binding in bindings for member in _members(binding)]


def _members(binding: Block) -> Iterator[str | Unknown]:
    members = binding.get("members")
    for member in members if isinstance(members, list) else [members]:
        yield _text(member)


def _text(value: object) -> str | Unknown:
    return value if isinstance(value, str | Unknown) else Unknown()


def judge_public(resource: Resource) -> Ruling:
    """Fails a grant to everybody."""
    return worst(_judge_member(grant.member) for grant in grants(resource))


def _judge_member(member: str | Unknown) -> Ruling:
    if isinstance(member, Unknown):
        return unknown("who gets access") if any(map(member.may_be, PUBLIC)) else PASSES
    return fails(f"lets {member} in") if member in PUBLIC else PASSES


def judge_roles(resource: Resource, forbidden: Callable[[str], bool]) -> Ruling:
    """Fails a grant of a role for which `forbidden` is true."""
    return worst(_judge_role(grant, forbidden) for grant in grants(resource))


def _judge_role(grant: Grant, forbidden: Callable[[str], bool]) -> Ruling:
    if isinstance(grant.role, Unknown):
        return unknown("the role")
    member = "a member that is not yet known" if isinstance(grant.member, Unknown) else grant.member
    return fails(f"grants {grant.role} to {member}") if forbidden(grant.role) else PASSES
