"""The progress of an apply: one line per component or resource, elapsed times, failures marked."""

from __future__ import annotations

import pytest
from groundwork.cli import progress
from groundwork.cli.progress import Board, ProgressLines
from groundwork.terraform.events import Action, Event, OutputLine, Refresh, Stage, Step

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
    return Board("applying to local", {("platform", DATA): 2}, clock)


def test_a_resource_is_reported_when_it_is_done_with_its_own_time(board: Board, clock: Clock) -> None:
    assert board.take("platform", step("start")) == ProgressLines()
    clock.now = 1.25
    assert board.take("platform", step("complete", seconds=1)).resource == "  ✓ bucket data: bucket created in 1.2 s"
    assert board.headline == "applying to local  1 of 2 resources  1 s"


@pytest.mark.parametrize(("action", "word"), [("update", "changed"), ("delete", "destroyed"), ("import", "imported")])
def test_every_action_has_its_word(board: Board, action: Action, word: str) -> None:
    board.take("platform", step("start", action=action))
    assert (
        board.take("platform", step("complete", action=action)).resource == f"  ✓ bucket data: bucket {word} in 0.0 s"
    )


def test_a_failure_is_marked_and_not_counted(board: Board) -> None:
    board.take("platform", step("start"))
    assert board.take("platform", step("errored", seconds=3)) == ProgressLines(
        "  ✗ bucket data: bucket failed after 3.0 s", at_once=True
    )
    assert (board.done, board.parts["platform", DATA].running) == (0, {})


def test_a_slow_resource_gives_a_sign_of_life(board: Board) -> None:
    board.take("platform", step("start"))
    line = board.take("platform", step("progress", seconds=10))
    assert line == ProgressLines("  … still creating bucket data: bucket after 10 s", at_once=True)


def test_several_of_a_kind_are_distinguished_by_their_key(board: Board) -> None:
    grant = step("complete", name='google_storage_bucket_iam_member.grants["train roles/storage.objectViewer"]')
    assert (
        board.take("platform", grant).resource
        == "  ✓ bucket data: grant train roles/storage.objectViewer created in 0.0 s"
    )


def test_the_same_address_in_two_layers_is_two_resources(board: Board) -> None:
    board.take("bootstrap", step("start"))
    board.take("platform", step("start"))
    assert len(board.parts) == 2


def test_reading_is_counted_while_planning(clock: Clock) -> None:
    board = Board("planning", {}, clock)
    for done in (False, True):
        assert board.take("platform", Refresh("a", done=done)) == ProgressLines()
    assert board.headline == "planning  1 resources read  0 s"


@pytest.mark.parametrize("event", [OutputLine("words"), step("start", action="read"), step("complete", action="noop")])
def test_what_changes_nothing_is_not_a_line(board: Board, event: Event) -> None:
    assert board.take("platform", event) == ProgressLines()
    assert board.parts == {}


GRANT = 'google_storage_bucket_iam_binding.roles["roles/storage.objectViewer"]'


def test_a_component_is_closed_by_its_last_resource_with_what_was_done_and_its_time(board: Board, clock: Clock) -> None:
    board.take("platform", step("start"))
    clock.now = 1
    assert board.take("platform", step("complete")).closed == ""
    board.take("platform", step("start", action="update", name=GRANT))
    clock.now = 3.5
    closed = board.take("platform", step("complete", action="update", name=GRANT)).closed
    assert closed == f"  ✓ {'bucket data':<28} 1 created, 1 changed in 3.5 s"


def test_what_took_longest_is_reported_after_a_while(board: Board, clock: Clock) -> None:
    board.take("platform", step("start"))
    clock.now = 4
    board.take("platform", step("complete"))
    assert board.slowest == ""
    clock.now = 6
    assert board.slowest == "what took longest: bucket data, 6.0 s"


def lines_of(*, verbose: bool = False, work: int = 2) -> list[str]:
    """The lines about a bucket and its grant without a terminal."""
    output: list[str] = []
    board = Board("applying", {("platform", DATA): work}, Clock())
    with progress.lines(board, output.append, verbose=verbose) as listen:
        for name in ("google_storage_bucket.bucket", GRANT):
            listen("platform", step("start", name=name))
            listen("platform", step("complete", name=name))
    return output


def test_without_a_terminal_there_is_one_line_a_component_and_with_verbose_one_a_resource() -> None:
    assert lines_of() == ["applying …", f"  ✓ {'bucket data':<28} 2 created in 0.0 s"]
    assert lines_of(verbose=True) == [
        "applying …",
        "  ✓ bucket data: bucket created in 0.0 s",
        "  ✓ bucket data: grant roles/storage.objectViewer created in 0.0 s",
    ]


def test_a_component_that_was_not_finished_is_reported_at_the_end() -> None:
    assert lines_of(work=3) == ["applying …", f"  ✓ {'bucket data':<28} 2 created in 0.0 s"]


def test_on_a_terminal_nothing_stays_but_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    board = Board("applying", {("platform", DATA): 2}, Clock())
    with progress.live(board, print) as listen:
        listen("platform", step("start"))
        listen("platform", step("complete"))
        listen("platform", step("errored", name=GRANT))
    output = capsys.readouterr().err
    assert "✓ bucket data: bucket" not in output
    assert "✗ bucket data: grant roles/storage.objectViewer failed" in output


@pytest.mark.parametrize(("done", "bar"), [(0, "░" * 10), (1, "█" * 5 + "░" * 5), (2, "█" * 10)])
def test_the_bar_says_how_far_a_component_is(done: int, bar: str, board: Board) -> None:
    for name in ("google_storage_bucket.bucket", GRANT)[:done]:
        board.take("platform", step("complete", name=name))
    board.take("platform", step("start", name="google_storage_bucket_object.x"))
    assert board.parts["platform", DATA].bar == bar
