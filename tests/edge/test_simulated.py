"""The simulated counter: what it shows is what it says it shows, and our reader agrees."""

import threading
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from edge.capture.camera import CameraSettings, open_camera
from edge.capture.simulated import Options, Simulated
from edge.errors import CameraError, UsageError
from edge.inference.model import load
from edge.reader import Reader
from edge.rendering.plate import places
from edge.rendering.scene import Conditions
from edge.vision.window import size_px, strip

COUNTER = load(Path(__file__).parents[2] / "models" / "lenet5-counter.tflite")
FRAMES, FACES, RIGHT = 300, 10, 0.99
BEFORE, BEHIND = 0.35, 1.35
"""Steps of the last wheel that a reading may be ahead of the true place and behind it: the wheel is then on its way."""


def shows(raw: str, steps: float) -> bool:
    """Whether a reading is one that a wheel which turns all the time may give."""
    return raw.isdigit() and -BEHIND < int(raw) - steps <= BEFORE


def read_right(seed: int, count: int) -> int:
    """How many of so many random values are read right off the counter of that seed."""
    values = np.random.default_rng(seed + 100).uniform(0, 10**6, count)
    options = Options(digits=7, decimals=1, start=0.0, step=1.0, seed=seed)
    reader, right = Reader(COUNTER, digits=7, decimals=1), 0
    with Simulated(options, consumed=lambda seconds: float(values[int(seconds) - 1])) as camera:
        for value in values:
            right += shows(reader.read(camera.frame().picture, camera.windows[0]).raw, 10 * value)
    return right


def test_the_reader_reads_random_values_off_every_face() -> None:
    assert sum(read_right(seed, FRAMES // FACES) for seed in range(FACES)) / FRAMES >= RIGHT


def test_the_truth_runs_at_its_rate_and_with_its_time() -> None:
    with Simulated.of("?digits=7&decimals=1&start=1234.5&rate=3600&step=0.5&counters=2") as camera:
        frames = [camera.frame() for _ in range(4)]
        assert camera.truth == (Decimal("1236.5"), Decimal("2470.0"))
    assert [frame.number for frame in frames] == [1, 2, 3, 4]
    assert (frames[3].time - frames[1].time).total_seconds() == 1.0


def test_it_rolls_over_where_its_digits_end() -> None:
    with Simulated.of("?digits=4&decimals=1&start=999.9&rate=360&step=1") as camera:
        camera.frame()
        assert camera.truth == (Decimal("0.0"),)


def test_a_wheel_carries_while_the_one_to_its_right_passes_from_nine_to_naught() -> None:
    assert places(1299.5, 5) == pytest.approx([0, 1, 2.5, 9.5, 9.5])
    assert places(1298.9, 5) == pytest.approx([0, 1, 2, 9, 8.9])
    assert places(1300.0, 5) == pytest.approx([0, 1, 3, 0, 0])


def test_without_a_step_it_runs_by_the_clock_at_its_speed() -> None:
    with Simulated.of("?width=64&height=64&fps=100&speed=3600&rate=1&start=0&digits=5&decimals=3") as camera:
        first, later = camera.frame(), camera.frame()
        assert (later.time - first.time).total_seconds() == pytest.approx(36.0 * (later.number - first.number))
        assert camera.values[0] == pytest.approx(later.number / 100)


def test_the_same_seed_is_the_same_counter_and_no_two_frames_are_alike() -> None:
    one, same, other = (Simulated.of(f"?step=1&rate=0&drift=0&seed={seed}") for seed in (5, 5, 6))
    first = one.frame().picture
    assert np.array_equal(first, same.frame().picture)
    assert not np.array_equal(first, other.frame().picture)
    assert not np.array_equal(first, one.frame().picture)


def test_windows_are_where_the_counters_are_however_the_picture_is_turned() -> None:
    upright = strip(*_shown(0), size=(60, 280))
    for rotation in (90, 180, 270):
        turned = strip(*_shown(rotation), size=(60, 280))
        assert np.abs(turned.astype(int) - upright).mean() < 3


def _shown(rotation: int) -> tuple[np.ndarray, np.ndarray]:
    camera = Simulated.of("?step=1&rate=0&noise=0", rotation=rotation)
    return camera.frame().picture, camera.windows[0]


def test_the_window_follows_drift_and_nudges() -> None:
    camera = Simulated.of("?step=3600&rate=0&drift=16")
    before, then = camera.windows[0], []
    for _ in range(6):
        camera.frame()
        then.append(camera.windows[0] - before)
    assert max(np.abs(each).max() for each in then) > 10
    camera.conditions = Conditions(shift=(40.0, -20.0), degrees=3.0)
    frame, corners = camera.frame().picture, camera.windows[0]
    assert np.abs(corners - before).max() > 20
    assert shows(Reader(COUNTER, digits=7).read(frame, corners).raw, 12345)


def test_light_and_glare_change_the_picture() -> None:
    camera = Simulated.of("?step=1&rate=0")
    usual = camera.frame().picture
    camera.conditions = Conditions(light=0.5)
    assert camera.frame().picture.mean() == pytest.approx(usual.mean() / 2, rel=0.1)
    camera.conditions = Conditions(glare=1.0)
    assert (camera.frame().picture >= 250).mean() > (usual >= 250).mean() + 0.001


@pytest.mark.parametrize("query", ["?digits=8&decimals=3&counters=2", "?digits=5&decimals=0&width=640&height=480&counters=3"])
def test_every_counter_lies_within_the_picture_and_is_large_enough_to_read(query: str) -> None:
    for seed in range(8):
        with Simulated.of(f"{query}&seed={seed}&step=1") as camera:
            height, width = camera.frame().picture.shape
            for corners in camera.windows:
                assert (corners > 0).all()
                assert (corners < (width, height)).all()
                assert size_px(corners)[0] > 40


def test_the_settings_of_a_camera_win_over_its_query() -> None:
    with open_camera(CameraSettings(source="simulated:?width=64&height=64&step=1", width=320, height=200, fps=5.0)) as camera:
        assert camera.frame().picture.shape == (200, 320)


def test_closing_ends_a_wait_for_the_next_frame() -> None:
    camera = Simulated.of("?fps=0.01&width=64&height=64")
    threading.Timer(0.1, camera.close).start()
    with pytest.raises(CameraError, match="closed"):
        camera.frame()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?size=3", "no option size; expected digits, decimals"),
        ("?digits=x", 'digits="x"; expected a whole number'),
        ("?rate=", 'rate=""; expected a number'),
        ("?rate=nan", "rate=nan; expected"),
        ("?digits=0", "digits=0; expected 1 to 12"),
        ("?digits=3&decimals=4", "decimals=4 of digits=3"),
        ("?width=1e9", 'width="1e9"; expected a whole number'),
    ],
)
def test_options_that_cannot_be_are_refused(query: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Simulated.of(query)


def test_between_two_frames_nothing_moves_but_the_wheels_that_turn() -> None:
    camera = Simulated.of("?step=1&rate=360&start=1000&noise=0&drift=0")
    before, after = camera.frame().picture, camera.frame().picture
    changed = np.argwhere(np.abs(before.astype(int) - after) > 2)[:, ::-1]
    (left, top), (right, bottom) = changed.min(0), changed.max(0)
    low, high = camera.windows[0].min(0) - 4, camera.windows[0].max(0) + 4
    assert low[1] < top < bottom < high[1]
    assert (low[0] + high[0]) / 2 < left < right < high[0]
