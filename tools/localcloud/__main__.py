"""python -m localcloud serve | provider | token | coverage: runs the local cloud or its Terraform provider as a process."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one of the commands in the foreground; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m localcloud", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="serve the simulated cloud until interrupted")
    serving.add_argument("--state", type=Path, required=True, help="folder for its state")
    serving.add_argument("--port", type=int, help="port on 127.0.0.1 (default: the last one used, or any free one)")
    providing = commands.add_parser(
        "provider",
        help="serve the Terraform provider; standard input holds the address of the cloud and the token to send, a line each",
    )
    providing.add_argument("--state", type=Path, required=True, help="state folder of the cloud")
    minting = commands.add_parser("token", help="print a principal's token for the local cloud of a state folder")
    minting.add_argument("--state", type=Path, required=True, help="state folder of the cloud")
    minting.add_argument(
        "who", nargs="?", default="", help="user:alice@example.com, serviceAccount:... (default: the owner)"
    )
    minting.add_argument(
        "--claims",
        type=json.loads,
        help="JSON claims: print an external identity provider's token for them (simulated), to exchange at sts",
    )
    covering = commands.add_parser("coverage", help="show how much of each API is simulated")
    covering.add_argument("--write", action="store_true", help="put the table into the package's README.md")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    return {"serve": _serve, "provider": _provide, "token": _mint, "coverage": _cover}[chosen.command](chosen)


def _serve(chosen: argparse.Namespace) -> int:
    from localcloud.server import certificates, process

    state = chosen.state.absolute()

    def ready(base: str) -> None:
        certificates.bundle(state)
        print(f"The local cloud (simulated) serves {base}", flush=True)

    os.umask(0o077)
    try:
        # Beside the start: the first time in a folder, the key of its authority takes a while.
        process.run(state, chosen.port, lambda base: threading.Thread(target=ready, args=(base,)).start())
    except process.CannotServe as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def _provide(chosen: argparse.Namespace) -> int:
    from localcloud.provider.protocol import daemon, servicer

    os.umask(0o077)
    servicer.provider_schema()  # its first use costs more than the rest of the start, and the cloud is still starting
    base, _, token = sys.stdin.read().strip().partition("\n")
    return daemon.run(chosen.state.absolute(), base, token) if token else 1


def _mint(chosen: argparse.Namespace) -> int:
    from localcloud.server import launcher

    try:
        if chosen.claims is not None:
            print(launcher.assertion(chosen.state, chosen.claims))
        else:
            print(launcher.token(chosen.state, chosen.who or launcher.OWNER))
    except launcher.LocalCloudError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def _cover(chosen: argparse.Namespace) -> int:
    from localcloud import services
    from localcloud.server import coverage

    if not chosen.write:
        print(coverage.table(services.SERVICES), end="")
        return 0
    readme = Path(__file__).parent / "README.md"
    readme.write_text(coverage.refreshed(readme.read_text("utf-8"), services.SERVICES), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
