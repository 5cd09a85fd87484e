"""One counter, frame after frame, on a rendered counter whose truth is known."""

import dataclasses
import datetime
import json
from decimal import Decimal

import cv2
import numpy as np
import pytest

from edge.capture.simulated import Options, Simulated
from edge.counter.history import Rules
from edge.counter.learning import STARTS
from edge.counter.wheels import Mechanism
from edge.errors import UsageError
from edge.inference.model import load
from edge.reader import Reader
from edge.reading import Status
from edge.tracker import Tracker
from edge.vision.reference import Reference
from edge.vision.window import Image
from tests.edge.simulation import MODEL

RECOGNIZER = load(MODEL)
STEP = Decimal("0.1")
NOON = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)


def follower(camera: Simulated, *, reference: Reference | None = None, state: dict[str, object] | None = None) -> Tracker:
    reader = Reader(RECOGNIZER, digits=7, decimals=1, rules=Rules(max_rate=5.0))
    return Tracker(reader, camera.windows[0], reference=reference, state=state)


def camera(**options: float) -> Simulated:
    return Simulated(Options(**{"rate": 600.0, "step": 0.5, **options}))  # type: ignore[arg-type]


def test_a_running_counter_is_followed_to_a_step_and_never_backwards() -> None:
    values = []
    with camera() as plate:
        tracker = follower(plate)
        for _ in range(120):
            frame = plate.frame()
            reading = tracker.look(frame.picture, frame.time)
            if reading.status is Status.OK:
                assert reading.value is not None
                assert abs(reading.value - plate.truth[0]) <= STEP
                values.append(reading.value)
    assert len(values) >= 110
    assert values == sorted(values)
    assert tracker.rate(frame.time) == pytest.approx(600, rel=0.25)


class Counting:
    """The recognizer, with how many cells it was asked for."""

    classes, runtime, quantized = RECOGNIZER.classes, RECOGNIZER.runtime, RECOGNIZER.quantized
    name, sha256 = RECOGNIZER.name, RECOGNIZER.sha256
    cells = 0

    def read(self, cells: np.ndarray) -> np.ndarray:
        self.cells += len(cells)
        return RECOGNIZER.read(cells)


def test_at_thirty_frames_a_second_all_counters_are_read_in_the_same_third_of_the_frames() -> None:
    with camera(counters=2, rate=200.0, step=1 / 30) as plate:
        counting = [Counting(), Counting()]
        trackers = [Tracker(Reader(each, digits=7, decimals=1), window) for each, window in zip(counting, plate.windows, strict=True)]
        read = []
        for _ in range(240):
            frame, before = plate.frame(), [each.cells for each in counting]
            for tracker in trackers:
                tracker.look(frame.picture, frame.time)
            read.append([each.cells > cells for each, cells in zip(counting, before, strict=True)])
    either, each = np.array(read).any(1), np.array(read).mean(0)
    assert each.min() > 0.1
    assert either.mean() <= 0.35


def test_what_has_not_changed_is_not_read_again() -> None:
    with camera(rate=0.0) as plate:
        counting = Counting()
        tracker = Tracker(Reader(counting, digits=7, decimals=1), plate.windows[0])
        values = {tracker.look(plate.frame().picture, NOON + datetime.timedelta(seconds=i)).value for i in range(20)}
    assert values == {plate.truth[0]}
    assert counting.cells <= 2 * 3 * 7  # once; some more where noise makes a wheel look new


def test_what_is_known_outlives_a_restart() -> None:
    with camera() as plate:
        first = follower(plate)
        for _ in range(10):
            frame = plate.frame()
            before = first.look(frame.picture, frame.time)
        second = follower(plate, state=json.loads(json.dumps(first.state())))
        assert (second.value, second.history, second.learnt, second.changes) == (first.value, first.history, first.learnt, first.changes)
        frame = plate.frame()
        after = second.look(frame.picture, frame.time)
    assert before.value is not None
    assert after.value is not None
    assert 0 <= after.value - before.value <= 2 * STEP


def test_what_was_learnt_wrongly_of_the_carry_is_not_borne_out_by_what_it_reads_and_what_was_learnt_is_kept() -> None:
    with camera() as plate:
        tracker = follower(plate)
        tracker.look(plate.frame().picture, NOON)
        wrong = tuple(-0.5 * (start != 9.6) for start in STARTS)
        tracker.learnt = dataclasses.replace(tracker.learnt, carry_logs=wrong, carry_count=60)
        for _ in range(500):
            frame = plate.frame()
            tracker.look(frame.picture, frame.time)
    kept = follower(plate, state=json.loads(json.dumps(tracker.state()))).learnt
    starts = kept.mechanism(Mechanism()).carry_starts
    assert sum(start * share for start, share in starts) == pytest.approx(9.0, abs=0.15)
    assert kept == tracker.learnt


def test_what_was_kept_before_there_was_a_carry_to_learn_is_kept() -> None:
    with camera() as plate:
        first = follower(plate)
        for _ in range(20):
            frame = plate.frame()
            first.look(frame.picture, frame.time)
        state = json.loads(json.dumps(first.state()))
        del state["learnt"]["carry_logs"], state["learnt"]["carry_count"]
        second = follower(plate, state=state)
        assert second.value == first.value is not None
        assert second.learnt == dataclasses.replace(first.learnt, carry_logs=(), carry_count=0)
        assert second.look(plate.frame().picture, frame.time).status is Status.OK


def test_pictures_that_have_not_changed_are_not_packed_anew_and_those_that_have_are() -> None:
    with camera(rate=0.0, start=1234.5) as still, camera(rate=0.0, start=1234.6) as turned:
        tracker = follower(still)
        kept = []
        for i, picture in enumerate([still.frame().picture] * 3 + [turned.frame().picture] * 3):
            tracker.look(picture, NOON + datetime.timedelta(minutes=i))
            kept.append(tracker.state())
            assert np.array_equal(follower(still, state=kept[-1])._cells, tracker._cells)  # type: ignore[arg-type]
    assert kept[0]["cells"] is kept[1]["cells"] is kept[2]["cells"]
    assert kept[3]["cells"] != kept[2]["cells"]
    assert kept[3]["cells"] is kept[4]["cells"] is kept[5]["cells"]
    assert kept[2]["history"] != kept[0]["history"], "all else goes on"


HISTORIES: list[object] = [None, {}, [], 3, "x", {"hypotheses": [], "rival": "x"}]
STATES: list[dict[str, object]] = [
    {},
    {"digits": 5},
    {"digits": 7, "history": {"hypotheses": [], "value": None}, "learnt": 3, "changes": 0},
]


@pytest.mark.parametrize("state", STATES + [{"digits": 7, "history": history, "learnt": {}, "changes": []} for history in HISTORIES])
def test_a_damaged_state_or_one_of_another_counter_begins_anew(state: dict[str, object]) -> None:
    with camera(rate=0.0) as plate:
        tracker = follower(plate, state=state)
        assert tracker.value is None
        assert tracker.look(plate.frame().picture, NOON).value == plate.truth[0]


def test_a_person_knows_better() -> None:
    with camera(rate=0.0, start=1234.5) as plate:
        tracker = follower(plate)
        tracker.set_value(Decimal("9876.5"), NOON)
        assert tracker.value == Decimal("9876.5")
        reading = tracker.look(plate.frame().picture, NOON)
        assert (reading.status, reading.value) == (Status.DECREASED, Decimal("9876.5"))
        tracker.set_value(Decimal("1234.5"), NOON)
        assert tracker.look(plate.frame().picture, NOON + datetime.timedelta(seconds=1)).status is Status.OK
        with pytest.raises(UsageError, match="a counter of 7 digits"):
            tracker.set_value(Decimal("1234567.8"), NOON)


def test_the_dark_says_so_keeps_the_value_and_is_over_when_light_returns() -> None:
    with camera(rate=0.0) as plate:
        tracker = follower(plate)
        light = plate.frame().picture
        dark: Image = (light // 40).astype(np.uint8)
        seen = [tracker.look(each, NOON + datetime.timedelta(seconds=i)) for i, each in enumerate((light, dark, dark, light))]
    assert [reading.status for reading in seen] == [Status.OK, Status.TOO_DARK, Status.TOO_DARK, Status.OK]
    assert {reading.value for reading in seen} == {plate.truth[0]}
    assert [(reading.raw, reading.wheels, reading.confidence) for reading in seen[1:3]] == [("", (), 0.0)] * 2


def test_a_nudged_camera_is_followed_and_another_scene_is_misaligned() -> None:
    with camera(rate=0.0) as plate:
        picture = plate.frame().picture
        tracker = follower(plate, reference=Reference.of(picture, plate.windows[0]))
        nudged = np.roll(picture, (9, -14), (0, 1))
        other = np.random.default_rng(0).integers(60, 190, picture.shape).astype(np.uint8)
        seen = [tracker.look(each, NOON + datetime.timedelta(seconds=2 * i)) for i, each in enumerate((picture, nudged, other, picture))]
    assert [reading.status for reading in seen] == [Status.OK, Status.OK, Status.MISALIGNED, Status.OK]
    assert {reading.value for reading in seen} == {plate.truth[0]}
    assert np.allclose(seen[1].window.mean(0) - seen[0].window.mean(0), (-14, 9), atol=1.5)


def test_after_glare_the_next_clear_frame_counts_though_the_camera_is_looked_at_once_a_second() -> None:
    with camera(rate=0.0) as plate:
        clear = plate.frame().picture
        tracker = follower(plate, reference=Reference.of(clear, plate.windows[0]))
        glare = clear.copy()
        cv2.fillConvexPoly(glare, np.rint(plate.windows[0]).astype(np.int32), 255)
        shown = zip((0.0, 1.05, 1.25, 1.45), (clear, glare, glare, clear), strict=True)
        seen = [tracker.look(picture, NOON + datetime.timedelta(seconds=at)).status for at, picture in shown]
    assert seen == [Status.OK, Status.TOO_BRIGHT, Status.TOO_BRIGHT, Status.OK]


def test_a_camera_that_crept_far_is_found_again_after_a_frame_that_shows_something_else() -> None:
    with camera(rate=0.0, width=1280, height=720) as plate:
        picture = plate.frame().picture
        tracker = follower(plate, reference=Reference.of(picture, plate.windows[0]))
        crept = [np.roll(picture, 20 * i, 1) for i in range(11)]
        other = np.random.default_rng(0).integers(60, 190, picture.shape).astype(np.uint8)
        shown = enumerate([*crept, other, crept[-1]])
        seen = [tracker.look(each, NOON + datetime.timedelta(seconds=2 * i)).status for i, each in shown]
    assert seen == [Status.OK] * 11 + [Status.MISALIGNED, Status.OK]


def test_a_frame_that_does_not_hold_the_window_is_misaligned() -> None:
    with camera(rate=0.0) as plate:
        tracker = follower(plate)
        picture = plate.frame().picture
        seen = [tracker.look(each, NOON + datetime.timedelta(seconds=i)) for i, each in enumerate((picture, picture[:100, :100], picture))]
    assert [reading.status for reading in seen] == [Status.OK, Status.MISALIGNED, Status.OK]


def test_in_the_dark_it_says_so_and_not_that_the_camera_was_moved() -> None:
    with camera(rate=0.0) as plate:
        picture = plate.frame().picture
        tracker = follower(plate, reference=Reference.of(picture, plate.windows[0]))
        dark: Image = (picture // 40).astype(np.uint8)
        seen = [tracker.look(each, NOON + datetime.timedelta(seconds=2 * i)) for i, each in enumerate((picture, dark, picture))]
    assert [reading.status for reading in seen] == [Status.OK, Status.TOO_DARK, Status.OK]


def test_a_doubtful_beginning_does_not_stop_a_counter_for_ever() -> None:
    with Simulated(Options(counters=2, rate=60.0, step=0.1)) as plate:
        tracker = follower(plate)
        statuses = []
        for _ in range(60):
            frame = plate.frame()
            statuses.append(tracker.look(frame.picture, frame.time).status)
    assert statuses.count(Status.OK) >= 50
