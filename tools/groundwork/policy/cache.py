"""A cache of scan reports, keyed by everything they depend on: code, plan, policies, checkov and settings."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from policies.language import Settings

from groundwork.policy.outside import fingerprint

_KEPT = 8
# Fields that Google writes and no policy reads; they differ whenever a resource is recreated.
_VOLATILE = {
    "create_time",
    "effective_time",
    "etag",
    "generation",
    "metageneration",
    "project_number",
    "time_created",
    "uid",
    "update_time",
    "updated",
}


class Cache:
    """Scan reports in a folder of the clone; `tools` contains the policies they depend on.

    Exceptions are not part of the key: they and the day are applied to the reports each time.
    """

    def __init__(self, folder: Path, tools: Path, settings: Settings) -> None:
        self._folder = folder
        facts = {name: sorted(value) for name, value in asdict(settings).items()}
        checkov = fingerprint(tools / "requirements-checkov.txt")
        policies = tools / "policies"
        files = (*sorted(policies.rglob("*.py")), *sorted(policies.glob("*.toml")))
        self._base = _digest([json.dumps([facts, checkov]).encode(), *_contents(files)])

    def code_key(self, root: Path, folders: Sequence[str]) -> str:
        """The key of the code in those folders."""
        files = (file for folder in folders for file in sorted((root / folder).rglob("*.tf*")))
        return _digest(
            [self._base.encode(), *_contents(file for file in files if not _is_hidden(file.relative_to(root)))]
        )

    def plan_key(self, plan: Mapping[str, Any]) -> str:
        """The key of everything in a plan that affects its report, regardless of when the plan was made."""
        before = plan.get("prior_state", {}).get("values", {}).get("root_module", {})
        unknown = [(one["address"], one["change"].get("after_unknown")) for one in plan.get("resource_changes", [])]
        kept = [plan.get("planned_values"), unknown, plan.get("configuration"), _data_sources(before)]
        return _digest([self._base.encode(), json.dumps(_lasting(kept), sort_keys=True).encode()])

    def file_key(self, name: str) -> str:
        """The key of a plan's file, so that its content need not be read again."""
        return _digest([self._base.encode(), name.encode()])

    def get(self, part: str, key: str) -> dict[str, Any] | None:
        """The report, or None."""
        try:
            report = json.loads(self._path(part, key).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return report if isinstance(report, dict) else None

    def put(self, part: str, key: str, report: Mapping[str, Any]) -> None:
        """Stores a report atomically, and drops the oldest ones of its part."""
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._folder / f"{part}.{os.getpid()}.new"
        fresh.write_text(json.dumps(report), encoding="utf-8")
        fresh.replace(self._path(part, key))
        with suppress(FileNotFoundError):  # another run drops them at this moment
            newest = sorted(self._folder.glob(f"{part}-*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
            for old in newest[_KEPT:]:
                old.unlink()

    def _path(self, part: str, key: str) -> Path:
        return self._folder / f"{part}-{key[:20]}.json"


def _data_sources(module: Mapping[str, Any]) -> list[Any]:
    """The data sources that a plan has read: these are in its prior state, the rest of which does not matter."""
    own = [entry for entry in module.get("resources", []) if entry["mode"] == "data"]
    return own + [entry for child in module.get("child_modules", []) for entry in _data_sources(child)]


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _lasting(item) for name, item in value.items() if name not in _VOLATILE}
    return [_lasting(item) for item in value] if isinstance(value, list | tuple) else value


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _contents(files: Iterable[Path]) -> Iterator[bytes]:
    for file in files:
        yield str(file).encode()
        yield file.read_bytes()


def _digest(parts: Sequence[bytes]) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()
