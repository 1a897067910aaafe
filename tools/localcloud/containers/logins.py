"""The folder by which podman and docker are logged in as one principal, instead of as the user."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

# Which engine docker talks to, and where its plugins are, such as buildx. Docker Desktop, rootless docker and others are contexts.
# Source: https://docs.docker.com/reference/cli/docker/#docker-cli-configuration-file-configjson-properties.
_SETTINGS = ("currentContext", "cliPluginsExtraDirs")
_FOLDERS = ("contexts", "cli-plugins")


def write(folder: Path, token: str, hosts: Iterable[str]) -> Path:
    """Writes the credentials for hosts, which podman reads as a file and docker finds in its folder; returns the file."""
    secret = base64.b64encode(f"oauth2accesstoken:{token}".encode()).decode()
    users = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    settings: dict[str, Any] = {name: value for name, value in _read(users).items() if name in _SETTINGS}
    folder.mkdir(exist_ok=True)
    for name in _FOLDERS:
        if (users / name).is_dir() and not (folder / name).exists():
            (folder / name).symlink_to((users / name).resolve())
    file = folder / "config.json"
    file.write_text(json.dumps({**settings, "auths": {host: {"auth": secret} for host in hosts}}), "utf-8")
    return file


def _read(folder: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        found = json.loads((folder / "config.json").read_text("utf-8"))
        return found if isinstance(found, dict) else {}
    return {}
