"""What the counter may show, and how likely: hypotheses that one frame after another weighs.

A hidden Markov model over the counter's value (Rabiner 1989), its state a handful of hypotheses that carry the pace along (a multiple
hypothesis tracker, Reid 1979). What moves a hypothesis on: `progress`; nothing else is impossible, only improbable, so that a misread that
was believed gives way as evidence mounts. What weighs it: the odometer's likelihood of each frame, but a picture of a wheel counts once. A
wheel that has not changed has not turned, and says nothing new, however often one looks: so a stable misread stays as weak as it was on
the first frame.
"""

import math
from typing import NamedTuple

import numpy as np

from edge.counter.odometer import TINY, Decoded, Evidence
from edge.counter.progress import STILL, TENTHS, Integers, Progress
from edge.counter.wheels import Floats

HYPOTHESES, OTHERS = 40, 8
"""Kept from frame to frame: some ten for each value that is likely; and the likeliest that are farther from the best one than `NEAR`,
after a misread: of a wheel that is read alike picture after picture each says little (`repeats`), and it must add up."""
FAINTEST = -20.0
"""Natural logarithm of how likely a hypothesis must be, against the best one, to be kept: less than one misread wheel (`JUMP_WHEEL`)."""
MIXED = 2
"""The best so many old hypotheses and candidates are combined."""
JUMP = -4.0
"""Natural logarithm of the prior probability that the value is none that the last one leads to: a misread came between."""
JUMP_WHEEL = -20.0
"""The same for each wheel that would have been misread: four pictures of it outweigh that, three do not."""
NOTHING, SOFT = -5.0, 6.0
"""Log odds that a frame shows nothing of the counter, a hand before it, a picture damaged on its way: before it is looked at, and how much
they grow with each new wheel of which the network can tell nothing. Where every value would need several wheels misread, too, that is the
likelier story."""
NEAR = 10
"""Steps that follow the best old hypotheses and are always weighed, as far as the rate allows them."""


class Hypothesis(NamedTuple):
    """One place that the last wheel may have come to."""

    tenths: int
    """Of a step of the last wheel: the value, and what the wheel has turned since."""
    log: float
    """Natural logarithm of its probability."""
    pace: float | None = None
    """Steps per second; None: not known."""


Hypotheses = tuple[Hypothesis, ...]


def at_rest(before: Hypotheses, progress: Progress) -> Hypotheses:
    """The hypotheses after a frame on which no wheel has turned."""
    paces = _arrays(before)[2]
    slower = progress.paces(paces, np.zeros(len(paces)), np.zeros(len(paces), np.bool_)).tolist()
    return tuple(Hypothesis(tenths, log, _known(pace)) for (tenths, log, _), pace in zip(before, slower, strict=True))


class Weighed(NamedTuple):
    """What a frame leaves."""

    hypotheses: Hypotheses
    """The most likely first."""
    nothing: float = 0.0
    """Probability that the frame shows nothing of the counter."""


def weighed(before: Hypotheses, seen: Evidence, raw: Decoded, progress: Progress, novelty: Floats, *, soft: float, placed: bool) -> Weighed:
    """The most likely hypotheses after a frame, from those before it; none before: the frame alone tells.

    Two stories, added up: the counter got on, and the frame shows to where; or it shows nothing, and each hypothesis stays as it was.

    novelty [N], 0 to 1: how new the picture of each wheel is. soft: new wheels of which the network can tell nothing, each by how little.
    placed: tenths were seen before, so that steps tell the pace.
    """
    values = _candidates(before, raw, progress)
    told = seen.tempered(novelty)
    places, nothing = told.log_places(values), told.log_of_nothing()
    tenths = (values[:, None] * TENTHS + np.arange(TENTHS)).ravel()
    if not before:
        places = np.logaddexp(places, NOTHING + nothing)
        return Weighed(_best(tenths, np.logaddexp(places[:, ::2], places[:, 1::2]).ravel(), np.full(len(tenths), np.nan)))
    seen_logs = np.logaddexp(places[:, ::2], places[:, 1::2]).ravel()  # [T], T = 10 M
    old_tenths, old_logs, old_paces = _arrays(before)
    steps = progress.steps(tenths, old_tenths)
    usual, jump = _leading(values, old_tenths // TENTHS, progress, novelty)
    steady, changed = progress.probabilities(steps, old_paces)
    ways = (steady + changed).reshape(len(values), TENTHS, -1) * usual[:, None] + jump[:, None]
    ways = ways.reshape(steps.shape) * np.exp(old_logs)  # [T, J]
    best = ways.argmax(1)
    chosen = np.arange(len(tenths)), best
    gone, paces = steps[chosen], old_paces[best]
    if placed:
        paces = np.where(np.abs(gone) <= progress.reach, progress.paces(paces, gone, changed[chosen] > steady[chosen]), paces)
    odds = NOTHING + SOFT * soft
    got_on = seen_logs + np.log(np.maximum(ways.sum(1), TINY))
    stayed, at = np.full(len(tenths), -np.inf), np.searchsorted(tenths, old_tenths)
    stayed[at] = old_logs + odds + nothing + math.log(2)  # two places are a tenth
    paces[at] = np.where(stayed[at] > got_on[at], old_paces, paces[at])
    logs = np.logaddexp(got_on, stayed)
    return Weighed(_best(tenths, logs, paces), float(np.exp(np.logaddexp.reduce(stayed) - np.logaddexp.reduce(logs))))


def _arrays(hypotheses: Hypotheses) -> tuple[Integers, Floats, Floats]:
    """Tenths, logarithms and paces (NaN: not known), [J] each."""
    tenths, logs, paces = zip(*hypotheses, strict=True)
    return np.array(tenths, np.int64), np.array(logs, np.float64), np.array(paces, np.float64)


def _best(tenths: Integers, logs: Floats, paces: Floats) -> Hypotheses:
    """The most likely of these [T], first the best."""
    order = np.argsort(-logs)
    order = order[logs[order] >= logs[order[0]] + FAINTEST]
    near = np.abs(tenths[order] - tenths[order[0]]) <= NEAR * TENTHS
    order = order[(near & (near.cumsum() <= HYPOTHESES)) | (~near & ((~near).cumsum() <= OTHERS))]
    logs = logs[order] - np.logaddexp.reduce(logs[order])
    return tuple(map(Hypothesis, tenths[order].tolist(), logs.tolist(), map(_known, paces[order].tolist())))


def _known(pace: float) -> float | None:
    return None if math.isnan(pace) else pace


def _candidates(before: Hypotheses, raw: Decoded, progress: Progress) -> Integers:
    """Values worth weighing: the frame's own, the old ones and what follows them, and old leading wheels with the frame's last ones."""
    shown = [int(candidate.digits) for candidate in raw.candidates]
    values = set(shown)
    elapsed_s = progress.elapsed_s or 0.0
    for tenths, _, pace in before:
        value = tenths // TENTHS
        values.update((value, value + 1, int((tenths + (pace or 0.0) * elapsed_s * TENTHS) // TENTHS)))
    for value in list(dict.fromkeys(tenths // TENTHS for tenths, *_ in before))[:MIXED]:
        values.update(range(value, value + min(NEAR, math.ceil(progress.reach)) + 1))
        for candidate in shown[:MIXED]:
            for power in range(1, len(raw.digits)):
                low = value - value % 10**power + candidate % 10**power
                values |= {low, low + 10**power} if low < value else {low}
    return np.array(sorted({value % progress.scale for value in values}))


def _leading(values: Integers, before: Integers, progress: Progress, novelty: Floats) -> tuple[Floats, Floats]:
    """Prior, [M, J] each, of what the leading wheels have to do to come from the values [J] to the values [M]: turn although they look as
    they did; or have been misread, whether or not the last one, if it looks new, turned meanwhile.
    """
    old, index = np.unique(before, return_inverse=True)
    powers = 10 ** np.arange(len(novelty))[::-1, None, None]

    def digits(of: Integers) -> Integers:
        return np.asarray(of // powers % 10, np.int64)

    shown, old_shown = digits(values[:, None]), digits(old)  # [N, M, 1], [N, 1, U]
    turned = (shown != old_shown) & (shown != digits(old + 1))
    if progress.decreases:
        turned &= shown != digits(old - 1)
    usual = STILL * (turned * (1 - novelty)[:, None, None])[:-1].max(0, initial=0.0)
    forward = (values[:, None] - old) % 10
    behind = (values[:, None] - np.where(forward <= progress.reach, forward, 0)) % progress.scale
    misread = np.minimum((shown != old_shown).sum(0), (digits(behind) != old_shown).sum(0))
    jump = JUMP + JUMP_WHEEL * np.maximum(misread, 1) - math.log(TENTHS) + STILL * (1 - novelty[-1]) * (shown != old_shown)[-1]
    return np.exp(usual)[:, index], np.exp(jump)[:, index]
