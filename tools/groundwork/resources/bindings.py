"""Who holds which role on what, according to policies and access control lists, and who else has access by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from groundwork.resources.item import Item

PUBLIC = ("allUsers", "allAuthenticatedUsers")
_PEOPLE = ("user", "group", "domain")
# Members that stand for people without naming them: workforce pools, organizations, folders.
_SETS = ("iam.googleapis.com/locations/global/workforcePools/", "cloudresourcemanager.googleapis.com/")


@dataclass(frozen=True, order=True)
class Binding:
    """A role that members hold on a thing; `condition` is its title, else its expression, "" without one."""

    item: Item
    role: str
    members: tuple[str, ...] = field(compare=False)
    condition: str = ""

    @property
    def where(self) -> str:
        """What the role is granted on, e.g. "bucket my-project-data"; for access control lists with the bucket."""
        return f"{self.item.kind} {self.item.name if self.listed else self.item.short}"

    @property
    def text(self) -> str:
        """The role, what it is on, and its condition, for people."""
        return f"{self.role} on {self.where}" + (f" (if {self.condition})" if self.condition else "")

    @property
    def listed(self) -> bool:
        """Whether it comes from an access control list, whose roles are READER, WRITER and OWNER."""
        return not self.role.startswith(("roles/", "projects/", "organizations/"))


@dataclass(frozen=True, order=True)
class IndirectAccess:
    """A binding that gives somebody access without naming them: through everybody, their domain, or a group."""

    member: str
    binding: Binding

    @property
    def certain(self) -> bool:
        """Whether it certainly applies to them; policies do not say who is in a group."""
        return self.member in PUBLIC or self.member.startswith("domain:")

    @property
    def text(self) -> str:
        """The way for people."""
        beginning = "still has access by" if self.certain else "still has access, if a member of it, by"
        return f"{beginning} {self.member}: {self.binding.text}"


@dataclass(frozen=True)
class Policies:
    """All bindings found, and why some policies could not be read; `acls` are those of access control lists."""

    bindings: tuple[Binding, ...]
    unknown: Mapping[str, str]
    acls: tuple[Binding, ...] = ()

    def held_by(self, email: str) -> tuple[Binding, ...]:
        """The bindings that name a person, under any prefix, deleted or not."""
        return tuple(binding for binding in self.all if any(is_of(member, email) for member in binding.members))

    def letting_in(self, email: str) -> tuple[IndirectAccess, ...]:
        """The bindings that give, or may give, a person access without naming them."""
        return tuple(
            IndirectAccess(member, binding)
            for binding in self.all
            for member in binding.members
            if is_anybody(member) and not is_of(member, email) and _may_be(member, email)
        )

    @property
    def all(self) -> tuple[Binding, ...]:
        """The bindings of policies, then those of access control lists."""
        return (*self.bindings, *self.acls)

    @property
    def people(self) -> tuple[str, ...]:
        """The addresses of all users and groups in policies."""
        members = {member for binding in self.bindings for member in binding.members}
        return tuple(sorted({address(member) for member in members if _kind(member) in ("user", "group")}))

    def held_by_people(self) -> Iterator[tuple[str, Binding]]:
        """Holders and bindings of everybody except service accounts: by address, or as the member in the policy ("allUsers")."""
        for binding in self.all:
            for member in binding.members:
                if _kind(member) in ("user", "group"):
                    yield address(member), binding
                elif is_anybody(member):
                    yield member, binding


def _kind(member: str) -> str:
    return member.removeprefix("deleted:").partition(":")[0]


def is_anybody(member: str) -> bool:
    """Whether a member stands for people without naming them: everybody, a domain, a group, a workforce pool."""
    kind, _, rest = member.partition(":")
    in_set = kind in ("principal", "principalSet") and rest.removeprefix("//").startswith(_SETS)
    return member in PUBLIC or kind in ("group", "domain") or in_set


def _may_be(member: str, email: str) -> bool:
    return not member.startswith("domain:") or email.lower().endswith(f"@{address(member)}")


def address(member: str) -> str:
    """The e-mail address in a member of a policy: "user:Alice@example.com" is alice@example.com."""
    return member.removeprefix("deleted:").partition(":")[2].partition("?")[0].lower()


def is_of(member: str, email: str) -> bool:
    """Whether a member of a policy is this person or group."""
    return _kind(member) in ("user", "group") and same_account(address(member), email)


def same_account(one: str, other: str) -> bool:
    """Whether two addresses belong to the same account, as far as their spelling shows."""
    return account(one) == account(other)


def account(email: str) -> str:
    """The canonical spelling of an address; Gmail ignores dots and everything after a plus.

    Source: https://support.google.com/mail/answer/7436150. Aliases in other domains cannot be recognised.
    """
    name, _, domain = email.lower().partition("@")
    if domain in ("gmail.com", "googlemail.com"):
        return f"{name.partition('+')[0].replace('.', '')}@gmail.com"
    return email.lower()
