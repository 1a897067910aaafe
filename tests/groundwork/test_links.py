"""Links in the docs: a broken one is reported with its page and line, and no existing one is broken."""

from __future__ import annotations

from pathlib import Path

import pytest
from groundwork import links

from tests.terraform_runs import ROOT


def all_links(root: Path, text: str) -> list[str]:
    (root / "docs").mkdir(exist_ok=True)
    (root / "docs" / "other.md").write_text("# Other `page`\n\n## Twice\n\n## Twice\n")
    (root / "README.md").write_text(text)
    return list(links.broken(root))


def test_the_projects_own_links_are_valid() -> None:
    assert list(links.broken(ROOT)) == []
    assert len(links.pages(ROOT)) > 20


@pytest.mark.parametrize(
    "target",
    [
        "docs/other.md",
        "docs/other.md#other-page",
        "docs/other.md#twice-1",
        "#here",
        "docs",
        "https://example.com/x",
        "mailto:a@example.com",
    ],
)
def test_what_is_there_is_right(target: str, tmp_path: Path) -> None:
    assert all_links(tmp_path, f"# Here\n\n[a]({target}) and ![b]({target})\n") == []


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("docs/gone.md", "leads to nothing."),
        ("docs/other.md#thrice", "leads to no heading of other.md."),
        ("#there", "leads to no heading of README.md."),
    ],
)
def test_a_broken_link_is_reported_with_its_line(target: str, why: str, tmp_path: Path) -> None:
    assert all_links(tmp_path, f"# Here\n\n```text\nx\n```\n[a]({target})\n") == [f"README.md:6: {target} {why}"]


def test_text_in_code_is_no_link(tmp_path: Path) -> None:
    assert all_links(tmp_path, "`[a](gone)`\n\n```md\n[a](gone)\n```\n") == []
