"""A first frame that shows what is not there gives way, though no wheel turns afterwards that could tell."""

import dataclasses
import datetime
import json
from decimal import Decimal

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edge.counter.contest import FOUNDED, FOUNDED_S, LEAD, observe
from edge.counter.history import History, Rules, Verdict
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
Told = tuple[Verdict, int | None]
COUNT, MINUTE_S = 6, 60.0
RIGHT: Told = (Verdict.OK, 53126)
TRUTH = positions(53126.3, COUNT)
ROLLING = Mechanism(rolling=True, offset=0.0, carry_starts=((9.0, 1.0),))
OFTEN = 40


def misread(wheel: int, digit: int) -> Places:
    places = TRUTH.copy()
    places[wheel] = digit
    return places


@dataclasses.dataclass
class Run:
    """Frames of one counter, one after another, a wheel being new where it shows something else than before."""

    rules: Rules
    every_s: float = MINUTE_S
    stored: bool = False
    """As JSON after each frame."""
    history: History = dataclasses.field(default_factory=History)
    frames: int = 0
    seen: Places | None = None

    def show(
        self, places: Places, times: int = 1, *, doubt: dict[int, tuple[int, float]] | None = None
    ) -> list[tuple[Verdict, int | None]]:
        """What so many frames with wheels at these places come to. doubt: of a wheel, another digit and its probability."""
        told = []
        for _ in range(times):
            probabilities = 0.99 * ideal(places) + 0.01 / 100
            for wheel, (digit, share) in (doubt or {}).items():
                other = places.copy()
                other[wheel] = digit
                probabilities[wheel] = (1 - share) * probabilities[wheel] + share * ideal(other)[wheel]
            new = np.ones(COUNT) if self.seen is None else (self.seen != places).astype(float)
            outcome = observe(self.history, probabilities, self.rules, time_s=self.frames * self.every_s, novelty=new)
            self.history, self.seen, self.frames = outcome.history, places, self.frames + 1
            if self.stored:
                self.history = restored_history(json.loads(json.dumps(dataclasses.asdict(self.history))))
            told.append((outcome.verdict, outcome.value))
        return told


@pytest.mark.parametrize("stored", [False, True], ids=["at once", "stored between frames"])
@pytest.mark.parametrize("lasts", [1, 3])
@pytest.mark.parametrize("max_rate", [None, 0.05])
@pytest.mark.parametrize("mechanism", [ROLLING, Mechanism(rolling=False)], ids=["rolling", "stepping"])
def test_a_beginning_that_was_misread_gives_way_though_nothing_turns(
    mechanism: Mechanism, max_rate: float | None, lasts: int, stored: bool
) -> None:
    run = Run(Rules(mechanism=mechanism, max_rate=max_rate), stored=stored)
    run.show(misread(0, 4), lasts)
    told = run.show(TRUTH, OFTEN)
    assert Verdict.OK not in {verdict for verdict, _ in told[: lasts + LEAD - 1]}
    assert set(told[lasts + LEAD - 1 :]) == {RIGHT}
    assert (run.history.founded, run.history.rival) == (True, None)


@pytest.mark.parametrize("wheel", range(COUNT - 1))
@pytest.mark.parametrize("right", [1, 2, 5])
@pytest.mark.parametrize("max_rate", [None, 0.05])
def test_a_beginning_that_was_right_stays_where_a_misread_comes_and_goes(max_rate: float | None, right: int, wheel: int) -> None:
    run = Run(Rules(mechanism=ROLLING, max_rate=max_rate))
    assert set(run.show(TRUTH, right)) == {RIGHT}
    told = run.show(misread(wheel, 8), right + 1)
    assert {value for _, value in told} == {53126}
    assert Verdict.OK not in {verdict for verdict, _ in told}
    assert set(run.show(TRUTH, OFTEN)) == {RIGHT}


@pytest.mark.parametrize(("right", "lasts", "every_s"), [(1, 3, MINUTE_S), (1, 12, 5.0), (3, 300, 1.0)])
def test_a_beginning_that_was_right_and_lost_is_not_forgotten(right: int, lasts: int, every_s: float) -> None:
    run = Run(Rules(mechanism=ROLLING, max_rate=0.05), every_s=every_s)
    run.show(TRUTH, right)
    assert run.show(misread(0, 4), lasts)[-1] == (Verdict.OK, 453126)
    assert set(run.show(TRUTH, OFTEN + lasts)[lasts + LEAD :]) == {RIGHT}


def test_what_was_borne_out_or_told_is_not_called_in_question() -> None:
    rules = Rules(mechanism=ROLLING, max_rate=0.05)
    founded = Run(rules)
    founded.show(TRUTH, int(max(FOUNDED, FOUNDED_S / MINUTE_S)) + 1)
    for run in (founded, Run(rules, history=History.known(53126, 0.0))):
        assert run.history.founded
        assert {value for _, value in run.show(misread(1, 8), 600)} == {53126}


def test_ten_frames_are_no_long_time_and_ten_minutes_no_many_frames() -> None:
    for every_s, frames in ((0.1, 100), (FOUNDED_S, FOUNDED - 1)):
        run = Run(Rules(mechanism=ROLLING), every_s=every_s)
        run.show(TRUTH, frames)
        assert not run.history.founded
    clock_set_back = Run(Rules(mechanism=ROLLING), every_s=-MINUTE_S)
    clock_set_back.show(TRUTH, 12)
    assert clock_set_back.history.founded


def test_what_was_stored_before_there_were_contests_is_not_called_in_question() -> None:
    kept = dataclasses.asdict(History.known(53126, 0.0))
    for name in ("founded", "began_s", "borne", "rival"):
        del kept[name]
    run = Run(Rules(mechanism=ROLLING, max_rate=0.05), history=restored_history(kept))
    assert {value for _, value in run.show(misread(1, 8), 60)} == {53126}


@pytest.mark.parametrize("max_rate", [None, 0.05])
def test_a_doubtful_first_frame_gives_way_to_clear_ones(max_rate: float | None) -> None:
    run = Run(Rules(mechanism=ROLLING, max_rate=max_rate))
    assert run.show(misread(0, 4), doubt={0: (7, 0.2)}) == [(Verdict.LOW_CONFIDENCE, None)]
    assert set(run.show(TRUTH, OFTEN)[LEAD:]) == {RIGHT}


def test_of_three_beginnings_the_one_that_most_frames_show_is_believed() -> None:
    run = Run(Rules(mechanism=ROLLING))
    run.show(misread(2, 9))
    run.show(misread(0, 4))
    assert set(run.show(TRUTH, OFTEN)[LEAD:]) == {RIGHT}
    run = Run(Rules(mechanism=ROLLING))
    run.show(misread(2, 9))
    for _ in range(10):
        told = run.show(TRUTH, 2)
        run.show(misread(0, 4))
    assert told[-1] == RIGHT


def test_while_two_beginnings_stand_against_each_other_nothing_new_is_published() -> None:
    """The first one takes a wheel for misread, and would go on with the others."""
    run = Run(Rules(mechanism=ROLLING, max_rate=0.05))
    run.show(misread(1, 8))
    run.show(TRUTH)
    assert run.show(positions(53127.6, COUNT)) == [(Verdict.LOW_CONFIDENCE, 83126)]
    assert run.history.value == 83126


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
