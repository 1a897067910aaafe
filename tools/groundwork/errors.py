"""Expected errors: sentences that say what happened, to what, and what to do next, each with a documented exit code."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of the process, documented in the README."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CHANGES = 3
    LOCKED = 4
    PERMISSION = 5
    POLICY = 6
    LEFT_OVER = 7
    UNKNOWN = 8
    REFUSED = 9
    INTERRUPTED = 130


MEANINGS = {
    Exit.OK: "done, or nothing to do",
    Exit.FAILED: "it failed",
    Exit.USAGE: "wrong command line or environment file",
    Exit.CHANGES: "changes are pending (only `plan --detailed-exitcode`)",
    Exit.LOCKED: "another run holds the state lock",
    Exit.PERMISSION: "not logged in, or a permission is missing",
    Exit.POLICY: "a policy check failed",
    Exit.LEFT_OVER: "something is left in the project",
    Exit.UNKNOWN: "a check could not be done, so nothing is claimed",
    Exit.REFUSED: "refused by a safeguard, or not confirmed",
    Exit.INTERRUPTED: "interrupted with ^C",
}


class GroundworkError(Exception):
    """The base class of every expected error.

    `message` is the sentence; `details` are lines shown below it (the last lines of a failed command, a list of resources).
    """

    exit_code: Exit = Exit.FAILED

    def __init__(self, message: str, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.details = tuple(details)


class UsageProblem(GroundworkError):
    """The command line, the environment file or the shell's variables are wrong; nothing was started."""

    exit_code = Exit.USAGE


class StateLocked(GroundworkError):
    """Another run holds a state lock."""

    exit_code = Exit.LOCKED


class PermissionProblem(GroundworkError):
    """No credentials, or insufficient permissions."""

    exit_code = Exit.PERMISSION


class PolicyFailed(GroundworkError):
    """A policy was violated, or could not be evaluated."""

    exit_code = Exit.POLICY


class LeftOver(GroundworkError):
    """Something is left that should be gone."""

    exit_code = Exit.LEFT_OVER


class CouldNotTell(GroundworkError):
    """A check could not be done, so nothing is claimed about its subject."""

    exit_code = Exit.UNKNOWN


class Refused(GroundworkError):
    """A safeguard prevents it, or it was not confirmed."""

    exit_code = Exit.REFUSED


class Interrupted(GroundworkError):
    """^C or SIGTERM, after everything that was running has shut down cleanly."""

    exit_code = Exit.INTERRUPTED
