"""The result of a policy check: violations of code and plans merged, exceptions applied, and what was checked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from policies.catalogue import PolicySummary
from policies.language import Severity

from groundwork.environment.settings import PolicyException
from groundwork.text import counted

CODE = "code"
_INDEX = re.compile(r"\[(?:\d+|\"(?:[^\"\\]|\\.)*\")\]")
_RANK = {severity: rank for rank, severity in enumerate(Severity)}
Source = Literal["code", "plan", "code and plan"]


@dataclass(frozen=True)
class SourceLocation:
    """A location in the code; lines count from 1, 0 if unknown."""

    file: str = ""
    line: int = 0
    end_line: int = 0

    @property
    def text(self) -> str:
        """E.g. "modules/bucket/main.tf:12"."""
        return f"{self.file}:{self.line}" if self.file else ""


@dataclass(frozen=True)
class Violation:
    """A resource that violates a policy; `layer` is the plan it was found in, empty if only the code shows it."""

    row: PolicySummary
    address: str
    about: str
    source: Source
    layer: str = ""
    place: SourceLocation = SourceLocation()

    @property
    def sentence(self) -> str:
        """What is wrong, with the resource's address."""
        return f"{self.address} {self.about or 'violates it'}"


@dataclass(frozen=True)
class ExcusedViolation:
    """A violation that an exception of the environment file permits."""

    finding: Violation
    exception: PolicyException


@dataclass(frozen=True)
class Result:
    """The violations and the coverage of a check; `checked` and `resources` count by part ("code" or a layer).

    `expired` exceptions fail the check like a finding; `unused` ones are only reported. `undecided` counts what the code
    leaves to a plan.
    """

    findings: tuple[Violation, ...]
    excused: tuple[ExcusedViolation, ...]
    expired: tuple[PolicyException, ...]
    unused: tuple[PolicyException, ...]
    checked: Mapping[str, int]
    resources: Mapping[str, int]
    undecided: int
    rows: Mapping[str, PolicySummary]
    scanner: str
    cached: bool
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the check passes."""
        return not (self.findings or self.expired)

    @property
    def plans(self) -> tuple[str, ...]:
        """The layers whose plans were checked."""
        return tuple(part for part in self.checked if part != CODE)

    @property
    def summary(self) -> str:
        """One line: what was checked, and the result."""
        what = f"the code and the plan of {' and '.join(self.plans)}" if self.plans else "the code"
        checks = f"{counted(len(self.rows), 'policy')}, {counted(sum(self.checked.values()), 'check')} on {what}"
        rest = [
            f"{len(self.excused)} excused" if self.excused else "",
            f"{self.undecided} left to the plan" if self.undecided and not self.plans else "",
            "unchanged since the last check" if self.cached else "",
        ]
        return "; ".join(filter(None, [f"policy: {self._verdict} ({checks}", *rest])) + ")"

    @property
    def _verdict(self) -> str:
        if self.ok:
            return "nothing found"
        count = Counter(finding.row.severity for finding in self.findings)
        parts = [f"{count[severity]} {severity}" for severity in Severity if count[severity]]
        found = f"{counted(len(self.findings), 'finding')} ({', '.join(parts)})" if self.findings else ""
        expired_text = f"{counted(len(self.expired), 'expired exception')}" if self.expired else ""
        return " and ".join(filter(None, [found, expired_text]))


def findings(reports: Iterable[Mapping[str, Any]], rows: Mapping[str, PolicySummary]) -> list[Violation]:
    """The violations of all parts, worst first; one that code and plan both show is reported once, at its place in the code."""
    parts = {report["part"]: report for report in reports}
    code = parts.pop(CODE, {"findings": [], "places": []})
    in_code = {(row["policy"], _bare(row["address"])): _finding(row, rows, "code", "") for row in code["findings"]}
    places: dict[str, list[SourceLocation]] = {}
    for address, *place in code["places"]:
        places.setdefault(_bare(address), []).append(SourceLocation(*place))
    found: list[Violation] = []
    for layer, report in parts.items():
        for row in report["findings"]:
            twin = in_code.get((row["policy"], _bare(row["address"])))
            where = twin.place if twin else _place(places.get(_bare(row["address"]), []), layer)
            source: Source = "code and plan" if twin else "plan"
            found.append(replace(_finding(row, rows, source, layer), place=where))
    findings_seen = {(finding.row.name, _bare(finding.address)) for finding in found}
    found += [finding for key, finding in in_code.items() if key not in findings_seen]
    return sorted(found, key=lambda one: (_RANK[one.row.severity], one.row.name, one.address, one.layer))


def _finding(row: Mapping[str, Any], rows: Mapping[str, PolicySummary], source: Source, layer: str) -> Violation:
    place = SourceLocation(row["file"], *row["lines"]) if row["lines"] else SourceLocation()
    return Violation(rows[row["policy"]], row["address"], row["about"], source, layer, place)


def _bare(address: str) -> str:
    """The address without instance keys, as the code has it."""
    return _INDEX.sub("", address)


def _place(candidates: Sequence[SourceLocation], layer: str) -> SourceLocation:
    """The place in the layer's own folder, or in a module's, never in another layer's."""
    own = [place for place in candidates if place.file.startswith(f"infra/{layer}/")]
    shared = [place for place in candidates if not place.file.startswith("infra/")]
    return next(iter([*own, *shared]), SourceLocation())


@dataclass(frozen=True)
class Judgement:
    """Violations after exceptions: those that remain, the excused ones, and expired or unused exceptions."""

    findings: tuple[Violation, ...]
    excused: tuple[ExcusedViolation, ...]
    expired: tuple[PolicyException, ...]
    unused: tuple[PolicyException, ...]


def apply(exceptions: Sequence[PolicyException], found: Sequence[Violation], today: date) -> Judgement:
    """Excuses what a valid exception names; `expires` is the first day on which it no longer applies."""
    valid = [exception for exception in exceptions if exception.expires > today]
    excused = [ExcusedViolation(finding, one) for finding in found for one in _matching(valid, finding)]
    passed = {id(one.finding) for one in excused}
    used = {id(one.exception) for one in excused}
    return Judgement(
        findings=tuple(finding for finding in found if id(finding) not in passed),
        excused=tuple(excused),
        expired=tuple(exception for exception in exceptions if exception.expires <= today),
        unused=tuple(exception for exception in valid if id(exception) not in used),
    )


def _matching(exceptions: Sequence[PolicyException], finding: Violation) -> Iterator[PolicyException]:
    """The first exception for the finding; one without instance keys is for every instance."""
    for exception in exceptions:
        known = {finding.address, _bare(finding.address)}
        if finding.source == "code":
            known |= {finding.address} if _bare(exception.resource) != finding.address else {exception.resource}
        if exception.check == finding.row.name and exception.resource in known:
            yield exception
            return
