"""The HTTP API: what the daemon knows, over `Source`, which is all that it sees of it.

GET  /healthz                               200 while readings are fresh, else 503; the one path without a token
GET  /metrics                               for Prometheus
GET  /api/v1/status                         what digitd is doing, and what troubles it
GET  /api/v1/counters, /counters/NAME       the last reading
GET  /api/v1/counters/NAME/readings         ?from=&to=&limit=, the oldest first, from ≤ time < to
POST /api/v1/counters/NAME/value            {"value": 123.4}: what the counter shows, said by a person
POST /api/v1/counters/NAME/read             read at the next frame
GET  /api/v1/frame.jpg, /annotated.jpg      the last frame, and what was read in it
"""

import datetime
from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import islice
from typing import Any, Protocol

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from edge.outputs.record import Record
from edge.vision.window import Image
from edge.web.answers import SAFE, Refused, answer, told
from edge.web.pictures import Jpegs
from edge.web.refusals import IN_WORDS
from edge.web.requests import Small, span_in, value_in

COUNTERS = "/api/v1/counters"


class Source(Protocol):
    """What the daemon lets the API see and do. Any thread may call it."""

    def latest(self, counter: str) -> Record | None: ...

    def counters(self) -> list[str]: ...

    def readings(self, counter: str, start: datetime.datetime | None, end: datetime.datetime | None, limit: int) -> Iterable[Record]:
        """start ≤ time < end, the oldest first."""  # fmt: skip
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


def application(source: Source, metrics: Callable[[], bytes]) -> Starlette:
    """The API over a source; metrics: the text of `/metrics`."""
    app = Starlette(routes=[*_health(source, metrics), *_counters(source), *_machine(source)], exception_handlers=IN_WORDS)
    app.router.redirect_slashes = False
    return app


def _health(source: Source, metrics: Callable[[], bytes]) -> list[BaseRoute]:
    """What looks after the daemon."""

    def healthz(_: Request) -> Response:
        fresh = source.fresh()
        return answer({"fresh": fresh}, 200 if fresh else 503)

    def metrics_text(_: Request) -> Response:
        return Response(metrics(), 200, SAFE, CONTENT_TYPE_LATEST)

    return [Small("/healthz", healthz), Small("/metrics", metrics_text)]


def _counters(source: Source) -> list[BaseRoute]:
    """Everything about one counter."""

    def named(request: Request) -> str:
        name = str(request.path_params["name"])
        if name not in (names := source.counters()):
            raise Refused(404, found=f"no counter {name}", expected=" or ".join(names), fix="ask for one of those")
        return name

    def counters(_: Request) -> Response:
        return answer({"counters": [told(name, source.latest(name)) for name in source.counters()]})

    def counter(request: Request) -> Response:
        name = named(request)
        return answer(told(name, source.latest(name)))

    def readings(request: Request) -> Response:
        name, span = named(request), span_in(request)
        found = list(islice(source.readings(name, span.start, span.end, span.limit + 1), span.limit + 1))
        return answer({
            "counter": name,
            "readings": [told(name, record) for record in found[: span.limit]],
            "more": len(found) > span.limit,
        })  # fmt: skip

    async def set_value(request: Request) -> Response:
        name, value = named(request), await value_in(request)
        await run_in_threadpool(source.set_value, name, value)
        return answer({"counter": name, "value": value})

    def read_now(request: Request) -> Response:
        name = named(request)
        source.read_now(name)
        return answer({"counter": name}, 202)

    return [
        Small(COUNTERS, counters),
        Small(f"{COUNTERS}/{{name}}", counter),
        Small(f"{COUNTERS}/{{name}}/readings", readings),
        Small(f"{COUNTERS}/{{name}}/value", set_value, methods=["POST"]),
        Small(f"{COUNTERS}/{{name}}/read", read_now, methods=["POST"]),
    ]


def _machine(source: Source) -> list[BaseRoute]:
    """The daemon and its camera."""
    frames, annotated_frames = Jpegs(), Jpegs()

    def status(_: Request) -> Response:
        return answer(source.status())

    def frame(_: Request) -> Response:
        return _jpeg(frames, source.frame())

    def annotated(_: Request) -> Response:
        return _jpeg(annotated_frames, source.annotated())

    return [
        Small("/api/v1/status", status),
        Small("/api/v1/frame.jpg", frame),
        Small("/api/v1/annotated.jpg", annotated),
    ]


def _jpeg(jpegs: Jpegs, picture: Image | None) -> Response:
    if picture is None:
        raise Refused(503, found="no frame yet", expected="a camera that gives frames", fix="look at /api/v1/status, or ask again")
    return Response(jpegs.of(picture), 200, SAFE, "image/jpeg")
