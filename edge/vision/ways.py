"""The cheapest ways through ink, from above to below: where two digits that touch may be cut apart."""

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Columns = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

LEANING, PAPER_COST = 1.1, 0.02
"""What an oblique step costs beside a straight one, and what a step over bare paper costs beside one through full ink."""


class Ways:
    """The cheapest ways from above to every pixel of a stroke, float64 [H, W]: straight or obliquely down, or along a row."""

    def __init__(self, ink: Doubles) -> None:
        price = ink + PAPER_COST
        self.cost = np.empty_like(price)
        self._above = np.zeros(price.shape, np.int64)
        """The column from which each row is entered, for each pixel of it."""
        columns = np.arange(price.shape[1])
        entered = columns
        for y, here in enumerate(price):
            fresh = here.copy()
            if y:
                around = np.pad(self.cost[y - 1], 1, constant_values=np.inf)
                oblique = (LEANING - 1) * here
                steps = np.stack([around[1:-1], around[:-2] + oblique, around[2:] + oblique])
                chosen = steps.argmin(0)
                fresh += steps[chosen, columns]
                entered = columns + np.array([0, -1, 1])[chosen]
            # Along the row: prices summed from the left, so that a way from a to b costs the sum at b less that at a.
            total = np.cumsum(here)
            rightward, leftward = fresh - total, (fresh + total - here)[::-1]
            left, right = np.minimum.accumulate(rightward), np.minimum.accumulate(leftward)[::-1]
            from_left = np.maximum.accumulate(np.where(rightward <= left, columns, 0))
            from_right = np.minimum.accumulate(np.where(leftward[::-1] <= right, columns, len(columns) - 1)[::-1])[::-1]
            straight = left + total <= right - total + here
            self.cost[y] = np.where(straight, left + total, right - total + here)
            self._above[y] = entered[np.where(straight, from_left, from_right)]

    def paths(self, row: int) -> Columns:
        """The ways to every pixel of a row: int64 [W, row + 1], the column at which each leaves each row."""
        return self._traced(row, np.arange(self.cost.shape[1]))

    def path(self, row: int, column: int) -> Columns:
        """The way to one pixel: int64 [row + 1]."""
        return np.asarray(self._traced(row, np.array([column]))[0])

    def _traced(self, row: int, columns: Columns) -> Columns:
        path = np.empty((len(columns), row + 1), np.int64)
        path[:, row] = columns
        for y in range(row, 0, -1):
            path[:, y - 1] = self._above[y, path[:, y]]
        return path


def basins(inked: Mask) -> list[tuple[int, int]]:
    """Where water that rains on ink, bool [H, W], and runs off at both sides comes to rest: (row, column) of the middle of each ground.

    Source: Pal, Belaïd, Choisy, "Touching numeral segmentation using water reservoir concept", 2003.
    """
    bare = np.pad(~inked, ((0, 1), (1, 1)), constant_values=True)
    runs = np.cumsum(~bare, axis=1)  # a number for each run of bare pixels within a row
    near = _widened(bare)
    wet, found = bare[0], []
    for y in range(len(inked)):
        runs_off = np.zeros(bare.shape[1], bool)
        runs_off[runs[y][wet & near[y + 1]]] = True
        rests = wet & ~runs_off[runs[y]]
        if rests.any():
            columns = np.flatnonzero(rests)
            grounds = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
            found += [(y, int(ground[0] + ground[-1]) // 2 - 1) for ground in grounds]
        reached = np.zeros(bare.shape[1], bool)
        reached[runs[y + 1][_widened(wet) & bare[y + 1]]] = True
        wet = bare[y + 1] & reached[runs[y + 1]]
    return found


def _widened(mask: Mask) -> Mask:
    """With the pixels left and right of those, [..., W]."""
    wide = mask.copy()
    wide[..., 1:] |= mask[..., :-1]
    wide[..., :-1] |= mask[..., 1:]
    return wide
