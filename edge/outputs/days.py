"""What was used on a day, from the values in their order."""

import datetime
from decimal import Decimal

CLOCK_SET = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
"""A clock before this program was written has not been set: a Pi has no battery, and may begin in 1970 until it finds a time server."""


def day_of(time: datetime.datetime, last: datetime.date | None) -> datetime.date:
    """The day in the machine's time zone. A clock that has not been set yet says nothing: then it is the last day there was."""
    return last if last is not None and time < CLOCK_SET else time.astimezone().date()


def used(before: Decimal, after: Decimal, digits: int) -> Decimal:
    """What ran through a counter of so many digits between two values, exact; negative where it ran backwards or was put right.

    More than half of all it can show is the way round past zero: 9999 to 0002 are 3. digits 0: not known, never round.
    """
    exponent = after.as_tuple().exponent
    difference = after - before
    if digits and isinstance(exponent, int):
        whole = Decimal(10**digits).scaleb(exponent)
        if abs(difference) * 2 > whole:
            difference -= whole.copy_sign(difference)
    return difference
