"""Scans code and a plan with our policies and the selected checkov checks in one process, and reports the result.

This, the adapter, expressions and json_paths are the only modules here that need checkov; they run in checkov's own environment
(`python -m policies`). They call checkov's runners, not its command, which spends half its time on importing frameworks
that have no part in this, and let no comment in the code switch a check off.
"""

from __future__ import annotations

import json
import logging
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checkov.common.models.enums import CheckResult
from checkov.runner_filter import RunnerFilter
from checkov.terraform.plan_runner import Runner as PlanRunner
from checkov.terraform.runner import Runner as CodeRunner

from policies import catalogue
from policies.adapter import SEEN, Sighting, register
from policies.expressions import evaluate_once
from policies.json_paths import build_tables_once
from policies.language import Settings, Verdict
from policies.plan import Plan, read_plan

_RESOURCE_BLOCK = re.compile(r'^\s*resource\s+"(\w+)"\s+"([\w-]+)"', re.MULTILINE)


@dataclass(frozen=True)
class ScanRequest:
    """What to scan: folders of Terraform code under a root (none: no code), plans as JSON files by layer, what is allowed."""

    root: Path
    folders: tuple[str, ...]
    plans: Mapping[str, Path]
    settings: Settings

    @staticmethod
    def read(path: Path) -> ScanRequest:
        """The request that a caller wrote as JSON."""
        data = json.loads(path.read_text(encoding="utf-8"))
        return ScanRequest(
            root=Path(data["root"]),
            folders=tuple(data["folders"]),
            plans={layer: Path(file) for layer, file in data["plans"].items()},
            settings=Settings(**{key: frozenset(value) for key, value in data["settings"].items()}),
        )


@dataclass
class ScanReport:
    """The result for one part, the code or a layer's plan, in a form for JSON.

    `findings` and `undecided` are rows of policy, address, file, lines and about; `places` are rows of address, file, first
    and last line in the code; `checked` counts verdicts, `resources` what there was to check; `types` are the
    Terraform types met; `problems` is every sign that something was not checked.
    """

    part: str
    findings: list[dict[str, Any]] = field(default_factory=list)
    undecided: list[dict[str, Any]] = field(default_factory=list)
    places: list[tuple[Any, ...]] = field(default_factory=list)
    checked: int = 0
    resources: int = 0
    types: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class _Errors(logging.Handler):
    """Collects the errors that checkov only logs: a check or a file that it gave up on makes the scan fail."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        cause = f": {record.exc_info[1]!r}" if record.exc_info else ""
        self.seen.append(f"checkov says: {record.getMessage()}{cause}")


def scan(request: ScanRequest) -> list[ScanReport]:
    """Checks every part that the request names; what checkov could not check is in the part's `problems`."""
    build_tables_once()
    evaluate_once()
    errors = _Errors()
    logging.getLogger().addHandler(errors)
    ours, built_in = catalogue.policies(), catalogue.built_in()
    sighting = Sighting(request.settings)
    register(ours, sighting)
    chosen = RunnerFilter(checks=[SEEN, *ours, *built_in], show_progress_bar=False, download_external_modules=False)
    reports = [_scan_code(request, chosen, sighting)] if request.folders else []
    reports += [_scan_plan(layer, path, chosen, sighting) for layer, path in request.plans.items()]
    logging.getLogger().removeHandler(errors)
    for report in reports:
        report.problems += errors.seen
    return reports


def _scan_code(request: ScanRequest, chosen: RunnerFilter, sighting: Sighting) -> ScanReport:
    report = ScanReport("code")
    with tempfile.TemporaryDirectory(prefix="groundwork-policy-") as folder:
        staged = Path(folder).resolve()
        files = _stage(request, staged, report)
        seen = CodeRunner().run(root_folder=str(staged), runner_filter=chosen, collect_skip_comments=False)
        report.problems += [
            f"{Path(file).relative_to(staged)} cannot be read as Terraform." for file in seen.parsing_errors
        ]
        report.problems += _unseen_blocks(files, sighting)
    _record(report, seen, sighting)
    return report


def _stage(request: ScanRequest, staged: Path, report: ScanReport) -> dict[str, str]:
    """Copies only the folders' .tf files to one place; returns their texts by path."""
    files: dict[str, str] = {}
    for folder in request.folders:
        for file in sorted((request.root / folder).rglob("*")):
            path = file.relative_to(request.root)
            if any(part.startswith(".") for part in path.parts):
                continue
            if file.name.endswith((".tf.json", ".tofu")):
                report.problems.append(f"{path} is in a format that checkov does not read: write it as a .tf file.")
            if file.suffix == ".tf":
                (staged / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, staged / path)
                files[str(path)] = file.read_text(encoding="utf-8")
    return files


def _unseen_blocks(files: Mapping[str, str], sighting: Sighting) -> Iterator[str]:
    seen = {(file.lstrip("/"), name) for _, file, name in sighting.resources}
    for file, text in files.items():
        for kind, name in _RESOURCE_BLOCK.findall(text):
            if (file, f"{kind}.{name}") not in seen:
                yield f"checkov skipped {kind}.{name} in {file}."


def _scan_plan(layer: str, path: Path, chosen: RunnerFilter, sighting: Sighting) -> ScanReport:
    report = ScanReport(layer)
    sighting.turn_to(read_plan(path))
    assert sighting.plan is not None
    seen = PlanRunner().run(files=[str(path)], runner_filter=chosen) if sighting.plan.resources else None
    if seen:
        report.problems += [f"checkov cannot read the plan of {layer}." for _ in seen.parsing_errors]
    unseen = set(sighting.plan.resources) - {address for address, _, _ in sighting.resources}
    report.problems += [f"checkov skipped {address} in the plan of {layer}." for address in sorted(unseen)]
    _judge_data_sources(sighting.plan, sighting)
    _record(report, seen, sighting)
    return report


def _judge_data_sources(plan: Plan, sighting: Sighting) -> None:
    """Judges the data sources that a plan has read: these are in its prior state, which checkov ignores."""
    for name, policy in catalogue.policies().items():
        for resource in plan.data.values():
            if policy.covers(resource.kind):
                sighting.judge(name, policy, resource, "")


def _record(report: ScanReport, seen: Any, sighting: Sighting) -> None:
    records = [*seen.passed_checks, *seen.failed_checks] if seen else []
    lines: dict[tuple[str, str], tuple[int, ...]] = {}
    if report.part == "code":
        lines = {(one.resource, one.file_path): tuple(one.file_line_range) for one in records}
        report.places = [(address, file.lstrip("/"), *span) for (address, file), span in lines.items()]
    for (name, address, file), ruling in sighting.rulings.items():
        place = lines.get((address, file)) or lines.get((address.replace("data.", "", 1), file))
        row = _row(name, address, file, place, ruling.about)
        if ruling.verdict is Verdict.FAIL:
            report.findings.append(row)
        elif ruling.verdict is Verdict.UNKNOWN:
            report.undecided.append(row)
    ids = set(catalogue.built_in())
    built_in = [one for one in records if one.check_id in ids]
    for one in built_in:
        if one.check_result["result"] is CheckResult.FAILED:
            place = lines.get((one.resource, one.file_path))
            report.findings.append(_row(one.check_id, one.resource, one.file_path, place, ""))
    report.checked = len(built_in) + len(sighting.rulings) - len(report.undecided)
    report.resources = len(sighting.resources)
    report.types = sorted({name.partition(".")[0] for _, _, name in sighting.resources})
    report.problems += sighting.problems


def _row(name: str, address: str, file: str, lines: tuple[int, ...] | None, about: str) -> dict[str, Any]:
    """A finding as a row; one from a plan has no lines, and then no file either."""
    shown = file.lstrip("/") if lines else ""
    return {"policy": name, "address": address, "file": shown, "lines": lines or (), "about": about}
