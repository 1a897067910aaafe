"""The README's tour: every command is run exactly as written, in its own clone, and every line shown must be in its output."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from groundwork.environment.checkout import Checkout
from groundwork.google import local
from localcloud.containers import detection

from tests.localcloud.containers.conftest import python, store
from tests.terraform_runs import ROOT, plain_environment

__all__ = ["python", "store"]
PAGE = (ROOT / "README.md").read_text(encoding="utf-8")
CUT = "⋮"
MARK = "-- ended with "
ENDS_WITH = re.compile(r"\s+# ends with (\d+)$")
# What differs from run to run: how long something took, and where the local cloud listens.
VOLATILE = (
    (re.compile(r"\d+\.\d s\b"), "TIME"),
    (re.compile(r"127\.0\.0\.1:\d+"), "ADDRESS"),
    (re.compile(r"\d+ min old"), "AGE"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "CLOCK"),
    (re.compile(r"\btrain-\d{8}-\d{6}\b"), "train-JOB"),
)
FIRST, SECOND = "## Five minutes", "## Ten more"


@dataclass(frozen=True)
class Step:
    """A command of the tour, its exit code, and the parts of its output that the page shows, between cuts."""

    command: str
    code: int
    pieces: tuple[tuple[str, ...], ...]


def blocks(language: str, text: str = PAGE) -> list[str]:
    """The contents of a text's fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def tour(heading: str = FIRST) -> list[Step]:
    """Every command of the tour below a heading, in order."""
    section = PAGE[PAGE.index(heading) :].partition("\n## ")[0]
    found = blocks("console", section)
    return [_step(part) for block in found for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]


def _step(part: str) -> Step:
    command, *shown = part.rstrip("\n").split("\n")
    code = ENDS_WITH.search(command)
    pieces: list[list[str]] = [[]]
    for line in shown:
        if line == CUT:
            pieces.append([])
        else:
            pieces[-1].append(line)
    return Step(ENDS_WITH.sub("", command), int(code.group(1)) if code else 0, tuple(map(tuple, pieces)))


def settled(line: str) -> str:
    """The line without what differs from run to run."""
    for pattern, word in VOLATILE:
        line = pattern.sub(word, line)
    return line.rstrip()


def found_in(pieces: tuple[tuple[str, ...], ...], printed: str) -> bool:
    """Whether the output is the pieces in their order, with omissions only where the page marks them."""
    shown = [re.escape("\n".join(map(settled, piece)) + "\n") if piece else "" for piece in pieces]
    written = "".join(settled(line) + "\n" for line in printed.splitlines())
    return re.fullmatch("(?s:(?:.*\n)?)".join(shown), written) is not None


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    """What belongs to the project, with the packages that are installed already, its local cloud stopped at the end."""
    tmp_path /= "clone"
    git = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    yield tmp_path
    local.stop(Checkout(tmp_path))


def typed(commands: Sequence[str], folder: Path, **more: str) -> Iterator[tuple[int, str]]:
    """The commands at one shell in the clone: exit code and output of each. Setting up .venv is left out, since it is there."""
    ours = ("MAKE", "MFLAGS", "ARGS", "ENV", "PROVIDER", "YES")
    kept = {name: value for name, value in plain_environment().items() if not name.startswith(ours)}
    environment = kept | {"PATH": f"{sys.prefix}/bin:{os.environ['PATH']}", "COLUMNS": "200", **more}
    script = [
        'make() { command make --old-file=ready "$@"; }',
        *(f'{command}\necho "{MARK}$?"' for command in commands),
    ]
    ended = subprocess.run(
        ["bash", "-c", "\n".join(script)], cwd=folder, env=environment, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, check=False,
    )  # fmt: skip
    for answer in re.finditer(rf"(.*?){MARK}(\d+)\n", ended.stdout, re.DOTALL):
        yield int(answer.group(2)), answer.group(1)


def follow(steps: Sequence[Step], clone: Path, **more: str) -> None:
    """Run the steps, and compare the exit code and output of each."""
    for step, (code, printed) in zip(steps, typed([step.command for step in steps], clone, **more), strict=True):
        assert code == step.code, f"{step.command} ended with {code}:\n{printed}"
        assert found_in(step.pieces, printed), f"{step.command} printed\n{printed}"


def test_the_tour_is_what_happens(clone: Path) -> None:
    follow(tour(), clone)


@pytest.mark.slow
def test_the_second_tour_builds_deploys_trains_and_is_answered(
    clone: Path, store: Mapping[str, str], python: str
) -> None:
    kind = detection.kind()
    assert kind is not None
    somebody = {f"GIT_{who}_{what}": "ash@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    follow(tour(SECOND), clone, **store, **somebody)
    left = subprocess.run([kind.program, "ps", "--quiet"], capture_output=True, text=True, check=True)
    assert left.stdout == ""


@pytest.mark.slow
def test_the_tour_ends_as_it_does_where_everything_shows_as_late_as_at_google(clone: Path) -> None:
    steps, waited = tour(), False
    late = {local.PROFILE_VARIABLE: "as-google"}
    for step, (code, printed) in zip(steps, typed([step.command for step in steps], clone, **late), strict=True):
        assert code == step.code, f"{step.command} ended with {code}:\n{printed}"
        waited = waited or "trying again in" in printed
    assert waited


def test_the_tour_goes_from_up_to_nothing_left_and_passes_every_verb() -> None:
    commands = "\n".join(step.command for step in tour())
    verbs = ("up", "plan", "onboard", "secrets", "cost", "policy", "offboard", "status", "down", "verify", "local-stop")
    positions = [commands.find(f"make {verb}") for verb in verbs]
    assert -1 not in positions
    assert positions == sorted(positions)


def test_the_example_has_as_many_lines_and_resources_as_the_page_says() -> None:
    said = re.search(r"\((envs/examples/[\w-]+\.yaml)\) is the platform .*: (\d+) lines, (\d+) resources\.", PAGE)
    created = re.search(r"(\d+) created, (\d+) changed, (\d+) imported in", PAGE)
    assert said
    assert created
    assert int(said[2]) == len((ROOT / said[1]).read_text(encoding="utf-8").splitlines())
    assert int(said[3]) == sum(map(int, created.groups()))


def test_terraforms_own_commands_are_those_that_are_tested() -> None:
    infra = (ROOT / "infra" / "README.md").read_text(encoding="utf-8")
    plain = [block for block in blocks("sh") if "backend-config" in block]
    assert len(plain) == 1
    assert f"```sh\n{plain[0]}```" in infra


def test_every_command_that_is_shown_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    shown = set(re.findall(r"(?:`|^|\$ )make ([a-z-]+)", PAGE, re.MULTILINE))
    assert shown
    assert shown <= targets


def test_every_page_that_is_linked_exists() -> None:
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", PAGE) if not link.startswith("https://")]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_section_of_the_tour_says_simulated() -> None:
    begin, end = PAGE.index("## Five minutes"), PAGE.index("## How it fits together")
    for section in re.split(r"^### ", PAGE[begin:end], flags=re.MULTILINE)[1:]:
        assert "simulated" in section, section.splitlines()[0]
