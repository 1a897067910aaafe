"""A YAML file edited in place: whatever its style, only the lines that say something else change."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from groundwork import editing
from ruamel.yaml import YAML

BLOCK = """\
members:
    # the boss
    alice@example.com:
        role: viewer   # only reads

    "bob@example.com": {"role": 'operator'}  # since May
    # nobody else

# buckets follow
buckets: { data: {},   models: {} }
"""
FLOW = "members: {alice@example.com: {role: viewer}, bob@example.com: {role: operator}}  # all\nlabels: {}\n"
LINES = "members: {\n  alice@example.com: {role: viewer},  # she\n  bob@example.com: {role: operator},\n}\n"
NO_COMMA = "members: {\n  alice@example.com: {role: viewer},\n  bob@example.com: {role: operator}  # he\n}\n"
ANCHOR = "members:\n  alice@example.com: &one {role: viewer}\n  bob@example.com: *one  # too\n"
NOBODY = "# one\nmembers:   # nobody yet\n\n# two\nlabels: {}\n"
LIST = "users:\n- a\n- b  # last\n# end\n"


def _add(document: Any) -> bool:
    members = document.get("members")
    if not members:
        members = document["members"] = {}
    members["zoe@example.com"] = editing.inline({"role": "viewer"})
    return True


def _change(document: Any) -> bool:
    document["members"]["alice@example.com"]["role"] = "operator"
    return True


def _first(document: Any) -> bool:
    del document["members"]["alice@example.com"]
    return True


def _last(document: Any) -> bool:
    del document["members"]["bob@example.com"]
    return True


def _all(document: Any) -> bool:
    document["members"].clear()
    return True


def _user(document: Any) -> bool:
    document["users"].append("c")
    return True


ZOE = "zoe@example.com: {role: viewer}"
CASES = [
    (BLOCK, _add, [], [f"    {ZOE}"]),
    (BLOCK, _change, ["        role: viewer   # only reads"], ["        role: operator   # only reads"]),
    (BLOCK, _first, ["    alice@example.com:", "        role: viewer   # only reads"], []),
    (BLOCK, _last, ['    "bob@example.com": {"role": \'operator\'}  # since May'], []),
    (BLOCK, _all, [*BLOCK.splitlines()[:1], *BLOCK.splitlines()[2:4], BLOCK.splitlines()[5]], ["members: {}"]),
    (FLOW, _add, [FLOW.splitlines()[0]], [FLOW.splitlines()[0].replace("}}", f"}}, {ZOE}}}")]),
    (FLOW, _first, [FLOW.splitlines()[0]], ["members: {bob@example.com: {role: operator}}  # all"]),
    (FLOW, _last, [FLOW.splitlines()[0]], ["members: {alice@example.com: {role: viewer}}  # all"]),
    (FLOW, _all, [FLOW.splitlines()[0]], ["members: {}  # all"]),
    (LINES, _add, [], [f"  {ZOE},"]),
    (LINES, _first, ["  alice@example.com: {role: viewer},  # she"], []),
    (LINES, _last, ["  bob@example.com: {role: operator},"], []),
    (
        NO_COMMA,
        _add,
        ["  bob@example.com: {role: operator}  # he"],
        ["  bob@example.com: {role: operator},  # he", f"  {ZOE}"],
    ),
    (ANCHOR, _add, [], [f"  {ZOE}"]),
    (ANCHOR, _last, ["  bob@example.com: *one  # too"], []),
    (NOBODY, _add, [], [f"  {ZOE}"]),
    ("labels: {}\n# end\n", _add, [], ["members:", f"  {ZOE}"]),
    (
        "members: {}  # none\nlabels: {}\n",
        _add,
        ["members: {}  # none"],
        ["members:  # none", f"  {ZOE}"],
    ),
    (LIST, _user, [], ["- c"]),
    ("users: [a, b]  # two\n", _user, ["users: [a, b]  # two"], ["users: [a, b, c]  # two"]),
    ("members:\n  alice@example.com: {role: viewer}\n...\n", _add, [], [f"  {ZOE}"]),
]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(("text", "change", "gone", "new"), CASES)
def test_only_the_lines_that_say_something_else_change(
    tmp_path: Path, text: str, change: Callable[[Any], bool], gone: list[str], new: list[str], end: str
) -> None:
    file = tmp_path / "file.yaml"
    file.write_bytes(text.replace("\n", end).encode())
    wanted = YAML().load(text)
    change(wanted)
    assert editing.edit(file, change)
    after = file.read_bytes().decode()
    lines = list(difflib.ndiff(text.splitlines(), after.split(end)[:-1]))
    assert [line[2:] for line in lines if line.startswith("- ")] == gone
    assert [line[2:] for line in lines if line.startswith("+ ")] == new
    assert "\n" not in after.replace(end, "")
    assert YAML().load(after) == wanted


def test_what_cannot_be_cut_out_is_written_anew_and_says_the_same(tmp_path: Path) -> None:
    file = tmp_path / "file.yaml"
    file.write_text(ANCHOR, encoding="utf-8")
    assert editing.edit(file, _first)
    assert YAML().load(file.read_text(encoding="utf-8")) == {"members": {"bob@example.com": {"role": "viewer"}}}


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
