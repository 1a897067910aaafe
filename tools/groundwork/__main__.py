"""Starts the command `groundwork`, and `python -m groundwork`: what it loads takes longer than a quick ^C."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

_INTERRUPTED = 130


def main() -> NoReturn:
    """Runs the command line; an interrupt while it is loaded ends like any other."""
    # The cache and Python's bytecode hold programs that are run: nobody else may write there.
    os.umask(os.umask(0o077) | 0o022)
    try:
        from groundwork.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
