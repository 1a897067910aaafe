"""Copies the Terraform that reads environment files into a folder that has none; nothing is overwritten."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from groundwork.environment.checkout import Checkout, find_checkout
from groundwork.errors import GroundworkError, UsageProblem

FOLDERS = ("infra", "modules")
FILES = ("envs/schema.json", "envs/README.md")
_IGNORED = (".groundwork/", ".terraform/", ".terraform.lock.hcl", "*.tfplan", "gha-creds-*.json")


def home() -> Path:
    """The clone that this command runs from. Raises GroundworkError when there is none."""
    root = Path(__file__).resolve().parents[3]
    if not (root / "infra" / "platform").is_dir():
        raise GroundworkError(f"{root} holds no groundwork: run `groundwork init` from a clone's .venv/bin.")
    return root


def around(folder: Path) -> Checkout | None:
    """The groundwork project around a folder, if there is one."""
    try:
        return find_checkout(folder)
    except UsageProblem:
        return None


def is_clone(folder: Path) -> bool:
    """Whether a folder is a clone of groundwork itself, and not a team's repository that `copy` has copied into."""
    return (folder / "tools" / "groundwork").is_dir()


def copy(folder: Path) -> list[str]:
    """Copies missing files into a folder; returns the top-level entries it copied. Raises UsageProblem for files that differ."""
    files = {path.relative_to(home()): path for path in _shipped_files(home())}
    others = [
        str(name)
        for name, path in files.items()
        if (folder / name).exists() and (folder / name).read_bytes() != path.read_bytes()
    ]
    if others:
        raise UsageProblem(
            f"{folder} already has files where groundwork's would go: use an empty folder, for example a new one beside it.",
            others[:10],
        )
    new = {name: path for name, path in files.items() if not (folder / name).exists()}
    for name, path in new.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)
    _ignore(folder)
    return sorted({f"{name.parts[0]}/" for name in new})


def _shipped_files(root: Path) -> Iterator[Path]:
    for name in FOLDERS:
        for path in sorted((root / name).rglob("*")):
            inside = path.relative_to(root).parts
            if (
                path.is_file()
                and not any(part.startswith(".") for part in inside)
                and path.suffix not in (".tfstate", ".tfplan")
            ):
                yield path
    yield from (root / name for name in FILES)


def _ignore(folder: Path) -> None:
    """Adds to .gitignore the files of runs, which contain what the state contains, and the login of a workflow on GitHub."""
    file = folder / ".gitignore"
    text = file.read_text("utf-8") if file.exists() else ""
    missing = [line for line in _IGNORED if line not in text.splitlines()]
    if missing:
        file.write_text(text + ("" if not text or text.endswith("\n") else "\n") + "\n".join(missing) + "\n", "utf-8")
