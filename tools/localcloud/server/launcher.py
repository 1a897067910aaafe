"""Starts, finds and stops the local cloud and its Terraform provider; the only interface for other packages."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from localcloud.console import address
from localcloud.engine import tokens
from localcloud.server import clients, daemons, edition, records
from localcloud.server.daemons import LocalCloudError

__all__ = [
    "OWNER",
    "PROXY_MARK",
    "LocalCloud",
    "LocalCloudError",
    "Provider",
    "assertion",
    "behave",
    "client_variables",
    "console",
    "control",
    "find",
    "left_in",
    "principal",
    "reset",
    "start",
    "start_provider",
    "start_with_provider",
    "stop",
    "token",
]

OWNER = "user:owner@example.com"
PROXY_MARK = clients.MARK


@dataclass(frozen=True)
class LocalCloud:
    """A running local cloud: its address, process, state folder, control key, and profile.

    endpoints  the environment variables that point terraform, gcloud and the Python clients at it
    """

    base: str
    pid: int
    port: int
    state: Path
    control_key: str
    profile: str = ""
    endpoints: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Provider:
    """A running Terraform provider; `reattach` is the value for TF_REATTACH_PROVIDERS."""

    pid: int
    address: str
    reattach: str


def find(state: Path) -> LocalCloud | None:
    """The local cloud that serves a folder; None if none answers."""
    record = _record(state)
    return record if record and record.pid == records.holder(state / records.SERVER_LOCK) else None


def start(state: Path, port: int | None = None) -> LocalCloud:
    """The local cloud of a folder, started if none runs; raises LocalCloudError.

    It keeps its port across restarts. An explicit `port` is refused if it is taken, or differs from a running cloud's.
    A cloud that runs another version of the code, as after an update, is stopped first.
    """
    running = _up_to_date(state)
    if running is None:
        _refuse_without_loopback()
        _make(state)
        try:
            with records.locked(state / records.START_LOCK, wait=True, seconds=daemons.PATIENCE):
                running = _up_to_date(state) or _started(state, port)
        except records.Locked:
            raise LocalCloudError(
                f"Another process has been starting the local cloud of {state} for long; see {state / 'server.log'}."
            ) from None
    if port is not None and running.port != port:
        raise LocalCloudError(
            f"The local cloud of {state} already runs on port {running.port}; stop it first to have port {port}."
        )
    return running


def start_provider(state: Path, cloud: LocalCloud, token: str) -> Provider:
    """The Terraform provider that acts with a token, started if none runs; it outlives its starter. Raises LocalCloudError."""
    return _provider_of(state, token, lambda: cloud)[1]


def start_with_provider(state: Path, principal: str, start: Callable[[], LocalCloud]) -> tuple[LocalCloud, Provider]:
    """The local cloud that `start` returns, and a principal's Terraform provider; if neither runs, they load side by side. Raises LocalCloudError."""
    _make(state)
    try:
        token = tokens.opened(state).lasting(principal)
    except (OSError, ValueError) as problem:
        raise _unreadable(state, problem) from None
    return _provider_of(state, token, start)


def _provider_of(state: Path, token: str, start: Callable[[], LocalCloud]) -> tuple[LocalCloud, Provider]:
    name = f"provider-{hashlib.sha256(token.encode()).hexdigest()[:16]}"
    path, log = state / f"{name}.json", state / f"{name}.log"
    with records.locked(state / f"{name}.lock", wait=True, seconds=daemons.PATIENCE):
        if path.exists():
            cloud = start()
            running = _provider(path, cloud)
            if running is not None:
                return cloud, running
            path.unlink(missing_ok=True)

        def told() -> str:
            nonlocal cloud
            cloud = start()
            return f"{cloud.base}\n{token}"

        process = daemons.spawn(["provider", "--state", str(state)], log, told)
        return cloud, daemons.awaited(lambda: _provider(path, cloud), process, log, "Terraform provider")


def stop(state: Path) -> bool:
    """Stops the local cloud and its providers, and cleans up after a killed one; returns whether anything was running."""
    pids = [
        found.pid for path in state.glob("provider-*.json") if (found := _recorded(path)) and daemons.ours(found.pid)
    ]
    cloud = find(state)
    pid = cloud.pid if cloud else records.holder(state / records.SERVER_LOCK)
    pids += [pid] if pid else []
    for one in pids:
        daemons.end(one)
    for path in state.glob("provider-*.json"):
        path.unlink(missing_ok=True)
    from localcloud.containers.leftovers import Leftovers  # loads all that runs containers

    return bool(Leftovers(state).sweep()) or bool(pids)


def reset(state: Path) -> None:
    """Empties the local cloud of a folder: resources, objects, policies and the clock. Starts it if necessary."""
    _control(start(state), "POST", "/_local/reset")


def control(cloud: LocalCloud, verb: str, path: str, body: object = None) -> dict[str, Any]:
    """Calls the control interface: ("GET", "/_local/coverage"), ("POST", "/_local/clock", {"advance_seconds": 60}) …"""
    return _control(cloud, verb, path, body)


def behave(cloud: LocalCloud, profile: str) -> LocalCloud:
    """Activates a profile of eventual consistency ("as-google"), "" for none; raises LocalCloudError with the known ones."""
    _control(cloud, "POST", "/_local/profile", {"name": profile})
    return replace(cloud, profile=profile)


def token(state: Path, principal: str = OWNER) -> str:
    """The bearer token of a principal such as "user:alice@example.com" at the local cloud of a folder; it lasts at least 12 hours.

    Raises LocalCloudError.
    """
    return _tokens(state).lasting(principal)


def assertion(state: Path, claims: Mapping[str, Any]) -> str:
    """A token with which a simulated external identity provider vouches for these claims. Raises LocalCloudError."""
    return _tokens(state).assertion(claims)


def identity_token(cloud: LocalCloud, principal: str, audience: str) -> str:
    """A principal's identity token for one audience, valid for an hour of the local cloud's clock (simulated)."""
    now = datetime.fromisoformat(control(cloud, "GET", "/_local/clock")["now"])
    return _tokens(cloud.state).identity(principal, audience, now.timestamp())


def principal(token: str) -> str:
    """The principal that a token claims, "" for one that is not the local cloud's."""
    return tokens.named(token)


def client_variables(cloud: LocalCloud, token: str, suffix: str) -> dict[str, str]:
    """The variables with which Google's clients in a shell reach a running local cloud, as a token's principal; see clients.variables."""
    return clients.variables(cloud.state, cloud.port, token, suffix)


def console(cloud: LocalCloud, page: str = "") -> str:
    """The URL of a console page, including its secret: "" is the overview, "bucket/NAME" one bucket."""
    return cloud.base + address.path(_tokens(cloud.state), page)


def keep_map(state: Path, project: str, drawing: str) -> None:
    """Stores a project's map for the console, atomically."""
    folder = state / address.MAPS
    folder.mkdir(mode=0o700, exist_ok=True)
    fresh = folder / f".{project}.{os.getpid()}"
    fresh.write_text(drawing, "utf-8")
    fresh.replace(folder / f"{project}.svg")


def left_in(environment: Mapping[str, str]) -> list[str]:
    """The variables in a shell's environment that still point clients at a local cloud."""
    return clients.left_in(environment)


def _tokens(state: Path) -> tokens.Tokens:
    try:
        return tokens.of(state)
    except (OSError, ValueError) as problem:
        raise _unreadable(state, problem) from None


def _unreadable(state: Path, problem: OSError | ValueError) -> LocalCloudError:
    return LocalCloudError(
        f"The key of the local cloud's tokens, {state / tokens.KEY}, cannot be read ({problem}); stop the local cloud and start it."
    )


def _record(state: Path) -> LocalCloud | None:
    """The cloud in the folder's record; None if there is none, or it is damaged."""
    record = records.read(state / records.SERVER) or {}
    try:
        return LocalCloud(
            record["base"],
            record["pid"],
            record["port"],
            state,
            record["control_key"],
            record.get("profile", ""),
            record["endpoints"],
        )
    except KeyError:
        return None


def _answering(state: Path) -> LocalCloud | None:
    """The running cloud if it answers. (One that was just killed still holds its lock, and may even answer once more.)"""
    record = find(state)
    try:
        answers = record is not None and bool(_control(record, "GET", "/_local/health"))
        return record if record and answers and not daemons.dying(record.pid) else None
    except LocalCloudError:
        return None


def _up_to_date(state: Path) -> LocalCloud | None:
    """The running cloud if it answers and runs the current version of the code."""
    return None if _is_outdated(state) else _answering(state)


def _is_outdated(state: Path) -> bool:
    record = records.read(state / records.SERVER)
    return record is not None and record.get("code") != edition.current()


def _started(state: Path, port: int | None) -> LocalCloud:
    """Starts a server; first stops one that holds the folder without a readable record, or runs another version of the code."""
    lock = state / records.SERVER_LOCK
    if _is_outdated(state):
        stop(state)
    damaged = (state / records.SERVER).exists() and _record(state) is None
    if records.holder(lock) is not None and not damaged:
        answering = daemons.polled(lambda: _answering(state), 5, lambda: records.holder(lock) is not None)
        if answering is not None:
            return answering
    pid = records.holder(lock)
    if pid is not None:
        daemons.end(pid)
    # With the lock of the one that starts, the record of one that was killed would pass for it.
    with suppress(records.Locked), records.locked(lock, wait=False):
        (state / records.SERVER).unlink(missing_ok=True)
    arguments = ["serve", "--state", str(state)] + (["--port", str(port)] if port is not None else [])
    process = daemons.spawn(arguments, state / "server.log")
    return daemons.awaited(lambda: find(state), process, state / "server.log", "local cloud")


def _refuse_without_loopback() -> None:
    """Raises LocalCloudError where this process could not reach any local cloud: one that runs elsewhere is no reason to stop it."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), 5):
            return
    except OSError as problem:
        raise LocalCloudError(
            f"Nothing can connect to 127.0.0.1 here ({problem.strerror}), where the local cloud is: switch the loopback network on "
            "(`ip link set lo up`), or leave the sandbox that has none."
        ) from None


def _make(state: Path) -> None:
    try:
        records.folder(state)
        with records.private(state / records.START_LOCK, "ab"):
            pass
    except OSError as problem:
        raise LocalCloudError(
            f"The local cloud cannot keep its state in {state} ({problem}); make it writable, free space on its disk, or choose another folder."
        ) from None


def _recorded(path: Path) -> Provider | None:
    record = records.read(path) or {}
    try:
        return Provider(int(record["pid"]), str(record["address"]), str(record["reattach"]))
    except (KeyError, TypeError, ValueError):
        return None


def _provider(path: Path, cloud: LocalCloud) -> Provider | None:
    record = _recorded(path)
    if record is None or not daemons.ours(record.pid) or not _reachable(record.address):
        return None
    if (records.read(path) or {}).get("cloud", cloud.base) != cloud.base:
        daemons.end(record.pid)
        return None
    return record


def _reachable(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), 1):
            return True
    except (OSError, ValueError):
        return False


def _control(cloud: LocalCloud, verb: str, path: str, body: object = None) -> dict[str, Any]:
    data = b"" if body is None else json.dumps(body).encode()
    head = f"{verb} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nX-Local-Control: {cloud.control_key}\r\nContent-Length: {len(data)}\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", cloud.port), 60) as stream:
            stream.sendall(head.encode() + data)
            answer = b"".join(iter(lambda: stream.recv(1 << 16), b""))
        lines, _, text = answer.partition(b"\r\n\r\n")
        result: dict[str, Any] = json.loads(text)
    except (OSError, ValueError) as problem:
        _refuse_without_loopback()
        raise LocalCloudError(
            f"The local cloud at {cloud.base} does not answer ({problem}); stop and start it."
        ) from None
    if lines.split()[1:2] != [b"200"]:
        raise LocalCloudError(
            f"The local cloud refused {verb} {path}: {result.get('error', {}).get('message', text.decode())}"
        )
    return result
