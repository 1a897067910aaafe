"""Generated text: it matches its sources, and a stale one is reported with the command that updates it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from groundwork import docs
from groundwork.docs import Generated, StaleDocs
from groundwork.errors import GroundworkError

from tests.terraform_runs import ROOT

PAGE = """\
# Page

<!-- BEGIN GENERATED numbers: `groundwork docs` -->
one
<!-- END GENERATED numbers -->

The end.
"""


def numbers(root: Path) -> Iterator[Generated]:
    yield Generated(root / "page.md", "numbers", "one\ntwo")


def letters(root: Path) -> Iterator[Generated]:
    yield Generated(root / "page.md", "letters", "a")


def test_the_projects_own_generated_text_is_up_to_date() -> None:
    docs.check(ROOT)


@pytest.mark.parametrize(
    "page",
    ["README.md", "tools/localcloud/README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))],
)
def test_no_page_puts_a_token_on_a_command_line_which_every_user_of_a_machine_can_read(page: str) -> None:
    assert re.findall(r"curl\b[^|\n]*(?:Authorization|Bearer)[^|\n]*", (ROOT / page).read_text("utf-8")) == []


def test_stale_text_fails_and_names_the_file_and_the_command(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(PAGE)
    with pytest.raises(StaleDocs) as stale:
        docs.check(tmp_path, [numbers])
    assert stale.value.message == "Generated text is out of date in page.md: run `groundwork docs`."
    assert (tmp_path / "page.md").read_text() == PAGE


def test_writing_replaces_what_is_between_the_markers_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(PAGE)
    assert docs.write(tmp_path, [numbers]) == [tmp_path / "page.md"]
    assert (tmp_path / "page.md").read_text() == PAGE.replace("one\n", "one\ntwo\n")
    docs.check(tmp_path, [numbers])
    assert docs.write(tmp_path, [numbers]) == []


def test_two_generators_may_write_into_one_page(tmp_path: Path) -> None:
    more = "<!-- BEGIN GENERATED letters: `groundwork docs` -->\n<!-- END GENERATED letters -->\n"
    (tmp_path / "page.md").write_text(PAGE + more)
    docs.write(tmp_path, [numbers, letters])
    page = (tmp_path / "page.md").read_text()
    assert "one\ntwo\n<!-- END" in page
    assert "-->\na\n<!-- END" in page


@pytest.mark.parametrize(
    "page", ["", PAGE + PAGE, PAGE.replace("END", "and"), "<!-- END GENERATED numbers -->" + PAGE.replace("END", "")]
)
def test_a_page_without_its_markers_is_named(page: str, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(page)
    with pytest.raises(GroundworkError, match=r'^page\.md: it needs the lines "<!-- BEGIN GENERATED numbers'):
        docs.write(tmp_path, [numbers])


def test_a_page_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(GroundworkError, match=r"^page\.md: it needs the lines"):
        docs.check(tmp_path, [numbers])


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert docs.table(["a", "b"], [["x|y", "z"]]) == "| a | b |\n| --- | --- |\n| x\\|y | z |"
