"""Lists an environment's secrets: their versions, and who may read each according to the policies."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from groundwork.environment.values import Environment
from groundwork.errors import GroundworkError
from groundwork.google.cloud import CloudProblem
from groundwork.people.access import RolePermissions
from groundwork.resources import bindings, policies
from groundwork.resources.inventory import AT_ONCE
from groundwork.resources.item import Item
from groundwork.secrets.vault import SecretVersion, Vault, no_request_in_logs

READ = "secretmanager.versions.access"
_EVERYBODY = {"allUsers": "EVERYBODY", "allAuthenticatedUsers": "EVERYBODY WITH A GOOGLE ACCOUNT"}


@dataclass(frozen=True, order=True)
class Reader:
    """Somebody with read access: the member as in the policy, with the role, its resource and its condition."""

    member: str
    role: str
    on: str
    condition: str = ""

    def text(self, environment: Environment) -> str:
        """Short, for a table: an address, or the name of one of the environment's identities."""
        identities = {identity.email: f"{name} (identity)" for name, identity in environment.identities.items()}
        address = bindings.address(self.member)
        member_text = _EVERYBODY.get(self.member) or identities.get(address) or address or self.member
        return f"{member_text} if {self.condition}" if self.condition else member_text


@dataclass(frozen=True)
class SecretRow:
    """A secret: whether the file and the project have it, its versions newest first, and its readers.

    `unknown` says why the readers are unknown, "" if they are known.
    """

    name: str
    in_file: bool
    in_project: bool
    versions: tuple[SecretVersion, ...] = ()
    readers: tuple[Reader, ...] = ()
    unknown: str = ""

    def counted(self) -> str:
        """The states of its versions, e.g. "2 enabled, 1 disabled"."""
        if not self.in_project:
            return "not created yet"
        counts = {state: sum(version.state == state for version in self.versions) for state in ("enabled", "disabled")}
        return ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "no value yet"

    def age(self, now: datetime) -> str:
        """The age of the newest version that is kept, "" without one."""
        newest = next((version for version in self.versions if version.active), None)
        return f"v{newest.number}, {_ago(now - newest.created)}" if newest else ""


def _ago(passed: Any) -> str:
    days = max(passed.days, 0)
    if days:
        return f"{days} day{'s' if days > 1 else ''} old"
    hours = passed.seconds // 3600
    return f"{hours} h old" if hours else f"{max(passed.seconds, 0) // 60} min old"


@dataclass(frozen=True)
class _Everywhere:
    """Who may read every secret of the project; `unknown` says why that is unknown, "" if it is known."""

    readers: tuple[Reader, ...] = ()
    unknown: str = ""


def rows(vault: Vault) -> tuple[SecretRow, ...]:
    """Every secret in the file or the project, with two calls for each in the project. Raises GroundworkError."""
    existing = set(vault.containers())
    configured = vault.environment.secrets
    roles = RolePermissions(vault.cloud)
    everywhere = _everywhere(vault, roles) if existing else _Everywhere()
    with no_request_in_logs(), ThreadPoolExecutor(AT_ONCE) as pool:
        return tuple(pool.map(partial(_row, vault, roles, everywhere, existing), sorted({*existing, *configured})))


def _everywhere(vault: Vault, roles: RolePermissions) -> _Everywhere:
    try:
        return _Everywhere(tuple(_readers(vault, roles, Item("project", vault.environment.project))))
    except GroundworkError as problem:
        return _Everywhere(unknown=problem.message)


def _row(vault: Vault, roles: RolePermissions, everywhere: _Everywhere, there: set[str], name: str) -> SecretRow:
    in_file = name in vault.environment.secrets
    if name not in there:
        return SecretRow(name, in_file, in_project=False)
    found = vault.versions(name)
    if everywhere.unknown:
        return SecretRow(name, in_file, True, found, unknown=everywhere.unknown)
    try:
        own = _readers(vault, roles, Item("secret", f"projects/{vault.environment.project}/secrets/{name}"))
        return SecretRow(name, in_file, True, found, tuple(sorted({*everywhere.readers, *own})))
    except GroundworkError as problem:
        return SecretRow(name, in_file, True, found, unknown=problem.message)


def _readers(vault: Vault, roles: RolePermissions, item: Item) -> Iterator[Reader]:
    try:
        bindings = policies.read(vault.cloud, item).get("bindings", ())
    except CloudProblem as problem:
        raise GroundworkError(f"the policy of {item.kind} {item.short} could not be read: {problem.text}") from None
    for binding in bindings:
        if READ in roles.permissions(binding["role"]):
            condition = binding.get("condition", {}).get("title", "")
            for member in binding.get("members", ()):
                yield Reader(member, binding["role"], item.kind, condition)


def data(row: SecretRow) -> dict[str, Any]:
    """A row for JSON."""
    return {
        "name": row.name,
        "in_file": row.in_file,
        "in_project": row.in_project,
        "versions": [
            {"number": each.number, "state": each.state, "created": each.created.astimezone(UTC).isoformat()}
            for each in row.versions
        ],
        "readers": [
            {"member": each.member, "role": each.role, "on": each.on, "condition": each.condition}
            for each in row.readers
        ],
        "unknown": row.unknown,
    }
