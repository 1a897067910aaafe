"""Sample findings, reports and plans, and a clone whose scanner is a small program of the test."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from groundwork.environment.settings import PolicyException
from groundwork.environment.values import Bucket, Environment
from groundwork.policy import outside
from groundwork.policy.result import Result, apply, findings
from groundwork.policy.scan import Scanner
from groundwork.terraform import process
from policies import catalogue

TODAY = date(2026, 11, 21)
ROWS = catalogue.rows()
ADDRESS = "module.buckets.google_storage_bucket_iam_member.members"


def row(policy: str = "buckets_are_not_public", address: str = ADDRESS, **more: Any) -> dict[str, Any]:
    """A finding as the scanner writes it."""
    return {"policy": policy, "address": address, "file": "", "lines": [], "about": "lets allUsers in", **more}


def report(part: str, *found: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A scanner's report on "code" or on a layer's plan."""
    empty = {"undecided": [], "places": [], "checked": 3, "resources": 2, "types": [], "problems": []}
    return {"part": part, "findings": list(found), **empty, **more}


def exception(
    resource: str, check: str = "buckets_are_not_public", expires: date = date(2027, 1, 1)
) -> PolicyException:
    """An exception of the environment file."""
    return PolicyException(check, resource, "the data is public anyway", "alice@example.com", expires)


def result(*reports: dict[str, Any], exceptions: tuple[PolicyException, ...] = (), today: date = TODAY) -> Result:
    """The result that the reports come to."""
    judged = apply(exceptions, findings(reports, ROWS), today)
    return Result(
        findings=judged.findings,
        excused=judged.excused,
        expired=judged.expired,
        unused=judged.unused,
        checked={one["part"]: one["checked"] for one in reports},
        resources={one["part"]: one["resources"] for one in reports},
        undecided=0,
        rows=ROWS,
        scanner="checkov 3.3.30",
        cached=False,
    )


def environment(root: Path, **more: Any) -> Environment:
    """An environment of the clone at `root`."""
    values: dict[str, Any] = {
        "name": "dev", "path": root / "envs" / "dev.yaml", "project": "team-project", "region": "europe-west1",
        "local": True, "protected": False, "labels": {"team": "cats-dogs"}, "members": {}, "buckets": {},
        "repositories": {}, "secrets": {}, "identities": {},
    }  # fmt: skip
    return Environment(**{**values, **more})


def dvc_bucket(full_name: str) -> Bucket:
    """A bucket that DVC keeps data in."""
    return Bucket("data", full_name, True, True, False, 30, 3, 0, "STANDARD", "europe-west1")


def plan(**values: Any) -> dict[str, Any]:
    """A plan in JSON with one bucket."""
    bucket = {"address": "google_storage_bucket.b", "mode": "managed", "type": "google_storage_bucket", "name": "b"}
    return {
        "format_version": "1.2",
        "timestamp": "2026-11-21T08:00:00Z",
        "variables": {"environment_file": {"value": "../../envs/dev.yaml"}},
        "planned_values": {"root_module": {"resources": [{**bucket, "values": values}]}},
        "resource_changes": [],
        "configuration": {"root_module": {}},
    }


@dataclass
class Clone:
    """A small clone: code, tools, a cache, and in it the program that replaces checkov's Python."""

    root: Path
    said: list[str] = field(default_factory=list)

    @property
    def cache(self) -> Path:
        """The user's cache."""
        return self.root / "cache"

    @property
    def folder(self) -> Path:
        """Where reports are kept."""
        return self.root / ".groundwork" / "policy"

    @property
    def runs(self) -> int:
        """The number of times that the scanner was started."""
        log = self.root / "runs"
        return len(log.read_text(encoding="utf-8").splitlines()) if log.exists() else 0

    def scanner(self, seconds: float = 30) -> Scanner:
        """A scanner that starts the program."""
        return Scanner(self.root, self.root / "tools", self.cache, process.run, self.said.append, seconds)

    def answers(self, *reports: dict[str, Any]) -> None:
        """Make the program print these reports, each only if its part is requested."""
        (self.root / "reports.json").write_text(json.dumps(reports), encoding="utf-8")
        self.program(
            f"""
import json, sys
request = json.load(open(sys.argv[-1]))
asked = set(request["plans"]) | ({{"code"}} if request["folders"] else set())
open({str(self.root / "asked")!r}, "w").write(json.dumps(request))
print(json.dumps([one for one in json.load(open({str(self.root / "reports.json")!r})) if one["part"] in asked]))
"""
        )

    def program(self, python: str) -> None:
        """Put a Python program in place of the interpreter of checkov's virtual environment."""
        place = (
            self.cache / "checkov" / outside.fingerprint(self.root / "tools" / outside.REQUIREMENTS) / "bin" / "python"
        )
        place.parent.mkdir(parents=True, exist_ok=True)
        counted = f"open({str(self.root / 'runs')!r}, 'a').write('run\\n')"
        interpreter = self.root / "interpreter"  # the first line of a script can name none whose path has a space
        if not interpreter.exists():
            interpreter.symlink_to(sys.executable)
        place.write_text(f"#!{interpreter}\n{counted}\n{python}", encoding="utf-8")
        place.chmod(0o755)

    @property
    def asked(self) -> dict[str, Any]:
        """The last request that the program got."""
        return dict(json.loads((self.root / "asked").read_text(encoding="utf-8")))


def clone(root: Path) -> Clone:
    """Make one."""
    for folder in ("infra/platform", "modules/bucket", "tools/policies/some_policy", "envs"):
        (root / folder).mkdir(parents=True)
    (root / "infra" / "platform" / "main.tf").write_text('module "b" {\n  source = "../../modules/bucket"\n}\n')
    (root / "modules" / "bucket" / "main.tf").write_text('resource "google_storage_bucket" "b" {\n}\n')
    (root / "tools" / "policies" / "some_policy" / "check.py").write_text("POLICY = 1\n")
    (root / "tools" / "policies" / "built_in.toml").write_text("")
    (root / "tools" / outside.REQUIREMENTS).write_text("checkov==3.3.30 --hash=sha256:0\n")
    (root / "tools" / "requirements-checkov.in").write_text("checkov==3.3.30\n")
    return Clone(root)
