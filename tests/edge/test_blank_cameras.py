"""A camera that gives pictures, and in them nothing: frozen, black, of one colour."""

import logging

import numpy as np
import pytest

from edge.capture.pictures import Image
from edge.capture.simulated import Simulated
from edge.capture.watching import FROZEN_S, LONGEST_PAUSE_S, REOPEN_BLACK_S, Watched, blank
from edge.errors import CameraError
from edge.rendering.scene import Conditions
from tests.edge.watched import FINE, RNG, Bench, Clock, said


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_frozen_camera_is_opened_again(bench: Bench) -> None:
    bench.still = True
    bench.works()
    bench.works(after=FROZEN_S - 1)
    assert "fake: frozen, the same picture for 120 s" in bench.fails(after=1)
    assert bench.closed == 1
    bench.still = False
    bench.works()
    bench.works()


def test_a_camera_that_is_still_frozen_when_opened_again_fails_until_it_shows_something_else(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    bench.still = True
    bench.works()
    bench.works(after=FROZEN_S - 1)
    bench.fails(after=1)
    frozen_at = bench.clock.now
    for _ in range(20):
        assert "fake: frozen, the same picture for" in bench.fails()
    assert bench.opened == 21
    assert bench.rests[1:8] == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE_S]
    bench.still = False
    bench.works()
    assert said(caplog) == [
        "WARNING fake: frozen, the same picture for 120 s; trying again until it works",
        f"INFO fake: gives pictures again, after {bench.clock.now - frozen_at:.0f} s",
    ]


def test_a_frozen_camera_that_was_away_meanwhile_is_still_frozen(bench: Bench) -> None:
    bench.still = True
    bench.works()
    bench.works(after=FROZEN_S - 1)
    bench.fails(after=1)
    bench.opens = "missing"
    assert bench.fails() == "fake: missing"
    bench.opens = None
    assert "fake: frozen" in bench.fails()


def test_a_camera_that_was_not_frozen_may_show_the_same_picture_when_it_is_opened_again(bench: Bench) -> None:
    bench.still = True
    bench.works()
    bench.works()
    bench.gives = "unplugged"
    bench.fails(after=FROZEN_S)
    bench.gives = FINE
    bench.works(after=FROZEN_S)
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


def test_a_simulated_lamp_that_fails_is_seen() -> None:
    simulated = Simulated.of("?step=60&width=640&height=360")
    clock = Clock()
    watched = Watched(lambda: simulated, name="simulated", clock=clock)
    watched.frame()
    simulated.conditions = Conditions(light=0.0)
    with pytest.raises(CameraError, match="a black picture"):
        watched.frame()
    simulated.conditions = Conditions()
    clock.now += watched.rest_s
    assert watched.frame().number == 3
