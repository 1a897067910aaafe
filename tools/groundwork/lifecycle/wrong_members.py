"""Members that Google rejects: unknown addresses, or principals of another type; a single one makes every `up` fail."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from groundwork.environment.values import Environment
from groundwork.errors import Exit, GroundworkError
from groundwork.terraform.events import Diagnostic

# The messages of Cloud IAM and Cloud Storage: "User a@b.c does not exist.", "Principal user:a@b.c is of type "group". The principal
# should appear as …", "Account a@b.c is of type "group". Please set the type prefix to be "group:"."
_REFUSED = re.compile(
    r'(?P<kind>User|Group|Account|Principal)\s+"?(?:user:|group:)?(?P<email>[^\s":@]+@[^\s":,]+?)"?\s+'
    r'(?:does not exist|is of type\s+"?(?P<type>[\w ]+)"?)',
    re.IGNORECASE,
)


@dataclass(frozen=True)
class RefusedMember:
    """A rejected address; `type` is its real type, "" when it does not exist."""

    email: str
    type: str


class WrongMembers(GroundworkError):
    """The environment file has members whom Google rejects; `refused` lists them."""

    exit_code = Exit.USAGE

    def __init__(self, environment: Environment, refused: Sequence[RefusedMember]) -> None:
        self.refused = tuple(refused)
        lines = [_sentence(environment, one) for one in refused]
        if len(lines) == 1:
            super().__init__(lines[0])
        else:
            super().__init__(f"Google rejects {len(lines)} members, and each makes `up` fail:", lines)


def refused_members(environment: Environment, diagnostics: Iterable[Diagnostic]) -> tuple[RefusedMember, ...]:
    """The file's members that these errors reject, each once."""
    known = {email.lower(): email for email in environment.members}
    found = {
        known[found["email"].lower()]: (found["type"] or "").lower().replace("serviceaccount", "service account")
        for diagnostic in diagnostics
        for found in _REFUSED.finditer(diagnostic.text)
        if found["email"].lower() in known
    }
    return tuple(RefusedMember(email, kind) for email, kind in found.items())


def _sentence(environment: Environment, refused: RefusedMember) -> str:
    from groundwork.environment import editing

    member = environment.members[refused.email]
    place = environment.file
    for number, line in enumerate(editing.read(environment.path).splitlines(), 1):
        if line.strip().lower().strip("\"'").startswith(refused.email.lower()):
            place = f"{environment.file}:{number}"
            break
    if not refused.type:
        return (
            f"{place}: there is no {member.type} {refused.email}, so Google rejects grants to it and `up` fails: correct the "
            "address, or remove it."
        )
    if refused.type in ("user", "group"):
        return f"{place}: {refused.email} is a {refused.type}, not a {member.type}: set type: {refused.type}."
    return f"{place}: {refused.email} is a {refused.type}, but members must be users or groups: remove it."
