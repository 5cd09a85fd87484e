"""Which wheels' pictures are new: a wheel that has not changed has not turned, and looking again says nothing of it.

Each cell is compared with the picture of the same wheel that last counted, not with the frame before, so that slow turning adds up.
"""

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
    # One picture whose channels are the wheels: smoothing each by itself takes twice as long.
    smooth = [cv2.GaussianBlur(np.ascontiguousarray(each[..., 0].transpose(1, 2, 0)), (0, 0), SMOOTH_PX) for each in (cells, before)]
    apart = cv2.absdiff(*smooth).reshape(-1, len(cells)).astype(np.float32)
    return np.asarray(np.sqrt(np.square(apart).mean(0)) > CHANGED * 255, np.bool_)
