"""A camera that is looked after: what fails is told once, left alone for a while, and opened again."""

import logging

import pytest

from edge.capture.camera import Camera
from edge.capture.watching import LONGEST_PAUSE_S, STEADY_S, Watched
from edge.errors import UsageError
from tests.edge.watched import FINE, Bench, said


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


def test_a_folder_that_has_no_picture_is_waited_for_and_not_opened_again(bench: Bench) -> None:
    bench.live, bench.gives = False, "no picture"
    bench.fails()
    bench.gives = FINE
    bench.works()
    assert (bench.opened, bench.closed) == (1, 0)


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
