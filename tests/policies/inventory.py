"""Run by checkov's Python: scans the cases, and asks checkov which checks it has for Google Cloud and what they say."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from checkov.common.checks_infra.registry import get_graph_checks_registry
from checkov.runner_filter import RunnerFilter
from checkov.terraform.checks.data.registry import data_registry
from checkov.terraform.checks.resource.registry import resource_registry
from checkov.terraform.plan_runner import Runner as PlanRunner
from checkov.terraform.runner import Runner
from policies import catalogue
from policies.scanner import ScanRequest, scan


def checks() -> Iterator[tuple[str, str]]:
    """Each check of checkov for Google Cloud with each type that it is about."""
    for registry in (resource_registry, data_registry):
        yield from ((check.id, kind) for kind, check in registry.all_checks())
    graph = get_graph_checks_registry("terraform")
    graph.load_checks()
    yield from ((check.id, kind) for check in graph.checks for kind in check.resource_types)


def verdicts(root: Path, ids: list[str]) -> list[tuple[str, str, str, str]]:
    """(check, folder, address, result) of those checks of checkov over the code below `root`."""
    chosen = RunnerFilter(checks=ids, show_progress_bar=False, download_external_modules=False)
    seen: Any = Runner().run(root_folder=str(root), runner_filter=chosen, collect_skip_comments=False)
    return [
        (one.check_id, Path(one.file_path).parent.name, one.resource, one.check_result["result"].name)
        for one in [*seen.passed_checks, *seen.failed_checks]
    ]


def undecided(plan: Path, ids: list[str]) -> dict[str, str]:
    """The verdicts of those checks of checkov on a plan in which everything that they read is known only after apply."""
    chosen = RunnerFilter(checks=ids, show_progress_bar=False)
    seen: Any = PlanRunner().run(files=[str(plan)], runner_filter=chosen)
    return {one.check_id: one.check_result["result"].name for one in [*seen.passed_checks, *seen.failed_checks]}


def main() -> None:
    """Print one JSON object: reports, checks, and verdicts of every check of checkov that we choose or have covered."""
    request = ScanRequest.read(Path(sys.argv[1]))
    ids = [*catalogue.built_in(), *(check for one in catalogue.omissions() if one.covered_by for check in one.ids)]
    with contextlib.redirect_stdout(sys.stderr):
        found = {
            "reports": [asdict(report) for report in scan(request)],
            "checks": sorted({(check, kind) for check, kind in checks() if "_GCP_" in check or check == "CKV_TF_1"}),
            "verdicts": verdicts(request.root, ids),
            "undecided": undecided(Path(__file__).parent / "built_in" / "unknown.json", list(catalogue.built_in())),
        }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
