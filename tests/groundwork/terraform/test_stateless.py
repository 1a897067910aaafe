"""The copy of a layer from which the first plan is made knows no state, and asks for nothing of a project that may not exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from groundwork.environment.checkout import LAYERS, Checkout
from groundwork.terraform import stateless

ROOT = Path(__file__).resolve().parents[3]
DATA = re.compile(r'^data "(\w+)" .* \{\n((?:  .*\n|\n)*)\}\n', re.MULTILINE)


@pytest.mark.parametrize("layer", LAYERS)
def test_no_data_source_of_a_copy_is_read_by_the_plan(layer: str, tmp_path: Path) -> None:
    stateless.copy(Checkout(ROOT), tmp_path, layer)
    text = "".join(file.read_text("utf-8") for file in stateless.place(tmp_path, layer).glob("*.tf"))
    blocks = DATA.findall(text)
    assert len(blocks) == text.count("\ndata ")
    for kind, body in blocks:
        assert re.search(r"^  project(_id)? += timestamp\(\)$", body, re.MULTILINE), kind
    assert "local.environment.project" in text
    assert 'backend "gcs"' not in text
    assert "\nimport {" not in text
