"""Which wheels' pictures are new: a wheel that has not changed has not turned, and looking again says nothing of it.

Each cell is compared with the picture of the same wheel that last counted, not with the frame before, so that slow turning adds up.
"""

import math

import cv2
import numpy as np
import numpy.typing as npt

Cells = npt.NDArray[np.uint8]

CHANGED = 0.045
"""Root mean square difference of two smoothed cells, as a share of full contrast, from which a picture is new. In a camera's noise two
pictures of a wheel at rest differ by up to 0.02; a tenth of a digit's turn makes 0.08 and more, and so does a whole one, after which half
of the cell may look as it did: that is why the squares count."""
SMOOTH_PX = 1.2


def changed(cells: Cells, before: Cells | None) -> npt.NDArray[np.bool_]:
    """Which of the cells, uint8 [N, 32, 32, 1], differ from those before; all of them where there are none before."""
    if before is None or before.shape != cells.shape:
        return np.ones(len(cells), np.bool_)
    rows = [np.ascontiguousarray(each[..., 0]) for each in (cells, before)]
    return np.array([_difference(one, other) > CHANGED for one, other in zip(*rows, strict=True)])


def _difference(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    smooth = [cv2.GaussianBlur(each, (0, 0), SMOOTH_PX) for each in (one, other)]
    return float(cv2.norm(smooth[0], smooth[1], cv2.NORM_L2)) / (255 * math.sqrt(one.size))
