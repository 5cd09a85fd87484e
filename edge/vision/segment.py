"""Digits on paper, any number of them in any number of lines, slanted, touching or broken: layout `free`.

The improved directional projection of Lu and Ke (abstract, section 4) and past it: strokes take the place of pixels, curved cuts that of
columns, and where digits touch or broke, every way of cutting and joining is a hypothesis: one network judges whether it is a digit at
all, another reads which, and the first, who has seen digits cut out of pages, has a say in that too.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.vision.binarize import binarize, has_dark_ink
from edge.vision.boxes import find_boxes, without_boxes
from edge.vision.cells import to_grey
from edge.vision.handwritten import FIGURES, LOG_SIZE, LOG_WIDTH, NO_DIGIT, PENS_ACROSS, shape, to_mnist_cells
from edge.vision.lattice import Doubles, all_ways, log_sum, total
from edge.vision.paper import absorbance, deviation_of_noise, without_ruling
from edge.vision.sheet import find_sheet, on_sheet
from edge.vision.strokes import find_strokes
from edge.vision.touching import Digit, hypotheses
from edge.vision.window import homography, moved, rectangle

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Recognize = Callable[[Image], npt.NDArray[np.float32]]
"""Cells uint8 [N, 32, 32, 1] → probabilities float32 [N, K]: K = 10 to read digits, K = 11 to judge, where the last is no digit."""
FAINTEST_INK, FAINTEST_MARK = 0.15, 0.08
"""Absorbance under which a mark is paper's grain or a shadow's edge; and that of a printed line, whose shape tells it from them."""
GRAIN = 3.0
"""Ink is darker than the paper by so many deviations of the noise."""
FAINTEST_PROBABILITY = 0.01
"""A digit that is given less is not considered."""
FAINTEST_OPINION = 1e-4
"""Neither network rules a digit out by giving it less."""
FAINTEST_JUDGED = 1e-3
"""A judge's probability of less is as good as none."""
LOWEST, TALLEST = 0.94, 1.2
"""Heights of digits that cost nothing, in heights of the writing."""
FARTHEST = 4.0
"""Deviations that count at most."""
WEIGHTS = np.array([-1.01, -0.67, 0.27, -0.39, -0.34, -0.07, 0.0, 0.41, 0.07, 0.88, 0.06, -0.54, -0.17, -0.10, 0.71, 0.03, -0.23])
"""What each measurement of a hypothesis adds to its log-likelihood, in the order of `_measured`.

Learnt as a semi-Markov conditional random field (Sarawagi and Cohen, 2004): on pages of MNIST's training digits, the weights under which
the written numbers are likeliest among all ways of cutting, joining and reading. `python -m bench.segmentation --pages 240 --seed 1001`
learnt them, at commit 4eaea6a; learnt anew for the network of handwriting since, they made other pages no likelier.
"""


@dataclass(frozen=True)
class Line:
    """One line of handwriting, its N digits from left to right."""

    corners: npt.NDArray[np.float64]
    """float64 [N, 4, 2]: the box around each digit, x and y in pixels of the picture, from its top left clockwise."""
    cells: Image
    """uint8 [N, 32, 32, 1]: the digits as MNIST holds them."""
    digits: tuple[int, ...]
    certainty: Doubles
    """float64 [N]: the probability of each digit, by the ways that cut it out just so, and no less than that of the line."""
    confidence: float
    """Probability that these are the line's digits, however it is cut and joined."""


@dataclass(frozen=True)
class Proposed:
    """Every digit that one line of handwriting could hold, N of them."""

    digits: list[Digit]
    cells: Image
    """uint8 [N, 32, 32, 1]: each as MNIST holds it."""
    probabilities: Floats
    """float32 [N, 10], of each digit, by both networks."""
    whole: Floats
    """float32 [N], the judge's probability that it is one digit."""
    height: float
    """Of the writing, in pixels."""

    def measured(self) -> Doubles:
        """Each hypothesis measured as each of the ten digits: float64 [N, 10, 17]."""
        each = [_measured(*one, self.height) for one in zip(self.digits, self.probabilities, self.whole, strict=True)]
        return np.stack(each) if each else np.zeros((0, 10, len(WEIGHTS)))


def lines(page: Image, recognize: Recognize, judge: Recognize) -> list[Line]:
    """The lines of handwriting on a page, uint8 [H, W] or [H, W, 3] (blue, green, red), from top to bottom; none on a blank one.

    The page may fill the picture, or lie in it as a sheet on a desk.
    """
    sheet, to_picture = find_sheet(page), np.eye(3)
    if sheet is not None:
        page = on_sheet(page, sheet)
        to_picture = homography(rectangle(*page.shape[:2]), sheet)
    found = []
    for line in propose(page, recognize, judge):
        logs = likelihoods(line.measured(), line.probabilities)
        chosen = _best_reading(line.digits, logs)
        at = [i for i, _ in chosen]
        corners = moved(np.array([_corners(line.digits[i]) for i in at], np.float64).reshape(-1, 2), to_picture)
        digits = tuple(digit for _, digit in chosen)
        found.append(Line(corners.reshape(-1, 4, 2), line.cells[at], digits, *_certain(line.digits, logs, at, digits)))
    return found


def _certain(hypotheses: list[Digit], likelihoods: Doubles, at: list[int], digits: tuple[int, ...]) -> tuple[Doubles, float]:
    """The probability of each digit of a reading, float64 [N], and of the whole, among all ways to cut, join and read the line.

    likelihoods: float64 [hypotheses, 10]; at: the reading's hypotheses by number.
    """
    first, last = np.array([(each.first, each.last) for each in hypotheses], np.int64).T
    of_any = log_sum(likelihoods, 1)[:, None]
    every, used = all_ways(first, last, of_any, 1)
    read = total(first, last, likelihoods[:, digits], len(digits) + 1)
    whole = min(float(np.exp(read - every)), 1.0)
    return np.clip(used[at, 0] * np.exp(likelihoods[at, digits] - of_any[at, 0]), whole, 1.0), whole


def propose(page: Image, recognize: Recognize, judge: Recognize) -> list[Proposed]:
    """What the lines of a page could hold, uint8 [H, W] or [H, W, 3] (blue, green, red), from top to bottom."""
    grey = to_grey(page)
    if not has_dark_ink(grey):
        grey = 255 - grey
    absorbed = _written(absorbance(grey))
    strokes = find_strokes(_ink(absorbed))
    candidates = [hypotheses(strokes, line, absorbed) for line in strokes.lines]
    cells = to_mnist_cells([digit.ink for line in candidates for digit in line])
    read, judged = np.zeros((0, 10), np.float32), np.zeros((0, FIGURES), np.float32)
    if len(cells):
        read, judged = recognize(cells), judge(cells)
    probabilities, whole = together(read, judged), 1 - judged[:, NO_DIGIT]
    proposed, first = [], 0
    for line in candidates:
        here = np.s_[first : first + len(line)]
        proposed.append(Proposed(line, cells[here], probabilities[here], whole[here], strokes.height))
        first += len(line)
    return proposed


def _written(absorbed: Floats) -> Floats:
    """Absorbance [H, W] without what was printed: ruling, and boxes around digits."""
    unruled = without_ruling(absorbed)
    boxes, left = find_boxes(_marks(absorbed)), _marks(unruled)
    # On squared paper every square looks like a box. They go with the ruling, with more care for what was written on them.
    squared = 2 * sum(box.is_printed(absorbed, left) for box in boxes) <= len(boxes)
    return unruled if squared else without_ruling(without_boxes(absorbed, _ink(absorbed), boxes))


def _marks(absorbed: Floats) -> Image:
    """What is darker than the paper, were it printed ever so faintly: uint8 [H, W], 0 or 1, from absorbance [H, W]."""
    return np.asarray(absorbed > FAINTEST_MARK, np.uint8)


def _ink(absorbed: Floats) -> Image:
    """Ink, uint8 [H, W], 0 or 1, from absorbance [H, W]."""
    # The brighter half of a noisy picture's grain passes for its paper, and the other half for pale ink.
    grain = float(np.median(absorbed)) + GRAIN * deviation_of_noise(absorbed)
    return np.asarray(binarize(np.rint(255 * (1 - absorbed)).astype(np.uint8)).ink & (absorbed > max(FAINTEST_INK, grain)), np.uint8)


def together(read: Floats, judged: Floats) -> Floats:
    """Probability of each digit, float32 [N, 10], by the recognizer's, [N, 10], and by what the judge's, [N, 11], say of one that is whole.

    Their geometric mean (Hinton, "Training products of experts by minimizing contrastive divergence", 2002).
    """
    digits = judged[:, :NO_DIGIT] / np.maximum(judged[:, :NO_DIGIT].sum(1, keepdims=True), FAINTEST_OPINION)
    both = np.sqrt(np.maximum(read, FAINTEST_OPINION) * np.maximum(digits, FAINTEST_OPINION))
    return np.asarray(both / both.sum(1, keepdims=True), np.float32)


def _corners(digit: Digit) -> list[tuple[int, int]]:
    bottom, right = digit.top + digit.ink.shape[0], digit.left + digit.ink.shape[1]
    return [(digit.left, digit.top), (right, digit.top), (right, bottom), (digit.left, bottom)]


def likelihoods(measured: Doubles, probabilities: Floats, weights: Doubles = WEIGHTS) -> Doubles:
    """Log-likelihood of each hypothesis as each digit, up to a constant: float64 [N, 10], -inf where both networks exclude it.

    measured: float64 [N, 10, 17]; probabilities: float32 [N, 10], by both.
    """
    return np.where(probabilities < FAINTEST_PROBABILITY, -np.inf, measured @ weights)


def _measured(digit: Digit, probabilities: Floats, whole: float, height: float) -> Doubles:
    """A hypothesis measured as each of the ten digits: float64 [10, 17]."""
    high, wide, across = shape(digit.ink)
    log = np.log(np.maximum(probabilities, FAINTEST_PROBABILITY), dtype=np.float64)
    width, size, pens = (
        (value - mean) / deviation
        for value, (mean, deviation) in (
            (np.log(wide / high), LOG_WIDTH),
            (np.log(max(high, wide) / height), LOG_SIZE),
            (across, PENS_ACROSS),
        )
    )
    shaped = (np.clip(width, 0, FARTHEST) ** 2, np.clip(size, -FARTHEST, FARTHEST) ** 2, np.clip(pens, 0, FARTHEST) ** 2)
    cut = digit.cut
    cuts = (cut.ink_px > 0, cut.ink_px / height, cut.pens >= 2, cut.peak, cut.bend_px / height)
    rest = ((digit.least_px / height) ** 2, max(0.0, LOWEST - high / height), max(0.0, high / height - TALLEST))
    one, none = (float(np.log(max(share, FAINTEST_JUDGED))) for share in (whole, 1 - whole))
    judged = np.tile(np.array([one, one**2, none]), (10, 1))
    return np.column_stack([np.tile(np.array([1.0, *cuts, *rest]), (10, 1)), log, log**2, *shaped, judged])


def _best_reading(hypotheses: list[Digit], likelihoods: Doubles) -> list[tuple[int, int]]:
    """The likeliest way through a line from left to right, every stroke used once: hypotheses by number, each with its digit.

    likelihoods: float64 [N, 10].
    """
    places = max((hypothesis.last for hypothesis in hypotheses), default=0) + 1
    best, way = [0.0] + [-np.inf] * (places - 1), [-1] * places
    digits = likelihoods.argmax(1)
    for i in sorted(range(len(hypotheses)), key=lambda i: hypotheses[i].last):
        first, last = hypotheses[i].first, hypotheses[i].last
        score = best[first] + float(likelihoods[i, digits[i]])
        if score > best[last]:
            best[last], way[last] = score, i
    chosen, at = [], places - 1
    while at > 0:
        chosen.append((way[at], int(digits[way[at]])))
        at = hypotheses[way[at]].first
    return chosen[::-1]
