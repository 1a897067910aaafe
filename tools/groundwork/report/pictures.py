"""The report's parts as image files: the map as SVG, and each part as PNG if a browser is available to render it."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from shutil import which

from groundwork.display import harmless
from groundwork.report import pages
from groundwork.report.handin import EnvironmentReport
from groundwork.report.svg import svg
from groundwork.terraform.process import run

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_WIDE = 1100
_TALLEST = 8000
_SECONDS = 60
_MEASURE = "<script>document.title = 'high ' + Math.ceil(document.querySelector('main').getBoundingClientRect().bottom + 16)</script>"
# Only the part itself, in the light theme, to be pasted into a document.
_ALONE = "<style>:root { color-scheme: light !important; } header, .skip { display: none !important; } .scroll { overflow: visible !important; }</style>"


def browser(variables: Mapping[str, str] = os.environ) -> str | None:
    """The browser that renders, None where none is on PATH."""
    return next(filter(None, (which(name, path=variables.get("PATH")) for name in BROWSERS)), None)


def write(report: EnvironmentReport, folder: Path) -> Iterator[Path]:
    """Writes every part into a folder, and reports each file. Raises GroundworkError if the browser hangs."""
    folder.mkdir(parents=True, exist_ok=True)
    drawing = folder / "map.svg"
    drawing.write_text(harmless(svg(report.map)), encoding="utf-8")
    yield drawing
    program = browser()
    if program is None:
        return
    for name, page in _parts(report).items():
        picture = folder / f"{name}.png"
        _draw(program, page, picture)
        if picture.exists():
            yield picture


def _parts(report: EnvironmentReport) -> dict[str, str]:
    """A page for each part, by the part's name."""
    whole = pages.html(report)
    pages_by_key = {section.key: pages.html(replace(report, sections=(section,))) for section in report.sections}
    alone = {
        name: re.sub(r'<section aria-labelledby="map">.*?</section>', "", page, flags=re.DOTALL)
        for name, page in pages_by_key.items()
    }
    return {**alone, "map": re.sub(r'<section aria-labelledby="(?!map").*?</section>', "", whole, flags=re.DOTALL)}


def _draw(program: str, page: str, picture: Path) -> None:
    """Measures the page, then takes a screenshot of that height."""
    bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page).replace("</head>", f"{_ALONE}</head>")
    with tempfile.TemporaryDirectory(prefix="groundwork-") as place:
        file = Path(place, "part.html")
        file.write_text(harmless(bare.replace("</body>", f"{_MEASURE}</body>")), encoding="utf-8")
        usual = [
            program, "--headless", "--disable-gpu", "--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={place}/profile", "--blink-settings=preferredColorScheme=1",
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
        ]  # fmt: skip
        measured = run([*usual, f"--window-size={_WIDE},600", "--dump-dom", file.as_uri()], seconds=_SECONDS)
        high = re.search(r"<title>high (\d+)</title>", measured.out)
        size = f"--window-size={_WIDE},{min(int(high[1]), _TALLEST) if high else 1200}"
        run(
            [*usual, size, "--force-device-scale-factor=2", f"--screenshot={picture.resolve()}", file.as_uri()],
            seconds=_SECONDS,
        )
