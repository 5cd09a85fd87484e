"""Months of a counter, with all mistakes of the shipped network on meters it never saw: nothing wrong is published, hardly a frame is lost.

What is wrong: a value whose last digit the wheel has not come to, or has left, by more than a third of a digit. By less it is the same
picture to a person. Those pictures are labelled to a tenth, the network places those that it does not misread within two tenths
(98 % of them), and a drawn picture is turned to the nearest tenth: the frames themselves tell no more. That these are few is held too.
"""

import dataclasses

import numpy as np
import pytest

from edge.counter.contest import observe
from edge.counter.history import History, Rules, Verdict
from edge.counter.wheels import Mechanism
from tests.edge.simulation import Seen, frames

FRAMES = 33_400
"""Of each of three counters, one a minute: 100,200 in all."""
RULES = Rules(mechanism=Mechanism(rolling=True, offset=0.0, carry_starts=((9.0, 1.0),)), max_rate=0.02)
COVERAGE = 0.95
WRONG_DIGITS, EARLY_OR_LATE_DIGITS = 0.35, 0.2
EARLY_OR_LATE = 0.001
"""Share of the published values that may be a step early or late, by more than the second and less than the first of these."""


@dataclasses.dataclass
class Tally:
    """What became of so many frames."""

    ok: int = 0
    wrong: int = 0
    early_or_late: int = 0

    @classmethod
    def of(cls, digits: int, seed: int, *, count: int = FRAMES, every_s: int = 60, rolling: bool = True) -> "Tally":
        """Run one counter. `python -m tests.edge.test_long_run` does so for other seeds."""
        rng = np.random.default_rng(seed)
        start, scale = float(rng.integers(10**digits)), 10**digits
        history, tally = History.known(int(start), 0.0), cls()
        rules = RULES if rolling else dataclasses.replace(RULES, mechanism=Mechanism(rolling=False))
        for frame in frames(Seen.measured(), rng, count=count, digits=digits, every_s=every_s, start=start, rolling=rolling):
            outcome = observe(history, frame.probabilities, rules, time_s=frame.time_s, novelty=frame.novelty)
            history = outcome.history
            if outcome.verdict is Verdict.OK and outcome.value is not None:
                past = (frame.truth - outcome.value + scale / 2) % scale - scale / 2
                off = max(-past, past - 1.0)
                tally.ok += 1
                tally.wrong += off > WRONG_DIGITS
                tally.early_or_late += EARLY_OR_LATE_DIGITS < off <= WRONG_DIGITS
        return tally


@pytest.mark.parametrize(("digits", "seed"), [(5, 1), (7, 2), (8, 3)])
def test_months_of_frames_publish_nothing_wrong_and_lose_few(digits: int, seed: int) -> None:
    tally = Tally.of(digits, seed)
    assert tally.wrong == 0
    assert tally.ok / FRAMES >= COVERAGE
    assert tally.early_or_late / tally.ok <= EARLY_OR_LATE


@pytest.mark.parametrize(("digits", "seed"), [(5, 1), (6, 2)])
def test_a_counter_that_steps_is_read_though_between_two_steps_no_picture_is_new(digits: int, seed: int) -> None:
    tally = Tally.of(digits, seed, count=4_000, rolling=False)
    assert (tally.wrong, tally.early_or_late) == (0, 0)
    assert tally.ok / 4_000 >= COVERAGE


if __name__ == "__main__":
    for every_s in (60, 300):
        for seed in range(21, 24):
            print(every_s, seed, (5, 7, 8)[seed % 3], Tally.of((5, 7, 8)[seed % 3], seed, every_s=every_s), flush=True)
