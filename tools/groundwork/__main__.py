"""Starts the command `groundwork`, and `python -m groundwork`: what it loads takes longer than a quick ^C, and so does Python's end."""

from __future__ import annotations

import atexit
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
    finally:
        import signal  # takes long enough to be interrupted itself, unless the commands have loaded it

        # The outcome stands. While threads are waited for, ^C still ends that; after them, Python would die of it.
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    main()
