"""A value set in each way is searched for afterwards: in every file of the clone and the cache, in all output, and in process lists."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from groundwork.environment.checkout import Checkout
from groundwork.google import local
from localcloud.server import launcher

from tests.terminal import at_terminal

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[3]
KEY = "wandb-api-key"
VALUES = {
    way: f"canary {way} / {number * 7919:08d}+ä"
    for number, way in enumerate(
        ("piped", "typed", "rotated", "rotated-typed", "imported", "refused", "failed", "logged", "argument"), start=1
    )
}


@dataclass
class Watched:
    """A running platform, all output of its commands, and the command lines of all processes during them."""

    root: Path
    home: Path
    said: list[str] = field(default_factory=list)
    seen: set[bytes] = field(default_factory=set)
    read: dict[str, bytes] = field(default_factory=dict)
    looked: threading.Event = field(default_factory=threading.Event)

    def variables(self, more: dict[str, str]) -> dict[str, str]:
        """A shell with a home of its own."""
        folders = {"HOME": str(self.home), "XDG_CACHE_HOME": str(self.home / "cache"), "TMPDIR": str(self.home / "tmp")}
        return {**os.environ, **folders, **more}

    def __call__(self, *arguments: str, given: str = "", **variables: str) -> int:
        """A command with piped input; its output is recorded."""
        result = subprocess.run(
            [sys.executable, "-m", "groundwork", *arguments],
            cwd=self.root, env=self.variables(variables), input=given.encode(), capture_output=True, check=False,
        )  # fmt: skip
        self.said.append((result.stdout + result.stderr).decode())
        return result.returncode

    def typed(self, *arguments: str, value: str) -> None:
        """A command at a terminal, where the value is typed once the prompt is there."""
        code, output = at_terminal(arguments, self.root, [("(not shown): ", value)], self.variables({}))
        assert code == 0, output
        self.said.append(output)

    def get(self, way: str) -> None:
        """The value as the pipe gives it."""
        result = subprocess.run(
            [sys.executable, "-m", "groundwork", "secrets", "get", KEY],
            cwd=self.root, env=self.variables({}), capture_output=True, check=True,
        )  # fmt: skip
        self.read[way] = result.stdout
        self.said.append(result.stderr.decode())


@contextmanager
def watching(found: Watched) -> Iterator[None]:
    """Record the command line of every process repeatedly."""
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.01):
            found.seen.update(_command_lines())
            found.looked.set()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _command_lines() -> Iterator[bytes]:
    if not Path("/proc/self/cmdline").exists():
        yield from subprocess.run(["ps", "-axo", "args"], capture_output=True, check=True).stdout.splitlines()
        return
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                yield (process / "cmdline").read_bytes()
            except OSError:  # it has ended meanwhile
                continue


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Every way to set a value was used, with Terraform runs before and after."""
    root, home = tmp_path_factory.mktemp("canary"), tmp_path_factory.mktemp("home")
    (home / "tmp").mkdir()
    for part in ("infra", "modules", "envs"):
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns(".terraform*"))
    found = Watched(root, home)
    try:
        with watching(found):
            _go_every_way(found)
        yield found
    finally:
        local.stop(Checkout(root))


def _go_every_way(found: Watched) -> None:
    assert found("up") == 0, found.said[-1]
    assert found("secrets", "set", KEY, given=VALUES["piped"]) == 0
    found.get("piped")
    found.typed("secrets", "set", KEY, value=VALUES["typed"])
    found.get("typed")
    assert found("secrets", "rotate", KEY, given=VALUES["rotated"]) == 0
    found.get("rotated")
    found.typed("secrets", "rotate", KEY, "--yes", value=VALUES["rotated-typed"])
    found.get("rotated-typed")
    assert found("secrets", "set", KEY, given=VALUES["logged"], GOOGLE_SDK_PYTHON_LOGGING_SCOPE="google") == 0
    found.get("logged")
    _import(found)
    _fail(found)
    _hand_over(found)
    _terraform_again(found)


def _hand_over(found: Watched) -> None:
    """A command with the value as its variable, which stays until its command line was seen."""
    child = subprocess.Popen(
        [sys.executable, "-m", "groundwork", "secrets", "run", "--", "sh", "-c", 'test "$WANDB_API_KEY" = "$(cat)"'],
        cwd=found.root, env=found.variables({}), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    while (
        not any(line.startswith(b"sh\0-c") and b"WANDB" in line for line in tuple(found.seen)) and child.poll() is None
    ):
        found.looked.clear()
        found.looked.wait(1)
    output, _ = child.communicate(VALUES["imported"].encode(), timeout=60)
    found.said.append(output.decode())
    assert child.returncode == 0, output


def _import(found: Watched) -> None:
    file = found.home.parent / "outside.env"
    file.write_text(f"export WANDB_API_KEY='{VALUES['imported']}'\n")
    assert found("secrets", "import", str(file)) == 0
    found.get("imported")


def _fail(found: Watched) -> None:
    """Values that are passed in and must not be stored."""
    assert found("secrets", "set", KEY, "--as", "alice@example.com", given=VALUES["refused"]) == 5
    running = launcher.start(Checkout(found.root).local_state)
    fault = {"method": "secretmanager.projects.secrets.addVersion", "kind": "error", "code": 500}
    launcher.control(running, "POST", "/_local/faults", [fault])
    assert found("secrets", "set", KEY, given=VALUES["failed"]) == 1
    launcher.control(running, "DELETE", "/_local/faults")


def _terraform_again(found: Watched) -> None:
    file = found.root / "envs" / "local.yaml"
    file.write_text(file.read_text().replace("team: cats-dogs", "team: canaries"))
    for arguments in (["plan"], ["up"], ["status"], ["output"], ["secrets", "list"], ["secrets", "list", "--json"]):
        assert found(*arguments) == 0, found.said[-1]
    assert found("secrets", "destroy", KEY, "old", "--yes") == 0


def forms(value: str) -> set[bytes]:
    """A value as it may be written down: plain, in base64 at each alignment, hexadecimal, quoted for addresses and JSON."""
    raw = value.encode()
    shifted = {base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4] for shift in range(3)}
    urlsafe = {base64.urlsafe_b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4] for shift in range(3)}
    escaped = value.encode("unicode_escape").replace(b"\\xe4", b"\\u00e4")
    return {raw, *shifted, *urlsafe, raw.hex().encode(), quote(value).encode(), escaped}


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder, and what is packed in it (saved plans are zip files)."""
    for file in folder.rglob("*"):
        if file.is_file() and not file.is_symlink():
            yield str(file), file.read_bytes()
            if zipfile.is_zipfile(file):
                with zipfile.ZipFile(file) as packed:
                    yield from ((f"{file}:{name}", packed.read(name)) for name in packed.namelist())


def test_the_values_were_there_to_be_found(watched: Watched) -> None:
    assert {way: value.decode() for way, value in watched.read.items()} == {
        way: VALUES[way] for way in ("piped", "typed", "rotated", "rotated-typed", "logged", "imported")
    }


def test_no_file_of_the_clone_contains_a_value(watched: Watched) -> None:
    files = dict(contents(watched.root))
    # What must be among them for the look to mean anything: plans unpacked, events, logs, the local cloud's database.
    names = " ".join(files)
    for part in (".tfplan:tfplan", ".ndjson", "server.log", "provider-", "cloud.db", "secrets.key"):
        assert part in names, part
    assert _holding(files) == []


def test_no_file_of_the_home_and_the_cache_contains_a_value(watched: Watched) -> None:
    assert _holding(dict(contents(watched.home))) == []


def test_no_state_of_terraform_contains_a_value(watched: Watched) -> None:
    from groundwork.environment.values import load
    from groundwork.google.cloud import connect

    environment = load("local", watched.root)
    cloud = connect(environment, checkout=Checkout(watched.root))
    items = list(cloud.pages("storage", f"v1/b/{environment.state_bucket}/o", "items", {"versions": "true"}))
    assert len(items) >= 4
    states = {
        f"{item['name']}#{item['generation']}": cloud.read(
            "storage",
            f"v1/b/{environment.state_bucket}/o/{quote(item['name'], safe='')}",
            params={"alt": "media", "generation": item["generation"]},
        )
        for item in items
    }
    assert any(b"google_secret_manager_secret" in state for state in states.values())
    assert _holding(states) == []


def test_no_command_printed_a_value(watched: Watched) -> None:
    assert _holding({f"what command {number} said": text.encode() for number, text in enumerate(watched.said)}) == []


def test_no_process_had_a_value_among_its_arguments(watched: Watched) -> None:
    lines = {line.decode(errors="replace"): line for line in watched.seen}
    assert any("secrets\0set\0wandb-api-key" in line for line in lines)
    assert any("WANDB_API_KEY" in line and line.startswith("sh\0-c") for line in lines)
    assert _holding(lines) == []


def test_a_value_among_the_arguments_is_refused_and_not_repeated(watched: Watched) -> None:
    for arguments in (
        (KEY, VALUES["argument"]),
        (f"{KEY}={VALUES['argument']}",),
        (KEY, "--value", VALUES["argument"]),
    ):
        assert watched("secrets", "set", *arguments) == 2
    assert _holding({text: text.encode() for text in watched.said}) == []
    assert _holding(dict(contents(watched.root))) == []


def _holding(texts: dict[str, bytes]) -> list[tuple[str, str]]:
    """Which text contains which value, by their names only."""
    return [
        (name, way)
        for name, data in texts.items()
        for way, value in VALUES.items()
        if any(form in data for form in forms(value))
    ]


@pytest.mark.parametrize("shift", [0, 1, 2])
def test_the_search_would_find_a_value_inside_base64(shift: int) -> None:
    packed = base64.b64encode(b"x" * shift + VALUES["piped"].encode() + b"after")
    assert _holding({"a file": b"before " + packed}) == [("a file", "piped")]
