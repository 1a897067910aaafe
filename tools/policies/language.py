"""The building blocks of policies: a resource, a ruling on it, and its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

Block: TypeAlias = Mapping[str, object]


class Severity(StrEnum):
    """How bad a finding is. Every severity fails the run; the order is for the reader."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Verdict(StrEnum):
    """A policy's verdict on a resource. UNKNOWN: the value is not known yet."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Ruling:
    """A verdict and its subject, in words that follow the resource's address; never a secret's value."""

    verdict: Verdict
    about: str = ""


PASSES = Ruling(Verdict.PASS)


def fails(about: str) -> Ruling:
    """The resource violates the policy; `about` continues the sentence that its address begins."""
    return Ruling(Verdict.FAIL, about)


def unknown(attribute: str) -> Ruling:
    """The attribute's value is unknown, in the code or in the plan."""
    return Ruling(Verdict.UNKNOWN, f"leaves {attribute} open until apply")


def worst(rulings: Iterable[Ruling]) -> Ruling:
    """The first failure, else the first unknown, else a pass."""
    given = list(rulings)
    for verdict in (Verdict.FAIL, Verdict.UNKNOWN):
        for ruling in given:
            if ruling.verdict is verdict:
                return ruling
    return PASSES


@dataclass(frozen=True)
class Unknown:
    """A value that is not known: `text` is the expression in code (with `${…}`), empty on a plan."""

    text: str = ""

    def may_be(self, literal: str) -> bool:
        """Whether the value could turn out to be `literal`, judged by what precedes and follows the unknown part."""
        before, opens, _ = self.text.partition("${")
        _, closes, after = self.text.rpartition("}")
        if not (opens and closes):
            return True
        return literal.startswith(before) and literal.endswith(after) and len(literal) >= len(before) + len(after)


@dataclass(frozen=True)
class Resource:
    """One resource (or data source) as code or a plan states it.

    `values` holds plain values: attributes as they are, blocks as dicts, lists of dicts where repeated, `Unknown` where
    the value is open; what is null or not set is absent. `module` is the folder name of the module the resource is
    written in, empty for a plan's root. `kind` is the Terraform type, with `data.` before it for a data source.
    """

    kind: str
    address: str
    module: str
    source: Literal["code", "plan"]
    values: Block = field(default_factory=dict)

    def get(self, name: str) -> object:
        """The attribute's value, `Unknown`, or None where it is not set."""
        return self.values.get(name)

    def text(self, name: str) -> str | Unknown | None:
        """The attribute as text; `Unknown` also for a value that checkov could not convert to text."""
        value = self.values.get(name)
        return value if value is None or isinstance(value, str | Unknown) else Unknown()

    def blocks(self, name: str) -> list[Block] | Unknown:
        """The blocks of that name, in order; `Unknown` if their number is unknown."""
        return blocks(self.values, name)

    def strings(self, *names: str) -> Iterator[tuple[str, str | Unknown]]:
        """Each (attribute, text) of the named attributes, single or list; an unknown one appears once, as `Unknown`."""
        for name in names:
            value = self.values.get(name)
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, str | Unknown):
                    yield name, item


def blocks(values: Block, name: str) -> list[Block] | Unknown:
    """The blocks called `name` in a block's values, whether Terraform gave one dict or a list of them."""
    value = values.get(name)
    if isinstance(value, Unknown):
        return value
    items = value if isinstance(value, list) else [value]
    if any(isinstance(item, Unknown) for item in items):
        return Unknown()
    return [item for item in items if isinstance(item, Mapping)]


def written(value: object) -> str:
    """The value as text: the expression of an unknown one, "" for one that is absent."""
    return value.text if isinstance(value, Unknown) else "" if value is None else str(value)


def truth(value: object) -> bool | Unknown:
    """The value as Terraform's bool: `"true"` counts, absent is false; `Unknown` for anything else."""
    if value is None or isinstance(value, bool):
        return bool(value)
    return {"true": True, "false": False}.get(str(value).lower(), Unknown())


def number(value: object) -> float | Unknown | None:
    """The value as a number, None if absent; `Unknown` for anything else."""
    if value is None or isinstance(value, int | float):
        return value
    try:
        return float(str(value))
    except ValueError:
        return Unknown()


@dataclass(frozen=True)
class Settings:
    """What an environment file says: its regions (empty: any), the labels that every resource carries, DVC's buckets, its team.

    `members` are the people and groups of its file as IAM writes them; `public_services` may answer everybody; `waiting` has minimum
    instances as "NAME=NUMBER"; `readers` are identities that only read, and any workflow may act as; `protected` has the environment's name where it is.
    """

    regions: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    dvc_buckets: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    public_services: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    readers: frozenset[str] = frozenset()
    protected: frozenset[str] = frozenset()


Judge: TypeAlias = Callable[[Resource, Settings], Ruling]


@dataclass(frozen=True)
class Policy:
    """One rule. `resources` are Terraform types (`*` allowed, `data.` before a data source).

    `when_unknown` decides a value that the plan does not know yet, for the reason in `unknown_because`; in code, where
    most values are variables, an unknown is left to the plan and counted.
    """

    title: str
    severity: Severity
    why: str
    mend: str
    resources: tuple[str, ...]
    judge: Judge
    when_unknown: Literal[Verdict.PASS, Verdict.FAIL]
    unknown_because: str

    def covers(self, kind: str) -> bool:
        """Whether the policy applies to this type of resource or data source."""
        return any(fnmatchcase(kind, pattern) for pattern in self.resources)

    def rule(self, resource: Resource, settings: Settings) -> Ruling:
        """The final ruling: in a plan, an unknown becomes what the policy decided for it."""
        ruling = self.judge(resource, settings)
        if ruling.verdict is Verdict.UNKNOWN and resource.source == "plan":
            return Ruling(self.when_unknown, f"{ruling.about} ({self.unknown_because})")
        return ruling
