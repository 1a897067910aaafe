"""Which processes use a folder, according to the system."""

from __future__ import annotations

from pathlib import Path


def naming(folder: Path) -> list[str]:
    """The command lines that name a folder, except those of the local cloud; nothing if the system cannot tell."""
    lines = (_command_line(path) for path in Path("/proc").glob("[0-9]*/cmdline"))
    return [line for line in lines if str(folder) in line and "localcloud" not in line]


def _command_line(path: Path) -> str:
    try:
        return path.read_bytes().replace(b"\0", b" ").decode()
    except OSError:  # it has ended meanwhile
        return ""
