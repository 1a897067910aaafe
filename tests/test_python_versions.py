"""What the first Pythons 3.11 do differently; Debian 12 has 3.11.2."""

from __future__ import annotations

import ast
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / "tools"


def test_nothing_is_raised_where_a_group_of_exceptions_is_caught() -> None:
    """Before 3.11.4 such an exception came out in a group of its own, which no `except` further up expects."""
    raised = [
        f"{path.relative_to(TOOLS)}:{node.lineno}"
        for path in sorted(TOOLS.rglob("*.py"))
        if "except*" in (text := path.read_text("utf-8"))
        for caught in ast.walk(ast.parse(text))
        if isinstance(caught, ast.TryStar)
        for handler in caught.handlers
        for node in ast.walk(handler)
        if isinstance(node, ast.Raise)
    ]
    assert raised == []


def test_archives_are_unpacked_with_the_filter_that_the_first_ones_lack() -> None:
    """Since 3.11.4 tarfile has `filter`; what unpacks archives takes its backport before."""
    unpacking = {
        str(path.relative_to(TOOLS)): "backports" in text
        for path in sorted(TOOLS.rglob("*.py"))
        if "filter=" in (text := path.read_text("utf-8")) and "tarfile" in text
    }
    assert unpacking == {"localcloud/services/cloudbuild/tars.py": True}
