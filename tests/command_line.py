"""The command line in this process and without a terminal: starting an interpreter would take longer than most commands."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from groundwork import cli


@dataclass(frozen=True)
class Ended:
    """A command that has ended in this process."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.out.decode()

    @property
    def process(self) -> CompletedProcess[str]:
        """The same as a process would have left it."""
        return CompletedProcess(("groundwork",), self.code, self.text, self.err)


def command(arguments: Sequence[str], cwd: Path, variables: Mapping[str, str], given: bytes = b"") -> Ended:
    """`groundwork ARGUMENTS` in a folder, with additional environment variables and with `given` as standard input."""
    out, err = io.BytesIO(), io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(cwd)
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), "utf-8"))
        patch.setattr(sys, "stdout", io.TextIOWrapper(out, "utf-8", write_through=True))
        patch.setattr(sys, "stderr", io.TextIOWrapper(err, "utf-8", write_through=True))
        code = cli.run(list(arguments))
        return Ended(code, out.getvalue(), err.getvalue().decode())
