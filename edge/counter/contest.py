"""How a history begins: the first frame may be the one that shows what is not there.

All that `plausibility` weighs is weighed against what was believed before, and a wheel that does not change says nothing new. So a first
frame that was misread, a hand's shadow, a picture damaged on its way, would stand against the truth for as long as no wheel turns. Until a
beginning has been borne out for a while, a frame that contradicts it, and is clear by itself, is therefore followed as a beginning of its
own. The one that more frames have shown is believed; not more pictures, for what comes and goes is in few frames, and what is there in all.
Of many beginnings two are kept, and the one that most frames show is among them: Boyer, Moore, "MJRTY - A fast majority vote algorithm",
1991.
"""

import dataclasses

import numpy as np
import numpy.typing as npt

from edge.counter.history import History, Outcome, Rules, Verdict
from edge.counter.plausibility import follow
from edge.counter.repeats import discounted

FOUNDED, FOUNDED_S = 10, 600.0
"""Frames that have to show a beginning's values, over so many seconds, before another no longer comes into question: a camera that takes
thirty a second has ten before the hand that mounted it is out of the picture."""
LEAD = 2
"""So many more frames must show another beginning for it to be believed: one more is what any misread that lasts for two has."""


def observe(
    history: History,
    probabilities: npt.NDArray[np.floating],
    rules: Rules,
    *,
    time_s: float | None = None,
    novelty: npt.NDArray[np.floating] | None = None,
) -> Outcome:
    """Weigh one frame: probabilities [N, K] of its wheels, the first wheel first.

    time_s: of the frame, on any clock; None where time means nothing. novelty [N], 0 to 1: how much each wheel's picture differs from
    the one that last counted; None: all of it is new.
    """
    looks = history.looks
    if time_s is not None:
        novelty, looks = discounted(looks, probabilities, np.ones(len(probabilities)) if novelty is None else novelty, time_s)
    outcome = _contested(history, probabilities, rules, time_s, novelty)
    if outcome.history.blind:  # a hand's picture is none of a wheel
        looks = history.looks
    return dataclasses.replace(outcome, history=dataclasses.replace(outcome.history, looks=looks))


def _contested(
    history: History, probabilities: npt.NDArray[np.floating], rules: Rules, time_s: float | None, novelty: npt.NDArray[np.floating] | None
) -> Outcome:
    own = follow(history, probabilities, rules, time_s=time_s, novelty=novelty)
    if history.founded:
        return own
    own, other = _counted(own, time_s), None
    if history.rival is not None:
        other = _counted(follow(history.rival, probabilities, rules, time_s=time_s, novelty=novelty), time_s)
    if not own.shown and (other is None or not other.shown):
        fresh = _counted(follow(History(), probabilities, rules, time_s=time_s), time_s)
        if fresh.shown:
            other = fresh if other is None or other.history.borne <= 1 else _counted(other, time_s, by=-1)
    if other is None:
        return own
    if other.history.borne >= own.history.borne + LEAD:
        return _beside(dataclasses.replace(other, anew=True), own.history)
    if own.verdict is Verdict.OK and not own.shown and other.shown:  # which of the two is right has to be seen
        kept = dataclasses.replace(own.history, value=history.value, value_s=history.value_s)
        own = dataclasses.replace(own, verdict=Verdict.LOW_CONFIDENCE, value=history.value, history=kept)
    return _beside(own, other.history)


def _counted(outcome: Outcome, time_s: float | None, *, by: int | None = None) -> Outcome:
    """The outcome, its frame counted where it shows the value; none beside it."""
    borne = outcome.history.borne + (outcome.shown if by is None else by)
    began_s = outcome.history.began_s
    if began_s is None and borne:
        began_s = time_s
    long = time_s is None or began_s is None or abs(time_s - began_s) >= FOUNDED_S
    history = dataclasses.replace(outcome.history, borne=borne, began_s=began_s, founded=borne >= FOUNDED and long, rival=None)
    return dataclasses.replace(outcome, history=history)


def _beside(outcome: Outcome, rival: History) -> Outcome:
    """The outcome with another beginning beside it, while it is in question."""
    if outcome.history.founded:
        return outcome
    return dataclasses.replace(outcome, history=dataclasses.replace(outcome.history, rival=rival))
