"""The local cloud under load, beside two other stand-ins for Cloud Storage."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from pathlib import Path
from statistics import median

from localcloud.server import launcher

from . import load, processes
from .rows import Row

PROJECT = "bench-project"
BUCKET = "bench-bucket"
BODY = b"x" * 1024
CLIENTS = 8
TURNS = 5


@dataclass(frozen=True)
class Target:
    """A storage server under load."""

    name: str
    base: str
    token: str = ""


def call(target: Target, verb: str, path: str, body: object = None) -> dict[str, object]:
    """One request that is not measured; its JSON response."""
    headers = {"Content-Type": "application/json"}
    if target.token:
        headers["Authorization"] = f"Bearer {target.token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(target.base + path, data=data, method=verb, headers=headers)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"{}")


def uploads(count: int, prefix: str) -> Iterator[load.Request]:
    for number in range(count):
        path = f"/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={prefix}-{number}"
        yield load.Request("POST", path, BODY, "application/octet-stream")


def downloads(count: int, prefix: str, known: int) -> Iterator[load.Request]:
    for number in range(count):
        yield load.Request("GET", f"/storage/v1/b/{BUCKET}/o/{prefix}-{number % known}?alt=media")


def local_cloud(folder: Path) -> Target:
    """A fresh local cloud with a project, its APIs on, a bucket and a secret."""
    running = launcher.start(folder / "state")
    target = Target("local cloud", running.base, launcher.token(running.state, "user:owner@example.com"))
    call(target, "POST", "/cloudresourcemanager/v3/projects", {"projectId": PROJECT})
    for api in ("secretmanager", "iam", "cloudresourcemanager"):
        call(target, "POST", f"/serviceusage/v1/projects/{PROJECT}/services/{api}.googleapis.com:enable", {})
    call(target, "POST", f"/storage/v1/b?project={PROJECT}", {"name": BUCKET})
    secret = {"replication": {"automatic": {}}}
    call(target, "POST", f"/secretmanager/v1/projects/{PROJECT}/secrets?secretId=bench", secret)
    return target


def _emulator(folder: Path, stack: ExitStack) -> Target:
    port = processes.free_port()
    argv = [*processes.emulator(), "start", "--host", "127.0.0.1", "--port", str(port), "-q"]
    stack.enter_context(processes.server([*argv, "--default-bucket", BUCKET], port, folder))
    return Target("gcp-storage-emulator", f"http://127.0.0.1:{port}")


def _fake_gcs(folder: Path, stack: ExitStack) -> Target:
    port = processes.free_port()
    files = folder / "files"
    argv = [*processes.fake_gcs_server(), "-scheme", "http", "-host", "127.0.0.1", "-port", str(port)]
    argv += ["-filesystem-root", str(files), "-log-level", "error"]
    stack.enter_context(processes.server(argv, port, folder))
    target = Target("fake-gcs-server", f"http://127.0.0.1:{port}")
    call(target, "POST", f"/storage/v1/b?project={PROJECT}", {"name": BUCKET})
    return target


def object_rates(target: Target, prefix: str, count: int) -> tuple[float, float]:
    """Uploads/s of `count` 1 KiB objects by eight clients, and reads/s of twice as many."""
    send = partial(load.run, target.base, token=target.token, clients=CLIENTS)
    return send(uploads(count, prefix)).rate, send(downloads(count * 2, prefix, count)).rate


def versus(peer: str, start: Callable[[Path, ExitStack], Target], ours: Target, count: int, folder: Path) -> list[Row]:
    """Our object rates divided by another emulator's under the same load, medians of turns; or rows that explain why there are none."""
    goals = {"gcp-storage-emulator": (1.5, 1.5), "fake-gcs-server": (2.0, 1.0)}[peer]
    names = (f"durable 1 KiB uploads/s ÷ {peer}", f"1 KiB reads/s ÷ {peer}")
    folder.mkdir()
    rates: dict[str, list[tuple[float, float]]] = {}
    try:
        with ExitStack() as stack:
            targets = (ours, start(folder, stack))
            for turn in range(TURNS):
                for target in targets:
                    rates.setdefault(target.name, []).append(object_rates(target, f"{peer}-{turn}", count))
    except (RuntimeError, AssertionError, OSError, subprocess.CalledProcessError, urllib.error.URLError) as problem:
        return [Row(name, None, at_least=goal, note=str(problem)) for name, goal in zip(names, goals, strict=True)]
    our_medians, their_medians = ([median(rate) for rate in zip(*turns, strict=True)] for turns in rates.values())
    note = "{:,.0f} against {:,.0f} a second"
    figures = zip(names, goals, our_medians, their_medians, strict=True)
    return [Row(name, a / b, at_least=goal, note=note.format(a, b)) for name, goal, a, b in figures]


def secret_and_iam_rows(target: Target) -> list[Row]:
    """Durable secret versions, secret reads, policy writes and policy reads a second."""
    secret = f"/secretmanager/v1/projects/{PROJECT}/secrets/bench"
    version = json.dumps({"payload": {"data": base64.b64encode(b"value").decode()}}).encode()
    added = load.Request("POST", f"{secret}:addVersion", version)
    read = load.Request("GET", f"{secret}/versions/latest:access")
    bodies: dict[str, list[load.Request]] = {
        "secret versions added/s": [added] * 1500,
        "secret reads/s": [read] * 4000,
        "IAM policy writes/s": [policy_write(secret, number) for number in range(1500)],
        "IAM policy reads/s": [load.Request("GET", f"{secret}:getIamPolicy")] * 4000,
    }
    send = partial(load.run, target.base, token=target.token, clients=CLIENTS)
    return [Row(name, send(iter(requests)).rate) for name, requests in bodies.items()]


def policy_write(secret: str, number: int) -> load.Request:
    """A policy that differs from the previous one, so that each call is a write."""
    binding = {"role": "roles/secretmanager.viewer", "members": [f"user:reader{number}@example.com"]}
    return load.Request("POST", f"{secret}:setIamPolicy", json.dumps({"policy": {"bindings": [binding]}}).encode())


def kept_row(target: Target, folder: Path) -> Row:
    """The fraction of uploads answered before a kill -9 that exist afterwards; each is counted once."""
    running = launcher.find(folder / "state")
    if running is None:
        return Row("answered uploads kept through kill -9", None, note="the local cloud was not running")
    source = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
        "from tests.bench import cloud; cloud.upload_until_dead(*sys.argv[1:])"
    )
    argv = [sys.executable, "-c", source, target.base, target.token]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        acknowledged = [client.stdout.readline() for _ in range(400)]
        os.kill(running.pid, signal.SIGKILL)
        acknowledged += client.stdout.readlines()
    restarted = Target(target.name, launcher.start(folder / "state").base, target.token)
    found = list_names(restarted, "kept-")
    names = {line.strip() for line in acknowledged if line.strip()}
    missing = names - set(found)
    twice = len(found) - len(set(found))
    note = f"{len(names):,} answered, {len(missing)} missing, {twice} counted twice"
    return Row(
        "answered uploads kept through kill -9", (len(names) - len(missing) - twice) / len(names), at_least=1, note=note
    )


def upload_until_dead(base: str, token: str) -> None:
    """Upload from eight threads, printing each name once it is answered, until the server ends."""
    target = Target("local cloud", base, token)

    def work(client: int) -> None:
        for number in range(100_000):
            name = f"kept-{client}-{number}"
            path = f"/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={name}"
            try:
                call(target, "POST", path, {"body": name})
            except (OSError, HTTPException):
                return
            sys.stdout.write(name + "\n")
            sys.stdout.flush()

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(work, range(CLIENTS)))


def list_names(target: Target, prefix: str) -> list[str]:
    names: list[str] = []
    token = ""
    while True:
        page = call(target, "GET", f"/storage/v1/b/{BUCKET}/o?prefix={prefix}&pageToken={token}")
        names += [item["name"] for item in page.get("items", [])]  # type: ignore[attr-defined, index]
        token = str(page.get("nextPageToken", ""))
        if not token:
            return names


def memory_row(target: Target, folder: Path) -> Row:
    """Resident memory of the local cloud once it holds 10,000 secrets."""
    body = json.dumps({"replication": {"automatic": {}}}).encode()
    path = f"/secretmanager/v1/projects/{PROJECT}/secrets?secretId=memory-"
    requests = (load.Request("POST", f"{path}{number}", body) for number in range(10_000))
    rate = load.run(target.base, requests, token=target.token, clients=CLIENTS).rate
    running = launcher.find(folder / "state")
    if running is None:
        return Row("MiB resident with 10,000 resources", None, note="the local cloud was not running")
    return Row("MiB resident with 10,000 resources", processes.resident_mib(running.pid), note=f"made at {rate:,.0f}/s")


def rows(folder: Path) -> list[Row]:
    """All measurements of the local cloud, in one run."""
    home = folder / "cloud"
    home.mkdir()
    target = local_cloud(home)
    try:
        measured = versus("gcp-storage-emulator", _emulator, target, 400, folder / "emulator")
        measured += versus("fake-gcs-server", _fake_gcs, target, 2000, folder / "fake-gcs")
        measured += secret_and_iam_rows(target)
        measured.append(memory_row(target, home))
        measured.append(kept_row(target, home))
    finally:
        launcher.stop(home / "state")
    return measured
