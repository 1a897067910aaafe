"""Runs `terraform init` only if something it depends on has changed: tool, provider, backend, lock file or root module."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from groundwork.environment.checkout import LAYERS
from groundwork.terraform import pins
from groundwork.terraform.events import Event
from groundwork.terraform.session import Session
from groundwork.terraform.talk import Talk

_FILE = "initialised"
# The files that `terraform init` leaves, each with a key it must have. Terraform fails on a damaged one instead of recreating it.
_KEPT = {"terraform.tfstate": "version", "modules/modules.json": "Modules"}


def initialise(session: Session, talk: Talk) -> None:
    """Initialises the layers that need it; in parallel only if nothing is fetched, since the plugin cache allows one at a time.

    Raises TerraformFailed.
    """
    stale = [layer for layer in LAYERS if session.stateless(layer) or not _is_fresh(session, layer)]
    if not stale:
        return
    talk.say(f"initialising {' and '.join(stale)} with {session.tool.text}")
    with ThreadPoolExecutor(len(stale) if session.provider == "local" else 1) as pool:
        for done in [pool.submit(_initialise, session, layer) for layer in stale]:
            done.result()


def _initialise(session: Session, layer: str) -> None:
    (session.data(layer) / _FILE).unlink(missing_ok=True)
    for name in _KEPT:
        if not _is_complete(session.data(layer), name):
            (session.data(layer) / name).unlink(missing_ok=True)
    if session.provider == "google":
        on_google = not session.environment.local and session.tool.name == "terraform"
        (pins.pin if on_google else pins.unpin)(session.checkout.layer(layer))
    if session.stateless(layer):
        (session.data(layer) / "terraform.tfstate").unlink(missing_ok=True)
        session.terraform(layer).init(None, _ignore)
        return
    session.terraform(layer).init(session.place(layer).backend, _ignore)
    (session.data(layer) / _FILE).write_text(_fingerprint(session, layer), "utf-8")


def _ignore(_event: Event) -> None:
    return None


def _is_fresh(session: Session, layer: str) -> bool:
    data = session.data(layer)
    try:
        initialised = (data / _FILE).read_bytes()
    except OSError:
        return False
    return all(_is_complete(data, name) for name in _KEPT) and initialised == _fingerprint(session, layer).encode()


def _is_complete(data: Path, name: str) -> bool:
    try:
        found = json.loads((data / name).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and _KEPT[name] in found


def _fingerprint(session: Session, layer: str) -> str:
    found = hashlib.sha256()
    facts = [session.tool.text, str(session.tool.path), session.provider, session.place(layer).backend]
    found.update(json.dumps(facts).encode())
    for path in _looked_at(session.checkout.root, session.checkout.layer(layer)):
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def _looked_at(root: Path, layer: Path) -> Iterator[Path]:
    yield from sorted(layer.glob("*.tf"))
    yield from sorted(layer.glob(".terraform.lock.hcl"))
    yield from sorted((root / "infra" / "environment").glob("*.tf"))
    yield from sorted((root / "modules").glob("*/versions.tf"))
