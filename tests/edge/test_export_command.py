"""`digitd export` as its user meets it."""

import csv
import io
import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from edge.commands import export
from edge.outputs.store import Store
from edge.reading import Status
from tests.edge.commanded import command
from tests.edge.stored import NOON, add
from tests.test_arrows import ROOT

TABLE = """id,time,counter,value,raw,confidence,status,rate
1,2026-11-25T12:00:00.000000Z,water,118.900,0118900,0.9877,ok,
2,2026-11-25T12:00:00.500000Z,"gas, cellar",7,0000007,0.9877,ok,0.25
3,2026-11-26T01:00:00.000000Z,water,118.900,01189?0,0.9877,low_confidence,
4,2026-11-26T12:00:00.000000Z,water,,,0.9877,no_frame,
"""


pytestmark = pytest.mark.usefixtures("berlin")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "digitd.sqlite"
    with Store(path) as store:
        add(store, "118.900")
        add(store, "7", counter="gas, cellar", after_s=0.5, rate=0.25)
        add(store, "118.900", status=Status.LOW_CONFIDENCE, raw="01189?0", after_s=13 * 3600)
        add(store, None, status=Status.NO_FRAME, after_s=24 * 3600)
    return path


def test_a_table_has_everything_in_the_order_it_was_read(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(export, "--database", path) == 0
    assert capsys.readouterr().out == TABLE
    assert len(list(csv.DictReader(io.StringIO(TABLE)))) == 4


def test_objects_come_one_a_line(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(export, "--database", path, "--format", "json") == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told[1] == {
        "id": 2, "time": "2026-11-25T12:00:00.500000Z", "counter": "gas, cellar", "value": 7, "raw": "0000007", "confidence": 0.9877,
        "status": "ok", "rate": 0.25,
    }  # fmt: skip
    assert [each["value"] for each in told] == [118.9, 7, 118.9, None]


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--counter", "water"], "134"),
        (["--from", "2026-11-26"], "34"),
        (["--to", "2026-11-25"], "12"),  # the day of this machine, which is an hour ahead
        (["--from", "2026-11-25", "--to", "2026-11-26"], "1234"),
        (["--from", "2026-11-26T02:00", "--to", "2026-11-26T13:00"], "3"),
        (["--from", "2026-11-26T01:00Z", "--to", "2026-11-26T13:00+01:00"], "3"),
        (["--from", "2027-01-01"], ""),
    ],
)
def test_what_is_asked_for(path: Path, options: list[str], ids: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(export, "--database", path, *options) == 0
    assert "".join(line[0] for line in capsys.readouterr().out.splitlines()[1:]) == ids


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--counter", "wasser"], "--counter wasser: not in .*, which has gas, cellar, water"),
        (["--from", "yesterday"], "--from yesterday: not a time; expected a day such as 2026-11-25"),
        (["--to", "2026-13-01"], "--to 2026-13-01: not a time"),
        (["--from", "2026-11-26", "--to", "2026-11-25"], "nothing lies between them; expected the earlier one first"),
        (["--daily", "--from", "2026-11-25T06:00"], "--from 2026-11-25T06:00: not a day; expected a day such as 2026-11-25$"),
        (["--daily", "--from", "2026-11-26", "--to", "2026-11-25"], "nothing lies between them; expected the earlier one first"),
        (["--output", "/nowhere/x.csv"], "--output /nowhere/x.csv: cannot be written"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(path: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(export, "--database", path, *options) == 2
    line = capsys.readouterr().err
    assert re.match(f"digitd: .*{said}", line), line
    assert line.count("\n") == 1


def test_a_database_that_is_none_is_named(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing, text, damaged, newer = (path.with_name(name) for name in ("none", "text", "damaged", "newer"))
    text.write_text("readings, but not ours\n" * 100)
    damaged.write_bytes(path.read_bytes()[:4096] + b"\xff" * 100_000)
    newer.write_bytes(path.read_bytes())
    connection = sqlite3.connect(newer)
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    for file, said in (
        (missing, "none: no such file; expected the database that digitd keeps its readings in (--database FILE)"),
        (text, "text: damaged (file is not a database). Move it aside"),
        (damaged, "damaged: damaged (database disk image is malformed). Move it aside"),
        (newer, "newer: written by a newer digitd (schema 9, this one knows"),
    ):
        assert command(export, "--database", file) == 1
        assert said in capsys.readouterr().err


def test_the_configuration_tells_where_the_readings_are(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "digitd.toml"
    config.write_text(f'[store]\npath = "{path.name}"\n')
    assert command(export, "--config", config) == 0
    assert capsys.readouterr().out == TABLE
    config.write_text("[store]\npaht = 1\n")
    assert command(export, "--config", config) == 1
    assert "paht" in capsys.readouterr().err


def test_a_file_is_there_only_once_it_is_whole(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "november.csv"
    assert command(export, "--database", path, "--output", out) == 0
    assert out.read_text() == TABLE
    assert sorted(file.name for file in tmp_path.glob("november*")) == ["november.csv"]


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ([], ["gas,2026-11-25,0", "water,2026-11-25,0.300", "water,2026-11-26,0.800", "water,2026-11-28,12.000"]),
        (["--counter", "gas"], ["gas,2026-11-25,0"]),
        (["--from", "2026-11-26"], ["water,2026-11-26,0.800", "water,2026-11-28,12.000"]),
        (["--to", "2026-11-25"], ["gas,2026-11-25,0", "water,2026-11-25,0.300"]),
        (["--from", "2026-11-26", "--to", "2026-11-27"], ["water,2026-11-26,0.800"]),
        (["--from", "2027-01-01"], []),
    ],
)
def test_what_was_used_each_day(tmp_path: Path, options: list[str], lines: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "digitd.sqlite"
    with Store(path) as store:
        add(store, "118.900")
        add(store, "7", counter="gas")
        add(store, "119.200", after_s=10.9 * 3600)  # 23:54 in Berlin, 22:54 in UTC
        add(store, "120.000", after_s=11.1 * 3600)  # after midnight in Berlin, before it in UTC
        add(store, "132.000", after_s=60 * 3600)
    assert command(export, "--database", path, "--daily", *options) == 0
    assert capsys.readouterr().out.splitlines() == ["counter,day,used", *lines]
    assert command(export, "--database", path, "--daily", "--format", "json", *options) == 0
    told = [json.loads(line, parse_float=str, parse_int=str) for line in capsys.readouterr().out.splitlines()]
    assert [(each["counter"], each["day"], float(each["used"])) for each in told] == [
        (counter, day, float(used)) for counter, day, used in (line.split(",") for line in lines)
    ]


def test_it_reads_what_is_committed_while_the_daemon_goes_on(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store(path) as store:
        add(store, "119.000", after_s=90_000, changed=True)
        add(store, "119.000", after_s=90_001)
        assert command(export, "--database", path) == 0
        assert capsys.readouterr().out.count("\n") == 6
        assert add(store, "119.100", after_s=90_002, changed=True) == 7
        assert store.problem is None


def test_it_needs_no_permission_to_write(path: Path, tmp_path: Path) -> None:
    if subprocess.run(["mount", "--bind", tmp_path, tmp_path], check=False, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", tmp_path], check=True)
        assert command(export, "--database", path) == 0
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_two_hundred_thousand_readings_take_no_more_memory_than_a_few(tmp_path: Path) -> None:
    path = tmp_path / "digitd.sqlite"
    with Store(path) as store:
        add(store, "1")
    code = (
        "import sys, resource; from edge.commands import export; from tests.edge.commanded import command\n"
        "assert command(export, '--database', sys.argv[1], '--output', sys.argv[1] + '.csv') == 0\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )

    def peak_kib() -> int:
        out = subprocess.run([sys.executable, "-c", code, path], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        return int(out)

    few = peak_kib()
    connection = sqlite3.connect(path)
    connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) INSERT INTO reading "
        "SELECT i, ?, 1, '118.900', '0118900', 0.9, 'ok', NULL, 0 FROM n",
        (int(NOON.timestamp() * 1e6),),
    )
    connection.commit()
    connection.close()
    assert peak_kib() < few + 4096


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command(export, "--help")
    told = capsys.readouterr().out
    assert "digitd export --counter water --from 2026-11-01 --to 2026-11-30" in told
