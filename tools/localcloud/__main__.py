"""python -m localcloud serve | provider: the local cloud and its Terraform provider as processes of their own."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one of the two daemons in the foreground; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m localcloud", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="serve the simulated cloud until interrupted")
    serving.add_argument("--state", type=Path, required=True, help="folder that keeps its state")
    serving.add_argument("--port", type=int, help="port on 127.0.0.1 (default: that of last time, else any)")
    providing = commands.add_parser("provider", help="serve the Terraform provider")
    providing.add_argument("--state", type=Path, required=True, help="state folder of the cloud")
    providing.add_argument("--cloud", required=True, help="address of the cloud")
    providing.add_argument("--token", required=True, help="whose token it sends")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    return _serve(chosen) if chosen.command == "serve" else _provide(chosen)


def _serve(chosen: argparse.Namespace) -> int:
    from localcloud import server

    try:
        server.run(chosen.state.absolute(), chosen.port)
    except server.CannotServe as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def _provide(chosen: argparse.Namespace) -> int:
    from localcloud.provider.daemon import run

    return run(chosen.state.absolute(), chosen.cloud, chosen.token)


if __name__ == "__main__":
    sys.exit(main())
