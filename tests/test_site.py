"""What draws the site's diagrams is the file that this project knows, or none; and the theme finds it on the page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.terraform_runs import ROOT

FETCH = ROOT / "tools" / "site" / "mermaid.py"


def fetched(target: Path, programs: Path) -> subprocess.CompletedProcess[str]:
    """The script where only these programs are on the machine."""
    command = [sys.executable, str(FETCH), str(target)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={"PATH": f"{programs}:/usr/bin:/bin"}
    )


def npm(folder: Path, script: str) -> Path:
    """A stand-in for npm, whose last argument is where the package goes."""
    program = folder / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nfor place; do :; done\ncd "$place"\n{script}\n', "utf-8")
    program.chmod(0o755)
    return program.parent


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (
            "mkdir -p package/dist && echo other > package/dist/mermaid.min.js && tar -czf mermaid.tgz package",
            "is not the file that this project knows: nothing was written.",
        ),
        ("mkdir package && tar -czf mermaid.tgz package", "is not the file that this project knows"),
        ("echo no network >&2; exit 1", "npm could not fetch mermaid@"),
    ],
)
def test_any_other_file_is_refused(script: str, sentence: str, tmp_path: Path) -> None:
    result = fetched(tmp_path / "mermaid.min.js", npm(tmp_path, script))
    assert result.returncode == 1
    assert sentence in result.stderr
    assert not (tmp_path / "mermaid.min.js").exists()


def test_the_site_has_it_on_every_page() -> None:
    assert "extra_javascript: [mermaid.min.js]" in (ROOT / "tools" / "site" / "mkdocs.yml").read_text("utf-8")
