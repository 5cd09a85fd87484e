"""Disks as they are: full, read-only, failing, taken out and put back. Real ones, mounted here by root."""

import contextlib
import datetime
import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.errors import StoreError
from edge.outputs.store import Store
from tests.edge.stored import Clock, add, problem, values
from tests.test_arrows import ROOT

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a disk")

DAYS = datetime.date(2026, 11, 24), datetime.date(2026, 11, 27)
LAST = 1500
"""So many readings are made on the full disk."""


@pytest.fixture(params=["tmpfs", "ext4"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, some 4 MB large."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if request.param == "tmpfs":
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, text=True, check=False)
    else:
        image = tmp_path / "image"
        with image.open("wb") as file:
            file.truncate(4 << 20)
        # Blocks as on an SD card.
        subprocess.run(["mkfs.ext4", "-q", "-b", "4096", "-m", "0", image], check=True, capture_output=True)
        made = subprocess.run(["mount", "-o", "loop,errors=remount-ro", image, folder], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"no disk can be mounted here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["mount", "-o", "remount,rw", folder], check=False, capture_output=True)
    subprocess.run(["umount", folder], check=True)


def fill(folder: Path) -> Path:
    """Take all the room there is; returns the file that holds it."""
    path = folder / "holiday.mp4"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT)
    for size in (1 << 16, 4096, 1):
        with contextlib.suppress(OSError):
            while True:
                os.write(handle, b"x" * size)
    os.close(handle)
    return path


def test_on_a_full_disk_it_goes_on_says_so_and_recovers_by_itself(disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    with Store(disk / "digitd.db", clock=clock) as store:
        add(store, "0", changed=True)
        full = fill(disk)
        ids = []
        for i in range(1, LAST + 1):
            clock.now_s = float(i)
            store.save_state("water", {"i": i})
            ids.append(add(store, str(i), after_s=i, publish=i % 10 == 0, changed=i % 100 == 0))
            if i == 200:
                store.delivered("mqtt", ids[149])
        assert problem(store)
        assert store.visible == ids[-1]
        assert re.search(rf"the disk of {disk} is full; \d+ readings wait in memory\. They are kept once that is mended", problem(store))
        assert values(store.pending("mqtt", limit=1000)) == [str(i) for i in range(160, LAST + 1, 10)]
        assert store.queue_length("mqtt") == (LAST - 150) // 10
        latest = store.latest("water")
        assert latest is not None
        assert latest.id == ids[-1]
        assert sum(store.consumption("water", *DAYS).values()) == LAST
        assert len([each for each in caplog.records if each.levelno >= logging.WARNING]) == 1

        full.unlink()
        clock.now_s += 9.0
        store.tick()
        assert problem(store)
        clock.now_s += 1.0
        store.tick()
        assert not problem(store)
        assert "readings are kept again" in caplog.text
        assert store.committed == ids[-1]
        assert values(list(store.readings())) == [str(i) for i in range(LAST + 1)]
        assert values(store.pending("mqtt", limit=1000)) == [str(i) for i in range(160, LAST + 1, 10)]
    with Store(disk / "digitd.db") as store:
        assert sum(store.consumption("water", *DAYS).values()) == LAST
        assert store.load_state("water") == {"i": LAST}


@pytest.mark.parametrize("killed", [False, True])
def test_started_on_a_full_disk_it_knows_what_was_and_goes_on(disk: Path, killed: bool) -> None:
    path = disk / "digitd.db"
    left_behind(path, killed=killed)
    full = fill(disk)
    clock = Clock()
    with Store(path, clock=clock) as store:
        assert problem(store)
        assert f"the disk of {disk} is full" in problem(store)
        assert store.load_state("water") == {"at": 7}
        number = add(store, "8", changed=True)
        assert number > 1
        assert values(store.pending("mqtt")) == ["7", "8"]
        full.unlink()
        clock.now_s = 10.0
        store.tick()
        assert not problem(store)
        assert values(store.pending("mqtt")) == ["7", "8"]
        assert values(list(store.readings())) == ["7", "8"]
    with Store(path) as store:
        assert [record.id for record in store.readings()] == [1, number]


def test_begun_on_a_full_disk_it_makes_its_file_once_there_is_room(disk: Path) -> None:
    full = fill(disk)
    clock = Clock()
    with Store(disk / "digitd.db", clock=clock) as store:
        number = add(store, "1", changed=True)
        assert values(store.pending("mqtt")) == ["1"]
        full.unlink()
        clock.now_s = 10.0
        store.tick()
        assert not problem(store)
    with Store(disk / "digitd.db") as store:
        assert [record.id for record in store.readings()] == [number]


@pytest.mark.parametrize("killed", [False, True])
def test_started_on_a_read_only_disk_it_knows_what_was_and_goes_on(disk: Path, killed: bool) -> None:
    path = disk / "digitd.db"
    left_behind(path, killed=killed)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    clock = Clock()
    with Store(path, clock=clock) as store:
        assert problem(store)
        assert f"the disk of {disk} is read-only" in problem(store)
        assert store.load_state("water") == {"at": 7}
        add(store, "8", changed=True)
        assert values(store.pending("mqtt")) == ["7", "8"]
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        clock.now_s = 10.0
        store.tick()
        assert not problem(store)
        assert values(list(store.readings())) == ["7", "8"]


@pytest.mark.parametrize("disk", ["ext4"], indirect=True)
def test_a_disk_that_turns_read_only_while_it_runs_is_borne_until_it_is_put_right(disk: Path) -> None:
    clock = Clock()
    with Store(disk / "digitd.db", clock=clock) as store:
        add(store, "1", changed=True)
        device = Path(next(line.split()[0] for line in Path("/proc/mounts").read_text().splitlines() if line.split()[1] == str(disk)))
        trigger = Path(f"/sys/fs/ext4/{device.name}/trigger_fs_error")
        if not os.access(trigger, os.W_OK):
            pytest.skip(f"{trigger}: this kernel does not let errors be made")
        # What a failing card does: the kernel finds an error, and lets nobody write any more.
        trigger.write_text("1")
        add(store, "2", changed=True)
        assert problem(store)
        assert re.search(rf"the disk of {disk} (is read-only|does not let itself be written to \(.*\)); 1 readings wait", problem(store))
        for i in range(10):
            clock.now_s += 10
            add(store, str(3 + i), changed=True)
        assert values(store.pending("mqtt")) == [str(1 + i) for i in range(12)]
        # Somebody copies it to another one, has that checked, and puts it in its place.
        subprocess.run(["umount", "--lazy", disk], check=True)
        image = shutil.copy(disk.with_name("image"), disk.with_name("copy"))
        subprocess.run(["e2fsck", "-fy", image], check=False, capture_output=True)
        subprocess.run(["mount", "-o", "loop", image, disk], check=True)
        clock.now_s += 10
        store.tick()
        assert not problem(store)
        assert values(list(store.readings())) == [str(1 + i) for i in range(12)]
    with Store(disk / "digitd.db") as store:
        assert values(list(store.readings())) == [str(1 + i) for i in range(12)]


def left_behind(path: Path, *, killed: bool) -> None:
    """A database with one reading that is not delivered, of a process that ended, or was killed."""
    code = (
        "import os, sys; from pathlib import Path; from tests.edge.stored import add; from edge.outputs.store import Store\n"
        "store = Store(Path(sys.argv[1])); store.save_state('water', {'at': 7}); add(store, '7', changed=True)\n"
        f"{'os._exit(1)' if killed else 'store.close()'}"
    )
    result = subprocess.run([sys.executable, "-c", code, path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == killed, result.stderr
    assert Path(f"{path}-wal").exists() == killed


def test_without_permission_the_way_out_is_named(tmp_path: Path) -> None:
    """As the user nobody, whom permissions bind."""
    folder = tmp_path / "var"
    folder.mkdir()
    Store(folder / "digitd.db").close()
    for each in [folder, tmp_path, *tmp_path.parents]:
        if each.owner() == "root" and str(each).startswith("/tmp/"):
            each.chmod(0o755)
    pid = os.fork()
    if pid == 0:
        os.setuid(65534)
        try:
            Store(folder / "digitd.db")
        except StoreError as error:
            os._exit(0 if "no permission to write; as root: chown -R nobody" in str(error) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
