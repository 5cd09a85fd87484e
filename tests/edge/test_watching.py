"""A camera that is looked after: what fails is told once, left alone for a while, and opened again."""

import datetime
import logging

import numpy as np
import pytest

from edge.capture.camera import Camera, Frame
from edge.capture.pictures import Image
from edge.capture.simulated import Simulated
from edge.capture.watching import FROZEN_S, LONGEST_PAUSE_S, REOPEN_BLACK_S, STEADY_S, Watched, blank
from edge.errors import CameraError, UsageError
from edge.rendering.scene import Conditions

RNG = np.random.default_rng(0)
FINE = RNG.integers(60, 200, (480, 640), np.uint8)


class Clock:
    """Time that passes only when it is waited for, or when the test says so."""

    def __init__(self) -> None:
        self.now, self.waited, self.woken = 1000.0, [0.0], False

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.waited.append(round(seconds, 3))
        self.now += seconds
        return self.woken


class Fake(Camera):
    """Gives what it is told to: a picture, or an error to raise."""

    name = "fake"

    def __init__(self, bench: "Bench") -> None:
        self.bench, self.live, self.number = bench, bench.live, 0

    def frame(self) -> Frame:
        self.number += 1
        if isinstance(gives := self.bench.gives, str):
            raise CameraError(f"fake: {gives}")
        picture = gives if self.bench.still else np.roll(gives, self.number, axis=1)
        return Frame(picture=picture, time=datetime.datetime.now(datetime.UTC), number=1 if self.bench.same_number else self.number)

    def close(self) -> None:
        self.bench.closed += 1


class Bench:
    """A watched fake camera on a clock of its own."""

    def __init__(self) -> None:
        self.gives: Image | str = FINE
        self.opens: str | None = None
        self.live, self.still, self.same_number = True, False, False
        self.opened = self.closed = 0
        self.clock = Clock()
        self.watched = Watched(self.open, name="fake", clock=self.clock, wait=self.clock.wait)

    def open(self) -> Camera:
        if self.opens:
            raise CameraError(f"fake: {self.opens}")
        self.opened += 1
        return Fake(self)

    def fails(self, *, after: float = 0.0) -> str:
        self.clock.now += after
        with pytest.raises(CameraError) as raised:
            self.watched.frame()
        return str(raised.value)

    def works(self, *, after: float = 0.0) -> Frame:
        self.clock.now += after
        return self.watched.frame()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [f"{record.levelname} {record.getMessage()}" for record in caplog.records if record.levelno >= logging.INFO]


def test_it_opens_when_it_is_first_asked_and_once(bench: Bench) -> None:
    assert bench.opened == 0
    for _ in range(5):
        bench.works()
    assert (bench.opened, bench.closed) == (1, 0)


def test_a_camera_that_fails_is_opened_again(bench: Bench) -> None:
    bench.works()
    bench.gives = "unplugged"
    assert bench.fails() == "fake: unplugged"
    assert bench.closed == 1
    bench.gives = FINE
    assert bench.works().number == 1
    assert bench.opened == 2


def test_the_pauses_grow_up_to_the_longest(bench: Bench) -> None:
    bench.opens = "missing"
    for _ in range(9):
        bench.fails()
    assert bench.clock.waited[1:] == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


def test_time_that_has_passed_is_not_waited_again(bench: Bench) -> None:
    bench.opens = "missing"
    bench.fails()
    bench.fails(after=0.75)
    bench.fails(after=300)
    assert bench.clock.waited[1:] == [0.25]


def test_it_is_said_once_that_it_fails_and_once_that_it_works(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    bench.opens = "missing"
    for _ in range(6):
        bench.fails()
    bench.opens = None
    for _ in range(3):
        bench.works()
    assert said(caplog) == ["WARNING fake: missing; trying again until it works", "INFO fake: gives pictures again, after 63 s"]


def test_a_camera_that_comes_and_goes_does_not_fill_the_log(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    started = bench.clock.now
    for _ in range(200):
        bench.gives = FINE
        bench.works()
        bench.gives = "flickers"
        bench.fails()
    hours = (bench.clock.now - started) / 3600
    assert hours > 3
    assert len(said(caplog)) <= 410


def test_after_a_steady_time_the_pauses_are_short_again(bench: Bench) -> None:
    bench.opens = "missing"
    for _ in range(9):
        bench.fails()
    bench.opens = None
    bench.works()
    bench.gives = "unplugged"
    bench.fails(after=STEADY_S)
    bench.fails()
    assert bench.clock.waited[-1] == 1


def test_a_frozen_camera_is_opened_again(bench: Bench) -> None:
    bench.still = True
    bench.works()
    bench.works(after=FROZEN_S - 1)
    assert "fake: frozen, the same picture for 120 s" in bench.fails(after=1)
    assert bench.closed == 1
    bench.still = False
    bench.works()
    bench.works()


def test_two_equal_pictures_an_hour_apart_are_no_proof_and_three_are(bench: Bench) -> None:
    bench.still = True
    bench.works()
    bench.works(after=3600)
    bench.fails(after=3600)


def test_one_pixel_that_changes_is_a_camera_that_lives(bench: Bench) -> None:
    bench.still = True
    for i in range(10):
        picture = FINE.copy()
        picture[16 * i] += 1
        bench.gives = picture
        bench.works(after=FROZEN_S)


def test_the_same_frame_handed_out_again_is_no_frozen_camera(bench: Bench) -> None:
    bench.still = bench.same_number = True
    for _ in range(10):
        bench.works(after=FROZEN_S)


@pytest.mark.parametrize("picture", [FINE, np.zeros((480, 640), np.uint8)])
def test_a_file_may_stay_the_same_and_be_black_for_years(bench: Bench, picture: Image) -> None:
    bench.live, bench.still, bench.gives = False, True, picture
    for _ in range(10):
        bench.works(after=FROZEN_S)


def test_a_folder_that_has_no_picture_is_waited_for_and_not_opened_again(bench: Bench) -> None:
    bench.live, bench.gives = False, "no picture"
    bench.fails()
    bench.gives = FINE
    bench.works()
    assert (bench.opened, bench.closed) == (1, 0)


def test_a_black_camera_is_told_and_left_open_for_the_light_may_come(bench: Bench) -> None:
    bench.gives = RNG.integers(0, 14, (480, 640), np.uint8)
    assert bench.fails() == "fake: a black picture; is the lens covered, or the light off?"
    for _ in range(5):
        bench.fails()
    bench.gives = FINE
    bench.works()
    assert (bench.opened, bench.closed) == (1, 0)


def test_a_camera_that_stays_black_is_opened_again_now_and_then(bench: Bench) -> None:
    bench.gives = np.zeros((480, 640), np.uint8)
    started = bench.clock.now
    while bench.clock.now < started + 3600:
        bench.fails()
    assert 4 <= bench.closed <= 3600 / REOPEN_BLACK_S


def test_a_black_camera_that_then_fails_is_opened_again_at_once(bench: Bench) -> None:
    bench.gives = np.zeros((480, 640), np.uint8)
    bench.fails()
    bench.gives = "unplugged"
    bench.fails()
    assert bench.closed == 1


@pytest.mark.parametrize(
    ("picture", "shown"),
    [
        (np.full((480, 640, 3), (0, 135, 0), np.uint8), "a picture of one colour"),  # an empty YUV buffer
        (np.full((480, 640), 128, np.uint8), "a picture of one colour"),  # a JPEG without its data
        (np.zeros((480, 640, 3), np.uint8), "a black picture"),
        (np.full((480, 640), 255, np.uint8), None),
        (FINE, None),
        (np.clip(FINE, 190, 200), None),  # fog
    ],
)
def test_pictures_that_show_nothing_are_known(picture: Image, shown: str | None) -> None:
    assert blank(picture) == shown


def test_a_lamp_in_the_dark_is_not_a_black_picture() -> None:
    dark = np.zeros((480, 640), np.uint8)
    dark[200:240, 300:340] = 90
    assert blank(dark) is None


def test_whoever_wakes_it_is_not_kept_waiting(bench: Bench) -> None:
    bench.opens = "missing"
    bench.fails()
    bench.clock.woken = True
    assert bench.fails() == "fake: no longer waited for"
    bench.clock.woken, bench.opens = False, None
    bench.works()


def test_closing_closes_the_camera_and_is_no_fault(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.works()
    bench.watched.close()
    assert bench.closed == 1
    assert bench.fails() == "fake: closed"
    assert said(caplog) == []


def test_settings_that_cannot_work_are_not_tried_for_ever() -> None:
    def opened() -> Camera:
        raise UsageError("camera rotation 45")

    with pytest.raises(UsageError):
        Watched(opened, name="fake").frame()


def test_a_simulated_lamp_that_fails_is_seen() -> None:
    simulated = Simulated.of("?step=60&width=640&height=360")
    watched = Watched(lambda: simulated, name="simulated", wait=lambda _: False)
    watched.frame()
    simulated.conditions = Conditions(light=0.0)
    with pytest.raises(CameraError, match="a black picture"):
        watched.frame()
    simulated.conditions = Conditions()
    assert watched.frame().number == 3
