"""Runs the commands of Terraform or OpenTofu in one root module and streams their events.

python-terraform builds the argument lists and nothing more: its process handling leaves orphans that hold the lock.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, Protocol

from python_terraform import IsFlagged
from python_terraform import Terraform as ArgumentBuilder

from groundwork.errors import GroundworkError, Interrupted
from groundwork.terraform import process
from groundwork.terraform.events import Diagnostic, Event, document, parse
from groundwork.terraform.process import Finished

LOCK_TIMEOUT = "5s"
ABSENT = "there is no such thing"
_NOTHING = "Cannot import non-existent remote object"
# Mostly waiting: Google's provider sleeps seconds for each account and grant, and changes one policy at a time.
PARALLELISM = 20
_LAST_LINES = 10
_LOCK_LEFT = "Error releasing the state lock"
_STOPPED = "Interrupted: {tool} {command} was stopped. Run the same command again to go on."

Listen = Callable[[Event], None]


class Watch(Protocol):
    """Observes every Terraform command of a layer: its process, and how it ended."""

    def started(self, command: str, pid: int) -> None: ...

    def ended(self, command: str, code: int, *, in_order: bool) -> None:
        """It ended; not `in_order` when it was killed or could not release its lock."""
        ...


class TerraformFailed(GroundworkError):
    """A Terraform command failed; `diagnostics` are the errors that it reported."""

    def __init__(self, finished: Finished, directory: Path, diagnostics: Sequence[Diagnostic] = ()) -> None:
        tool, verb = Path(finished.argv[0]).name, finished.argv[1]
        self.finished = finished
        self.directory = directory
        self.diagnostics = tuple(diagnostics)
        ending = f"was killed (signal {-finished.code})" if finished.code < 0 else f"failed (exit code {finished.code})"
        lines = [line for line in (finished.err or finished.out).splitlines() if line.strip()][-_LAST_LINES:]
        super().__init__(
            f"{tool} {verb} in infra/{directory.name} {ending}.",
            [f"command: {' '.join(finished.argv)}", *(lines if not diagnostics else [])],
        )


class _Arguments(ArgumentBuilder):  # type: ignore[misc]
    """python-terraform without its habit of reading state files and of turning every unknown attribute into a command."""

    def read_state_file(self, *_path: str) -> None:
        self.tfstate = None

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(name)


@dataclass(frozen=True)
class Terraform:
    """A root module, its data folder, and its environment variables.

    `inputs` are "name=value" for -var; `downloads` goes on top of `variables` where providers are fetched. All paths are
    absolute.
    """

    binary: str
    directory: Path
    data: Path
    variables: Mapping[str, str] = field(repr=False)
    inputs: tuple[str, ...] = ()
    downloads: Mapping[str, str] = field(default_factory=dict, repr=False)
    watch: Watch | None = None

    def init(self, backend: Mapping[str, str] | None, listen: Listen) -> None:
        """Initialises the working directory; `backend` None skips the backend (for validate)."""
        if backend is None:
            self._events("init", listen, json=IsFlagged, input=False, backend=False)
        else:
            self._events(
                "init", listen, json=IsFlagged, input=False, reconfigure=IsFlagged, backend_config=dict(backend)
            )

    def plan(self, file: Path, listen: Listen, *, destroy: bool = False, targets: Sequence[str] = ()) -> bool:
        """Plans into `file`, everything or only the addresses in `targets`; returns whether anything would change."""
        done = self._events(
            "plan", listen, json=IsFlagged, input=False, lock_timeout=LOCK_TIMEOUT, detailed_exitcode=IsFlagged,
            var=list(self.inputs), out=str(file), destroy=IsFlagged if destroy else None, parallelism=PARALLELISM,
            target=list(targets) or None,
        )  # fmt: skip
        return done.code == 2

    def apply(self, file: Path, listen: Listen) -> None:
        """Applies exactly a saved plan."""
        self._events(
            "apply", listen, str(file), json=IsFlagged, input=False, lock_timeout=LOCK_TIMEOUT, parallelism=PARALLELISM
        )

    def adopt(self, address: str, identity: str) -> str:
        """Imports an existing resource into the state: "" on success, ABSENT when it does not exist, else the error."""
        done = self._follow(
            "import", lambda _text: None, address, identity,
            input=False, no_color=IsFlagged, lock_timeout=LOCK_TIMEOUT, var=list(self.inputs),
        )  # fmt: skip
        if done.code == 0:
            return ""
        message = " ".join(done.err.split())
        return ABSENT if _NOTHING in message else message.partition("Error: ")[2][:200] or f"exit code {done.code}"

    def forget(self, addresses: Sequence[str]) -> None:
        """Removes resources from the state; they remain in the cloud."""
        self._checked("state rm", *addresses, no_color=IsFlagged, lock_timeout=LOCK_TIMEOUT)

    def push(self, file: Path) -> None:
        """Uploads a state that an interrupted run could not upload."""
        self._checked("state push", str(file), no_color=IsFlagged, lock_timeout=LOCK_TIMEOUT)

    def show(self, file: Path) -> dict[str, Any]:
        """The saved plan as Terraform's JSON (format 1.2). It may contain secrets: do not store it."""
        done = process.run(
            self._argv("show", str(file), json=IsFlagged, no_color=IsFlagged),
            cwd=self.directory, env=self._environment(), seconds=600,
        )  # fmt: skip
        if done.code:
            raise TerraformFailed(done, self.directory)
        return document(done.out)

    def validate(self) -> list[Diagnostic]:
        """The diagnostics of `validate`."""
        done = process.run(
            self._argv("validate", json=IsFlagged, no_color=IsFlagged),
            cwd=self.directory, env=self._environment(), seconds=600,
        )  # fmt: skip
        try:
            found = document(done.out)["diagnostics"]
        except (ValueError, KeyError):
            raise TerraformFailed(done, self.directory) from None
        events = (parse(json.dumps({"type": "diagnostic", "diagnostic": item})) for item in found)
        return [event for event in events if isinstance(event, Diagnostic)]

    def _argv(self, command: str, *arguments: str, **options: Any) -> list[str]:
        return list(_Arguments(terraform_bin_path=self.binary).generate_cmd_string(command, *arguments, **options))

    def _environment(self, command: str = "") -> dict[str, str]:
        return {**self.variables, **(self.downloads if command == "init" else {}), "TF_DATA_DIR": str(self.data)}

    def _follow(self, command: str, line: Callable[[str], None], *arguments: str, **options: Any) -> Finished:
        done = process.follow(
            self._argv(command, *arguments, **options),
            cwd=self.directory,
            env=self._environment(command),
            log=self.data / f"{command.replace(' ', '-')}.ndjson",
            line=line,
            started=lambda pid: self.watch.started(command, pid) if self.watch else None,
        )
        if self.watch:
            in_order = done.code >= 0 and process.signals() < 2 and _LOCK_LEFT not in done.out + done.err
            self.watch.ended(command, done.code, in_order=in_order)
        if process.signals():
            raise Interrupted(_STOPPED.format(tool=Path(self.binary).name, command=command))
        return done

    def _checked(self, command: str, *arguments: str, **options: Any) -> Finished:
        done = self._follow(command, lambda _text: None, *arguments, **options)
        if done.code:
            raise TerraformFailed(done, self.directory)
        return done

    def _events(self, command: str, listen: Listen, *arguments: str, **options: Any) -> Finished:
        errors: list[Diagnostic] = []

        def line(text: str) -> None:
            event = parse(text)
            if isinstance(event, Diagnostic) and event.severity == "error":
                errors.append(event)
            listen(event)

        done = self._follow(command, line, *arguments, **options)
        if done.code not in (0, 2) or (done.code == 2 and command != "plan"):
            raise TerraformFailed(done, self.directory, errors)
        return done
