"""A camera that is looked after: what fails is told once, left alone for a while, and opened again."""

import logging
import re

import pytest

from edge.capture.camera import Camera, Frame
from edge.capture.watching import LONGEST_PAUSE_S, STEADY_S, Watched
from edge.errors import CameraError, UsageError
from tests.edge.watched import FINE, Bench, Clock, said


@pytest.fixture
def bench() -> Bench:
    return Bench()


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
    assert bench.rests[1:] == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


def test_time_that_has_passed_is_not_waited_again(bench: Bench) -> None:
    bench.opens = "missing"
    bench.fails()
    bench.fails(after=0.75)
    bench.fails(after=300)
    assert bench.rests[1:] == [0.25]


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
    assert bench.rests[-1] == 1


def test_whatever_fails_is_opened_again_sensor_or_not(bench: Bench) -> None:
    bench.live, bench.gives = False, "has ended"
    bench.fails()
    assert bench.closed == 1
    bench.gives = FINE
    assert bench.works().number == 1
    assert bench.opened == 2


def test_before_the_pause_is_over_it_says_why_and_leaves_the_camera_alone(bench: Bench) -> None:
    bench.opens = "missing"
    bench.fails()
    bench.fails()
    assert bench.watched.rest_s == 2
    for _ in range(3):
        bench.clock.now += 0.5
        with pytest.raises(CameraError, match="fake: missing"):
            bench.watched.frame()
    assert bench.tried == 2
    assert bench.watched.rest_s == 0.5


def test_a_camera_that_works_need_not_rest(bench: Bench) -> None:
    assert bench.watched.rest_s == 0
    bench.gives = "unplugged"
    bench.fails()
    bench.gives = FINE
    bench.works()
    assert bench.watched.rest_s == 0


def test_closing_closes_the_camera_and_is_no_fault(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.works()
    bench.watched.close()
    assert bench.closed == 1
    assert bench.fails() == "fake: closed"
    assert said(caplog) == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UsageError("camera.rotation: 45"), "camera.rotation: 45"),
        (PermissionError(13, "Permission denied"), r"fake: PermissionError: .*Permission denied"),
        (ValueError("an odd driver"), "fake: ValueError: an odd driver"),
    ],
)
def test_whatever_goes_wrong_is_a_camera_that_fails(bench: Bench, error: Exception, said: str) -> None:
    bench.opens = error
    assert re.fullmatch(said, bench.fails())
    bench.opens, bench.gives = None, error
    assert re.fullmatch(said, bench.fails())
    assert bench.closed == 1
    bench.gives = FINE
    bench.works()


def test_a_camera_that_cannot_even_be_closed_is_opened_again() -> None:
    class Broken(Camera):
        name, live = "broken", True

        def frame(self) -> Frame:
            raise CameraError("broken: no frame")

        def close(self) -> None:
            raise OSError("cannot be closed")

    clock, broken = Clock(), [Broken(), Broken()]
    watched = Watched(broken.pop, name="broken", clock=clock)
    for left in (1, 0):
        with pytest.raises(CameraError, match="broken: no frame"):
            watched.frame()
        assert len(broken) == left
        clock.now += watched.rest_s
