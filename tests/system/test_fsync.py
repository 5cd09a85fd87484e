"""What reaches the disk: no more fsyncs than a card can bear, and every acknowledged reading, whenever the power fails."""

import contextlib
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.outputs.store import Store
from tests.edge.stored import Clock, add
from tests.system.packages import install
from tests.test_arrows import ROOT

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a disk, and install strace")

AN_HOUR = """
import sys
from pathlib import Path
from tests.edge.stored import Clock, add
from edge.outputs.store import Store

seconds, change_every_s = int(sys.argv[2]), int(sys.argv[3])
clock = Clock()
store = Store(Path(sys.argv[1]), commit_interval_s=10, clock=clock)
for second in range(1, seconds + 1):
    clock.now_s = float(second)
    changed = bool(change_every_s) and second % change_every_s == 0
    store.save_state("water", {"second": second})
    number = add(store, str(second), after_s=second, publish=changed, changed=changed)
    store.delivered("mqtt", number - 1)
print("still running", flush=True)
import os
os._exit(0)
"""


def fsyncs(folder: Path, *, seconds: int, change_every_s: int) -> int:
    """How many fsyncs and fdatasyncs a process made that stored a reading a second for so long (on a clock of its own)."""
    install("strace", programs=("strace",))
    trace = folder / "trace"
    result = subprocess.run(
        ["strace", "-f", "-e", "trace=fsync,fdatasync,sync_file_range,msync", "-o", trace, sys.executable, "-c", AN_HOUR,
         folder / f"{seconds}-{change_every_s}.db", str(seconds), str(change_every_s)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.stdout == "still running\n", result.stderr
    return len(re.findall(r"\b(?:fsync|fdatasync|sync_file_range|msync)\(", trace.read_text()))


def test_a_card_sees_one_fsync_for_each_interval_and_one_for_each_changed_value(tmp_path: Path) -> None:
    opening = fsyncs(tmp_path, seconds=0, change_every_s=0)
    assert opening <= 12
    hours = 3
    quiet = fsyncs(tmp_path, seconds=hours * 3600, change_every_s=0) - opening
    assert hours * 3600 / 10 * 0.95 <= quiet <= hours * 3600 / 10
    # A value that changes each minute: those six intervals begin anew with it.
    used = fsyncs(tmp_path, seconds=hours * 3600, change_every_s=60) - opening
    assert used <= hours * 3600 / 10 + hours * 60
    print(f"opening {opening}, {hours} h: {quiet} of {hours * 360} at rest, {used} with {hours * 60} changes")


@pytest.fixture
def card(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A folder on a disk with a journal, as an SD card has one, and the image that is behind it."""
    folder, image = tmp_path / "card", tmp_path / "card.image"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-b", "4096", "-m", "0", "-J", "size=4", image], check=True, capture_output=True)
    if subprocess.run(["mount", "-o", "loop", image, folder], check=False, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    yield folder, image
    subprocess.run(["umount", folder], check=True)


def test_what_is_acknowledged_outlives_a_power_cut(card: tuple[Path, Path], tmp_path: Path) -> None:
    """The image holds what was synced: what is in the file system's memory only, a power cut takes, and a copy of the image has not got."""
    folder, image = card
    cut = tmp_path / "cut"
    cut.mkdir()
    clock, chance = Clock(), random.Random(5)
    with Store(folder / "digitd.db", clock=clock) as store:
        for _ in range(12):
            for _ in range(chance.randrange(1, 40)):
                clock.now_s += 1
                number = add(store, str(int(clock.now_s)), changed=chance.random() < 0.1)
                store.save_state("water", {"id": number + 1})
            acknowledged = store.committed
            shutil.copy(image, tmp_path / "cut.image")
            subprocess.run(["mount", "-o", "loop", tmp_path / "cut.image", cut], check=True)
            try:
                with Store(cut / "digitd.db") as after:
                    assert [record.id for record in after.readings()][:acknowledged] == list(range(1, acknowledged + 1))
                    assert (after.load_state("water") or {"id": 1})["id"] == len(list(after.readings()))
                with contextlib.closing(sqlite3.connect(cut / "digitd.db")) as connection:
                    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            finally:
                subprocess.run(["umount", cut], check=True)
