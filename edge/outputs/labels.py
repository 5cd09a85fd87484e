"""What each digit of a doubtful picture shows, told by the trusted values before and after it."""

import dataclasses
from decimal import Decimal
from typing import Literal

from edge.counter.wheels import Display
from edge.vision.circle import turn

NEAR = 0.3
"""Digits that a read position may lie off the true digit and still be taken as read: a wheel stands a little askew."""
CARRIES = 8
"""The digit of a wheel from which on the one to its left may have begun to move."""


@dataclasses.dataclass(frozen=True)
class Label:
    """A wheel's position in digits, 0 ≤ position < 10, whether the tenths are known or the digit only, and who says so."""

    position: float
    kind: Literal["tenths", "integer"]
    told_by: Literal["later", "read"]


def labels(
    positions: list[float | None], display: Display, before: Decimal | None, after: Decimal | None
) -> list[Label | None]:  # fmt: skip
    """A label for each wheel of a doubtful reading, the first wheel first; None where nothing is known.

    positions: as read, in digits, None where unreadable. before, after: the trusted values around it, in the counter's unit. The
    digits that both begin with were there in between; what was read agrees with them, or gives way. The others stay as they were read.
    """
    count = len(positions)
    true = _digits(after, count)
    known = _common(_digits(before, count), true)
    found: list[Label | None] = []
    for wheel, position in enumerate(positions):
        if true is None or wheel >= known:
            found.append(None if position is None else _as_read(position, display, "read"))
            continue
        digit = true[wheel]
        if position is None and display == "lcd" and not any(true[: wheel + 1]):
            found.append(None)  # a display may leave leading zeros out
            continue
        # The last wheel may turn at any time, another one while the wheel to its right comes to 0.
        turning = display == "wheels" and (wheel + 1 >= known or true[wheel + 1] >= CARRIES)
        if position is not None and -NEAR <= turn(digit, position) <= (1 if turning else 0) + NEAR:
            found.append(_as_read(position, display, "later") if display == "wheels" else Label(float(digit), "integer", "later"))
        else:
            found.append(None if turning else Label(float(digit), "integer", "later"))
    return found


def _as_read(position: float, display: Display, told_by: Literal["later", "read"]) -> Label:
    if display == "lcd":
        return Label(float(round(position) % 10), "integer", told_by)
    return Label(round(position, 1) % 10, "tenths", told_by)


def _digits(value: Decimal | None, count: int) -> tuple[int, ...] | None:
    """The value as the window shows it, None where it does not fit. Its exponent tells the decimals."""
    if value is None:
        return None
    digits = value.as_tuple().digits
    return None if len(digits) > count else (0,) * (count - len(digits)) + digits


def _common(one: tuple[int, ...] | None, other: tuple[int, ...] | None) -> int:
    """How many leading digits two values share."""
    if one is None or other is None:
        return 0
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b), len(one))
