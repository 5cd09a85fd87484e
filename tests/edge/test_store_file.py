"""The file: whose it is, of which version, and what becomes of one that is damaged, moved or cannot be written."""

import datetime
import logging
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from edge.errors import StoreError
from edge.outputs import kept, schema
from edge.outputs.record import Record
from edge.outputs.store import Store
from tests.edge.stored import NOON, add, problem, values

DAY = NOON.astimezone().date()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with a week of readings, an hour apart."""
    path = tmp_path / "digitd.db"
    with Store(path) as store:
        for hour in range(168):
            store.save_state("water", {"hour": hour})
            add(store, f"{hour}.5", after_s=3600.0 * hour)
        store.commit()
        store.delivered("mqtt", 160)
    return path


def aside(path: Path) -> list[Path]:
    return sorted(file for file in path.parent.glob("*.damaged-*") if not file.name.endswith("-wal"))


def test_a_file_of_ours_is_one_file_when_nobody_has_it_open(path: Path) -> None:
    assert sorted(file.name for file in path.parent.iterdir()) == ["digitd.db", "digitd.db-lock"]
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_two_do_not_write_to_one_file(path: Path) -> None:
    with Store(path), pytest.raises(StoreError, match="another digitd keeps its readings there; stop it first"):
        Store(path)
    Store(path).close()


def test_a_newer_file_is_refused_and_left_as_it_is(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"digitd\.db: written by a newer digitd \(schema 99, this one knows \d+\)"):
        Store(path)
    assert path.read_bytes() == before


def test_somebody_elses_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "home-assistant.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE states (id)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"a database of another program \(tables states\)"):
        Store(path)
    assert path.read_bytes() == before


def test_an_older_schema_is_brought_up_to_date_step_by_step_with_what_it_holds(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    later = (*schema.MIGRATIONS, ("ALTER TABLE counter ADD COLUMN unit TEXT", "UPDATE counter SET unit = 'm³'"))
    schema.migrate(connection, schema.check(connection, path), later)
    assert connection.execute("SELECT name, unit FROM counter").fetchall() == [("water", "m³")]
    assert connection.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS) + 1,)
    assert connection.execute("SELECT count(*) FROM reading").fetchone() == (168,)
    connection.close()


def test_a_step_that_fails_leaves_the_version_before_it(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        schema.migrate(connection, len(schema.MIGRATIONS), (*schema.MIGRATIONS, ("ALTER TABLE counter ADD COLUMN unit", "NO SQL")))
    connection.close()
    with Store(path) as store:
        assert len(list(store.readings())) == 168


@pytest.mark.parametrize(
    ("name", "said"),
    [("none/digitd.db", "no folder .*none; make it"), (".", "not a file; expected digitd's database")],
)
def test_a_place_that_is_none_is_named(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(StoreError, match=said):
        Store(tmp_path / name)


def test_what_is_no_database_any_more_is_moved_aside_and_reading_goes_on(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    broken = b"\0" * path.stat().st_size
    path.write_bytes(broken)
    with Store(path) as store:
        assert not problem(store)
        # The ids of the file are not known: those of the clock were not given before.
        assert add(store, "200.5", changed=True) > datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC).timestamp() * 1000
        assert values(list(store.readings())) == ["200.5"]
    assert [file.read_bytes() for file in aside(path)] == [broken]
    assert "moved aside to" in caplog.text
    assert caplog.records[0].levelno == logging.ERROR


def pages(path: Path, table: str) -> list[int]:
    """Where the table's pages begin, in bytes."""
    connection = sqlite3.connect(path)
    size = connection.execute("PRAGMA page_size").fetchone()[0]
    roots = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchall()
    connection.close()
    return [(root - 1) * size for (root,) in roots]


def damaged(path: Path, table: str) -> None:
    with path.open("r+b") as file:
        for page in pages(path, table):
            file.seek(page)
            file.write(b"\xff" * 4096)


@pytest.mark.parametrize("tables", [["reading"], ["reading", "output"]])
def test_damage_costs_only_what_cannot_be_read(path: Path, tables: list[str]) -> None:
    for table in tables:
        damaged(path, table)
    with Store(path) as store:
        assert list(store.readings()) == []
        assert store.load_state("water") == {"hour": 167}
        assert sum(store.consumption("water", DAY, DAY + datetime.timedelta(days=8)).values()) == 167
        assert add(store, "170.5", changed=True) > 168
        assert sum(store.consumption("water", DAY, DAY + datetime.timedelta(days=8)).values()) == 170
        assert values(store.pending("mqtt")) == ["170.5"]
    assert len(aside(path)) == 1


def test_readings_are_not_given_to_another_counter_where_it_cannot_be_told_whose_they_are(path: Path) -> None:
    damaged(path, "counter")
    with Store(path) as store:
        assert store.load_state("water") is None
        assert add(store, "3.5", counter="gas", changed=True) > 168
        assert values(list(store.readings())) == ["3.5"]
        assert store.consumption("gas", DAY, DAY + datetime.timedelta(days=8)) == {DAY: Decimal(0)}


def test_damage_found_while_it_runs_is_put_aside_and_what_memory_knows_written_anew(path: Path) -> None:
    with Store(path) as store:
        damaged(path, "reading")
        store.save_state("water", {"hour": 168})
        first = add(store, "168.5", changed=True)
        assert first == 169
        assert not problem(store)
        assert values(store.pending("mqtt")) == ["168.5"]
        assert store.load_state("water") == {"hour": 168}
        assert sum(store.consumption("water", DAY, DAY + datetime.timedelta(days=8)).values()) == 168
    assert len(aside(path)) == 1
    with Store(path) as store:
        assert store.load_state("water") == {"hour": 168}
        assert add(store, "170.5") == 170


def test_a_garbled_row_does_not_stop_those_behind_it(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    connection = sqlite3.connect(path)
    connection.execute("UPDATE reading SET value = '1x', status = 'qk' WHERE id = 165")
    connection.commit()
    connection.close()
    with Store(path) as store:
        assert [record.id for record in store.pending("mqtt")] == [161, 162, 163, 164, 166, 167, 168]
        assert len(list(store.readings())) == 167
    assert "reading 165 is garbled" in caplog.text


def test_a_file_that_was_moved_away_while_it_runs_is_made_again(path: Path, tmp_path: Path) -> None:
    with Store(path) as store:
        number = add(store, "168.5", changed=True)
        path.rename(tmp_path / "backup.db")
        for suffix in ("-wal", "-shm"):
            Path(f"{path}{suffix}").rename(tmp_path / f"backup.db{suffix}")
        assert add(store, "169.5", changed=True) == number + 1
        assert not problem(store)
        assert values(list(store.readings())) == ["169.5"]
    with Store(path) as store:
        assert values(list(store.readings())) == ["169.5"]
        assert store.load_state("water") == {"hour": 167}


def test_an_empty_file_left_by_a_power_cut_begins_with_ids_that_were_not_given(path: Path) -> None:
    path.write_bytes(b"")
    with Store(path) as store:
        assert add(store, "1", changed=True) > 168


def test_another_program_that_holds_the_file_delays_readings_and_loses_none(path: Path) -> None:
    with Store(path) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        add(store, "168.5", changed=True)
        assert problem(store)
        assert "another program holds it; 1 readings wait in memory" in problem(store)
        assert values(store.pending("mqtt"))[-1] == "168.5"
        other.execute("COMMIT")
        other.close()
        store.commit()
        assert not problem(store)
        assert values(list(store.readings()))[-1] == "168.5"


def test_memory_holds_so_many_readings_and_lets_go_of_those_first_that_nobody_asked_for() -> None:
    from tests.edge.stored import reading

    waiting = kept.Kept(most=10)
    for number in range(1, 41):
        record = Record(
            id=number, time=NOON, counter="c", value=Decimal(number), raw=reading("1").raw, confidence=1.0,
            status=reading("1").status, rate=None,
        )  # fmt: skip
        waiting.add(record, publish=number % 10 == 0, total=lambda *_: Decimal(0))
        assert len(waiting.waiting) <= 10
    assert [record.id for record in waiting.published(0)] == [10, 20, 30, 40]
    assert waiting.dropped == 40 - len(waiting.waiting)
    assert waiting.counters["c"].used == {DAY: Decimal(39)}
