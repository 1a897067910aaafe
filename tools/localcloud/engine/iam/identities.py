"""Principals: one canonical form for every spelling in a token or path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote, urlencode

_SCHEME = "principal://iam.googleapis.com/"
_FEDERATED = re.compile(
    re.escape(_SCHEME) + r"(?P<pool>(?:projects/\d+/)?locations/global/work(?:load|force)(?:Identity)?Pools/[^/?]+)"
    r"/subject/(?P<subject>[^?]+)(?:\?(?P<query>.*))?"
)
_EMAIL = re.compile(r"[^@\s:/?#]+@[^@\s:/?#]+")
_ACCOUNTS = ".gserviceaccount.com"
_READABLE = "/:@!$'()*+,;"
ANYONE = "allUsers"
ANYONE_KNOWN = "allAuthenticatedUsers"
EVERYBODY = frozenset({ANYONE, ANYONE_KNOWN})


class NoIdentity(ValueError):
    """The text is not a principal."""


@dataclass(frozen=True)
class Federated:
    """An external identity: `pool` with the project's number, and what its provider maps from a token's claims.

    Source: https://cloud.google.com/iam/docs/principal-identifiers.
    """

    pool: str
    subject: str
    groups: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """The principal as tokens and calls carry it; claims are quoted, so that they cannot forge other parts."""
        details = [*self.attributes, *(("group", group) for group in self.groups)]
        name = f"{_SCHEME}{self.pool}/subject/{quote(self.subject, safe=_READABLE)}"
        return name + (f"?{urlencode(details)}" if details else "")

    @property
    def member(self) -> str:
        """The member of a policy for this subject alone."""
        return f"{_SCHEME}{self.pool}/subject/{self.subject}"

    @property
    def sets(self) -> frozenset[str]:
        """The members of a policy for sets that include this subject."""
        pool = f"{_SCHEME.replace('principal', 'principalSet', 1)}{self.pool}"
        names = {f"{pool}/*", *(f"{pool}/group/{group}" for group in self.groups)}
        return frozenset(names | {f"{pool}/{key}/{value}" for key, value in self.attributes})


@lru_cache(maxsize=4096)
def canonical(principal: str) -> str:
    """The canonical form of a principal: addresses in lower case, service accounts as such. Raises NoIdentity."""
    if not principal or principal.startswith(_SCHEME):
        return federated(principal).text if principal else ""
    kind, _, email = principal.partition(":")
    if kind not in {"user", "serviceAccount", "group"} or not _EMAIL.fullmatch(email):
        raise NoIdentity(f"{principal} is not a principal.")
    email = email.lower()
    return f"serviceAccount:{email}" if email.endswith(_ACCOUNTS) else f"{kind}:{email}"


def federated(principal: str) -> Federated:
    """A federated principal from its text. Raises NoIdentity."""
    match = _FEDERATED.fullmatch(principal)
    if match is None:
        raise NoIdentity(f"{principal} is not a principal of a pool.")
    pairs = parse_qsl(match["query"] or "", keep_blank_values=True)
    return Federated(
        match["pool"],
        unquote(match["subject"]),
        tuple(value for key, value in pairs if key == "group"),
        tuple((key, value) for key, value in pairs if key.startswith("attribute.")),
    )


@lru_cache(maxsize=4096)
def members(principal: str) -> frozenset[str]:
    """Every member of a policy that includes this (canonical) principal; "" (anonymous) is only allUsers.

    The members of Google groups are not known here: a `group:` member stays in the policy, but grants nothing.
    """
    if not principal:
        return frozenset({ANYONE})
    known = frozenset({ANYONE, ANYONE_KNOWN})
    if principal.startswith(_SCHEME):
        someone = federated(principal)
        return known | someone.sets | {someone.member}
    kind, _, email = principal.partition(":")
    return known | {principal} | ({f"domain:{email.rpartition('@')[2]}"} if kind == "user" else set())


def member(principal: str) -> str:
    """The member of a policy for this principal alone."""
    return federated(principal).member if principal.startswith(_SCHEME) else principal
