"""Packs the code of functions as archives that Terraform uploads: the same files give the same archive, byte for byte, on every machine."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from pathlib import Path

from groundwork.environment.checkout import Checkout
from groundwork.environment.source_folder import readable, source_files
from groundwork.environment.values import Environment
from groundwork.environment.workloads import FunctionSpec
from groundwork.errors import UsageProblem

# Google's limit for sources (https://cloud.google.com/functions/quotas).
_MOST_BYTES = 100 * 1000**2
# What every machine generates for itself, and where values of secrets are kept, whether or not git ignores it.
_NEVER = "__pycache__/\n*.pyc\n.venv/\nnode_modules/\n.DS_Store\n.env\n.env.*\n"
_EARLIEST_TIME = (1980, 1, 1, 0, 0, 0)


def folder(checkout: Checkout, environment: Environment) -> Path:
    """The folder for an environment's archives, which is the same in every clone."""
    return checkout.runs / environment.name / "functions"


def pack(environment: Environment, into: Path) -> dict[str, Path]:
    """Packs every function into the folder, each archive named by its content; archives of earlier code are removed.

    Raises UsageProblem for a function without code.
    """
    archives = {name: archive(environment, function) for name, function in environment.functions.items()}
    files = {name: into / f"{name}-{_digest(content)}.zip" for name, content in archives.items()}
    if files:
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in set(into.glob("*.zip")) - set(files.values()):
        old.unlink(missing_ok=True)
    for name, file in files.items():
        if not file.exists():
            fresh = file.with_suffix(".fresh")
            fresh.write_bytes(archives[name])
            fresh.replace(file)
    return files


def relative_paths(files: dict[str, Path], directory: Path) -> dict[str, str]:
    """The paths of the archives for Terraform: relative to the root module, they are the same in every clone."""
    return {name: os.path.relpath(file, directory) for name, file in files.items()}


def digests(environment: Environment) -> dict[str, str]:
    """A digest of each function's code, by its folder; "" for one that cannot be packed."""
    found = {}
    for function in environment.functions.values():
        try:
            found[f"{function.source}/"] = _digest(archive(environment, function))
        except UsageProblem:
            found[f"{function.source}/"] = ""
    return found


def archive(environment: Environment, function: FunctionSpec) -> bytes:
    """A function's code as a zip archive. Raises UsageProblem for a folder that is not there, empty or too large."""
    code = environment.root / function.source
    where = f"functions.{function.name}.source in {environment.file} is {function.source}"
    if not code.is_dir():
        raise UsageProblem(f"{where}, which is not a folder in {environment.root}: put the function's code there.")
    if not code.resolve(strict=True).is_relative_to(environment.root.resolve()):
        raise UsageProblem(
            f"{where}, which is a link to {code.resolve()}: put the code itself there, not a link to it."
        )
    files = source_files(code, _NEVER + _above(environment.root, code))
    with readable():
        size = sum((code / file).stat().st_size for file in files)
        if size > _MOST_BYTES:
            raise UsageProblem(
                f"{where}, which has {size / 1000**2:.0f} MB, and Google takes at most 100 MB: exclude what the function "
                "does not need in a .gcloudignore there."
            )
        return _zip(code, files)


def _above(root: Path, folder: Path) -> str:
    """The patterns of the .gitignore files from the root to the folder that match names at any depth."""
    lines = []
    for place in (folder, *folder.parents):
        file = place / ".gitignore"
        if place != folder and file.is_file():
            lines += [line for line in file.read_text("utf-8", "replace").splitlines() if "/" not in line.rstrip("/ ")]
        if place == root:
            break
    return "".join(f"{line}\n" for line in lines if not line.startswith(("#", "!")))


def _zip(folder: Path, files: list[Path]) -> bytes:
    """A zip without compression, since compressors differ, and without times and owners; executable files stay executable."""
    into, own = io.BytesIO(), {folder.resolve() / file for file in files}
    with zipfile.ZipFile(into, "w", zipfile.ZIP_STORED) as packed:
        for file in files:
            if (folder / file).is_dir():
                raise UsageProblem(
                    f"{folder / file} is a link to a folder, which an archive cannot contain: exclude it."
                )
            if (folder / file).is_symlink() and (folder / file).resolve(strict=True) not in own:
                raise UsageProblem(f"{folder / file} is a link to a file that is excluded: exclude the link as well.")
            entry = zipfile.ZipInfo(file.as_posix(), _EARLIEST_TIME)
            entry.create_system = 3  # Unix, so that the mode counts
            mode = 0o755 if os.access(folder / file, os.X_OK) else 0o644
            entry.external_attr = (0o100000 | mode) << 16
            packed.writestr(entry, (folder / file).read_bytes())
    return into.getvalue()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
