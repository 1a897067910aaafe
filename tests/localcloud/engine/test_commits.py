"""Group commit."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from localcloud.engine.commits import Commits
from localcloud.engine.store import Store


class Counted(Store):
    """A store that counts its commits, and refuses them on demand."""

    commits = 0
    full = False

    def commit(self) -> None:
        self.commits += 1
        if self.full:
            raise self.explain(OSError(28, "No space left on device"))
        super().commit()


@pytest.fixture
def store(tmp_path: Path) -> Counted:
    return Counted(tmp_path)


def together(store: Store, *works: Callable[[], str]) -> list[str]:
    async def run() -> list[str]:
        commits = Commits(store)
        return await asyncio.gather(*(commits.run(work, lambda problem: f"failed: {problem}") for work in works))

    return asyncio.run(run())


def writing(store: Store, name: str) -> Callable[[], str]:
    def work() -> str:
        store.insert("s", f"things/{name}", {})
        return name

    return work


def breaking(store: Store, name: str) -> Callable[[], str]:
    def work() -> str:
        store.insert("s", f"things/{name}", {})
        raise ValueError(name)

    return work


def test_requests_that_arrive_together_share_one_commit(store: Counted) -> None:
    assert together(store, *(writing(store, name) for name in "abcdefgh")) == list("abcdefgh")
    assert store.commits == 1
    assert len(store.list("s", "", "things")) == 8


def test_one_that_fails_leaves_nothing_and_spoils_nothing(store: Counted) -> None:
    assert together(store, writing(store, "a"), breaking(store, "b"), writing(store, "c")) == ["a", "failed: b", "c"]
    assert [name for name, _ in store.list("s", "", "things")] == ["things/a", "things/c"]


def test_no_request_succeeds_when_the_disk_refuses_the_commit(store: Counted) -> None:
    store.full = True
    answers = together(store, writing(store, "a"), writing(store, "b"))
    assert all("could not write to its disk" in answer for answer in answers)
    store.full = False
    assert store.list("s", "", "things") == []
    assert together(store, writing(store, "a")) == ["a"]


def test_when_sqlite_rolls_back_the_transaction_every_request_in_it_fails(store: Counted) -> None:
    def ending() -> str:
        store.sql("ROLLBACK")
        raise ValueError("gave up")

    assert together(store, writing(store, "a"), ending) == ["failed: gave up"] * 2
    assert store.list("s", "", "things") == []


def test_more_than_one_batch_is_processed(store: Counted) -> None:
    names = [f"n{number:03}" for number in range(300)]
    assert together(store, *(writing(store, name) for name in names)) == names
    assert store.commits == 2
