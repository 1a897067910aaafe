"""Plans without a state bucket: a copy of a layer's code with no backend, which reads nothing of the project."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from groundwork.environment.checkout import Checkout

FOLDER = "stateless"
# In the form that `terraform fmt` leaves. What would be imported does not exist yet either.
_BACKEND = re.compile(r'^  backend "\w+" \{\}\n', re.MULTILINE)
_IMPORT = re.compile(r"^import \{\n(?:  .*\n|\n)*\}\n", re.MULTILINE)
_DATA = re.compile(r"^data .* \{\n(?:  .*\n|\n)*\}\n", re.MULTILINE)
_PROJECT = re.compile(r"^(  project(?:_id)? *= ).*$", re.MULTILINE)


def place(data: Path, layer: str) -> Path:
    """The location of a layer's copy, below the folder of the layer's runs."""
    return data / FOLDER / "infra" / layer


def copy(checkout: Checkout, data: Path, layer: str) -> None:
    """Creates the copy: the layer's files without backend, imports and reads of the project, and links to everything beside them."""
    remove(data)
    target = place(data, layer)
    target.mkdir(parents=True)
    for file in checkout.layer(layer).iterdir():
        if file.suffix == ".tf":
            text = _IMPORT.sub("", _BACKEND.sub("", file.read_text("utf-8")))
            (target / file.name).write_text(_DATA.sub(_unread, text), "utf-8")
        elif file.is_file():
            (target / file.name).symlink_to(file)
    for beside in ("modules", "envs", "infra/environment"):
        (data / FOLDER / beside).symlink_to(checkout.root / beside)


def _unread(data: re.Match[str]) -> str:
    """A data source of a project that may not exist, or has Resource Manager off: Terraform reads it when the project is known."""
    return _PROJECT.sub(r"\1timestamp()", data[0])


def remove(data: Path) -> None:
    """Removes the copy: there is now a state to plan against."""
    shutil.rmtree(data / FOLDER, ignore_errors=True)
