"""`groundwork report` on the local cloud: every question has an answer, missing things are mentioned, and failures are not shown as empty."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from groundwork.google import local
from groundwork.report.section import Section, without_addresses
from localcloud.server import launcher

from tests.groundwork.clone import SMALL, Clone, cloned

TEAM = """\
members:
  alice@example.com: {role: data-scientist}
  olga@example.com: {role: operator}
cost:
  grants:
    - {member: alice@example.com, amount: 50, start: 2026-09-01, expires: 2027-09-01}
"""
QUESTIONS = [
    "team", "services", "machines", "buckets", "images", "builds", "training", "deployed", "monitoring",
    "spent_by_member", "spent_by_service", "credits_left",
]  # fmt: skip


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """A small platform with an object in its bucket."""
    with cloned(tmp_path_factory.mktemp("reported")) as clone:
        clone.file.write_text(SMALL + TEAM, "utf-8")
        result = clone.run("up", "--env", "small")
        assert result.returncode == 0, result.stderr
        bucket = clone.cloud.storage().bucket("small-clone-data")
        bucket.blob("raw/<b>cats</b>.csv").upload_from_string("a,b\n", content_type="text/csv")
        bucket.blob("notes of bob@example.com | all").upload_from_string("1")
        running = local.find(clone.checkout)
        assert running is not None
        # What was used so far is counted now, not at the next full hour.
        launcher.control(running, "GET", "/_local/usage")
        yield clone


def report(clone: Clone, *arguments: str) -> dict[str, Any]:
    result = clone.run("report", "--env", "small", "--json", *arguments)
    assert result.returncode == 0, result.stderr
    output: dict[str, Any] = json.loads(result.stdout)
    return output


def test_every_question_is_answered_by_rows_or_a_sentence(clone: Clone) -> None:
    found = report(clone)
    assert found["complete"] is True
    assert found["simulated"] is True
    assert list(found["sections"]) == QUESTIONS
    assert not [key for key, section in found["sections"].items() if not (section["rows"] or section["notes"])]
    assert not [key for key, section in found["sections"].items() if section["could_not_be_read"]]


def test_it_lists_what_exists_and_explains_what_does_not(clone: Clone) -> None:
    sections = report(clone)["sections"]
    data = next(row for row in sections["buckets"]["rows"] if row["bucket"] == "small-clone-data")
    assert data["holds"] == "2 objects (5 B) live"
    assert data["top level"] == "raw/, notes of B. | all"
    assert sections["images"]["notes"] == ["Repository images is empty."]
    assert "Artifact Registry" in [row["service"] for row in sections["services"]["rows"]]
    assert "cloudbuild.googleapis.com is off in project small-clone" in sections["builds"]["notes"][0]
    assert "aiplatform.googleapis.com is off" in " ".join(sections["training"]["notes"])
    assert "run.googleapis.com is off" in " ".join(sections["deployed"]["notes"])
    watched = sections["monitoring"]["notes"][0]
    assert watched.startswith("There is no alert policy, no uptime check, no dashboard and no notification channel")
    assert " cost the most, with " in sections["spent_by_service"]["notes"][0]
    assert sections["credits_left"]["rows"][0]["left"] == "$50.00"


def test_no_address_of_a_person_is_in_it_unless_asked_for(clone: Clone) -> None:
    assert "@example.com" not in json.dumps(report(clone))
    assert [row["member"] for row in report(clone)["sections"]["team"]["rows"]] == ["A.", "O."]
    named = json.dumps(report(clone, "--names"))
    assert "alice@example.com" in named
    assert "bob@example.com" in named


def test_the_page_and_the_markdown_hold_every_cell_and_nothing_of_it_is_markup(clone: Clone) -> None:
    page, text = clone.root / "report.html", clone.root / "report.md"
    result = clone.run("report", "--env", "small", f"--html={page}", f"--md={text}")
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    html, markdown = page.read_text("utf-8"), text.read_text("utf-8")
    sections = report(clone)["sections"].values()
    cells = [cell for section in sections for row in section["rows"] for cell in row.values()]
    assert [unescape(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", html, re.DOTALL)] == cells
    for section in sections:
        assert section["question"] in html
        assert f"## {section['question']}" in markdown
    assert "<b>cats" not in html
    assert "notes of B. \\| all" in markdown
    assert '<svg class="map"' in html
    assert "```mermaid\nflowchart LR" in markdown
    assert not re.search(r"<script|https?://(?!www\.w3\.org)|\bon\w+=", html)
    assert "Simulated" in html


def test_what_could_not_be_read_says_so_and_exits_with_8(clone: Clone) -> None:
    for method, key in (
        ("artifactregistry.projects.locations.repositories.dockerImages.list", "images"),
        ("storage.objects.list", "buckets"),
        ("secretmanager.projects.secrets.list", "services"),
    ):
        clone.set_faults({"method": method, "kind": "error", "code": 403, "count": 50})
        result = clone.run("report", "--env", "small", "--json")
        clone.set_faults()
        section = json.loads(result.stdout)["sections"][key]
        assert result.returncode == 8, method
        assert section["could_not_be_read"], method
        assert not [note for note in section["notes"] if "no image" in note or "There are no resources" in note]
        assert "is incomplete" in result.stderr


def test_before_the_first_up_it_says_that_nothing_is_there(clone: Clone) -> None:
    other = clone.root / "envs" / "later.yaml"
    other.write_text(SMALL.replace("small-clone", "later-clone"), "utf-8")
    result = clone.run("report", "--env", "later")
    other.unlink()
    assert result.returncode == 2
    assert "Nothing is up in later" in result.stderr


def test_addresses_of_accounts_are_kept_and_those_of_people_are_not() -> None:
    section = Section("x", "X?", ("who",), (("build@p.iam.gserviceaccount.com, Carl.Ek@example.com",),))
    shown = without_addresses(section, {})
    assert shown.rows == (("build@p.iam.gserviceaccount.com, C. E.",),)
