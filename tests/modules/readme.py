"""The examples in a module's README: a root module as written, and the result of applying the diff that follows it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(
    r"^## (?P<heading>[^\n]+)$|^```(?P<language>hcl|diff)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Example:
    """One example, by its heading: the HCL, and the HCL after the difference that follows it."""

    heading: str
    hcl: str
    changed: str


def examples(readme: Path) -> list[Example]:
    """The examples of a README in order; each hcl block is followed by one diff block."""
    found: list[Example] = []
    heading, hcl = "", ""
    for block in _BLOCK.finditer(readme.read_text(encoding="utf-8")):
        if block["heading"]:
            heading = block["heading"]
        elif block["language"] == "hcl":
            hcl = block["text"]
        else:
            found.append(Example(heading, hcl, changed(hcl, block["text"])))
    return found


def changed(hcl: str, difference: str) -> str:
    """The HCL with the difference: its lines without + must occur once, and are replaced by its lines without -."""
    lines = difference.splitlines(keepends=True)
    before = "".join(line[1:] or "\n" for line in lines if line[:1] != "+")
    after = "".join(line[1:] or "\n" for line in lines if line[:1] != "-")
    assert hcl.count(before) == 1, f"these lines do not stand in the example once:\n{before}"
    return hcl.replace(before, after)
