"""Pages in a browser: a headless Chromium, and axe run on every page at several widths."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from html import unescape
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
Scheme = Literal["light", "dark"]
_SETTING = {"light": "1", "dark": "0"}
_DRIVER = """<!doctype html><html lang="en"><title>driver</title><body><script>
const pages = %s, widths = %s, found = [];
async function look(name, html, width) {
  const frame = document.createElement("iframe");
  frame.style.cssText = `width:${width}px;height:900px;border:0`;
  const loaded = new Promise(resolve => frame.onload = resolve);
  frame.srcdoc = html;
  document.body.append(frame);
  await loaded;
  const page = frame.contentWindow, root = page.document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push(`${name} at ${width}: is ${root.scrollWidth} px wide`);
  page.eval(document.getElementById("axe").textContent);
  const said = await page.axe.run(page.document, {resultTypes: ["violations"]});
  for (const one of said.violations) if (["serious", "critical"].includes(one.impact))
    found.push(`${name} at ${width}: ${one.id}: ${one.nodes[0].html.slice(0, 150)} (${one.nodes[0].failureSummary.replaceAll("\\n", " ").slice(0, 200)})`);
  frame.remove();
}
addEventListener("load", async () => {
  try {
    for (const [name, html] of Object.entries(pages)) for (const width of widths) await look(name, html, width);
    document.body.innerHTML = ""; const said = document.createElement("pre"); said.id = "said";
    said.textContent = JSON.stringify(found); document.body.append(said);
  } catch (problem) { document.title = "failed"; document.body.textContent = String(problem); }
});
</script><script type="text/plain" id="axe">%s</script></body></html>
"""


def browser() -> str:
    """The browser's path; the test is skipped if there is none."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"not seen in a browser: none of {', '.join(NAMES)} is on this machine")
    return path


def run(folder: Path, page: Path, scheme: Scheme, *options: str) -> str:
    """The browser's output for a page; it can reach nothing but files."""
    return subprocess.run(
        [
            browser(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={folder / scheme}", f"--blink-settings=preferredColorScheme={_SETTING[scheme]}", *options, page.as_uri(),
        ],
        check=True, capture_output=True, timeout=300, text=True,
    ).stdout  # fmt: skip


def faults(
    folder: Path, pages: Mapping[str, str], scheme: Scheme, widths: tuple[int, ...] = (390, 1280, 1600)
) -> list[str]:
    """The serious or critical findings of axe, and the pages that are wider than the window; `pages` maps names to HTML."""
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8").replace("</script", "<\\/script")
    driver = folder / f"driver-{scheme}.html"
    # Where a page is shown from a file, its policy forbids the very script that looks at it.
    rules = {
        name: re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html) for name, html in pages.items()
    }
    shown = json.dumps(rules).replace("</", "<\\/").replace("<!--", "<\\!--")
    driver.write_text(_DRIVER % (shown, json.dumps(widths), axe), "utf-8")
    dumped = run(folder, driver, scheme, "--dump-dom", "--virtual-time-budget=600000", "--window-size=1700,1000")
    report = re.search(r'<pre id="said">(.*?)</pre>', dumped, re.DOTALL)
    assert report, dumped[-2000:]
    problems: Any = json.loads(unescape(report[1]))
    return list(problems)
