"""What the store keeps, and what it rolls back."""

import sqlite3
from pathlib import Path

import pytest
from localcloud.engine.service import Service
from localcloud.engine.state_folder import disk_refused
from localcloud.engine.store import IN_ROW, Store, place
from localcloud.errors import CloudError
from localcloud.server.assembly import opened


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def blobs(store: Store) -> list[str]:
    return sorted(path.name for path in (store.folder / "blobs").iterdir())


def test_a_resource_comes_back_as_it_was_put(store: Store) -> None:
    store.insert("s", "projects/p/things/t", {"ä": [1, None]})
    assert store.get("s", "projects/p/things/t") == {"ä": [1, None]}
    assert store.get("other", "projects/p/things/t") is None


def test_a_name_is_unique(store: Store) -> None:
    store.insert("s", "projects/p/things/t", {})
    with pytest.raises(CloudError, match="already exists") as caught:
        store.insert("s", "projects/p/things/t", {})
    assert caught.value.code == 409


def test_lists_are_sorted_and_continue_after_a_name(store: Store) -> None:
    for name in ("c", "a", "b"):
        store.put("s", f"projects/p/things/{name}", {"n": name})
    store.put("s", "projects/p/things/a/parts/x", {})
    store.put("s", "projects/q/things/d", {})
    names = [name for name, _ in store.list("s", "projects/p", "things")]
    assert names == ["projects/p/things/a", "projects/p/things/b", "projects/p/things/c"]
    assert store.list("s", "projects/p", "things", after="projects/p/things/a", limit=1) == [
        ("projects/p/things/b", {"n": "b"})
    ]


def test_a_dash_lists_every_location(store: Store) -> None:
    for place_ in ("eu", "us"):
        store.put("s", f"projects/p/locations/{place_}/things/t", {})
        store.put("s", f"projects/p/locations/{place_}/things/t/parts/x/things/deep", {})
    names = [name for name, _ in store.list("s", "projects/p/locations/-", "things")]
    assert names == ["projects/p/locations/eu/things/t", "projects/p/locations/us/things/t"]


def test_removing_below_leaves_neighbours_alone(store: Store) -> None:
    for name in ("a", "a/parts/x", "a-b", "a0"):
        store.put("s", f"things/{name}", {})
    assert store.delete_below("s", "things/a") == 1
    assert store.get("s", "things/a-b") is not None
    assert store.get("s", "things/a0") is not None
    assert store.delete("s", "things/a")
    assert not store.delete("s", "things/a")


def test_counters_continue_after_reopening(store: Store, tmp_path: Path) -> None:
    assert [store.next("n", 7), store.next("n", 7)] == [7, 8]
    store.close()
    assert Store(tmp_path).next("n", 7) == 9


def test_small_bodies_stay_in_the_row_and_large_ones_become_files(store: Store, tmp_path: Path) -> None:
    assert store.keep(b"x" * IN_ROW) == b"x" * IN_ROW
    name = store.keep(b"x" * (IN_ROW + 1))
    assert isinstance(name, str)
    assert store.blob(name).stat().st_size == IN_ROW + 1
    spooled = store.spool()
    spooled.write_bytes(b"y" * (IN_ROW + 1))
    moved = store.keep(spooled)
    assert isinstance(moved, str)
    assert not spooled.exists()


def test_a_rollback_restores_rows_and_files(store: Store) -> None:
    forgotten: list[bool] = []
    store.on_rollback(lambda: forgotten.append(True))
    store.begin()
    store.put("s", "things/t", {})
    store.keep(b"x" * (IN_ROW + 1))
    store.rollback()
    assert store.get("s", "things/t") is None
    assert blobs(store) == []
    assert forgotten == [True]


def test_a_rolled_back_request_leaves_the_others_of_its_transaction(store: Store) -> None:
    store.begin()
    store.savepoint()
    store.put("s", "things/first", {})
    digest = store.keep(b"x" * (IN_ROW + 1))
    store.release()
    savepoint = store.savepoint()
    store.put("s", "things/second", {})
    store.keep(b"y" * (IN_ROW + 1))
    store.drop(str(digest))
    store.undo(savepoint)
    store.commit()
    assert store.get("s", "things/first") is not None
    assert store.get("s", "things/second") is None
    assert blobs(store) == [digest]


def test_a_dropped_file_goes_only_once_the_change_is_on_disk(store: Store) -> None:
    name = str(store.keep(b"x" * (IN_ROW + 1)))
    store.begin()
    store.drop(name)
    assert blobs(store) == [name]
    store.commit()
    assert blobs(store) == []


def test_changes_of_a_service_are_counted_for_caches(store: Store) -> None:
    before = store.writes["s"]
    store.put("s", "things/t", {})
    store.begin()
    store.put("s", "things/u", {})
    store.rollback()
    assert store.writes["s"] == before + 3


def test_a_reset_also_empties_own_tables_and_files(store: Store) -> None:
    store.define("CREATE TABLE IF NOT EXISTS own (x TEXT);")
    store.sql("INSERT INTO own VALUES ('x')")
    store.put("s", "things/t", {})
    store.keep(b"x" * (IN_ROW + 1))
    store.empty()
    assert store.sql("SELECT * FROM own") == []
    assert store.get("s", "things/t") is None
    assert blobs(store) == []


def test_the_tables_of_a_fresh_cloud_are_on_disk_all_together_or_not_at_all(tmp_path: Path) -> None:
    good = Service("secretmanager", tables="CREATE TABLE IF NOT EXISTS good (x TEXT);")
    bad = Service("pubsub", tables="CREATE TABLE IF NOT EXISTS better (x TEXT); CREATE NONSENSE;")
    with pytest.raises(sqlite3.OperationalError):
        opened(tmp_path, (good, bad))
    names = {name for (name,) in Store(tmp_path).sql("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names == {"resources", "policies", "operations", "counters"}


def test_a_full_disk_is_distinguished_from_a_bug(store: Store) -> None:
    pages = store.row("PRAGMA page_count")[0]
    store.sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError) as full:
        store.put("s", "things/t", {"x": "y" * 1_000_000})
    with pytest.raises(sqlite3.OperationalError) as mistaken:
        store.sql("SELECT * FROM nowhere")
    assert disk_refused(full.value)
    assert not disk_refused(mistaken.value)
    assert str(store.folder) in store.explain(full.value).message


def test_a_name_has_a_parent_and_a_collection() -> None:
    assert place("projects/p/secrets/s") == ("projects/p", "secrets")
    assert place("projects/p") == ("", "projects")


def test_no_other_process_can_open_the_database(store: Store) -> None:
    other = sqlite3.connect(store.database, timeout=0)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("SELECT * FROM resources")


@pytest.mark.parametrize("replaced", [False, True])
def test_no_write_succeeds_once_the_folder_is_gone(store: Store, replaced: bool) -> None:
    store.database.unlink()
    if replaced:
        store.database.touch()
    store.begin()
    store.put("s", "things/t", {})
    with pytest.raises(CloudError, match="the database was removed or replaced") as caught:
        store.commit()
    assert caught.value.code == 400
    assert store.get("s", "things/t") is None
    store.close()


def test_damage_found_later_is_reported_in_one_sentence(store: Store, tmp_path: Path) -> None:
    store.begin()
    for number in range(3000):
        store.put("s", f"things/{number}", {"x": "y" * 100})
    store.commit()
    store.close()
    later = Store(tmp_path)
    later.sql("PRAGMA cache_size = 10")
    with store.database.open("r+b") as stream:
        stream.seek(20 * 4096)
        stream.write(b"\xff" * 100 * 4096)
    with pytest.raises(sqlite3.DatabaseError) as damaged:
        later.list("s", "", "things")
    later.close()
    assert disk_refused(damaged.value)
    assert later.explain(damaged.value).message.endswith(
        f"put back a copy of the folder, or remove {tmp_path} to start over."
    )


def test_a_moved_folder_keeps_its_last_changes(tmp_path: Path) -> None:
    store = Store(tmp_path / "before")
    store.begin()
    store.insert("s", "projects/p/things/t", {"kept": True})
    store.commit()
    (tmp_path / "before").rename(tmp_path / "after")
    store.close()
    assert Store(tmp_path / "after").get("s", "projects/p/things/t") == {"kept": True}
