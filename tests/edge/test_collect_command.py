"""`digitd collect` as its user meets it: what it writes is what training takes."""

import csv
import dataclasses
from decimal import Decimal
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.commands import collect
from edge.outputs.doubtful import Doubtful
from edge.outputs.store import Store
from edge.reading import Status
from tests.edge.commanded import command
from tests.edge.stored import NOON, add
from tests.edge.test_doubtful import doubted, frame
from train import datasets
from train.recipes import COUNTER
from train.samples import training_samples

READ = (("12.34", "1234"), (None, "12?4"), ("12.34", "1234"), (None, "12?9"), ("12.40", "1240"), (None, "9999"))
"""Trusted values and, between them, what was read in doubt."""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """What a daemon left."""
    folder = tmp_path / "state"
    folder.mkdir()
    ring = Doubtful(folder / "doubtful", spacing_s=0)
    with Store(folder / "digitd.sqlite") as store:
        for value, raw in READ:
            status = Status.LOW_CONFIDENCE if value is None else Status.OK
            read = dataclasses.replace(doubted(raw, status), value=Decimal(value or "12.34"))
            number = store.add("water/cellar", read, time=NOON, rate=None, publish=False, changed=False)
            assert ring.keep(number, "water/cellar", frame(), read) == (value is None)
        add(store, "1", counter="gas")
    return folder


def run(state: Path, out: Path, *options: str) -> int:
    return command(collect, out, "--pictures", state / "doubtful", "--database", state / "digitd.sqlite", *options)


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "index.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_digit_gets_a_picture_and_the_label_that_the_later_value_tells(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "my-digits"
    assert run(state, out) == 0
    assert capsys.readouterr().out == f"{out}: 11 digits added (6 told by later values, 5 as read), 0 were there\n"
    assert [(row["path"], row["label"], row["kind"], row["told_by"]) for row in rows(out)] == [
        ("train/water_cellar/2_1.png", "1.0", "tenths", "later"),
        ("train/water_cellar/2_2.png", "2.0", "tenths", "later"),
        ("train/water_cellar/2_3.png", "3.0", "integer", "later"),  # unreadable then
        ("train/water_cellar/2_4.png", "4.0", "tenths", "later"),
        ("train/water_cellar/4_1.png", "1.0", "tenths", "later"),
        ("train/water_cellar/4_2.png", "2.0", "tenths", "later"),
        ("train/water_cellar/4_4.png", "9.0", "tenths", "read"),
        ("train/water_cellar/6_1.png", "9.0", "tenths", "read"),
        ("train/water_cellar/6_2.png", "9.0", "tenths", "read"),
        ("train/water_cellar/6_3.png", "9.0", "tenths", "read"),
        ("train/water_cellar/6_4.png", "9.0", "tenths", "read"),
    ]


def test_the_loader_of_the_training_takes_the_folder(state: Path, tmp_path: Path) -> None:
    assert run(state, tmp_path / "mine") == 0
    digits = datasets.meter_digits("train", tmp_path / "mine")
    assert [crop.shape for crop in digits.crops] == [(48, 30, 3)] * 11
    # The frame's cells are blue, green, red, white.
    assert [crop[24, 15].tolist() for crop in digits.crops[:4]] == [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]
    assert digits.positions[:4].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert set(digits.displays) == {"roller"}
    assert set(digits.meters) == {"water/cellar"}
    samples = training_samples(COUNTER, [str(tmp_path / "mine")], seed=0)
    taken = len(samples.pictures) - samples.made  # the others are these, put together in mid-roll
    assert (samples.pictures[:taken].shape, samples.targets[:taken].shape) == ((11, 48, 40, 3), (11, 100))


def test_pictures_are_looked_for_beside_the_readings(state: Path, tmp_path: Path) -> None:
    assert command(collect, tmp_path / "mine", "--database", state / "digitd.sqlite") == 0
    assert len(rows(tmp_path / "mine")) == 11


def test_they_can_be_for_measuring_too(state: Path, tmp_path: Path) -> None:
    assert run(state, tmp_path / "mine", "--split", "test") == 0
    assert len(datasets.meter_digits("test", tmp_path / "mine").crops) == 11


def test_a_label_that_was_put_right_stays_and_what_is_new_is_added(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "mine"
    run(state, out)
    index = out / "index.csv"
    index.write_text(index.read_text().replace("6_1.png,9.0", "6_1.png,1.2").replace("2_1.png,1.0,tenths", "2_1.png,,nan"))
    with Store(state / "digitd.sqlite") as store:
        number = add(store, "12.41", counter="water/cellar", status=Status.TOO_FAST)
    Doubtful(state / "doubtful").keep(number, "water/cellar", frame(), doubted("1241", Status.TOO_FAST))
    assert run(state, out) == 0
    assert "4 digits added (0 told by later values, 4 as read), 11 were there" in capsys.readouterr().out
    digits = datasets.meter_digits("train", out)
    assert (len(digits.crops), digits.kinds[0], digits.positions[7]) == (15, "nan", 1.2)


def test_a_display_is_called_as_training_calls_it(state: Path, tmp_path: Path) -> None:
    Doubtful(state / "doubtful").keep(7, "lcd", frame(), doubted(), display="lcd")
    run(state, tmp_path / "mine")
    digits = datasets.meter_digits("train", tmp_path / "mine")
    assert digits.displays[-3:] == ["lcd"] * 3
    assert digits.kinds[-3:] == ["integer"] * 3


def test_a_picture_that_is_damaged_does_not_stop_the_others(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (state / "doubtful" / "2.png").write_bytes(b"no picture")
    (state / "doubtful" / "6.png").unlink()
    assert run(state, tmp_path / "mine") == 1
    said = capsys.readouterr()
    assert "2.json: it, or its picture, is damaged" in said.err
    assert "6.png: gone" in said.err
    assert len(rows(tmp_path / "mine")) == 3


def test_what_is_missing_is_named(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "index.csv").write_text("name,size\nx,1\n")
    for words, code, said in (
        (["--pictures", tmp_path / "none"], 2, "none: no such folder; the daemon makes it once it is told to keep doubtful pictures"),
        (["--pictures", tmp_path / "empty"], 2, "empty: no picture of a doubtful reading in it"),
        (["--pictures", state / "doubtful", "--database", tmp_path / "none"], 1, "none: no such file; expected the database"),
    ):
        assert command(collect, tmp_path / "mine", *words) == code
        assert said in capsys.readouterr().err
    assert run(state, tmp_path / "foreign") == 1
    assert "index.csv: a table without the column path" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert run(state, tmp_path / "file") in (1, 2)
    assert capsys.readouterr().err.count("\n") == 1


def test_pictures_are_cut_as_they_were_kept(state: Path, tmp_path: Path) -> None:
    run(state, tmp_path / "mine")
    strip = cv2.imread(str(state / "doubtful" / "2.png"))
    cells = [cv2.imread(str(tmp_path / "mine" / "train" / "water_cellar" / f"2_{i}.png")) for i in range(1, 5)]
    assert strip is not None
    assert np.array_equal(np.hstack([cell for cell in cells if cell is not None]), strip)
