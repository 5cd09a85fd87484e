"""How much a wheel's new picture says that is read as the one before it.

Light that wanders over a wheel, a lamp that flickers, the shadow of a tree make a new picture of it each time, and a network that takes
one of them for an 8 takes all of them for an 8: they are not as many witnesses. A wheel that stands where it stood says nothing new by
being seen in another light, but what is there for hours is there in many lights.
"""

import numpy as np
import numpy.typing as npt

from edge.vision.circle import distance, position

Floats = npt.NDArray[np.float64]
Looks = tuple[tuple[float, float], ...]
"""Of each wheel, where it was when it was last read to be elsewhere than before, in digits, and when its last new picture was taken, in
seconds. Empty before the first."""
SAME_DIGITS = 0.3
"""Nearer than this to where it was read before, it was read alike."""
APART_S = 1800.0
"""From so long after the one before on, a picture that is read alike counts in full; a spot of sun is on a wheel for less."""
LEAST = 1e-6
"""A new picture is never none."""


def discounted(
    looks: Looks, probabilities: npt.NDArray[np.floating], novelty: npt.NDArray[np.floating], time_s: float
) -> tuple[Floats, Looks]:
    """How much each wheel's picture says, [N], and what is kept for the next frame. The last wheel turns, and has no picture twice.

    probabilities [N, K]; novelty [N], 0 to 1: how much each picture differs from the one that counted last.
    """
    places = position(probabilities)
    if len(looks) != len(places):
        return np.asarray(novelty, np.float64), tuple((place, time_s) for place in places.tolist())
    before, times_s = np.array(looks).T
    new, alike = novelty > 0, distance(places, before) < SAME_DIGITS
    share = np.where(alike, np.clip((time_s - times_s) / APART_S, LEAST, 1.0), 1.0)
    share[-1] = 1.0
    # A wheel that turns slowly is alike from picture to picture; from where it was, it is not for long.
    kept = zip(np.where(new & ~alike, places, before).tolist(), np.where(new, time_s, times_s).tolist(), strict=True)
    return np.asarray(novelty * share, np.float64), tuple(kept)
