"""Opens an address in a browser, or prints it where there is none."""

from __future__ import annotations

import os
import sys

from groundwork.cli.printing import echo

# Without any of these a text browser would take over the terminal, or xdg-open would fill it with complaints.
_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


def show(address: str, *, wanted: bool = True) -> None:
    """Opens an address in a browser if that is wanted and possible, else prints it."""
    import webbrowser

    possible = sys.platform == "darwin" or any(map(os.environ.get, _SCREENS))
    if wanted and possible and webbrowser.open(address):
        echo(f"opened in your browser: {address}", err=True)
        return
    echo(address)
    if wanted:
        echo("No browser can be opened from here: open this address in one.", err=True)
