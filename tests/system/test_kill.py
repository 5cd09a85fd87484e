"""kill -9 at any moment: what was acknowledged is there, once, and the database is whole.

15 kills here; 200 with DIGITD_LONG=1.
"""

import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path

from edge.outputs.store import Store
from tests.system.writer import COUNTERS
from tests.test_arrows import ROOT

KILLS = 200 if os.environ.get("DIGITD_LONG") == "1" else 15
LONGEST_LIFE_S = 0.5
OPENING_S = (0.15, 0.6)
"""About when a writer opens the file, after it was started."""


def life(path: Path, seed: int, chance: random.Random) -> list[list[str]]:
    """What a writer promised before it was killed: words of its whole lines."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.system.writer", str(path), str(seed)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        assert writer.stderr is not None
        beginning = b""
        if seed % 4 == 3:  # one in four dies about when it opens the file that the last one left behind
            time.sleep(chance.uniform(*OPENING_S))
        else:
            beginning = writer.stdout.readline()
        timer = threading.Timer(chance.uniform(0, LONGEST_LIFE_S) if beginning else 0, writer.kill)
        timer.start()
        rest = writer.stdout.read()
        timer.join()
        assert writer.stderr.read().decode() == ""
    return [line.split() for line in (beginning + rest).decode().rpartition("\n")[0].splitlines()]


def test_whatever_is_acknowledged_outlives_kill_9_and_nothing_comes_twice(tmp_path: Path) -> None:
    path, chance = tmp_path / "digitd.db", random.Random(4)
    sent: list[tuple[int, str]] = []
    acknowledged: list[tuple[int, int]] = []
    for number in range(KILLS):
        lines = life(path, number, chance)
        first = next((int(words[1]) for words in lines if words[0] == "first"), 0)
        acks = [int(words[1]) for words in lines if words[0] == "acknowledged"]
        acknowledged.append((first, max(acks, default=first - 1)))
        sent += [(int(words[1]), words[2]) for words in lines if words[0] == "sent"]
        with contextlib.closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            found = connection.execute("SELECT count(*), count(DISTINCT id) FROM reading WHERE id BETWEEN ? AND ?", acknowledged[-1])
            assert found.fetchone() == (acknowledged[-1][1] - first + 1,) * 2, f"kill {number}"

    with Store(path) as store:
        readings = list(store.readings())
        ids = [record.id for record in readings]
        assert ids == sorted(set(ids))
        assert set(ids) >= {each for first, last in acknowledged for each in range(first, last + 1)}
        for counter in COUNTERS:
            own = [record.value or Decimal(0) for record in readings if record.counter == counter]
            assert own == sorted(own)
            days = store.consumption(counter, readings[0].time.date(), readings[-1].time.date())
            assert sum(days.values()) == own[-1] - own[0]
        while pending := store.pending("mqtt"):
            sent += [(record.id, record.raw) for record in pending]
            store.delivered("mqtt", pending[-1].id)

    raw = {record.id: record.raw for record in readings}
    assert all(raw[number] == shown for number, shown in sent), "an id stands for one reading"
    once = list(dict.fromkeys(number for number, _ in sent))
    assert once == sorted(once), "in order, but for what comes again"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert once == [number for (number,) in connection.execute("SELECT id FROM reading WHERE publish ORDER BY id")], "no gap"
    print(f"{KILLS} kills, {len(ids)} readings, {len(once)} sent, {len(sent) - len(once)} of them again")
