"""Runs this machine's own git, gcloud and gsutil in a container that holds this machine's programs and a build's folders, nothing else.

A step chooses what they do, and each of them can start any program: as a plain process it could do whatever its user can.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from localcloud.containers import programs
from localcloud.containers.workload import Mount, RuntimeProblem

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SETTINGS = ("/etc/alternatives", "/etc/ca-certificates", "/etc/ld.so.cache", "/etc/pki", "/etc/ssl")


def real(program: str) -> str:
    """The path of a program itself. Raises RuntimeProblem where something else stands in for it, such as snap, which needs the whole machine."""
    path = Path(program).resolve()
    if path.name != Path(program).name:
        raise RuntimeProblem(
            f"{program} cannot run in a container, since it is {path}: install {Path(program).name} by its package or archive."
        )
    return str(path)


def mounts(program: str) -> list[Mount]:
    """The folders that a program needs, none of which can be changed. Raises RuntimeProblem for one among the user's files."""
    installed = {str(one) for one in _installed(program) if not one.is_relative_to("/usr")}
    return list(programs.mounts(*programs.FOLDERS, *_SETTINGS, *sorted(installed)))


def variables(program: str) -> dict[str, str]:
    """What a program and its scripts need to find each other, and to ask nobody anything."""
    python = _python()
    folder = str(Path(program).parent)
    path = PATH if folder in PATH.split(":") else f"{folder}:{PATH}"
    quiet = {"GIT_TERMINAL_PROMPT": "0", "CLOUDSDK_CORE_DISABLE_PROMPTS": "1", "CLOUDSDK_CORE_DISABLE_COLOR": "1"}
    return {"PATH": path, **quiet, **({"CLOUDSDK_PYTHON": str(python)} if python else {})}


def _installed(program: str) -> Iterator[Path]:
    """The folders in which a program and the Python of Google's are installed."""
    for path in filter(None, (Path(program).resolve(), _python())):
        folder = path.parent.parent if path.parent.name == "bin" else path.parent
        if any(one.is_relative_to(folder) for one in (Path.home(), Path("/"))):
            raise RuntimeProblem(
                f"{path} cannot run here: a build would see all of {folder} with it. Install it in a folder of its own."
            )
        yield folder


def _python() -> Path | None:
    found = os.environ.get("CLOUDSDK_PYTHON") or shutil.which("python3", path=PATH)
    path = shutil.which(found) if found else None
    return Path(path).resolve() if path else None
