"""Runs: one at a time may change an environment of a clone, and leaves a record that survives if it is killed."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from groundwork.errors import StateLocked
from groundwork.terraform.liveness import alive, birth
from groundwork.terraform.process import wait_for


@dataclass(frozen=True)
class TerraformRun:
    """A Terraform command that we started: by whom, where and when, and its process.

    `pid` is groundwork's, `child` Terraform's; `born` and `child_born` tell a process from a later one with its number.
    `started` is RFC 3339 in UTC; `in_order` says that it failed but released its lock.
    """

    command: str
    environment: str
    layer: str
    phase: str
    host: str
    user: str
    started: str
    pid: int
    born: str
    child: int = 0
    child_born: str = ""
    in_order: bool = False

    @property
    def at_work(self) -> bool:
        """Whether its Terraform still runs on this machine."""
        return self.child > 0 and self.host == socket.gethostname() and alive(self.child, self.child_born)

    @property
    def text(self) -> str:
        """Who, where and since when, for people."""
        since = datetime.fromisoformat(self.started).astimezone().strftime("%H:%M:%S")
        return f"`groundwork {self.command}` of {self.user}@{self.host} (process {self.pid}), since {since}, in {self.phase or 'preparation'}"


def this_run(command: str, environment: str, layer: str = "", phase: str = "") -> TerraformRun:
    """A record of this process."""
    return TerraformRun(
        command=command,
        environment=environment,
        layer=layer,
        phase=phase,
        host=socket.gethostname(),
        user=_user(),
        started=datetime.now(UTC).isoformat(timespec="microseconds"),
        pid=os.getpid(),
        born=birth(os.getpid()),
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def write(folder: Path, run: TerraformRun) -> None:
    """Records a run in its layer's folder, atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f"run.json.{os.getpid()}"
    fresh.write_text(json.dumps(asdict(run), indent=1) + "\n", "utf-8")
    fresh.replace(folder / "run.json")


def read(folder: Path) -> TerraformRun | None:
    """The active or interrupted run, if there is one."""
    try:
        return TerraformRun(**json.loads((folder / "run.json").read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def ended(folder: Path) -> None:
    """Removes the record: the run has ended cleanly."""
    (folder / "run.json").unlink(missing_ok=True)


@dataclass(frozen=True)
class Recorder:
    """Records one layer's Terraform commands; the record remains when a command is interrupted or an apply fails."""

    folder: Path
    run: TerraformRun

    def started(self, command: str, pid: int) -> None:
        """See terraform.Watch."""
        fresh = this_run(self.run.command, self.run.environment, self.run.layer, command)
        write(self.folder, replace(fresh, started=self.run.started, child=pid, child_born=birth(pid)))

    def ended(self, command: str, code: int, *, in_order: bool) -> None:
        """See terraform.Watch."""
        record = read(self.folder)
        if in_order and (code == 0 or command != "apply"):
            ended(self.folder)
        elif record:
            write(self.folder, replace(record, child=0, in_order=in_order))


@contextmanager
def alone(folder: Path, run: TerraformRun, *, patient: bool = False) -> Iterator[None]:
    """Ensures that this is the only run on an environment in this clone; a `patient` one waits. `folder` is the environment's.

    The kernel releases the claim when this process dies, however it dies. Raises StateLocked, naming its holder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "claim.json").open("a+", encoding="utf-8") as claim:
        try:
            fcntl.flock(claim, fcntl.LOCK_EX if patient else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateLocked(_busy(folder, claim.name)) from None
        claim.truncate(0)
        claim.write(json.dumps(asdict(run)))
        claim.flush()
        yield


def _busy(folder: Path, claim: str) -> str:
    with suppress(ValueError, TypeError, OSError):
        holder = TerraformRun(**json.loads(Path(claim).read_text("utf-8")))
        found = [read(file.parent) for file in sorted(folder.glob("*/run.json"))]
        records = [record for record in found if record and record.pid == holder.pid]
        layers = " and ".join(f"{record.phase} of {record.layer}" for record in records)
        who = replace(holder, phase=layers).text
        return f"The state of {folder.name} is locked by {who}: wait for it to end, or stop it with ^C where it runs."
    return f"Another groundwork command is at work on {folder.name} in this clone: wait for it to end."


def wait_for_orphan(run: TerraformRun) -> None:
    """Waits for a Terraform process whose groundwork was killed; it ends by itself and writes its state."""
    wait_for(run.child, run.child_born)
