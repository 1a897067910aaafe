"""Plans without a state bucket: a copy of a layer's code with no backend."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from groundwork.environment.checkout import Checkout

FOLDER = "stateless"
# In the form that `terraform fmt` leaves. What would be imported does not exist yet either.
_BACKEND = re.compile(r'^  backend "\w+" \{\}\n', re.MULTILINE)
_IMPORT = re.compile(r"^import \{\n(?:  .*\n|\n)*\}\n", re.MULTILINE)


def place(data: Path, layer: str) -> Path:
    """The location of a layer's copy, below the folder of the layer's runs."""
    return data / FOLDER / "infra" / layer


def copy(checkout: Checkout, data: Path, layer: str) -> None:
    """Creates the copy: the layer's files without backend and imports, and links to everything beside them."""
    remove(data)
    target = place(data, layer)
    target.mkdir(parents=True)
    for file in checkout.layer(layer).iterdir():
        if file.suffix == ".tf":
            text = file.read_text("utf-8")
            (target / file.name).write_text(_IMPORT.sub("", _BACKEND.sub("", text)), "utf-8")
        elif file.is_file():
            (target / file.name).symlink_to(file)
    for beside in ("modules", "envs", "infra/environment"):
        (data / FOLDER / beside).symlink_to(checkout.root / beside)


def remove(data: Path) -> None:
    """Removes the copy: there is now a state to plan against."""
    shutil.rmtree(data / FOLDER, ignore_errors=True)
