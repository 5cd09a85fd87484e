"""A first frame that shows what is not there gives way, though no wheel turns afterwards that could tell."""

import dataclasses
import datetime
import json
from decimal import Decimal

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edge.counter.contest import LEAD, observe
from edge.counter.history import FOUNDED, History, Rules, Verdict
from edge.counter.wheels import Mechanism
from edge.inference.model import load
from edge.reader import Reader
from edge.reading import Status
from edge.tracker import Tracker, restored_history
from edge.vision import placement
from edge.vision.window import Image
from tests.edge.frames import Frame, sequence
from tests.edge.simulation import MODEL, ideal, positions

Places = npt.NDArray[np.float64]
COUNT, MINUTE_S = 6, 60.0
TRUTH = positions(53126.3, COUNT)
ROLLING = Mechanism(rolling=True, offset=0.0, carry_starts=((9.0, 1.0),))
OFTEN = 40


def misread(wheel: int, digit: int) -> Places:
    places = TRUTH.copy()
    places[wheel] = digit
    return places


def follow(
    shown: list[Places], *, rules: Rules, sure: float = 0.99, history: History | None = None, stored: bool = False
) -> list[tuple[Verdict, int | None]]:
    """What frames that show wheels at these places come to, a wheel being new where it shows something else than before."""
    history, seen, told = history or History(), shown[0], []
    for minute, places in enumerate(shown):
        new = np.ones(COUNT) if minute == 0 else (seen != places).astype(float)
        outcome = observe(history, sure * ideal(places) + (1 - sure) / 100, rules, time_s=minute * MINUTE_S, novelty=new)
        history, seen = outcome.history, places
        if stored:
            history = restored_history(json.loads(json.dumps(dataclasses.asdict(history))))
        told.append((outcome.verdict, outcome.value))
    return told


@pytest.mark.parametrize("stored", [False, True], ids=["at once", "stored between frames"])
@pytest.mark.parametrize("lasts", [1, 3])
@pytest.mark.parametrize("max_rate", [None, 0.05])
@pytest.mark.parametrize("mechanism", [ROLLING, Mechanism(rolling=False)], ids=["rolling", "stepping"])
def test_a_beginning_that_was_misread_gives_way_though_nothing_turns(
    mechanism: Mechanism, max_rate: float | None, lasts: int, stored: bool
) -> None:
    told = follow([misread(0, 4)] * lasts + [TRUTH] * OFTEN, rules=Rules(mechanism=mechanism, max_rate=max_rate), stored=stored)
    assert all(verdict is not Verdict.OK for verdict, _ in told[lasts : 2 * lasts + LEAD - 1])
    assert set(told[2 * lasts + LEAD - 1 :]) == {(Verdict.OK, 53126)}


@pytest.mark.parametrize("wheel", range(COUNT - 1))
@pytest.mark.parametrize("right", [1, 2, 5])
@pytest.mark.parametrize("max_rate", [None, 0.05])
def test_a_beginning_that_was_right_stays_where_a_misread_comes_and_goes(max_rate: float | None, right: int, wheel: int) -> None:
    wrong = misread(wheel, 8)
    told = follow([TRUTH] * right + [wrong] * (right + 1) + [TRUTH] * OFTEN, rules=Rules(mechanism=ROLLING, max_rate=max_rate))
    assert {value for _, value in told} == {53126}
    assert {verdict for verdict, _ in told[:right] + told[2 * right + 1 :]} == {Verdict.OK}
    assert all(verdict is not Verdict.OK for verdict, _ in told[right : 2 * right + 1])


def test_what_was_borne_out_or_told_is_not_called_in_question() -> None:
    rules = Rules(mechanism=ROLLING, max_rate=0.05)
    told = follow([TRUTH] * FOUNDED + [misread(1, 8)] * 600, rules=rules)
    assert {value for _, value in told} == {53126}
    told = follow([misread(1, 8)] * 600, rules=rules, history=History.known(53126, 0.0))
    assert {value for _, value in told} == {53126}


def test_a_third_beginning_is_followed_where_the_first_two_were_misread() -> None:
    told = follow([misread(0, 4), misread(2, 9)] + [TRUTH] * OFTEN, rules=Rules(mechanism=ROLLING))
    assert set(told[-OFTEN + LEAD :]) == {(Verdict.OK, 53126)}


def with_another_wheel(frame: Frame, at: int, of: int) -> Image:
    """The frame's picture, one wheel's place showing another wheel."""
    outlines = placement.outlines(frame.corners, len(frame.digits))
    here, there = (np.asarray(outlines[wheel], np.float32) for wheel in (at, of))
    height, width = frame.picture.shape[:2]
    moved = cv2.warpPerspective(frame.picture, cv2.getPerspectiveTransform(there, here), (width, height))
    mask = cv2.fillConvexPoly(np.zeros((height, width), np.uint8), here.astype(np.int32), 255)
    return np.where(mask[..., None] > 0, moved, frame.picture)


def test_in_real_photos_one_that_was_misread_first_is_forgotten_with_what_would_have_flowed() -> None:
    photos = sequence()
    tracker = Tracker(Reader(load(MODEL), digits=5, rules=Rules(max_rate=5 / 3600)), photos[0].corners)
    time = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
    readings, rates = [tracker.look(with_another_wheel(photos[0], at=1, of=2), time)], []
    for photo in photos:
        time += datetime.timedelta(minutes=10)
        readings.append(tracker.look(photo.picture, time))
        rates.append(tracker.rate(time))
    first = readings[0]
    assert (first.raw, first.value, first.status) == ("05530", Decimal(5530), Status.OK)
    assert {reading.value for reading in readings[1 : LEAD + 1]} == {Decimal(5530)}
    assert Status.OK not in {reading.status for reading in readings[1 : LEAD + 1]}
    assert {reading.value for reading in readings[LEAD + 1 :]} == {Decimal(530), Decimal(531)}
    assert {reading.status for reading in readings[LEAD + 1 :]} == {Status.OK}
    assert all(rate is None or 0 <= rate <= 6 for rate in rates), rates
    assert rates[-1] is not None
