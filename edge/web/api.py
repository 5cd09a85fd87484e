"""The HTTP API: what the daemon knows, over `Source`, which is all that it sees of it.

GET  /healthz                               200 while readings are fresh, else 503; the one path without a token
GET  /metrics                               for Prometheus
GET  /api/v1/status                         what digitd is doing, and what troubles it
GET  /api/v1/counters, /counters/NAME       the last reading
GET  /api/v1/counters/NAME/readings         ?from=&to=&limit=, the oldest first, from ≤ time < to
GET  /api/v1/counters/NAME/consumption      ?from=&to=, what was used each day, from ≤ day < to
POST /api/v1/counters/NAME/value            {"value": 123.4}: what the counter shows, said by a person
POST /api/v1/counters/NAME/read             read at the next frame
GET  /api/v1/frame.jpg, /annotated.jpg      the last frame, and what was read in it
"""

import datetime
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from itertools import islice
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from edge.outputs.record import Record
from edge.vision.window import Image
from edge.web.answers import SAFE, Refused, answer, told
from edge.web.pictures import Jpegs
from edge.web.refusals import refuse_in_words
from edge.web.requests import small, value_in

READING = ["GET", "HEAD"]
MOST_READINGS = 10_000


class Source(Protocol):
    """What the daemon lets the API see and do. Any thread may call it."""

    def latest(self, counter: str) -> Record | None: ...

    def counters(self) -> list[str]: ...

    def readings(self, counter: str, start: datetime.datetime | None, end: datetime.datetime | None, limit: int) -> Iterable[Record]:
        """start ≤ time < end, the oldest first."""  # fmt: skip
        ...

    def consumption(self, counter: str, start: datetime.date, end: datetime.date) -> Mapping[datetime.date, Decimal]:
        """What was used on each day from the first to the last, in the counter's unit."""
        ...

    def frame(self) -> Image | None:
        """The last frame, uint8 [H, W] or [H, W, 3]; the same array as long as it is the same frame."""
        ...

    def annotated(self) -> Image | None:
        """The last frame with what was read in it, uint8 [H, W, 3]; the same array as long as it is the same frame."""
        ...

    def set_value(self, counter: str, value: Decimal) -> None:
        """Raises UsageError for a value that the counter cannot show."""
        ...

    def read_now(self, counter: str) -> None: ...

    def status(self) -> dict[str, Any]:
        """What it is doing, and problems in words."""
        ...

    def fresh(self) -> bool:
        """Whether the last reading is no older than it should be."""
        ...


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


class Days(BaseModel):
    """Which days, of this machine's time zone."""

    model_config = ConfigDict(extra="forbid")

    start: Annotated[datetime.date, BeforeValidator(datetime.date.fromisoformat)] = Field(datetime.date.min, alias="from")
    end: Annotated[datetime.date, BeforeValidator(datetime.date.fromisoformat)] = Field(datetime.date.max, alias="to")


def application(source: Source, metrics: Callable[[], bytes]) -> FastAPI:
    """The API over a source; metrics: the text of `/metrics`."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False, dependencies=[Depends(small)])
    refuse_in_words(app)

    @app.api_route("/healthz", methods=READING)
    def healthz() -> Response:
        fresh = source.fresh()
        return answer({"fresh": fresh}, 200 if fresh else 503)

    @app.api_route("/metrics", methods=READING)
    def metrics_text() -> Response:
        return Response(metrics(), 200, SAFE, CONTENT_TYPE_LATEST)

    app.include_router(_counters(source))
    app.include_router(_machine(source))
    return app


def _counters(source: Source) -> APIRouter:
    """Everything about one counter."""

    def known(name: Annotated[str, Path()]) -> str:
        if name not in (names := source.counters()):
            raise Refused(404, found=f"no counter {name}", expected=" or ".join(names), fix="ask for one of those")
        return name

    Name = Annotated[str, Depends(known)]
    router = APIRouter(prefix="/api/v1/counters", redirect_slashes=False)

    @router.api_route("", methods=READING)
    def counters() -> Response:
        return answer({"counters": [told(name, source.latest(name)) for name in source.counters()]})

    @router.api_route("/{name}", methods=READING)
    def counter(name: Name) -> Response:
        return answer(told(name, source.latest(name)))

    @router.api_route("/{name}/readings", methods=READING)
    def readings(name: Name, span: Annotated[Span, Query()]) -> Response:
        found = list(islice(source.readings(name, span.start, span.end, span.limit + 1), span.limit + 1))
        return answer({
            "counter": name,
            "readings": [told(name, record) for record in found[: span.limit]],
            "more": len(found) > span.limit,
        })  # fmt: skip

    @router.api_route("/{name}/consumption", methods=READING)
    def consumption(name: Name, days: Annotated[Days, Query()]) -> Response:
        found = source.consumption(name, days.start, days.end)
        used = [{"day": day.isoformat(), "used": each} for day, each in found.items() if day < days.end]
        return answer({"counter": name, "consumption": used})

    @router.post("/{name}/value")
    async def set_value(name: Name, request: Request) -> Response:
        value = await value_in(request)
        await run_in_threadpool(source.set_value, name, value)
        return answer({"counter": name, "value": value})

    @router.post("/{name}/read")
    def read_now(name: Name) -> Response:
        source.read_now(name)
        return answer({"counter": name}, 202)

    return router


def _machine(source: Source) -> APIRouter:
    """The daemon and its camera."""
    router = APIRouter(prefix="/api/v1", redirect_slashes=False)
    frames, annotated_frames = Jpegs(), Jpegs()

    @router.api_route("/status", methods=READING)
    def status() -> Response:
        return answer(source.status())

    @router.api_route("/frame.jpg", methods=READING)
    def frame() -> Response:
        return _jpeg(frames, source.frame())

    @router.api_route("/annotated.jpg", methods=READING)
    def annotated() -> Response:
        return _jpeg(annotated_frames, source.annotated())

    return router


def _jpeg(jpegs: Jpegs, picture: Image | None) -> Response:
    if picture is None:
        raise Refused(503, found="no frame yet", expected="a camera that gives frames", fix="look at /api/v1/status, or ask again")
    return Response(jpegs.of(picture), 200, SAFE, "image/jpeg")
