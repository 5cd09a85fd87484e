"""What a request may carry: little, and one value."""

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

from fastapi import Request

from edge.web.answers import Refused

MOST_BYTES = 4096
MOST_DIGITS, MOST_DECIMALS = 15, 9
NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
EXPECTED = '{"value": 123.4}: what the counter shows'


async def small(request: Request) -> None:
    """Raises Refused for a body that is announced to be too long."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > MOST_BYTES:
        raise _too_long(f"{announced[:20]} bytes")


async def value_in(request: Request) -> Decimal:
    """The value that a request sets, digit by digit as it was sent. Raises Refused for anything else."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise _too_long(f"more than {MOST_BYTES} bytes")
    try:
        sent = json.loads(body, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise _unfit("no JSON" if body else "nothing") from error
    if not isinstance(sent, dict) or set(sent) != {"value"}:
        raise _unfit("something else")
    return _decimal(sent["value"])


def _decimal(sent: Any) -> Decimal:
    value = Decimal(sent) if isinstance(sent, str) and len(sent) <= MOST_DIGITS + MOST_DECIMALS + 1 and NUMBER.fullmatch(sent) else sent
    if not isinstance(value, Decimal):
        raise _unfit("a value that is no number")
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or value < 0 or value.adjusted() >= MOST_DIGITS or exponent < -MOST_DECIMALS:
        raise _unfit("a value that no counter shows")
    return Decimal(format(value, "f"))  # without the exponent of 1e3


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _unfit(found: str) -> Refused:
    return Refused(422, found=found, expected=EXPECTED, fix='send it as JSON, such as {"value": 123.4}')


def _too_long(found: str) -> Refused:
    return Refused(413, found=f"a body of {found}", expected=f"{MOST_BYTES} bytes at most", fix="send less")
