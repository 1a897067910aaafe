"""One name, one thing: no two classes of a package share a name."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parent.parent / "tools"


@pytest.mark.parametrize("package", ["groundwork", "localcloud", "policies"])
def test_no_two_classes_of_a_package_share_a_name(package: str) -> None:
    places = defaultdict[str, list[str]](list)
    for path in sorted((TOOLS / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(TOOLS)))
    assert {name: files for name, files in places.items() if len(files) > 1} == {}
