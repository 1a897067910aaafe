"""Which processes are at work in a folder, as the system tells."""

from __future__ import annotations

from pathlib import Path


def naming(folder: Path) -> list[str]:
    """The command lines that name a folder, but for those of the local cloud; nothing where the system does not tell."""
    lines = (_command_line(path) for path in Path("/proc").glob("[0-9]*/cmdline"))
    return [line for line in lines if str(folder) in line and "localcloud" not in line]


def _command_line(path: Path) -> str:
    try:
        return path.read_bytes().replace(b"\0", b" ").decode()
    except OSError:  # it has ended meanwhile
        return ""
