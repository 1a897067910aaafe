"""`validate`: the format and validity of every module and layer, as `make check` requires."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from groundwork.terraform.commands import Terraform
from groundwork.terraform.process import run
from groundwork.terraform.session import Session


@dataclass(frozen=True)
class Flaw:
    """A mistake in the Terraform code: "folder/file:line" and a sentence."""

    place: str
    sentence: str


def validate(session: Session) -> tuple[int, list[Flaw]]:
    """Checks the format of all files and validates every module and layer; returns how many folders, and what is wrong."""
    root = session.checkout.root
    folders = sorted({path.parent for top in ("modules", "infra") for path in (root / top).glob("*/*.tf")})
    with ThreadPoolExecutor(2) as pool:
        found = [
            finding for findings in pool.map(lambda folder: _folder(session, folder), folders) for finding in findings
        ]
    return len(folders), [*_unformatted(session), *found]


def _unformatted(session: Session) -> list[Flaw]:
    found = []
    for top in ("modules", "infra"):
        words = [str(session.tool.path), "fmt", "-check", "-recursive", "-list=true"]
        done = run(words, cwd=session.checkout.root / top, env=session.process_variables.work)
        files = done.out.splitlines() if done.code == 3 or done.out else []
        found += [
            Flaw(f"{top}/{file}", f"is not formatted: run {session.tool.name} fmt -recursive {top}.") for file in files
        ]
        if done.code and not files:
            found.append(Flaw(top, f"cannot be formatted: {done.err.strip().splitlines()[-1]}"))
    return found


def _folder(session: Session, folder: Path) -> list[Flaw]:
    name = folder.relative_to(session.checkout.root).as_posix()
    data = session.checkout.runs / "validate" / name.replace("/", "-")
    terraform = Terraform(
        binary=str(session.tool.path),
        directory=folder,
        data=data,
        variables=session.process_variables.work,
        downloads=session.process_variables.fetch,
    )
    stamp, now = data / "initialised", _fingerprint(session, folder).encode()
    if not stamp.exists() or stamp.read_bytes() != now:
        terraform.init(None, lambda _event: None)
        stamp.write_bytes(now)
    return [
        Flaw(f"{name}/{item.place}" if item.place else name, f"{item.summary}. {' '.join(item.detail.split())}")
        for item in terraform.validate()
    ]


def _fingerprint(session: Session, folder: Path) -> str:
    text = f"{session.tool.text} {session.provider}".encode()
    return hashlib.sha256(text + b"".join(path.read_bytes() for path in sorted(folder.glob("*.tf")))).hexdigest()
