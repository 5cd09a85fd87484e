"""What a request may carry: little, and one value or a span of time."""

import datetime
import json
import re
from decimal import Decimal
from typing import Annotated, Any, NoReturn

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from edge.web.answers import Refused

MOST_BYTES = 4096
MOST_READINGS = 10_000
MOST_DIGITS, MOST_DECIMALS = 15, 9
NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
QUERY = {
    "from": "a time such as 2026-11-25T06:00Z or a day such as 2026-11-25",
    "to": "a time such as 2026-11-25T06:00Z or a day such as 2026-11-25",
    "limit": f"a number from 1 to {MOST_READINGS}",
}
EXPECTED = '{"value": 123.4}: what the counter shows'


class Small(Route):
    """A route that refuses a body which is announced to be too long."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        announced = Request(scope).headers.get("content-length", "0")
        if not announced.isdecimal() or int(announced) > MOST_BYTES:
            raise _too_long(f"{announced[:20]} bytes")
        await super().handle(scope, receive, send)


def _moment(text: Any) -> Any:
    try:
        # The + of a time zone is a space in an address, unless it was escaped.
        return datetime.datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text).astimezone()
    except OverflowError as error:  # the first and the last day that there are, seen from elsewhere
        raise ValueError(text) from error


class Span(BaseModel):
    """Which readings; a time without a zone is one of this machine's."""

    model_config = ConfigDict(extra="forbid")

    start: Annotated[datetime.datetime | None, BeforeValidator(_moment)] = Field(None, alias="from")
    end: Annotated[datetime.datetime | None, BeforeValidator(_moment)] = Field(None, alias="to")
    limit: int = Field(1000, ge=1, le=MOST_READINGS)


def span_in(request: Request) -> Span:
    """The span that a request's query names. Raises Refused for anything else."""
    try:
        return Span.model_validate(dict(request.query_params))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][-1])
        found, expected = f"{name}={str(first['input'])[:100]}", QUERY.get(name, " and ".join(QUERY))
        fix = "leave it out, or write it so; a + in an address is %2B"
        raise Refused(422, found=found, expected=expected, fix=fix) from error


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
