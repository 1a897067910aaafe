"""Fetches what draws the site's diagrams from npm, by its digest, so that no reader's browser has to ask a third party for it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "mermaid@11.16.0"
MEMBER = "package/dist/mermaid.min.js"
SHA256 = "74d7c46dabca328c2294733910a8aa1ed0c37451776e8d5295da38a2b758fb9b"


def main(target: Path) -> str:
    """Writes the file, unless it is there already; a sentence where it cannot."""
    if target.exists() and _digest(target.read_bytes()) == SHA256:
        return ""
    npm = shutil.which("npm")
    if npm is None:
        return "The site's diagrams are drawn by Mermaid, which comes from npm, and npm is not on this machine: install Node.js, and run this again."
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [npm, "pack", "--silent", PACKAGE, "--pack-destination", folder],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        found = next(Path(folder).glob("*.tgz"), None)
        if done.returncode or found is None:
            return f"npm could not fetch {PACKAGE}: {done.stderr.strip()[-300:] or 'it said nothing'}"
        with tarfile.open(found) as archive:
            member = archive.extractfile(MEMBER) if MEMBER in archive.getnames() else None
            content = member.read() if member else b""
    if _digest(content) != SHA256:
        return f"{MEMBER} of {PACKAGE} is not the file that this project knows: nothing was written."
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return ""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])) or None)
