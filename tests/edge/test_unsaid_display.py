"""What is read where nobody said what shows the digits: segments that are not lit are no 8s, and wheels are read as ever."""

import datetime
import json
from decimal import Decimal
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.capture.simulated import Simulated
from edge.cli import main
from edge.counter.history import Rules
from edge.counter.wheels import Display as WhatShows
from edge.inference.model import load
from edge.outputs.doubtful import Doubtful
from edge.outputs.store import Store
from edge.reader import Reader
from edge.reading import Reading, Status
from edge.recorder import Recorder
from edge.tracker import Tracker
from edge.vision.blanks import ghosts
from edge.vision.window import Corners, Image
from tests.edge.displays import Display, rendered
from tests.edge.simulation import MODEL

RECOGNIZER = load(MODEL)
NOON = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
NOTE = "its first places show nothing: read as with --display lcd"
GROUNDS = {"dark on light": (170.0, 0.6), "strong": (200.0, 0.85), "light on dark": (40.0, -3.0)}
"""Grey level and contrast."""


@pytest.mark.parametrize("text", ["   3980", "   3980.125", " 62265", "      50"])
@pytest.mark.parametrize("ghost", [0.1, 0.2])
@pytest.mark.parametrize("ground", GROUNDS)
def test_segments_that_are_not_lit_are_no_eights(text: str, ghost: float, ground: str) -> None:
    level, contrast = GROUNDS[ground]
    whole, _, decimals = text.partition(".")
    frame, corners = rendered(Display(text=whole + decimals, ground=level, contrast=contrast, ghost=ghost))

    def read(display: WhatShows | None) -> Reading:
        reader = Reader(RECOGNIZER, digits=len(whole + decimals), decimals=len(decimals), display=display)
        return reader.read(frame, corners)

    assert read("wheels").raw.startswith("8")
    unsaid, said = read(None), read("lcd")
    assert (unsaid.value, unsaid.status) == (Decimal(text.strip()), Status.OK)
    assert (unsaid.raw, unsaid.confidence) == (said.raw, said.confidence)
    assert [wheel.digit for wheel in unsaid.wheels] == list(whole + decimals)


def test_a_place_that_is_read_as_another_digit_and_wheels_that_turn_are_no_ghosts() -> None:
    frame, corners = rendered(Display(text="  30517", ghost=0.2))
    still = [8.02, 7.97, 3.0, 9.98, 5.0, 1.0, 7.0]
    assert len(ghosts(frame, corners, np.array(still))) == 2
    for place, position in ((0, 0.0), (1, 6.0), (0, 8.3), (6, 7.4)):
        assert len(ghosts(frame, corners, np.array([*still[:place], position, *still[place + 1 :]]))) == 0


@pytest.mark.parametrize("digits", ["8", "88", "8880"])
def test_wheels_that_show_8_are_read_as_ever(digits: str) -> None:
    for seed in range(4):
        with Simulated.of(f"?digits=7&decimals=0&rate=0&step=1&seed={seed}&start={digits.ljust(7, '5')}") as plate:
            frame, corners = plate.frame().picture, plate.windows[0]
        unsaid, said = (Reader(RECOGNIZER, digits=7, display=display).read(frame, corners) for display in (None, "wheels"))
        assert unsaid.raw.startswith(digits)
        assert (unsaid.raw, unsaid.confidence, unsaid.status) == (said.raw, said.confidence, said.status)


@pytest.mark.parametrize("window", [["--window", "40,40 280,40 280,100 40,100", "--digits", "6"], ["--find"]])
def test_people_are_told_that_it_was_read_as_a_display(window: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), rendered(Display(text="   488", ghost=0.2))[0])
    for options, raw, told in (([], "000488", True), (["--display", "wheels"], "888488", False), (["--display", "lcd"], "000488", False)):
        assert main(["read", str(tmp_path / "a.png"), *window, *options]) == 0
        line = capsys.readouterr().out.rpartition(".png: ")[2]
        assert line.startswith(raw)
        assert (NOTE in line) is told


def test_the_daemons_file_says_it_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), rendered(Display(text="   488", ghost=0.2))[0])
    counter = '[[counter]]\nname = "{0}"\nwindow = "40,40 280,40 280,100 40,100"\ndigits = 6\n'
    (tmp_path / "digitd.toml").write_text(counter.format("unsaid") + counter.format("wheels") + 'display = "wheels"\n')
    assert main(["read", str(tmp_path / "a.png"), "--config", str(tmp_path / "digitd.toml"), "--json"]) == 0
    assert [json.loads(line)["raw"] for line in capsys.readouterr().out.splitlines()] == ["000488", "888488"]


def test_the_daemon_publishes_nothing_of_a_display_until_somebody_says_that_it_is_one() -> None:
    frame, corners = rendered(Display(text="   3980", ghost=0.15))
    unsaid = Tracker(Reader(RECOGNIZER, digits=7, rules=Rules(max_rate=5.0)), corners)
    seen = [unsaid.look(frame, NOON + datetime.timedelta(seconds=5 * i)) for i in range(3)]
    assert {(reading.status, reading.value) for reading in seen} == {(Status.LOW_CONFIDENCE, None)}
    said = Tracker(Reader(RECOGNIZER, digits=7, display="lcd", rules=Rules(max_rate=5.0)), corners, state=unsaid.state())
    reading = said.look(frame, NOON + datetime.timedelta(seconds=20))
    assert (reading.status, reading.value) == (Status.OK, Decimal(3980))


def test_the_daemon_warns_of_it_once_and_keeps_no_picture_that_would_teach_zeros(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    frame, corners = rendered(Display(text="   3980", ghost=0.15))
    with Store(tmp_path / "digitd.db") as store:
        doubtful = Doubtful(tmp_path / "doubtful")
        recorder = Recorder(
            "water", Tracker(Reader(RECOGNIZER, digits=7), corners), store, publish_interval_s=60, doubtful=doubtful
        )  # fmt: skip
        for second in range(3):
            assert recorder.look(frame, NOON + datetime.timedelta(seconds=second)).status is Status.LOW_CONFIDENCE
    (warning,) = (record.getMessage() for record in caplog.records if record.levelname == "WARNING")
    assert warning == 'water: not published, for it looks like a display; set display = "lcd", or "wheels" if it has wheels'
    assert list((tmp_path / "doubtful").iterdir()) == []


def test_wheels_that_look_like_a_display_behind_glare_keep_their_value_and_are_followed_on() -> None:
    seen = []
    # A step from frame to frame: all wheels stand on their digits.
    with Simulated.of("?digits=7&decimals=1&start=812345.6&rate=720&step=0.5") as plate:
        tracker = Tracker(Reader(RECOGNIZER, digits=7, decimals=1), plate.windows[0])
        for number in range(60):
            frame = plate.frame()
            glare = 20 <= number < 40
            seen.append(tracker.look(behind_glare(frame.picture, plate.windows[0]) if glare else frame.picture, frame.time))
            assert tracker.ghosts == glare
        value = plate.truth[0]
    assert {(reading.status, reading.value) for reading in seen[20:40]} == {(Status.LOW_CONFIDENCE, seen[19].value)}
    assert seen[19].value is not None
    assert {reading.status for reading in seen[41:]} == {Status.OK}
    assert seen[-1].value == value


def behind_glare(picture: Image, window: Corners) -> Image:
    """The picture with the light of a lamp on the first wheel."""
    x, y = window[0] + (window[1] - window[0]) * 0.3 / 7 + (window[3] - window[0]) / 2
    columns, rows = np.meshgrid(np.arange(picture.shape[1]), np.arange(picture.shape[0]))
    light = 0.9 * np.exp(-(((columns - x) / 60) ** 2) - ((rows - y) / 100) ** 2)
    return np.asarray(np.rint(picture * (1 - light) + 230 * light), np.uint8)
