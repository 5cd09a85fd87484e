"""A household's year, compressed: what a camera in a cellar goes through, and not one wrong value.

A rendered counter of 8 digits, 3 of them behind the point, that counts what people draw: showers, dishes, nights without a drop. A frame
every ten seconds while water runs and a minute after, every five minutes else: those in between would show nothing new. The camera creeps
and is nudged three times, the lamp fails, the sun glares, the machine is restarted twice a month.
In full with DIGITD_LONG=1 (`make test-long`), else five days of it.
"""

import dataclasses
import datetime
import os
from collections import Counter
from decimal import Decimal
from pathlib import Path

import numpy as np

from edge.capture.simulated import Options, Simulated
from edge.counter.history import Rules
from edge.inference.model import load
from edge.outputs.store import Store
from edge.reader import Reader
from edge.reading import Status
from edge.recorder import Recorder
from edge.rendering.scene import Conditions
from edge.tracker import Tracker
from edge.vision.reference import Reference
from tests.edge.simulation import MODEL

LONG = bool(os.environ.get("DIGITD_LONG"))
DAYS = 365 if LONG else 5
RUNNING_S, RESTING_S, AFTER_S = 10.0, 300.0, 60.0
DAY_S = 86_400.0
MAX_RATE_M3_H = 2.5
"""What the pipe gives."""
REBOOT_DAYS, LAMP_DAYS, GLARE_DAYS = (15, 20, 3) if LONG else (2, 4, 3)
NUDGES = {0.1: ((6.0, -4.0), 0.4), 0.4: ((-11.0, 7.0), -0.9), 0.8: ((14.0, 9.0), 1.5)}
"""Share of the time that has gone by: from then on the camera stands off by so many pixels and degrees."""
BRINK_STEPS = 0.35
"""A wheel this near to its next digit looks like it to a person too (tests/edge/test_long_run.py)."""
START = Decimal("1187.250")
BEGAN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def drawn(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Times in seconds and m³ drawn up to then."""
    times, total = [0.0], [0.0]
    for day in range(DAYS):
        for hour in np.sort(
            rng.choice([6.4, 7.1, 7.6, 12.2, 13.0, 18.3, 19.1, 20.2, 21.5, 22.3], 8, replace=False) + rng.normal(0, 0.2, 8)
        ):
            start = max(times[-1] + 60, day * 86_400 + hour * 3600)
            litres = float(rng.choice([6, 9, 12, 40, 55, 80], p=[0.3, 0.25, 0.2, 0.1, 0.1, 0.05]) * rng.uniform(0.8, 1.2))
            times += [start, start + litres * rng.uniform(5, 12)]
            total += [total[-1], total[-1] + litres / 1000]
    return np.array([*times, DAYS * 86_400 + 3600.0]), np.array([*total, total[-1]])


def looked_at(times: np.ndarray) -> np.ndarray:
    """Seconds at which a frame is taken."""
    resting = np.arange(0, DAYS * DAY_S, RESTING_S)
    running = [np.arange(start, end + AFTER_S, RUNNING_S) for start, end in zip(times[1::2], times[2::2], strict=False)]
    found = np.unique(np.concatenate([resting, *running]).round())
    return np.asarray(found[np.diff(found, prepend=-RUNNING_S) >= RUNNING_S / 2])


def test_a_year_of_a_household_has_no_wrong_value_and_the_right_total(tmp_path: Path) -> None:
    times, total = drawn(np.random.default_rng(7))
    moments = looked_at(times)
    moments = moments[moments < DAYS * DAY_S]
    options = Options(digits=8, decimals=3, start=float(START), step=1.0, seed=4)  # its seconds count frames here
    reader = Reader(load(MODEL), digits=8, decimals=3, rules=Rules(max_rate=MAX_RATE_M3_H * 1000 / 3600))
    statuses: Counter[Status] = Counter()
    wrong = []
    path = tmp_path / "digitd.sqlite"
    with Simulated(options, consumed=lambda frame: float(np.interp(moments[min(round(frame), len(moments) - 1)], times, total))) as camera:
        window = camera.windows[0]
        reference = Reference.of(camera.frame().picture, window)
        store = Store(path, commit_interval_s=1e9, changed_interval_s=1e9)
        tracker = Tracker(reader, window, reference=reference)
        tracker.set_value(START, BEGAN)
        recorder = Recorder("water", tracker, store, publish_interval_s=3600)
        rebooted = 0
        for moment in moments[2:]:  # the camera counts its frames from 1, and one was the reference
            day, hour = int(moment // DAY_S), moment % DAY_S / 3600
            moved, turned = [((0.0, 0.0), 0.0), *(at for share, at in NUDGES.items() if moment >= share * DAYS * DAY_S)][-1]
            lamp_out = day % LAMP_DAYS == LAMP_DAYS // 2 and hour < 3
            glaring = day % GLARE_DAYS == 0 and 15 <= hour < 17
            conditions = Conditions(shift=moved, degrees=turned, light=0.02 if lamp_out else 1.0, glare=0.9 if glaring else 0.35)
            if camera.conditions != conditions:
                camera.conditions = conditions
            if day // REBOOT_DAYS > rebooted:
                rebooted = day // REBOOT_DAYS
                store.close()
                store = Store(path, commit_interval_s=1e9, changed_interval_s=1e9)
                tracker = Tracker(reader, window, reference=reference, state=store.load_state("water"))
                recorder = Recorder("water", tracker, store, publish_interval_s=3600)
            reading = recorder.look(camera.frame().picture, BEGAN + datetime.timedelta(seconds=float(moment)))
            statuses[reading.status] += 1
            if reading.status is Status.OK and reading.value is not None:
                past = camera.values[0] * 1000 - float(reading.value * 1000)
                if not -BRINK_STEPS <= past < 1 + BRINK_STEPS:
                    wrong.append((day, round(hour, 3), reading.raw, str(reading.value), round(camera.values[0], 4)))
        days = store.consumption("water", BEGAN.date(), BEGAN.date() + datetime.timedelta(days=DAYS + 1))
        store.close()
        truth = camera.values[0]
    frames = sum(statuses.values())
    print(f"{frames} frames, {dict(statuses)}, wrong: {wrong[:5]}")
    assert not wrong
    assert statuses[Status.OK] / frames > 0.9
    assert recorder.tracker.value is not None
    assert abs(float(recorder.tracker.value) - truth) < 0.0014
    assert abs(float(sum(days.values())) - (truth - float(START))) < 0.0014
    assert statuses[Status.TOO_DARK] > 0
    assert dataclasses.asdict(recorder.tracker.learnt)["counts"]
