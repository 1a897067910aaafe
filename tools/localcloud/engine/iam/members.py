"""The syntax of policy members."""

from __future__ import annotations

import re

from localcloud.engine.iam.identities import ANYONE, ANYONE_KNOWN
from localcloud.errors import CloudError, invalid

# Printable ASCII alone: letters of other scripts, marks of direction and control characters make one address look like another.
_EMAIL = re.compile(r"[!-.0-9;-?A-~]+@[A-Za-z0-9._-]+")
_DOMAIN = re.compile(r"[A-Za-z0-9._-]+")
_POOLED = re.compile(r"//iam\.googleapis\.com/(projects/\d+/)?locations/global/work(loadIdentity|force)Pools/[^/]+/.+")
_WITH_EMAIL = {"user", "serviceAccount", "group"}
_CONVENIENCE = {"projectOwner", "projectEditor", "projectViewer"}


def check(member: str) -> None:
    """Refuses (400) what Google does not accept as a member."""
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
    if not rest or (kind == "domain" and not _DOMAIN.fullmatch(rest)):
        raise _malformed(kind, rest)


def _malformed(kind: str, rest: str) -> CloudError:
    words = {"serviceAccount": "Service account", "user": "User", "group": "Group"}.get(kind, kind)
    return invalid(f"Invalid {words.lower()} ({rest}).")


def normal(member: str) -> str:
    """A member in the form in which members are compared: e-mail addresses in lower case."""
    kind, colon, rest = member.partition(":")
    return f"{kind}:{rest.lower()}" if colon and kind in _WITH_EMAIL | {"domain"} else member


def convenience(member: str) -> tuple[str, str] | None:
    """("roles/owner", "p") for "projectOwner:p", None for any other member."""
    kind, _, project = member.partition(":")
    return (f"roles/{kind.removeprefix('project').lower()}", project) if kind in _CONVENIENCE else None
