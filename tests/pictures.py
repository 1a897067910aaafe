"""`make pictures`: takes the README's pictures of an example that is created on a local cloud of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests import browser
from tests.terraform_runs import ROOT
from tests.window import Window, window

TEAM, PAYING_TEAM = "pokemon-cards", "starfish"
DOCS = ROOT / "docs"


def take(folder: Path) -> list[Path]:
    """Takes all pictures; `folder` is for what that needs."""
    clone = folder / "clone"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, tracked.split("\0")):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, clone / name)
    try:
        groundwork(clone, "up", "--env", TEAM, "--yes")
        groundwork(clone, "diagram", "--env", TEAM, "--svg", str(DOCS / "map.svg"))
        address = groundwork(clone, "open", "--env", TEAM, "--no-browser").strip()
        groundwork(clone, "cost", "report", "--env", PAYING_TEAM, "--demo", "--chart", str(folder / "costs.html"))
        with window(folder / "profile") as page:
            console(page, address)
            costs(page, (folder / "costs.html").as_uri())
    finally:
        groundwork(clone, "local", "stop")
    return [DOCS / name for name in ("map.svg", "console.png", "costs.png")]


def console(page: Window, address: str) -> None:
    """The project's page, without the time of day."""
    page.open(address, 1080, 500)
    page.run("document.querySelector('.clock').remove()")
    page.picture(DOCS / "console.png")


def costs(page: Window, address: str) -> None:
    """The sums and the days by member, without what is between them."""
    page.open(address, 1000, 625)
    page.run("for (const first of ['p.key', 'h2', '.scroll']) document.querySelector(first).remove()")
    page.picture(DOCS / "costs.png")


def groundwork(clone: Path, *arguments: str) -> str:
    """What a command prints; the pictures end with one that fails."""
    command = [sys.executable, "-m", "groundwork", *arguments]
    result = subprocess.run(command, cwd=clone, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if result.returncode:
        sys.exit(f"groundwork {' '.join(arguments)} ended with {result.returncode}: {result.stderr[-500:]}")
    return result.stdout


if __name__ == "__main__":
    if not any(map(shutil.which, browser.NAMES)):
        sys.exit(f"No picture is taken: none of {', '.join(browser.NAMES)} is on this machine.")
    with tempfile.TemporaryDirectory(prefix="groundwork-pictures-") as place:
        for picture in take(Path(place)):
            print(picture.relative_to(ROOT))
