"""One policy check of an environment: scans code and plans, or takes cached reports, and applies exceptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from policies import catalogue
from policies.catalogue import PolicySummary
from policies.language import Settings

from groundwork.environment.checkout import LAYERS, Checkout
from groundwork.environment.values import Environment
from groundwork.environment.workloads import FunctionSpec, ServiceSpec
from groundwork.errors import CouldNotTell, UsageProblem
from groundwork.policy import result
from groundwork.policy.cache import Cache
from groundwork.policy.result import CODE, Result
from groundwork.policy.scan import FOLDERS, Scanner
from groundwork.terraform import installation, process

_ALWAYS_LABELLED = {"environment", "managed-by"}
CHECKOV = "checkov"
FOLDER = "policy"


def settings(environment: Environment) -> Settings:
    """What the environment file allows."""
    answering: Mapping[str, ServiceSpec | FunctionSpec] = {**environment.services, **environment.functions}
    return Settings(
        regions=frozenset({environment.region}),
        labels=frozenset(environment.labels) | _ALWAYS_LABELLED,
        dvc_buckets=frozenset(bucket.full_name for bucket in environment.buckets.values() if bucket.dvc),
        members=frozenset(member.principal for member in environment.members.values()),
        public_services=frozenset(name for name, one in answering.items() if one.public),
        waiting=frozenset(f"{name}={one.min_instances}" for name, one in answering.items()),
        readers=frozenset(name for name, identity in environment.identities.items() if identity.github == "any"),
        protected=frozenset({environment.name} if environment.protected else ()),
    )


def today() -> date:
    """The date by which exceptions are judged, in UTC so that it is the same for the whole team."""
    return datetime.now(UTC).date()


def scanner(checkout: Checkout, say: Callable[[str], None]) -> Scanner:
    """The scanner of this clone; `say` is called with a message before a slow step."""
    return Scanner(checkout.root, catalogue.HERE.parent, installation.user_cache(), process.run, say)


@dataclass(frozen=True)
class SavedPlan:
    """A plan to check: how to read it as Terraform's JSON (`show -json`), and a cheap key of its file, if there is one."""

    load: Callable[[], Mapping[str, Any]]
    fingerprint: str = ""


def check(
    scan_with: Scanner, environment: Environment, plans: Mapping[str, SavedPlan], folder: Path, today: date
) -> Result:
    """Checks the clone's code and the plans, given by layer; `folder` holds the cache.

    Raises CouldNotTell when anything could not be checked, UsageProblem for another environment's plan and for an
    exception to an unknown policy.
    """
    rows = catalogue.rows()
    _refuse_unknown(environment, rows)
    allowed = settings(environment)
    reports, cached = _reports(scan_with, environment, plans, Cache(folder, scan_with.tools, allowed))
    judged = result.apply(environment.exceptions, result.findings(reports, rows), today)
    return Result(
        findings=judged.findings,
        excused=judged.excused,
        expired=judged.expired,
        unused=judged.unused
        if plans.keys() >= set(LAYERS)
        else (),  # what is missing from the code's report is covered by the plan's
        checked={report["part"]: report["checked"] for report in reports},
        resources={report["part"]: report["resources"] for report in reports},
        undecided=sum(len(report["undecided"]) for report in reports if report["part"] == CODE),
        rows=rows,
        scanner=_checkov_version(scan_with.tools),
        cached=cached,
        notes=tuple(_notes(reports)),
    )


def _reports(
    scan_with: Scanner, environment: Environment, plans: Mapping[str, SavedPlan], cache: Cache
) -> tuple[list[dict[str, Any]], bool]:
    """The report of every part, and whether all came from the cache; the missing ones are scanned in one process."""
    opened = {layer: _Opened(layer, plan, environment, cache) for layer, plan in plans.items()}
    keys = {CODE: cache.code_key(scan_with.root, FOLDERS)} | {layer: plan.key() for layer, plan in opened.items()}
    known = {part: report for part, key in keys.items() if (report := cache.get(part, key))}
    missing = [part for part in keys if part not in known]
    if missing:
        folders = FOLDERS if CODE in missing else ()
        documents = {layer: opened[layer].document() for layer in missing if layer != CODE}
        for report in scan_with.scan(folders, documents, settings(environment)):
            cache.put(report["part"], keys[report["part"]], report)
            known[report["part"]] = report
    return [known[part] for part in keys], not missing


class _Opened:
    """A plan that is read only if the cache does not have its file."""

    def __init__(self, layer: str, plan: SavedPlan, environment: Environment, cache: Cache) -> None:
        self._layer, self._plan, self._environment, self._cache = layer, plan, environment, cache
        self._document: Mapping[str, Any] | None = None

    def document(self) -> Mapping[str, Any]:
        """The plan, checked to be one of this environment."""
        if self._document is None:
            self._document = self._plan.load()
            _fits(self._layer, self._document, self._environment)
        return self._document

    def key(self) -> str:
        """The key of its content in the cache."""
        name = f"{self._environment.path.name} {self._layer} {self._plan.fingerprint}"
        if not self._plan.fingerprint:
            return self._cache.plan_key(self.document())
        known = self._cache.get("file", self._cache.file_key(name))
        key = str(known["key"]) if known else self._cache.plan_key(self.document())
        if not known:
            self._cache.put("file", self._cache.file_key(name), {"key": key})
        return key


def _refuse_unknown(environment: Environment, rows: Mapping[str, PolicySummary]) -> None:
    from difflib import get_close_matches

    for exception in environment.exceptions:
        if exception.check not in rows:
            alike = get_close_matches(exception.check, rows, 1)
            hint = f"did you mean {alike[0]}?" if alike else "docs/policy.md has them all."
            raise UsageProblem(
                f"{environment.path.name}: the exception for {exception.resource} names the policy "
                f'"{exception.check}", which does not exist; {hint}'
            )


def _fits(layer: str, plan: Mapping[str, Any], environment: Environment) -> None:
    if "planned_values" not in plan:
        raise UsageProblem(f"The plan of {layer} is not a JSON plan: write it with `terraform show -json PLAN`.")
    if plan.get("errored"):
        raise CouldNotTell(f"The plan of {layer} is incomplete: Terraform reported an error while planning.")
    file = plan.get("variables", {}).get("environment_file", {}).get("value")
    if file is not None and Path(str(file)).name != environment.path.name:
        raise UsageProblem(
            f"The plan of {layer} is for {Path(str(file)).name}, not for {environment.path.name}: give the right --env."
        )


def _notes(reports: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    met = {kind for report in reports for kind in report["types"]}
    for omission in catalogue.omissions():
        if found := sorted(met & set(omission.types)):
            yield (
                f"{', '.join(found)}: {len(omission.ids)} of checkov's checks are not covered ({omission.reason}); "
                "select the ones you want in tools/policies/built_in.toml."
            )


def _checkov_version(folder: Path) -> str:
    text = (folder / "requirements-checkov.in").read_text(encoding="utf-8")
    return next(line for line in text.splitlines() if line.startswith(CHECKOV)).replace("==", " ")
