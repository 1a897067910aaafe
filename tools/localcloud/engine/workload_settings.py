"""How many workloads this machine may run, and which commands stand in for images; kept in the state folder across a reset."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from localcloud import atomic_files
from localcloud.engine import image_names
from localcloud.errors import CloudError, invalid

Pool = Literal["builds", "instances", "jobs"]
Forced = Literal["", "process", "simulated"]
StandIn = tuple[tuple[str, ...], Path]
"""A command and the folder that it runs in."""
LIMITS: Mapping[Pool, int] = {"builds": 2, "instances": 10, "jobs": 4}
"""The default maximum number of workloads per pool, for a laptop."""
FILE = "workload-settings.json"
_MOST = 100


@dataclass
class WorkloadSettings:
    """Limits and stand-ins.

    forced       the runtime to use even if a better one is available; "" for the best one
    stand_ins    set one by one, by image without tag
    of_projects  set for a whole project at once, by image, or by the full name of a service or job whatever its image
    """

    limits: dict[Pool, int] = field(default_factory=lambda: dict(LIMITS))
    stand_ins: dict[str, StandIn] = field(default_factory=dict)
    of_projects: dict[str, dict[str, StandIn]] = field(default_factory=dict)
    forced: Forced = ""
    told: int = 0

    def stand_in(self, image: str, resource: str) -> StandIn | None:
        """The command that stands in for a container, by its image, with or without tag, or its resource's full name; None without one."""
        name = image_names.bare(image)
        if name in self.stand_ins:
            return self.stand_ins[name]
        for known in self.of_projects.values():
            for key, configured in known.items():
                if key == name or f"{resource}/".startswith(f"{key}/"):
                    return configured
        return None

    @property
    def has_stand_ins(self) -> bool:
        """Whether anything stands in for anything."""
        return bool(self.stand_ins) or any(self.of_projects.values())

    def described(self) -> dict[str, Any]:
        """As JSON."""
        projects = {project: _shown(known) for project, known in self.of_projects.items() if known}
        return {
            "limits": dict(self.limits),
            "standIns": _shown(self.stand_ins),
            "projects": projects,
            "runtime": self.forced,
        }

    def tell(self, sent: Mapping[str, Any]) -> None:
        """Merges new settings into the current ones; null removes a stand-in. Raises CloudError (400) without changing anything."""
        limits = {**self.limits, **_limits(sent.get("limits", {}))}
        commands = {**self.stand_ins}
        stand_ins = sent.get("standIns", {})
        for image, one in stand_ins.items() if isinstance(stand_ins, dict) else ():
            if one is None:
                commands.pop(image, None)
            else:
                commands[image] = _command(image, one)
        projects = {
            project: {name: _command(name, one) for name, one in known.items()}
            for project, known in sent.get("projects", {}).items()
        }
        forced = sent.get("runtime", self.forced)
        if forced not in ("", "process", "simulated"):
            raise invalid('runtime is "process", "simulated", or "" for the best that this machine has.')
        self.limits, self.stand_ins, self.forced = limits, commands, forced
        self.of_projects |= projects
        self.told += 1


def _shown(known: Mapping[str, StandIn]) -> dict[str, Any]:
    return {name: {"command": list(command), "folder": str(folder)} for name, (command, folder) in known.items()}


def read(state: Path) -> WorkloadSettings:
    """A state folder's settings; the defaults if there are none, or they cannot be read."""
    settings = WorkloadSettings()
    with suppress(OSError, ValueError, AttributeError, CloudError):
        settings.tell(json.loads((state / FILE).read_text("utf-8")))
    return settings


def write(state: Path, settings: WorkloadSettings) -> None:
    """Whole or not at all."""
    atomic_files.write(state / FILE, json.dumps(settings.described()))


def _limits(sent: Any) -> dict[Pool, int]:
    known = isinstance(sent, dict) and set(sent) <= set(LIMITS)
    if not known or not all(isinstance(one, int) and 1 <= one <= _MOST for one in sent.values()):
        raise invalid(f"limits names {', '.join(LIMITS)}, each with a number from 1 to {_MOST}.")
    return dict(sent)


def _command(image: str, sent: Any) -> tuple[tuple[str, ...], Path]:
    command = sent.get("command") if isinstance(sent, dict) else None
    folder = sent.get("folder", "/") if isinstance(sent, dict) else ""
    words = isinstance(command, list) and command and all(isinstance(word, str) for word in command)
    if not words or not isinstance(folder, str) or not Path(folder).is_absolute():
        raise invalid(f'For {image} send {{"command": ["python", "train.py"], "folder": "/an/absolute/path"}}.')
    return tuple(command or ()), Path(folder)
