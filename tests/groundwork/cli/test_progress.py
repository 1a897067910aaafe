"""What a running apply looks like: one line an event, elapsed time per resource, failures marked."""

from __future__ import annotations

import pytest
from groundwork.cli import progress
from groundwork.cli.progress import Board
from groundwork.terraform.events import Action, Event, Line, Refresh, Stage, Step

DATA = 'module.buckets["data"]'


def step(
    stage: Stage, *, action: Action = "create", seconds: float = 0, name: str = "google_storage_bucket.bucket"
) -> Step:
    return Step(f"{DATA}.{name}", DATA, name.partition(".")[0], action, stage, seconds)


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def board(clock: Clock) -> Board:
    return Board("applying to local", 2, clock)


def test_a_resource_is_said_when_it_is_done_with_its_own_time(board: Board, clock: Clock) -> None:
    assert board.take("platform", step("start")) is None
    clock.now = 1.25
    assert board.take("platform", step("complete", seconds=1)) == "  ✓ bucket data: bucket created in 1.2 s"
    assert board.headline == "applying to local  1 of 2 resources  1 s"


@pytest.mark.parametrize(("action", "word"), [("update", "changed"), ("delete", "destroyed"), ("import", "taken over")])
def test_every_action_has_its_word(board: Board, action: Action, word: str) -> None:
    board.take("platform", step("start", action=action))
    assert board.take("platform", step("complete", action=action)) == f"  ✓ bucket data: bucket {word} in 0.0 s"


def test_a_failure_is_marked_and_not_counted(board: Board) -> None:
    board.take("platform", step("start"))
    assert board.take("platform", step("errored", seconds=3)) == "  ✗ bucket data: bucket failed after 3.0 s"
    assert (board.done, board.running) == (0, {})


def test_a_slow_resource_gives_a_sign_of_life(board: Board) -> None:
    board.take("platform", step("start"))
    assert board.take("platform", step("progress", seconds=10)) == "  … still creating bucket data: bucket after 10 s"


def test_several_of_a_kind_are_told_apart_by_their_key(board: Board) -> None:
    grant = step("complete", name='google_storage_bucket_iam_member.grants["train roles/storage.objectViewer"]')
    assert board.take("platform", grant) == "  ✓ bucket data: grant train roles/storage.objectViewer created in 0.0 s"


def test_the_same_address_in_two_layers_is_two_resources(board: Board) -> None:
    board.take("bootstrap", step("start"))
    board.take("platform", step("start"))
    assert len(board.running) == 2


def test_reading_is_counted_while_planning(clock: Clock) -> None:
    board = Board("planning", 0, clock)
    for done in (False, True):
        assert board.take("platform", Refresh("a", done=done)) is None
    assert board.headline == "planning  1 resources read  0 s"


@pytest.mark.parametrize("event", [Line("words"), step("start", action="read"), step("complete", action="noop")])
def test_what_changes_nothing_is_not_a_line(board: Board, event: Event) -> None:
    assert board.take("platform", event) is None
    assert board.running == {}


def test_without_a_terminal_there_is_one_line_an_event() -> None:
    said: list[str] = []
    with progress.lines("applying", 1, said.append) as listen:
        listen("platform", step("start"))
        listen("platform", step("complete"))
    assert said == ["applying …", "  ✓ bucket data: bucket created in 0.0 s"]


def test_on_a_terminal_finished_lines_stay(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.live("applying", 1) as listen:
        listen("platform", step("start"))
        listen("platform", step("complete"))
    assert "✓ bucket data: bucket created in 0.0 s" in capsys.readouterr().err
