"""A YAML file edited in place: comments, order and line ends stay, and the result parses to the intended values."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from groundwork.environment import editing
from groundwork.errors import GroundworkError
from ruamel.yaml import YAML

BLOCK = """\
members:
    # the boss
    alice@example.com:
        role: viewer   # only reads

    "bob@example.com": {"role": 'operator'}  # since May
    # nobody else

# buckets follow
buckets: {data: {}, models: {}}
"""
FLOW = "members: {alice@example.com: {role: viewer}, bob@example.com: {role: operator}}  # all\nlabels: {}\n"
LINES = "members: {\n  alice@example.com: {role: viewer},  # she\n  bob@example.com: {role: operator},\n}\n"
NO_COMMA = "members: {\n  alice@example.com: {role: viewer},\n  bob@example.com: {role: operator}  # he\n}\n"
ANCHOR = "members:\n  alice@example.com: &one {role: viewer}\n  bob@example.com: *one  # too\n"
NOBODY = "# one\nmembers:   # nobody yet\n\n# two\nlabels: {}\n"
LIST = "users:\n- a\n- b  # last\n# end\n"


def _add(document: Any) -> bool:
    members = editing.parted(document, "members")
    if not members:
        members = document["members"] = {}
    members["zoe@example.com"] = editing.inline({"role": "viewer"})
    return True


def _change(document: Any) -> bool:
    document["members"]["alice@example.com"]["role"] = "operator"
    return True


def _first(document: Any) -> bool:
    del (editing.parted(document, "members") or {})["alice@example.com"]
    return True


def _last(document: Any) -> bool:
    del (editing.parted(document, "members") or {})["bob@example.com"]
    return True


def _all(document: Any) -> bool:
    editing.parted(document, "members")
    editing.emptied(document, "members")
    return True


def _user(document: Any) -> bool:
    document["users"].append("c")
    return True


ZOE = "zoe@example.com: {role: viewer}"
BLOCKS = [
    (BLOCK, _add, [], [f"    {ZOE}"]),
    (BLOCK, _change, ["        role: viewer   # only reads"], ["        role: operator # only reads"]),
    (BLOCK, _first, ["    alice@example.com:", "        role: viewer   # only reads", ""], []),
    (BLOCK, _last, ['    "bob@example.com": {"role": \'operator\'}  # since May'], []),
    (BLOCK, _all, BLOCK.splitlines()[:6], ["members: {}"]),
    (NOBODY, _add, [], [f"  {ZOE}"]),
    ("labels: {}\n# end\n", _add, [], ["members:", f"  {ZOE}"]),
    (LIST, _user, [], ["- c"]),
    ("users:\n-\n  a\n", _user, ["-", "  a"], ["  - a", "  - c"]),
    ("users: []\nlabels:\n    a: b\n", _user, ["users: []"], ["users:", "  - c"]),
]
TEXTS = (BLOCK, FLOW, LINES, NO_COMMA, ANCHOR)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(("text", "change", "removed", "added"), BLOCKS)
def test_in_block_style_only_the_affected_lines_change(
    tmp_path: Path, text: str, change: Callable[[Any], bool], removed: list[str], added: list[str], end: str
) -> None:
    file = tmp_path / "file.yaml"
    file.write_bytes(text.replace("\n", end).encode())
    assert editing.edit(file, change)
    after = file.read_bytes().decode()
    lines = list(difflib.ndiff(text.splitlines(), after.split(end)[:-1]))
    assert [line[2:] for line in lines if line.startswith("- ")] == removed
    assert [line[2:] for line in lines if line.startswith("+ ")] == added
    assert "\n" not in after.replace(end, "")


@pytest.mark.parametrize("change", [_add, _change, _first, _last, _all])
@pytest.mark.parametrize("text", TEXTS)
def test_in_every_style_the_result_has_the_intended_values(
    tmp_path: Path, text: str, change: Callable[[Any], bool]
) -> None:
    file = tmp_path / "file.yaml"
    file.write_text(text, encoding="utf-8")
    expected = YAML().load(text)
    change(expected)
    assert editing.edit(file, change)
    assert YAML().load(file.read_text(encoding="utf-8")) == expected


def test_a_change_that_would_read_back_differently_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "file.yaml"
    file.write_text(BLOCK, encoding="utf-8")

    def change(document: Any) -> bool:
        document["members"].clear()  # and the comment in it stays, which pushes {} to the margin
        return True

    with pytest.raises(GroundworkError, match=r"^file\.yaml is formatted in a way that cannot be edited safely"):
        editing.edit(file, change)
    assert file.read_text(encoding="utf-8") == BLOCK


@pytest.mark.filterwarnings("error")
def test_an_anchor_that_is_defined_again_keeps_its_values(tmp_path: Path) -> None:
    file = tmp_path / "file.yaml"
    file.write_text("members: {}\na: &x {b: 1}\nc: &x {b: 2}\nd: *x\n", encoding="utf-8")
    editing.edit(file, _add)
    assert file.read_text(encoding="utf-8") == f"members:\n  {ZOE}\na: {{b: 1}}\nc: &x {{b: 2}}\nd: *x\n"


def test_a_last_line_without_an_end_gets_one(tmp_path: Path) -> None:
    file = tmp_path / "file.yaml"
    file.write_text("members:\n  alice@example.com: {role: viewer}", encoding="utf-8")
    editing.edit(file, _add)
    assert file.read_text(encoding="utf-8") == f"members:\n  alice@example.com: {{role: viewer}}\n  {ZOE}\n"


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    file = tmp_path / "elsewhere" / "file.yaml"
    file.write_text(FLOW, encoding="utf-8")
    link = tmp_path / "link.yaml"
    link.symlink_to(file)
    assert editing.edit(link, _first)
    assert link.is_symlink()
    assert "alice" not in file.read_text(encoding="utf-8")
