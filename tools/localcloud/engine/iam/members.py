"""Members of policies: their syntax, and which of them a principal is."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import parse_qsl

from localcloud.errors import CloudError, invalid

_EMAIL = re.compile(r"[^@\s:/]+@[^@\s:/]+\.[^@\s:/]+|[^@\s:/]+@[a-z0-9.-]+")
_POOLED = re.compile(r"//iam\.googleapis\.com/(projects/\d+/)?locations/global/work(loadIdentity|force)Pools/[^/]+/.+")
_WITH_EMAIL = {"user", "serviceAccount", "group"}
_CONVENIENCE = {"projectOwner", "projectEditor", "projectViewer"}
ANYONE = "allUsers"
ANYONE_KNOWN = "allAuthenticatedUsers"


def check(member: str) -> None:
    """Refuses what Google would not take as a member (400)."""
    kind, colon, rest = member.partition(":")
    if member in {ANYONE, ANYONE_KNOWN}:
        return
    if not colon or kind not in _WITH_EMAIL | _CONVENIENCE | {"domain", "deleted", "principal", "principalSet"}:
        raise invalid(
            f"Invalid argument: 'The member {member} is of an unknown type. Please set a valid type prefix for the member.'"
        )
    if kind in _WITH_EMAIL and not _EMAIL.fullmatch(rest):
        raise _malformed(kind, rest)
    if kind.startswith("principal") and not (_POOLED.fullmatch(rest) or rest.startswith("//cloudresourcemanager.")):
        raise invalid(f"Invalid principal format: {member}.")
    if not rest:
        raise _malformed(kind, rest)


def _malformed(kind: str, rest: str) -> CloudError:
    words = {"serviceAccount": "Service account", "user": "User", "group": "Group"}.get(kind, kind)
    return invalid(f"Invalid {words.lower()} ({rest}).")


@lru_cache(maxsize=4096)
def identities(principal: str) -> frozenset[str]:
    """Every member string that means this principal; "" (anonymous) is only allUsers.

    A federated principal is "principal://iam.googleapis.com/…/subject/S", followed by "?attribute.repository=o/r&group=g" for what
    its token maps (https://cloud.google.com/iam/docs/principal-identifiers). Who is in a Google group is not known here: a `group:`
    member is kept in the policy and grants nobody anything.
    """
    if not principal:
        return frozenset({ANYONE})
    known = {ANYONE, ANYONE_KNOWN}
    if principal.startswith("principal:"):
        return frozenset(known | _federated(principal))
    kind, _, email = principal.partition(":")
    known |= {principal, f"{kind}:{email.lower()}"}
    if kind == "user" and "@" in email:
        known.add("domain:" + email.rpartition("@")[2].lower())
    return frozenset(known)


def _federated(principal: str) -> set[str]:
    name, _, query = principal.partition("?")
    pool = name.removeprefix("principal:").partition("/subject/")[0]
    found = {name, f"principalSet:{pool}/*"}
    for key, value in parse_qsl(query):
        if key.startswith("attribute."):
            found.add(f"principalSet:{pool}/{key}/{value}")
        elif key == "group":
            found.add(f"principalSet:{pool}/group/{value}")
    return found


def normal(member: str) -> str:
    """A member as it is compared: e-mail addresses in lower case."""
    kind, colon, rest = member.partition(":")
    return f"{kind}:{rest.lower()}" if colon and kind in _WITH_EMAIL | {"domain"} else member


def convenience(member: str) -> tuple[str, str] | None:
    """("roles/owner", "p") for "projectOwner:p", None for any other member."""
    kind, _, project = member.partition(":")
    return (f"roles/{kind.removeprefix('project').lower()}", project) if kind in _CONVENIENCE else None
