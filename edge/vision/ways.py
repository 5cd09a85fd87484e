"""The cheapest ways through ink, from above to below: where two digits that touch may be cut apart."""

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Columns = npt.NDArray[np.int64]

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
        path = np.empty((self.cost.shape[1], row + 1), np.int64)
        path[:, row] = np.arange(self.cost.shape[1])
        for y in range(row, 0, -1):
            path[:, y - 1] = self._above[y, path[:, y]]
        return path
