"""The options of docker's commands that the docker builder supports."""

from __future__ import annotations

import argparse
from typing import NoReturn

COMMANDS = "build, tag, push, pull, login and run"


class UnsupportedCommand(Exception):
    """A sentence: a command or option that is not supported here."""


class Arguments(argparse.ArgumentParser):
    """A parser for one command's options; raises UnsupportedCommand for others."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, add_help=False, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raises UnsupportedCommand with the option's name."""
        raise UnsupportedCommand(f"{self.prog}: {message}. The local cloud supports the common options of {COMMANDS}.")


def _options(prog: str, many: str, one: str, flags: str) -> Arguments:
    """A parser for options that may be given many times, once, or as flags without a value; "t/tag" has a short form."""
    parser = Arguments(prog)
    for names, how in ((many, {"action": "append", "default": []}), (one, {}), (flags, {"action": "store_true"})):
        for name in names.split():
            short, _, long = name.rpartition("/")
            parser.add_argument(*([f"-{short}"] if short else []), f"--{long}", **how)
    return parser


def _build_arguments() -> Arguments:
    parser = _options(
        "docker build",
        "t/tag build-arg label secret cache-from cache-to",
        "f/file target platform network progress shm-size m/memory provenance sbom",
        "no-cache pull q/quiet rm force-rm compress push load",
    )
    parser.add_argument("path")
    return parser


def _run_arguments() -> Arguments:
    parser = _options(
        "docker run", "e/env v/volume p/publish", "w/workdir entrypoint u/user name network", "rm i/interactive t/tty"
    )
    parser.add_argument("image")
    parser.add_argument("args", nargs=argparse.REMAINDER)
    return parser


def _named(prog: str, flags: str) -> Arguments:
    parser = _options(prog, "", "", flags)
    parser.add_argument("name")
    return parser


BUILD = _build_arguments()
RUN = _run_arguments()
PUSH = _named("docker push", "a/all-tags q/quiet")
PULL = _named("docker pull", "q/quiet")
