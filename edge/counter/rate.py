"""How fast a counter counts, from when its value changed."""

import dataclasses
import itertools

WINDOW_S = 900.0
"""The rate is the mean over so long, or over the last change where changes are further apart."""
MOST_CHANGES = 64


@dataclasses.dataclass(frozen=True, kw_only=True)
class Changes:
    """When the value changed and to what, in steps of the last wheel, the oldest first: numbers alone, to be stored as JSON."""

    points: tuple[tuple[float, int], ...] = ()

    def then(self, time_s: float, value: int) -> "Changes":
        """With a value that was seen at a time; the same value again changes nothing. A clock that was set back begins anew."""
        if self.points and time_s < self.points[-1][0]:
            return Changes(points=((time_s, value),))
        if self.points and (self.points[-1][1] == value or time_s == self.points[-1][0]):
            return self
        kept = [*self.points, (time_s, value)][-MOST_CHANGES:]
        while len(kept) > 2 and kept[1][0] < time_s - WINDOW_S:
            del kept[0]
        return Changes(points=tuple(kept))

    def per_second(self, now_s: float, scale: int) -> float | None:
        """Steps per second of a counter that is at zero again after `scale` steps; None before there are two values. While nothing changes
        it falls: another step would have been seen."""
        if len(self.points) < 2:
            return None
        (first_s, _), (last_s, _) = self.points[0], self.points[-1]
        gone = sum((after - before + scale // 2) % scale - scale // 2 for (_, before), (_, after) in itertools.pairwise(self.points))
        mean = gone / (last_s - first_s)
        waited_s = now_s - last_s
        if waited_s <= 0 or abs(mean) * waited_s <= 1:
            return mean
        return (1 if mean > 0 else -1) / waited_s
