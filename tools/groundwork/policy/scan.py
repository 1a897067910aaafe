"""Runs the scanner in checkov's own environment, and trusts its report only if everything was scanned."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from policies.language import Settings

from groundwork.errors import CouldNotTell, GroundworkError
from groundwork.policy import outside
from groundwork.policy.outside import CompletedProcess, RunProcess

FOLDERS = ("infra", "modules")
SECONDS = 180
_LAST_LINES = 10
_KEYS = {"part", "findings", "undecided", "places", "checked", "resources", "types", "problems"}


@dataclass(frozen=True)
class Scanner:
    """How to scan: the clone's root, the folder of the policies and their requirements, the user's cache, how a process is
    started, whom to tell of what takes long, and after how many seconds the scan has failed.
    """

    root: Path
    tools: Path
    cache: Path
    run: RunProcess
    say: Callable[[str], None]
    seconds: float = SECONDS

    def scan(self, folders: Sequence[str], plans: Mapping[str, Mapping[str, Any]], settings: Settings) -> list[Any]:
        """Scans the code in `folders` (if any) and each plan; see policies.scanner.ScanReport for the result.

        A plan may contain secrets: it is written to a folder that only this user can read, and deleted afterwards.
        Raises CouldNotTell when the scanner could not be installed, crashed, took too long, or left something unchecked.
        """
        interpreter = outside.python(self.tools, self.cache, self.run, self.say)
        with tempfile.TemporaryDirectory(prefix="groundwork-policy-") as name:
            request = _write_request(Path(name), self.root, folders, plans, settings)
            argv = [str(interpreter), "-P", "-m", "policies", str(request)]
            done = self._run(argv, outside.temporary(interpreter, Path(name)))
        expected = [*(["code"] if folders else []), *plans]
        return _believed(_parsed(done), expected)

    def _run(self, argv: Sequence[str], temporary: Path) -> CompletedProcess:
        # Without the terminal's variables: a report must not depend on the width of a terminal.
        env = {name: os.environ[name] for name in ("HOME", "LANG", "PATH") if name in os.environ}
        env |= {"PYTHONPATH": str(self.tools), "TMPDIR": str(temporary)}
        try:
            return self.run(argv, cwd=self.root, env=env, seconds=self.seconds)
        except GroundworkError as error:
            raise CouldNotTell(f"The policies were not checked: {error.message}", error.details) from error


def _write_request(
    folder: Path, root: Path, folders: Sequence[str], plans: Mapping[str, Mapping[str, Any]], settings: Settings
) -> Path:
    files = {layer: folder / f"{layer}.json" for layer in plans}
    for layer, plan in plans.items():
        files[layer].write_text(json.dumps(plan), encoding="utf-8")
    request = {
        "root": str(root),
        "folders": list(folders),
        "plans": {layer: str(file) for layer, file in files.items()},
        "settings": {name: sorted(value) for name, value in asdict(settings).items()},
    }
    path = folder / "request.json"
    path.write_text(json.dumps(request), encoding="utf-8")
    return path


def _parsed(done: CompletedProcess) -> list[Any]:
    last = [line for line in done.err.splitlines() if line.strip()][-_LAST_LINES:]
    if done.code:
        ending = f"was killed by signal {-done.code}" if done.code < 0 else f"ended with exit code {done.code}"
        raise CouldNotTell(f"The policies were not checked: the scanner {ending}.", last)
    try:
        reports = json.loads(done.out)
    except ValueError:
        raise CouldNotTell("The policies were not checked: the scanner's output is not a report.", last) from None
    if not isinstance(reports, list) or not all(isinstance(one, dict) and one.keys() >= _KEYS for one in reports):
        raise CouldNotTell("The policies were not checked: the scanner's output is not a report.", last)
    return reports


def _believed(reports: list[Any], expected: Sequence[str]) -> list[Any]:
    problems = [problem for report in reports for problem in report["problems"]]
    if problems:
        raise CouldNotTell("Not all policies were checked: the scanner gave up on something.", problems)
    missing = set(expected) - {report["part"] for report in reports}
    empty = {
        report["part"]
        for report in reports
        if not report["checked"] and (report["resources"] or report["part"] == "code")
    }
    if missing or empty:
        what = " and ".join(sorted(missing | empty))
        raise CouldNotTell(f"The policies were not checked: the scanner saw no resources in the {what}.")
    return reports
