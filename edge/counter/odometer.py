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

import numpy as np
import numpy.typing as npt

from edge.counter.wheels import (
    BACKLASH_DIGITS,
    CARRY_STARTS,
    NEVER,
    OFFSET_DIGITS,
    OFFSETS,
    RESTING_DIGITS,
    STEPS,
    STEPS_PER_DIGIT,
    TURNING,
    Floats,
    Integers,
    Mechanism,
    blurred,
    carries,
    likelihoods,
    sharpened,
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
HALF_A_TENTH = STEPS_PER_DIGIT // 20
"""Steps. A wheel that is said to stand at 4.0 stands anywhere from 3.95 on, and has passed the 4 by common consent."""
ON_A_DIGIT = np.arange(STEPS) % STEPS_PER_DIGIT == 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Candidate:
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

    Arrays have an axis for the S carry starts and one for the O offsets that are considered.
    """

    def __init__(self, probabilities: npt.NDArray[np.floating], mechanism: Mechanism) -> None:
        """probabilities [N, K] of N wheels, the first (leftmost) wheel first; K = 10 or 100."""
        narrow = sharpened(probabilities)
        self.coupled = mechanism.display == "wheels"
        self.rolling = self.coupled and mechanism.rolling is True
        self.offsets = _offsets(mechanism)
        starts = CARRY_STARTS if mechanism.carry_start is None else {mechanism.carry_start: 1.0}
        if not self.coupled:
            starts = {NEVER: 1.0}
        self.carries, self.last_carries = (_carries(tuple(starts), last) for last in (False, True))
        self.moves = _moves(tuple(starts), len(narrow))
        offset_prior = np.exp(-0.5 * (self.offsets / OFFSET_DIGITS) ** 2)
        self.prior = np.outer(list(starts.values()), offset_prior / offset_prior.sum())
        own = np.zeros((len(narrow), 1))
        own[: len(mechanism.offsets), 0] = mechanism.offsets[: len(narrow)]
        too_high = (np.rint(own * STEPS_PER_DIGIT) + np.rint(self.offsets * STEPS_PER_DIGIT)).astype(np.int64)  # [N, O]
        placed = likelihoods(narrow, BACKLASH_DIGITS if self.coupled else LCD_DIGITS)
        scale = placed.max(1, keepdims=True)
        self.log_scale = float(np.log(scale).sum())
        self.wheels = turned(placed / scale, too_high)  # [N, O, 200]
        if self.coupled:
            last = np.stack([_passed(likelihoods(narrow[-1])), likelihoods(narrow[-1], RESTING_DIGITS)])
            turning, resting = turned(last, too_high[[-1, -1]])
            self.wheels[-1] = _last_wheel(turning, resting, TURNING[mechanism.rolling]) / scale[-1]
        else:
            self.wheels *= ON_A_DIGIT
        self.carried: list[Floats] = []  # [S, O, 20] for each wheel: what those to its right say of how far it has moved
        self._forward()

    def decode(self, count: int = BEAM) -> Decoded:
        """The `count` most likely values."""
        strings, weights, marginals = self._search(count)
        confidences = marginals[np.arange(len(marginals)), strings[0]] / max(self.total, TINY)
        logs = np.log(np.maximum(weights, TINY)) + self.log_scale
        return Decoded(
            candidates=tuple(
                Candidate(digits="".join(map(str, digits)), log_likelihood=log)
                for digits, log in zip(strings.tolist(), logs.tolist(), strict=True)
            ),
            log_evidence=float(np.log(max(self.total, TINY)) + self.log_scale),
            offset=self.offset,
            confidences=tuple(confidences.tolist()),
        )

    def tempered(self, novelty: Floats) -> "Evidence":
        """The same frame for one who keeps count, by `log_places`: novelty [N], 0 to 1, is how much each wheel's picture says; and a last
        wheel that turns may be read a little off, which matters to the next frame as it does not to the digit."""
        told = copy.copy(self)
        told.wheels = self.wheels.copy() if (novelty == 1).all() else self.wheels ** novelty[:, None, None]
        if self.rolling:
            told.wheels[-1] = blurred(told.wheels[-1], READ_DIGITS)
        return told

    def log_places(self, values: npt.NDArray[np.int64]) -> Floats:
        """How likely the frame is given each value (steps of the last wheel, int64 [M]) and place of the last wheel, float64 [M, 20].

        Entry g is for the last wheel between g - 1 and g twentieths past the value's last digit. Their sum is what `decode` counts.
        """
        clamped = self._clamped(values[:, None] // 10 ** np.arange(len(self.wheels) - 1, -1, -1) % 10)
        return np.asarray(np.log(np.maximum(clamped.sum((1, 2)), TINY)) + self.log_scale, np.float64)

    def log_of_nothing(self) -> float:
        """How likely the frame is at any value and place, in the measure of `log_places`, if it shows nothing of the counter."""
        return float(np.log(np.maximum(self.wheels.mean((1, 2)), TINY)).sum() + self.log_scale)

    def _forward(self) -> None:
        """Messages from the last wheel to the first; `total` is the weight of all values together."""
        starts, offsets = self.prior.shape
        message = np.ones((starts, offsets, STEPS_PER_DIGIT))
        for i in reversed(range(len(self.wheels))):
            self.carried.append(message)
            weights = self.wheels[i].reshape(offsets, 10, STEPS_PER_DIGIT) * message[:, :, None]
            message = weights.reshape(starts, offsets, STEPS) @ self._carries(i)
        self.carried.reverse()
        weights = self.prior * message.sum(2)
        self._keep(likely := weights >= NEGLIGIBLE * weights.max())
        weights = weights[likely.any(1)][:, likely.any(0)]
        self.total = float(weights.sum())
        self.offset = float((weights.sum(0) * self.offsets).sum() / max(self.total, TINY))

    def _keep(self, likely: npt.NDArray[np.bool_]) -> None:
        """Go on with those carry starts and offsets [S, O] alone that the frame leaves likely: the wheels together tell the offset well."""
        starts, offsets = np.asarray(likely.any(1)), np.asarray(likely.any(0))
        if starts.all() and offsets.all():
            return
        self.carries, self.last_carries, self.moves = self.carries[starts], self.last_carries[starts], self.moves[:, starts]
        self.offsets, self.wheels = self.offsets[offsets], self.wheels[:, offsets]
        self.prior = self.prior[starts][:, offsets]
        self.carried = [message[starts][:, offsets] for message in self.carried]

    def _search(self, count: int) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
        """The `count` heaviest strings int64 [count, N] and their weights, best first; and each digit's weight in all strings, [N, 10]."""
        strings, marginals = np.zeros((1, 0), np.int64), np.empty((len(self.wheels), 10))
        above = self._nothing_above(2)  # of each string so far, and of all together
        for i, wheel in enumerate(self.wheels):
            # The weight of this wheel and all to its left, with this one at each digit and twentieth: [B + 1, S, O, 10, 20].
            moved = above @ self._carries(i).swapaxes(1, 2) if i else above[..., :1]
            ways = (moved * wheel).reshape(*above.shape[:3], 10, STEPS_PER_DIGIT)
            weights = np.einsum("bsodf,sof->bd", ways, self.carried[i])
            weights, marginals[i] = weights[:-1].ravel(), weights[-1]
            order = np.argsort(-weights)[:count]
            parents, digits = np.divmod(order, 10)
            strings = np.concatenate([strings[parents], digits[:, None]], axis=1)
            above = np.concatenate([ways[parents, :, :, digits], ways[-1:].sum(3)])
        return strings, weights[order], marginals

    def _clamped(self, strings: npt.NDArray[np.int64]) -> Floats:
        """[M, S, O, 20]: weight of each string int64 [M, N] by the twentieths of the last wheel."""
        above = self._nothing_above(len(strings))
        count, starts, offsets, _ = above.shape
        number = np.arange(len(self.wheels))[:, None]
        wheels = self.wheels.reshape(-1, offsets, 10, STEPS_PER_DIGIT)[number, :, strings.T][:, :, None]  # [N, M, 1, O, 20]
        moved = self.moves[number, :, strings.T][:, :, :, None]  # [N, M, S, 1, 20]
        at = moved + np.arange(above.size).reshape(above.shape)[..., :1]  # [N, M, S, O, 20], in `above` laid flat
        for wheel, places in zip(wheels, at, strict=True):
            above = above.take(places) * wheel
        return np.asarray(above * self.carried[-1], np.float64)

    def _carries(self, i: int) -> Floats:
        return self.last_carries if i == len(self.wheels) - 1 else self.carries

    def _nothing_above(self, count: int) -> Floats:
        return np.broadcast_to(self.prior[None, :, :, None], (count, *self.prior.shape, STEPS_PER_DIGIT))


def _passed(fine: Floats) -> Floats:
    """Likelihood [200] of each place on the last wheel from the digit passed by common consent: entry g is for g - 1 to g twentieths."""
    return np.asarray((np.roll(fine, HALF_A_TENTH) + fine) / 2, np.float64)


def _carries(starts: tuple[float, ...], last: bool) -> Floats:
    """[S, 200, 20]: how far a wheel, at each of its places, moves the one to its left."""
    return carries(starts, -0.5 * HALF_A_TENTH / STEPS_PER_DIGIT if last else 0.0)


@functools.cache
def _moves(starts: tuple[float, ...], count: int) -> Integers:
    """[N, S, 10, 20]: the twentieths by which each wheel, at each digit and twentieth, moves the one to its left."""
    moves = [_carries(starts, i == count - 1).argmax(2) for i in range(count)]
    return np.asarray(np.reshape(moves, (count, len(starts), 10, STEPS_PER_DIGIT)), np.int64)


def _last_wheel(turning: Floats, resting: Floats, share: float) -> Floats:
    """[O, 200]: anywhere on its way from digit to digit, or at rest on one."""
    return np.asarray(share / STEPS_PER_DIGIT * turning + (1 - share) * ON_A_DIGIT * resting, np.float64)


def _offsets(mechanism: Mechanism) -> Floats:
    if mechanism.offset is not None:
        return np.array([mechanism.offset])
    return np.array(OFFSETS if mechanism.display == "wheels" else [0.0])
