"""The policies' passing and failing cases: their folders, how they are staged for a scan, and their resources."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

from policies import catalogue
from policies.language import Settings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tools" / "policies"
BUILT_IN = Path(__file__).parent / "built_in"
VERDICTS = ("pass", "fail")
SETTINGS = Settings(
    regions=frozenset({"europe-west1"}),
    labels=frozenset({"team"}),
    dvc_buckets=frozenset({"team-data"}),
    members=frozenset({"user:bob@example.com"}),
    public_services=frozenset({"public-api"}),
    waiting=frozenset({"backend=1"}),
    protected=frozenset({"prod"}),
)
_BLOCK = re.compile(r'^(resource|data) "(\w+)" "(\w+)"', re.MULTILINE)


def stage(folder: Path) -> None:
    """Put every case into a root module of its own, `cases/POLICY.VERDICT` below the folder."""
    for name in catalogue.names():
        for verdict in VERDICTS:
            place = folder / "cases" / f"{name}.{verdict}"
            place.mkdir(parents=True)
            shutil.copyfile(FOLDER / name / f"{verdict}.tf", place / "main.tf")
    for verdict in VERDICTS:
        place = folder / "cases" / f"built_in.{verdict}"
        place.mkdir(parents=True)
        shutil.copyfile(BUILT_IN / f"{verdict}.tf", place / "main.tf")


def blocks(name: str, verdict: str) -> set[str]:
    """Addresses of the case's resources and data sources that the policy is about."""
    policy = catalogue.policies()[name]
    found = _BLOCK.findall((FOLDER / name / f"{verdict}.tf").read_text(encoding="utf-8"))
    addresses = {("data." if kind == "data" else "") + f"{type_}.{label}": type_ for kind, type_, label in found}
    return {
        address
        for address, type_ in addresses.items()
        if policy.covers(f"data.{type_}" if address.startswith("data.") else type_)
    }


def fingerprint() -> str:
    """A digest of everything that the recorded plan of all cases depends on."""
    found = hashlib.sha256()
    for file in sorted(FOLDER.glob("*/*.tf")):
        found.update(file.parent.name.encode() + file.name.encode() + file.read_bytes())
    return found.hexdigest()
