"""A separate container store for tests and measurements: the user's images and containers are not touched."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from localcloud.containers import detection
from localcloud.containers.client import RuntimeProgram

_CONTAINERS = '[containers]\ndefault_ulimits = []\n[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'


@contextmanager
def own(folder: Path) -> Iterator[tuple[RuntimeProgram, dict[str, str]] | None]:
    """The container runtime, and the variables that give podman a store of its own, with its settings in the folder; None if there is no runtime."""
    # podman notices a container's end 20 seconds late if its store has a long path, as the folders of pytest's workers have.
    with TemporaryDirectory(prefix="store-", ignore_cleanup_errors=True) as store:
        # Its temporary folder is its own as well: another store's reset would delete it.
        (folder / "containers.conf").write_text(f'{_CONTAINERS}tmp_dir = "{store}/libpod"\n')
        (folder / "registries.conf").write_text('unqualified-search-registries = ["docker.io"]\n')
        (folder / "storage.conf").write_text(
            f'[storage]\ndriver = "overlay"\ngraphroot = "{store}/graph"\nrunroot = "{store}/run"\n'
        )
        variables = {
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_REGISTRIES_CONF": str(folder / "registries.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        }
        with mock.patch.dict(os.environ, variables):
            detection.kind.cache_clear()
            kind = detection.kind()
            try:
                yield None if kind is None else (kind, variables)
            finally:
                if kind is not None and kind.name == "podman":
                    reset = [kind.program, "system", "reset", "--force"]
                    subprocess.run(reset, capture_output=True, check=False, timeout=120)
                detection.kind.cache_clear()
