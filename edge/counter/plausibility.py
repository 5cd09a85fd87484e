"""The value over time: which of the values that the frames allow is published.

That is where the hypotheses agree. No single picture of a last wheel makes a step that nothing led to expect: the next picture bears it
out. That needs frames so close that the last wheel turns by less than half a turn between two, and does best where it turns by less
than a digit; where it may turn right round, each frame has to stand alone.
"""

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from edge.counter.history import History, Outcome, Rules, Verdict
from edge.counter.hypotheses import at_rest, weighed
from edge.counter.odometer import Evidence
from edge.counter.progress import TENTHS, Progress
from edge.counter.wheels import Mechanism, softness

CERTAIN = 0.99
"""Probability from which a value is published that the next frame can bear out; it need not stand on one picture."""
CHECKED_DIGITS = 10
"""A last wheel that can turn by more between two frames cannot be checked by the frame before: each frame stands alone. One that rests on
its digits stands alone where it has stepped by one, and is borne out by the same picture again where it shows another digit: until it
steps, there is no other."""
BRINK_TENTHS = 4
"""So close to the next digit a wheel that is not misread may be taken for it: as far off as the network places one in a hundred."""
BRINK = 0.9
"""How likely the lower of two neighbouring values must be, against the higher, to be the one that is published on the brink."""
BLIND = 0.5
"""Probability that a frame shows nothing of the counter from which it is as if none had been taken."""
MISREAD_SHARE = 3
"""One wheel of so many may be misread, and the value still be published; more than that is another counter."""
PARDONED_S = 6 * 3600.0
"""A value that stays, and that no picture has shown for so long, is no longer told as if one did: what was believed may be wrong."""


def follow(
    history: History,
    probabilities: npt.NDArray[np.floating],
    rules: Rules,
    *,
    time_s: float | None = None,
    novelty: npt.NDArray[np.floating] | None = None,
) -> Outcome:
    """Weigh one frame, given as `contest.observe` takes it, against one history alone; `borne`, `founded` and `rival` stay as they are."""
    count = len(probabilities)
    seen = Evidence(probabilities, rules.mechanism)
    raw = seen.decode()
    new = np.ones(count) if novelty is None or not history.hypotheses else np.clip(np.asarray(novelty, np.float64), 0.0, 1.0)
    elapsed = _between(history.time_s, time_s)
    progress = Progress(
        scale=10**count,
        elapsed_s=elapsed,
        reach=_reach(elapsed, rules, count),
        decreases=rules.decreases,
        rolling=rules.mechanism.rolling is True and rules.mechanism.display == "wheels",
        novelty=float(new[-1]),
    )
    before, blind = history.hypotheses, history.blind
    if new.any():
        hypotheses, nothing = weighed(before, seen, raw, progress, new, soft=float(new @ softness(probabilities)), placed=history.placed)
        blind = nothing > BLIND
    else:
        hypotheses = before if blind else at_rest(before, progress)
    kept = dataclasses.replace(
        history,
        hypotheses=hypotheses,
        time_s=history.time_s if time_s is None or blind else time_s,
        blind=blind,
        placed=history.placed or bool(new.any()),
    )
    told = int(raw.digits)
    shares = kept.shares()
    alone = history.value is None or progress.reach >= CHECKED_DIGITS or not before or before[0][2] is None
    if history.value is not None and not _turns(rules.mechanism):
        best = max(shares, key=shares.__getitem__)
        expected = (before[0].pace or 0.0) * (_between(history.value_s, time_s) or 0.0)
        alone |= not new[-1] or _in_step(_gone(history.value, best, progress.scale), expected)
    settled = _settled(kept, shares, rules.min_confidence if alone else CERTAIN, rules, count)
    alike = settled is not None and _shows(settled, told, rules, count)
    stays = settled == history.value
    soon = not stays or (_between(history.shown_s, time_s) or 0.0) < PARDONED_S
    if settled is None or not (alike or (soon and _pardons(settled, told, rules, new, stays=stays))):
        verdict = _why(history, told, progress, _reach(_between(history.value_s, time_s), rules, count))
    else:
        verdict, kept = Verdict.OK, dataclasses.replace(kept, value=settled)
        if time_s is not None:  # what went on without the wheel that tells otherwise bears the value out
            shown_s = time_s if alike or not stays or history.shown_s is None else min(history.shown_s, time_s)
            kept = dataclasses.replace(kept, value_s=time_s, shown_s=shown_s)
    return Outcome(verdict=verdict, value=kept.value, raw=raw, confidence=min(shares.get(told, 0.0), 1.0), history=kept, shown=alike)


def _between(before_s: float | None, time_s: float | None) -> float | None:
    """Seconds from one time to another, none where the clock was set back; None: not known."""
    return None if time_s is None or before_s is None else max(0.0, time_s - before_s)


def _reach(elapsed_s: float | None, rules: Rules, count: int) -> float:
    """Steps that a counter of so many digits can have gone at most."""
    half = float(10**count // 2)
    return half if rules.max_rate is None or elapsed_s is None else min(half, rules.max_rate * elapsed_s + 1)


def _settled(history: History, shares: dict[int, float], certain: float, rules: Rules, count: int) -> int | None:
    """The value that is certain enough to publish. A last wheel on the brink of the next digit may be read as either, and goes on as it
    was published: no step back, and none forward before it is the likelier. Nothing was: the likelier.
    """
    scale = int(10**count)
    best = max(shares, key=shares.__getitem__)
    lower, higher = (best - 1) % scale, (best + 1) % scale
    undecided = sum(share for value, share in shares.items() if not _decided(value, (best, lower, higher), history.value, count))
    needed = max(certain * undecided, rules.min_confidence)
    if not _turns(rules.mechanism):
        return best if shares[best] >= needed else None

    def known(value: int) -> bool:
        return value in shares and _within(history, value, scale) >= needed

    if history.value == higher and known(higher):
        return higher
    if history.value not in (None, best) and shares.get(lower, 0.0) >= BRINK * shares[best] and known(lower):
        return lower
    return best if known(best) else None


def _decided(value: int, near: tuple[int, ...], published: int | None, count: int) -> bool:
    """A value differs from one of the likely ones only where that has the digits that were published: this was decided then, and a picture
    that has not changed will never make it any surer."""
    if published is None or value in near:
        return False
    texts = [f"{each:0{count}d}" for each in (value, published)]
    return any(all(told in (other, was) for other, was, told in zip(*texts, f"{one:0{count}d}", strict=True)) for one in near)


def _within(history: History, value: int, scale: int) -> float:
    """Probability that the counter stands at the value, or on the brink of it."""
    return sum(
        math.exp(log)
        for place, log, _ in history.hypotheses
        if (place - value * TENTHS + BRINK_TENTHS) % (scale * TENTHS) < TENTHS + 2 * BRINK_TENTHS
    )


def _shows(settled: int, shown: int, rules: Rules, count: int) -> bool:
    """The frame shows the value to publish, or one that a last wheel on the brink makes of it."""
    return settled == shown or (_turns(rules.mechanism) and (shown - settled) % 10**count in (1, 10**count - 1))


def _pardons(settled: int, shown: int, rules: Rules, novelty: npt.NDArray[np.floating], *, stays: bool) -> bool:
    """What else the frame shows was misread, and the past tells in which wheels.

    Where the greatest rate is known, a few may be. Without it, too much could have happened. A frame with two wheels misread is no witness
    of a value that has not been published before; nor is one of a value that stays, where a wheel that tells otherwise has just turned.
    """
    count = len(novelty)
    differing = np.array([one != other for one, other in zip(f"{settled:0{count}d}", f"{shown:0{count}d}", strict=True)])
    if rules.max_rate is None or (stays and (differing & (novelty > 0)).any()):
        return False
    return bool(differing.sum() <= (max(1, count // MISREAD_SHARE) if stays else 1))


def _gone(before: int, after: int, scale: int) -> int:
    """Steps from one value to another, the short way."""
    return (after - before + scale // 2) % scale - scale // 2


def _in_step(gone: int, expected: float) -> bool:
    """A wheel that steps went on by one, or by as many steps as its pace led to expect, give or take one."""
    return abs(gone) <= 1 or abs(gone - expected) <= 1


def _turns(mechanism: Mechanism) -> bool:
    return mechanism.display == "wheels" and mechanism.rolling is not False


def _why(history: History, shown: int, progress: Progress, reach: float) -> Verdict:
    """Why the frame's own value was not taken. reach: steps that it can have gone since the last one was."""
    if history.value is None:
        return Verdict.LOW_CONFIDENCE
    forward = (shown - history.value) % progress.scale
    if shown < history.value and forward > progress.scale // 2 and not progress.decreases:
        return Verdict.DECREASED
    if (min(forward, progress.scale - forward) if progress.decreases else forward) > reach + 1:
        return Verdict.TOO_FAST
    return Verdict.LOW_CONFIDENCE
