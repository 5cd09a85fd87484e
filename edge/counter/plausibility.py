"""The value over time: which of the values that the frames allow is the true one.

A hidden Markov model over the counter's value (Rabiner 1989), its state a handful of hypotheses. What moves a hypothesis on: a counter
goes forward, rather little than much, and no faster than its pipe allows; nothing else is impossible, only improbable, so that a
misread that was believed gives way as evidence mounts. What weighs it: the odometer's likelihood of each frame, but a picture of a wheel
counts once. A wheel that has not changed has not turned, and says nothing new, however often one looks: so a stable misread stays as
weak as it was on the first frame.
"""

import dataclasses
import enum
import math

import numpy as np
import numpy.typing as npt

from edge.counter.odometer import Decoded, Evidence
from edge.counter.wheels import Floats, Mechanism

HYPOTHESES = 12
MIXED = 2
"""The best so many old hypotheses and candidates are combined."""
JUMP = -4.0
"""Natural logarithm of the prior probability that the value is none that the last one leads to: a misread came between."""
JUMP_WHEEL = -8.5
"""The same for each wheel that would have been misread: more than one picture of it can outweigh."""
BRINK = 0.4
"""How likely the lower of two neighbouring values must be, against the higher, to be the one that is published."""
STILL = -7.0
"""Natural logarithm of the probability that a wheel turns to another digit and its picture does not change."""


class Verdict(enum.StrEnum):
    """What became of a frame's value."""

    OK = "ok"
    LOW_CONFIDENCE = "low_confidence"
    DECREASED = "decreased"
    TOO_FAST = "too_fast"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rules:
    """What is known of one counter's way through time."""

    mechanism: Mechanism = dataclasses.field(default_factory=Mechanism)
    decreases: bool = False
    """It may run backwards, as with a roof that feeds in."""
    max_rate: float | None = None
    """Steps of the last wheel per second; None: any."""
    min_confidence: float = 0.9
    """Probability from which a value is published."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class History:
    """All that is kept between frames. Values in steps of the last wheel."""

    hypotheses: tuple[tuple[int, float], ...] = ()
    """Values and their log probabilities, the most likely first."""
    time_s: float | None = None
    """Of the last frame that was read."""
    value: int | None = None
    """The last that was published."""

    @classmethod
    def known(cls, value: int, time_s: float | None = None) -> "History":
        """A history that begins with a value that is certain."""
        return cls(hypotheses=((value, 0.0),), time_s=time_s, value=value)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one frame comes to, with all that was known before."""

    verdict: Verdict
    value: int | None
    """The last valid value in steps of the last wheel; None before the first."""
    raw: Decoded
    """What the frame alone says."""
    confidence: float
    """Probability that what the frame shows is `raw.digits`, the past considered."""
    history: History


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
    count = len(probabilities)
    new = np.ones(count) if novelty is None or not history.hypotheses else np.clip(np.asarray(novelty, np.float64), 0.0, 1.0)
    seen = Evidence(probabilities, rules.mechanism)
    raw = seen.decode()
    values = _hypotheses(history, raw, count)
    told = seen if new.min() >= 1.0 else Evidence(_tempered(probabilities, new), rules.mechanism)
    evidence = told.log_likelihoods(values)
    elapsed = None if time_s is None or history.time_s is None else max(0.0, time_s - history.time_s)
    posterior = evidence + _arrivals(history, values, new, rules, elapsed, count)
    posterior -= np.logaddexp.reduce(posterior)
    order = np.argsort(-posterior)[:HYPOTHESES]
    hypotheses = tuple(zip(values[order].tolist(), posterior[order].tolist(), strict=True))
    shown = int(raw.digits)
    confidence = sum(math.exp(log) for value, log in hypotheses if value == shown)
    settled = _settled(hypotheses, rules, 10**count)
    taken = settled is not None and _agrees(settled, shown, rules, count)
    verdict = Verdict.OK if taken else _why(history, shown, rules, elapsed, count)
    value = settled if taken else history.value
    kept = History(hypotheses=hypotheses, time_s=time_s if time_s is not None else history.time_s, value=value)
    return Outcome(verdict=verdict, value=value, raw=raw, confidence=min(confidence, 1.0), history=kept)


def _tempered(probabilities: npt.NDArray[np.floating], novelty: Floats) -> Floats:
    """Probabilities [N, K] where a wheel whose picture is not new says nothing (all alike)."""
    powered = np.maximum(np.asarray(probabilities, np.float64), 1e-6) ** novelty[:, None]
    return np.asarray(powered / powered.sum(1, keepdims=True), np.float64)


def _hypotheses(history: History, raw: Decoded, count: int) -> npt.NDArray[np.int64]:
    """Values worth weighing: the frame's own candidates, the old ones, and old leading wheels with the candidates' last ones."""
    candidates = [int(candidate.digits) for candidate in raw.candidates]
    old = [value for value, _ in history.hypotheses]
    mixed = set(candidates) | set(old)
    for value in old[:MIXED]:
        for candidate in candidates[:MIXED]:
            for wheels in range(1, count):
                scale = 10**wheels
                low = value - value % scale + candidate % scale
                mixed.add(low if low >= value else (low + scale) % 10**count)
                if low < value:
                    mixed.add(low)
    return np.array(sorted(mixed))


def _arrivals(history: History, to: npt.NDArray[np.int64], novelty: Floats, rules: Rules, elapsed_s: float | None, count: int) -> Floats:
    """Log prior of each value [M]: from wherever it came."""
    if not history.hypotheses:
        return np.zeros(len(to))
    old = np.array([value for value, _ in history.hypotheses])
    weights = np.array([log for _, log in history.hypotheses])
    scale = 10**count
    forward = (to[:, None] - old[None, :]) % scale
    reach = scale // 2 if rules.max_rate is None or elapsed_s is None else min(scale // 2, math.ceil(rules.max_rate * elapsed_s) + 1)
    step = np.minimum(forward, scale - forward) if rules.decreases else forward
    usual = np.where(step <= reach, -np.log1p(step) - math.log1p(math.log1p(reach)), -np.inf)
    digits_to, digits_old = (_digits(each, count) for each in (to, old))
    differs = digits_to[:, None, :] != digits_old[None, :, :]
    jump = JUMP + JUMP_WHEEL * differs.sum(2)
    still = STILL * (differs * (1 - novelty)).max(2)
    return np.asarray(np.logaddexp.reduce(weights + np.logaddexp(usual + still, jump), axis=1), np.float64)


def _settled(hypotheses: tuple[tuple[int, float], ...], rules: Rules, scale: int) -> int | None:
    """The value that is certain enough to publish. A last wheel on the brink of the next digit has not passed it until that is likely."""
    best = hypotheses[0][0]
    share = {value: math.exp(log) for value, log in hypotheses}
    if share[best] >= rules.min_confidence:
        return best
    if _turns(rules.mechanism):
        for low in (best, (best - 1) % scale):
            below, above = share.get(low, 0.0), share.get((low + 1) % scale, 0.0)
            if below + above >= rules.min_confidence:
                return low if below >= BRINK * above else (low + 1) % scale
    return None


def _agrees(settled: int, shown: int, rules: Rules, count: int) -> bool:
    """The frame shows the value to publish, or one that a last wheel on the brink makes of it.

    Where the greatest rate is known, one wheel may be misread: the past tells which. Without it, too much could have happened.
    """
    if _turns(rules.mechanism) and (shown - settled) % 10**count in (1, 10**count - 1):
        return True
    if rules.max_rate is None:
        return settled == shown
    digits = _digits(np.array([settled, shown]), count)
    return int((digits[0] != digits[1]).sum()) <= 1


def _turns(mechanism: Mechanism) -> bool:
    return mechanism.display == "wheels" and mechanism.rolling is not False


def _why(history: History, shown: int, rules: Rules, elapsed_s: float | None, count: int) -> Verdict:
    """Why the frame's own value was not taken."""
    if history.value is None:
        return Verdict.LOW_CONFIDENCE
    scale = 10**count
    forward = (shown - history.value) % scale
    if forward > scale // 2 and not rules.decreases:
        return Verdict.DECREASED
    if rules.max_rate is not None and elapsed_s is not None and min(forward, scale - forward) > math.ceil(rules.max_rate * elapsed_s) + 1:
        return Verdict.TOO_FAST
    return Verdict.LOW_CONFIDENCE


def _digits(values: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """[M, N]"""
    return values[:, None] // 10 ** np.arange(count - 1, -1, -1) % 10
