"""A wheel that is misread for hours while the value is known: how long the value is told as if it were seen."""

import dataclasses
import json

import numpy as np
import pytest

from edge.counter.history import History, Verdict
from edge.tracker import restored_history
from tests.edge.simulation import positions
from tests.edge.test_plausibility import COUNT, HOUR_S, look

QUARTER_S = 900.0
MISREAD = np.array([0, 8, 3, 0, 0.2])


@pytest.mark.parametrize("shown", [False, True], ids=["told", "seen"])
def test_a_value_that_no_picture_has_shown_for_hours_is_not_told_as_seen_and_stays(shown: bool) -> None:
    history = History.known(5300, 0.0)
    if shown:
        history = look(history, 5300.2, 10 * HOUR_S).history
    verdicts, begins = [], 10 * HOUR_S if shown else 0.0
    for quarter in range(1, 41):
        outcome = look(history, MISREAD, begins + quarter * QUARTER_S, new=[1] if quarter == 1 else False)
        verdicts.append(outcome.verdict)
        assert outcome.value == 5300
        history = outcome.history
    assert set(verdicts[1:22]) == {Verdict.OK}
    assert Verdict.OK not in verdicts[24:]
    again = look(history, 5300.2, begins + 41 * QUARTER_S, new=[1])
    assert (again.verdict, again.value) == (Verdict.OK, 5300)


def test_a_counter_that_goes_on_bears_itself_out_without_the_wheel_that_is_misread() -> None:
    history, verdicts, before = History.known(5300, 0.0), [], np.full(COUNT, np.nan)
    for minute in range(1, 10 * 60):
        stands = positions(5300.2 + minute / 20, COUNT)
        stands[1] = 8.0
        new = np.isnan(before) | (np.abs(stands - before) >= 0.06)
        before = np.where(new, stands, before)
        outcome = look(history, stands, minute * 60.0, new=np.flatnonzero(new).tolist())
        history = outcome.history
        verdicts.append(outcome.verdict)
    assert outcome.value == int(5300.2 + (10 * 60 - 1) / 20)
    assert verdicts[7 * 60 :].count(Verdict.OK) >= 0.95 * len(verdicts[7 * 60 :])


@pytest.mark.parametrize("back_s", [0.0, 30 * 24 * HOUR_S], ids=["", "a clock that was set back"])
def test_a_history_of_an_earlier_version_and_a_clock_that_was_set_back_are_doubted_as_others(back_s: float) -> None:
    kept = dataclasses.asdict(look(History.known(5300, 0.0), 5300.2, 60 * 24 * HOUR_S).history)
    if not back_s:
        del kept["shown_s"]
    history, now_s, verdicts = restored_history(json.loads(json.dumps(kept))), 60 * 24 * HOUR_S - back_s, []
    for quarter in range(1, 41):
        outcome = look(history, MISREAD, now_s + quarter * QUARTER_S, new=[1] if quarter == 1 else False)
        verdicts.append(outcome.verdict)
        history = outcome.history
    assert Verdict.OK in verdicts[:20]
    assert Verdict.OK not in verdicts[28:]
