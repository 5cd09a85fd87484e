"""`python -m bench.segmentation`: the weights by which cuts, joins and readings of handwriting are judged, learnt from pages.

A semi-Markov conditional random field (Sarawagi and Cohen, "Semi-Markov conditional random fields for information extraction", 2004)
over the hypotheses of `edge.vision.touching`. Only what was written is known of a page, not where its digits part: the likelihood of a
line is that of all ways to cut and join it which read as written, among all ways there are. Maximised by BFGS (Nocedal and Wright,
"Numerical optimization", 2006, algorithm 6.1). Training digits only: no page that a test measures has a part in it.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.pages import pages
from edge.inference.model import load
from edge.vision.lattice import Doubles, Numbers, all_ways, log_sum
from edge.vision.segment import FAINTEST_PROBABILITY, WEIGHTS, Proposed, propose

Objective = Callable[[Doubles], tuple[float, Doubles]]
MODEL, JUDGE = Path("models/lenet5-handwritten.tflite"), Path("models/lenet5-segments.tflite")
STIFFNESS = 1e-3
"""Pull of the weights towards zero, in nats a line for each square."""
ENOUGH_DECREASE, SHORTEST_STEP = 1e-4, 1e-6


@dataclass(frozen=True)
class Lattice:
    """One line: N hypotheses from place `first` to place `last`, int64 [N] each, and what was written."""

    first: Numbers
    last: Numbers
    measured: npt.NDArray[np.float32]
    """float32 [N, 10, F]."""
    allowed: npt.NDArray[np.bool_]
    """bool [N, 10]: digits that are not excluded."""
    written: Numbers

    @classmethod
    def of(cls, line: Proposed, written: str) -> "Lattice":
        """A line of a page that holds these digits."""
        places = np.array([(digit.first, digit.last) for digit in line.digits], np.int64).reshape(-1, 2)
        allowed = line.probabilities >= FAINTEST_PROBABILITY
        return cls(places[:, 0], places[:, 1], line.measured().astype(np.float32), allowed, np.array([*map(int, written)], np.int64))

    def log_likelihood(self, weights: Doubles) -> tuple[float, Doubles]:
        """Of what was written, in nats, and its gradient [F]; -inf where no way through the line reads so."""
        scores = np.where(self.allowed, self.measured @ weights, -np.inf)
        of_any = log_sum(scores, 1)[:, None]
        told, right = all_ways(self.first, self.last, scores[:, self.written], len(self.written) + 1)
        every, used = all_ways(self.first, self.last, of_any, 1)
        if not np.isfinite(told):
            return -np.inf, np.zeros_like(weights)
        wanted = np.zeros_like(scores)
        np.add.at(wanted.T, self.written, right.T)
        with np.errstate(invalid="ignore"):
            wanted -= used * np.nan_to_num(np.exp(scores - of_any))
        return told - every, np.einsum("nd,ndf->f", wanted, self.measured)


def learn(lattices: list[Lattice], start: Doubles) -> Doubles:
    """The weights [F] under which the lines are likeliest, from a start on. Lines that cannot be read as written are left out."""
    able = [lattice for lattice in lattices if np.isfinite(lattice.log_likelihood(start)[0])]

    def loss(weights: Doubles) -> tuple[float, Doubles]:
        each = [lattice.log_likelihood(weights) for lattice in able]
        value = -sum(likelihood for likelihood, _ in each) / len(able) + STIFFNESS * float(weights @ weights)
        return value, -np.sum([slope for _, slope in each], axis=0) / len(able) + 2 * STIFFNESS * weights

    return minimized(loss, start)


def minimized(function: Objective, start: Doubles, *, rounds: int = 100, flat: float = 1e-4) -> Doubles:
    """Where a smooth function, which returns its value and gradient [F], is least near a start [F]."""
    at, (value, slope) = start.astype(np.float64), function(start)
    inverse = np.eye(len(at))
    for _ in range(rounds):
        if np.abs(slope).max() < flat:
            break
        way, length = -inverse @ slope, 1.0
        after, (lower, steep) = at + way, function(at + way)
        while not lower <= value + ENOUGH_DECREASE * length * float(way @ slope):
            length /= 2
            if length < SHORTEST_STEP:
                return at
            after = at + length * way
            lower, steep = function(after)
        moved, bent = after - at, steep - slope
        if (curved := float(moved @ bent)) > 0:
            turn = np.eye(len(at)) - np.outer(moved, bent) / curved
            inverse = turn @ inverse @ turn.T + np.outer(moved, moved) / curved
        at, value, slope = after, lower, steep
    return at


def lattices(model: Path, judge: Path, count: int, seed: int) -> Iterator[Lattice]:
    """The lines of so many pages of training digits; pages of which a line was not found are left out."""
    recognize, whole = load(model).read, load(judge).read
    for page in pages("train", count, seed):
        proposed = propose(page.picture, recognize, whole)
        if len(proposed) == len(page.lines):
            yield from map(Lattice.of, proposed, page.lines)


def main(argv: list[str] | None = None) -> None:
    """Learn the weights, print them as `edge/vision/segment.py` holds them, and how likely they make pages that were not learnt from."""
    parser = argparse.ArgumentParser(prog="python -m bench.segmentation", description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, default=MODEL, help="default: %(default)s")
    parser.add_argument("--judge", type=Path, default=JUDGE, help="default: %(default)s")
    parser.add_argument("--pages", type=int, default=300, metavar="N", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    learnt = learn(list(lattices(args.model, args.judge, args.pages, args.seed)), WEIGHTS)
    print(f"WEIGHTS = np.array([{', '.join(f'{weight:.2f}' for weight in learnt)}])")
    others = list(lattices(args.model, args.judge, max(1, args.pages // 3), args.seed + 1))
    for name, weights in (("as they are", WEIGHTS), ("learnt", np.round(learnt, 2))):
        likelihoods = np.array([lattice.log_likelihood(weights)[0] for lattice in others])
        likely = likelihoods[np.isfinite(likelihoods)]
        print(f"{name:12} {-likely.mean():.4f} nats a line, {len(likely)} of {len(others)} lines can be read as written")


if __name__ == "__main__":
    main()
