"""Deferred writes: made later, rolled back with their change, never lost with another one's."""

import asyncio
from pathlib import Path

import pytest
from localcloud.engine.commits import Commits
from localcloud.engine.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def change(store: Store, name: str) -> None:
    store.put("s", f"things/{name}", {})
    store.deferred.add(lambda: store.put("s", f"notes/{name}", {}))


def notes(store: Store) -> list[str]:
    return [name for (name,) in store.sql("SELECT name FROM resources WHERE name LIKE 'notes/%' ORDER BY name")]


def test_deferred_writes_are_made_on_demand(store: Store) -> None:
    with store.transaction():
        change(store, "a")
    assert (notes(store), store.deferred.pending) == ([], True)
    store.settle()
    assert (notes(store), store.deferred.pending) == (["notes/a"], False)


def test_a_rollback_drops_the_deferred_writes_of_its_change_alone(store: Store) -> None:
    with store.transaction():
        change(store, "a")
        savepoint = store.savepoint()
        change(store, "b")
        store.undo(savepoint)
        change(store, "c")
    store.settle()
    assert notes(store) == ["notes/a", "notes/c"]


def test_deferred_writes_of_earlier_transactions_survive_a_failed_one(store: Store) -> None:
    with store.transaction():
        change(store, "a")
    store.begin()
    change(store, "b")
    store.rollback()
    store.settle()
    assert notes(store) == ["notes/a"]


def test_a_rolled_back_write_is_made_again(store: Store) -> None:
    with store.transaction():
        change(store, "a")
    with store.transaction():
        savepoint = store.savepoint()
        store.settle()
        assert notes(store) == ["notes/a"]
        store.undo(savepoint)
    assert notes(store) == []
    store.begin()
    store.settle()
    store.rollback()
    store.settle()
    assert notes(store) == ["notes/a"]


def test_one_that_fails_by_a_bug_stops_no_other(store: Store) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    with store.transaction():
        store.deferred.add(broken)
        change(store, "a")
    store.settle()
    assert (notes(store), store.deferred.pending) == (["notes/a"], False)


def test_a_stop_makes_deferred_writes(tmp_path: Path, store: Store) -> None:
    with store.transaction():
        change(store, "a")
    store.close()
    assert notes(Store(tmp_path)) == ["notes/a"]


def test_a_failing_request_drops_no_other_requests_writes(store: Store) -> None:
    def failing() -> None:
        change(store, "bad")
        raise ZeroDivisionError

    async def all_at_once() -> None:
        commits = Commits(store)
        works = [lambda: change(store, "a"), failing, lambda: change(store, "b")]
        await asyncio.gather(*(commits.run(work, lambda _: None) for work in works))

    asyncio.run(all_at_once())
    store.settle()
    assert notes(store) == ["notes/a", "notes/b"]
