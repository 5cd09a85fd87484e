"""From the wheels' probabilities to the counter's value: the joint decoder.

A counter has one state. Its last wheel turns; each other wheel rests on a digit, and moves to the next only while the wheel to its
right goes from 9 to 0. So the places of all wheels depend on one another, and on what they share: how high the window is drawn, and
where on a wheel the next one begins to move. The decoder sums over all of that (the forward pass of a hidden Markov model whose chain
runs along the wheels, from the last to the first; Rabiner 1989, section III) and searches the values from the first wheel down (a beam
of exact weights), so that a candidate's share of the whole is the probability that it is what the counter shows.
"""

import copy
import dataclasses
import functools
import itertools
import math
import string
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from edge.counter.askew import along, tilt
from edge.counter.wheels import (
    BACKLASH_DIGITS,
    NEVER,
    OFFSET_DIGITS,
    OFFSETS,
    STEPS,
    STEPS_PER_DIGIT,
    TURNING,
    Floats,
    Integers,
    Mechanism,
    blurred,
    carries,
    last_wheel,
    likelihoods,
    sharpened,
    sources,
    turned,
)

BEAM = 6
TINY = 1e-300
LCD_DIGITS = 0.25
"""How far off the network may place a digit that never moves, as a standard deviation."""
READ_DIGITS = 0.1
"""Standard deviation of the place that the network reads, about the true one."""
NEGLIGIBLE = 1e-4
"""Carry starts and offsets that are so much less likely than the likeliest are left out."""


class Candidate(NamedTuple):
    """One value that the counter may show: its digits, and how likely the frame is given it (natural logarithm, up to a constant)."""

    digits: str
    log_likelihood: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Decoded:
    """What a frame says of the value: the candidates, the most likely first."""

    candidates: tuple[Candidate, ...]
    log_evidence: float
    """Of the whole frame, over every value: what the best placement of the window maximises."""
    offset: float
    """Digits that all wheels stand too high, as this frame shows it."""
    confidences: tuple[float, ...]
    """Probability of each wheel's digit in the best candidate, from the first wheel to the last."""

    @property
    def digits(self) -> str:
        """The most likely digits, leading zeros kept."""
        return self.candidates[0].digits

    @property
    def confidence(self) -> float:
        """Probability that `digits` is what the counter shows, with nothing known of before."""
        return float(np.exp(self.candidates[0].log_likelihood - self.log_evidence))


class Evidence:
    """What one frame says of every value: the wheels' likelihoods, and the forward messages along them.

    Arrays have an axis for the S carry starts and one for the O offsets that are considered; before these, where they tell a wheel's places
    apart, one for its 10 digits, and after them one for the 20 twentieths of the way from a digit to the next.
    """

    def __init__(self, probabilities: npt.NDArray[np.floating], mechanism: Mechanism) -> None:
        """probabilities [N, K] of N wheels, the first (leftmost) wheel first; K = 10 or 100."""
        narrow = sharpened(probabilities)
        count = len(narrow)
        coupled = mechanism.display == "wheels"
        known = _known(mechanism, count, tilt(narrow, mechanism.offsets) if coupled else 0.0)
        self.starts, self.offsets, self.prior = known.starts, known.offsets, known.prior
        self.rolling = coupled and mechanism.rolling is True
        if coupled:
            last = last_wheel(probabilities[-1], TURNING[mechanism.rolling])
            wheels = np.concatenate([likelihoods(narrow[:-1], BACKLASH_DIGITS), last]).take(known.turned)
            self.wheels = wheels[:count]  # [N, 10, 1, O, 20]
            if len(wheels) > count:
                self.wheels[-1, ..., 0] += wheels[-1, ..., 0]  # at rest
        else:
            self.wheels = likelihoods(narrow, LCD_DIGITS).take(known.turned)
            self.wheels[..., 1:] = 0.0
        self._forward()

    def decode(self, count: int = BEAM) -> Decoded:
        """The `count` most likely values."""
        strings, weights = self._search(count)
        marginals, total = self._marginals(), max(self.total, TINY)
        logs = (math.log(max(weight, TINY)) for weight in weights)
        return Decoded(
            candidates=tuple(Candidate(digits=digits, log_likelihood=log) for digits, log in zip(strings, logs, strict=True)),
            log_evidence=math.log(total),
            offset=self.offset,
            confidences=tuple(shares[int(digit)] / total for shares, digit in zip(marginals.tolist(), strings[0], strict=True)),
        )

    def tempered(self, novelty: Floats) -> "Evidence":
        """The same frame for one who keeps count, by `log_places`: novelty [N], 0 to 1, is how much each wheel's picture says; and a last
        wheel that turns may be read a little off, which matters to the next frame as it does not to the digit."""
        told = copy.copy(self)
        told.wheels = self.wheels.copy() if (novelty == 1).all() else self.wheels ** novelty.reshape(-1, 1, 1, 1, 1)
        if self.rolling:
            last = told.wheels[-1, :, 0].swapaxes(0, 1)  # [O, 10, 20], a view
            last[:] = blurred(last.reshape(-1, STEPS), READ_DIGITS).reshape(last.shape)
        return told

    def log_places(self, values: npt.NDArray[np.int64]) -> Floats:
        """How likely the frame is given each value (steps of the last wheel, int64 [M]) and place of the last wheel, float64 [M, 20].

        Entry g is for the last wheel between g - 1 and g twentieths past the value's last digit. Their sum is what `decode` counts.
        """
        number = np.arange(len(self.wheels))[:, None]
        digits = values // 10 ** number[::-1] % 10  # [N, M]
        heads = self._nothing_before(len(values))
        first = heads[0].size * np.arange(len(values)).reshape(-1, 1, 1, 1)
        places = [*(self._sources().take(digits[:-1], 0) + first), self._sources(last=True).take(digits[-1], 0) + first]
        for at, wheel in zip(places, self.wheels[number, digits], strict=True):
            heads = heads.take(at) * wheel
        return np.asarray(np.log(np.maximum(heads.sum((1, 2)), TINY)), np.float64)

    def log_of_nothing(self) -> float:
        """How likely the frame is at any value and place, in the measure of `log_places`, if it shows nothing of the counter."""
        return float(np.log(np.maximum(self.wheels.reshape(len(self.wheels), -1).mean(1), TINY)).sum())

    def _forward(self) -> None:
        """Messages from the last wheel to the first; `total` is the weight of all values together.

        tails [N, 10, S, O, 20]: weight of each wheel at each digit, with all to its right, by the twentieths that the one to its left has
        moved.
        """
        self.tails = np.empty((len(self.wheels), 10, *self.prior.shape, STEPS_PER_DIGIT))
        message = np.asarray(1.0)
        carried = carries(self.starts, last=True)
        for wheel, tails in zip(self.wheels[::-1], self.tails[::-1], strict=True):
            np.matmul(wheel * message, carried, out=tails)
            message, carried = tails.sum(0), carries(self.starts, last=False)
        weights = self.prior * message.sum(2)
        likely = weights >= NEGLIGIBLE * weights.max()
        if not likely.all():
            weights = self._keep(likely.any(1), likely.any(0), weights)
        self.total = float(weights.sum())
        self.offset = float((weights @ self.offsets).sum()) / max(self.total, TINY)

    def _keep(self, starts: npt.NDArray[np.bool_], offsets: npt.NDArray[np.bool_], weights: Floats) -> Floats:
        """Go on with those carry starts [S] and offsets [O] alone that the frame leaves likely: the wheels together tell the offset well.
        Returns the weights [S, O] of those."""
        rows, columns = np.ix_(starts, offsets)
        self.starts, self.offsets = tuple(itertools.compress(self.starts, starts)), self.offsets[offsets]
        self.prior, self.wheels, self.tails = self.prior[rows, columns], self.wheels[:, :, :, offsets], self.tails[:, :, rows, columns]
        return weights[rows, columns]

    def _search(self, count: int) -> tuple[list[str], list[float]]:
        """The `count` heaviest strings of digits and their weights, best first."""
        # heads [B, S, O, 20]: weight of each string so far, by the twentieths that its last wheel has moved.
        strings, heads = [""], self._nothing_before(1)
        places = self._sources(heads=count)
        negative = -self.tails.reshape(len(self.wheels), 10, -1).swapaxes(1, 2)  # so that the heaviest are the first
        for wheel, tails in zip(self.wheels, negative, strict=True):
            weights = heads.reshape(len(heads), -1) @ tails  # [B, 10]
            order = weights.argsort(None)[:count]
            strings = [strings[at // 10] + string.digits[at % 10] for at in order.tolist()]
            heads = heads.take(places.take(order, 0)) * wheel.take(order % 10, 0)
        return strings, (-weights.take(order)).tolist()

    def _marginals(self) -> Floats:
        """[N, 10]: weight of all strings together that have the digit at that wheel."""
        heads = np.empty((len(self.wheels), *self.prior.shape, STEPS_PER_DIGIT))  # weight of all strings that lead to each wheel
        heads[0] = self.prior[:, :, None]
        places = self._sources()
        for i in range(1, len(heads)):
            heads[i] = (heads[i - 1].take(places) * self.wheels[i - 1]).sum(0)
        return np.asarray(self.tails.reshape(len(heads), 10, -1) @ heads.reshape(len(heads), -1, 1), np.float64)[:, :, 0]

    def _sources(self, *, heads: int = 1, last: bool = False) -> Integers:
        return sources(self.starts, len(self.offsets), heads=heads, last=last)

    def _nothing_before(self, count: int) -> Floats:
        """[count, S, O, 20]: the weight of strings that have no digit yet."""
        return self.prior[None, :, :, None].repeat(count, 0).repeat(STEPS_PER_DIGIT, 3)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Known:
    """What a mechanism tells of N wheels before they are seen."""

    starts: tuple[float, ...]
    offsets: Floats
    prior: Floats
    """[S, O]"""
    turned: Integers
    """[N, 10, 1, O, 20]: the places that `wheels.turned` tells; with a row more where the last wheel may rest."""


@functools.lru_cache(maxsize=16)
def _known(mechanism: Mechanism, count: int, askew: float) -> _Known:
    coupled = mechanism.display == "wheels"
    starts, weights = zip(*mechanism.carry_starts if coupled else [(NEVER, 1.0)], strict=True)
    offsets = np.array([mechanism.offset] if mechanism.offset is not None else OFFSETS if coupled else [0.0])
    own = askew * along(count)[:, None]
    own[: len(mechanism.offsets), 0] += mechanism.offsets[:count]
    if coupled and TURNING[mechanism.rolling] < 1.0:
        own = np.concatenate([own, own[-1:]])
    offset_prior = np.exp(-0.5 * (offsets / OFFSET_DIGITS) ** 2)
    too_high = (np.rint(own * STEPS_PER_DIGIT) + np.rint(offsets * STEPS_PER_DIGIT)).astype(np.int64)
    return _Known(
        starts=starts,
        offsets=offsets,
        prior=np.outer(weights, offset_prior / offset_prior.sum()),
        turned=turned(too_high),
    )
