"""`groundwork diagram` on the local cloud: what it shows, what it marks, and that nothing in the drawing is cut off."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from groundwork.display import harmless
from groundwork.report.diagram import Box, Diagram
from groundwork.report.initials import initials
from groundwork.report.lettering import lines_of, width_of
from groundwork.report.mermaid import mermaid
from groundwork.report.svg import svg

from tests.groundwork.clone import ROOT, SMALL, Clone, cloned

PEOPLE = "members:\n  alice@example.com: {role: data-scientist}\n  olga@example.com: {role: operator}\n"
NS = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """A clone whose file differs from its platform: a bucket and a member were removed, others added."""
    with cloned(tmp_path_factory.mktemp("drawn")) as clone:
        clone.file.write_text(SMALL + PEOPLE, "utf-8")
        result = clone.run("up", "--env", "small")
        assert result.returncode == 0, result.stderr
        text = clone.file.read_text("utf-8").replace("  kept: {}", "  fresh: {}").replace("alice@", "amir@")
        clone.file.write_text(text.replace("buckets: {data: read}", "buckets: {data: read, fresh: write}"), "utf-8")
        yield clone


def marks(clone: Clone, *arguments: str) -> dict[str, str]:
    result = clone.run("diagram", "--env", "small", "--json", *arguments)
    assert result.returncode == 0, result.stderr
    return {node["id"]: node["mark"] for node in json.loads(result.stdout)["nodes"]}


EXPECTED = {
    "person/A.": "+", "person/O.": "", "person/A. (2)": "-", "persona/data-scientist": "", "persona/operator": "",
    "identity/train": "", "identity/deployer": "", "bucket/data": "", "bucket/fresh": "+", "bucket/kept": "-",
    "repository/images": "", "secret/key": "",
}  # fmt: skip


def test_what_only_the_file_has_is_added_and_what_only_the_state_has_removed(clone: Clone) -> None:
    assert marks(clone) == EXPECTED


def test_a_saved_plan_is_drawn_while_current_and_refused_afterwards(clone: Clone) -> None:
    assert clone.run("plan", "--env", "small").returncode == 0
    assert marks(clone, "--plan") == EXPECTED
    text = clone.file.read_text("utf-8")
    clone.file.write_text(text.replace("  fresh: {}", "  fresh: {force_destroy: true}"), "utf-8")
    result = clone.run("diagram", "--env", "small", "--plan")
    clone.file.write_text(text, "utf-8")
    assert result.returncode == 8
    assert "is older than these files, so nothing is claimed" in result.stderr
    assert "envs/small.yaml" in result.stderr


def test_mermaid_marks_additions_and_removals_and_shows_no_address(clone: Clone) -> None:
    output = clone.run("diagram", "--env", "small").stdout
    assert output.startswith("flowchart LR\n")
    assert '["+ fresh<br><small>bucket</small>"]' in output
    assert '["- kept<br><small>bucket</small>"]' in output
    assert '==>|"+ write"|' in output
    assert "@" not in output
    assert "amir@example.com" in clone.run("diagram", "--env", "small", "--names").stdout


def test_the_drawing_is_the_same_each_time_and_says_in_words_what_it_shows(clone: Clone, tmp_path: Path) -> None:
    one, other = tmp_path / "one.svg", tmp_path / "other.svg"
    for file in (one, other):
        assert clone.run("diagram", "--env", "small", f"--svg={file}").returncode == 0
    assert one.read_bytes() == other.read_bytes()
    drawing = ElementTree.parse(one).getroot()
    assert drawing.findtext(f"{NS}title") == "The platform small (project small-clone) (simulated)"
    assert "1 identity" not in str(drawing.findtext(f"{NS}desc"))
    assert "3 members, 2 identities, 3 buckets" in str(drawing.findtext(f"{NS}desc"))
    assert "@" not in "".join(drawing.itertext()).replace("@media", "")


def test_every_text_is_within_the_drawing(clone: Clone, tmp_path: Path) -> None:
    file = tmp_path / "map.svg"
    long = "l" + "m" * 44 + "w"
    text = clone.file.read_text("utf-8")
    clone.file.write_text(text.replace("  fresh: {}", f"  fresh: {{}}\n  {long}: {{}}"), "utf-8")
    assert clone.run("diagram", "--env", "small", f"--svg={file}").returncode == 0
    clone.file.write_text(text, "utf-8")
    drawing = ElementTree.parse(file).getroot()
    _, _, width, height = map(float, drawing.attrib["viewBox"].split())
    for line in drawing.iter(f"{NS}text"):
        left, size = float(line.attrib["x"]), int(line.attrib["font-size"])
        assert left >= 0
        assert left + width_of(line.text or "", size) <= width, line.text
        assert float(line.attrib["y"]) <= height


def test_a_state_that_cannot_be_read_is_reported_and_exits_with_8(clone: Clone) -> None:
    clone.set_faults({"method": "storage.objects.get", "kind": "error", "code": 403, "count": 9})
    result = clone.run("diagram", "--env", "small")
    clone.set_faults()
    assert result.returncode == 8
    assert "The state could not be read" in result.stderr
    assert "alone: the state could not be read" in result.stdout


def test_people_with_the_same_initials_are_distinguished() -> None:
    found = initials(["anna.berg@example.com", "axel.bo@example.com", "zoe@example.com", "42@example.com"])
    assert list(found.values()) == ["A. B.", "A. B. (2)", "Z.", "?."]


def test_lines_are_broken_within_words_that_are_too_wide() -> None:
    lines = lines_of("a " + "m" * 30, 200, 15)
    assert "".join(lines).replace(" ", "") == "a" + "m" * 30
    assert all(width_of(line, 15) <= 200 for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize("example", sorted(path.stem for path in (ROOT / "envs" / "examples").glob("*.yaml")))
def test_what_is_up_as_the_file_says_has_no_mark(example: str, tmp_path: Path) -> None:
    """Every arrow that the file gives is one that the state has, and the other way round."""
    with cloned(tmp_path / "clone") as clone:
        shutil.copytree(ROOT / "envs" / "examples", clone.root / "envs" / "examples")
        shutil.copy(ROOT / "envs" / "examples" / f"{example}.yaml", clone.root / "envs" / "small.yaml")
        result = clone.run("up", "--env", "small")
        assert result.returncode == 0, result.stderr
        diagram = json.loads(clone.run("diagram", "--env", "small", "--json").stdout)
        assert [one for part in ("nodes", "edges") for one in diagram[part] if one["mark"]] == []
        assert {node["id"].partition("/")[0] for node in diagram["nodes"]} >= {"build", "service", "identity", "bucket"}


@pytest.mark.parametrize(
    "said", ["%%{init: {'themeCSS': '.node {display: none}'}}%%", 'x"] --> y["z', "</desc><script>", "a\bb\x1b"]
)
def test_no_description_is_more_than_text_in_a_drawing(said: str) -> None:
    found = Diagram("t", f"Drawn from {said}", simulated=False, nodes=(Box("identity/a", 2, "a", said),), edges=())
    drawn = svg(found)
    texts = ["".join(each.itertext()) for each in ElementTree.fromstring(drawn).iter(f"{NS}text")]
    assert not list(ElementTree.fromstring(drawn).iter(f"{NS}script"))
    assert harmless(said).split()[0] in " ".join(texts)
    lines = mermaid(found).splitlines()
    assert len(lines) == len(mermaid(replace(found, nodes=(Box("identity/a", 2, "a", "x"),))).splitlines())
    assert "%%" not in mermaid(found)
    assert harmless(mermaid(found)) == mermaid(found)
