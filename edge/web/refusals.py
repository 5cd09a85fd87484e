"""Whatever goes wrong, in words and as JSON: no client ever sees a traceback."""

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError

from edge.errors import DigitdError, UsageError
from edge.web.answers import Refused, answer, refusal

PATHS = "/healthz, /metrics, /api/v1/status, /api/v1/counters, /api/v1/frame.jpg or /api/v1/annotated.jpg"
TIME, DAY = "a time such as 2026-11-25T06:00Z or a day such as 2026-11-25", "a day such as 2026-11-25"
QUERIES = {
    "readings": {"from": TIME, "to": TIME, "limit": "a number from 1 to 10000"},
    "consumption": {"from": DAY, "to": DAY},
}
"""What may follow the ? of a path, by the path's last part."""


def refuse_in_words(app: FastAPI) -> None:
    """Let the application answer every error with what was found, what was expected, and what to do."""

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> Response:
        # What is left of a body that is too long is not read, so that nothing else can follow on this connection.
        headers = {"Connection": "close"} if error.status == 413 else None
        return refusal(error.status, found=error.found, expected=error.expected, fix=error.fix, headers=headers)

    @app.exception_handler(DigitdError)
    async def not_possible(_: Request, error: DigitdError) -> Response:
        return answer({"error": str(error)}, 422 if isinstance(error, UsageError) else 503)

    @app.exception_handler(RequestValidationError)
    async def unfit_query(request: Request, error: RequestValidationError) -> Response:
        first, query = error.errors()[0], QUERIES[request.url.path.rpartition("/")[2]]
        name = str(first["loc"][-1])
        found, expected = f"{name}={str(first.get('input'))[:100]}", query.get(name, " and ".join(query))
        return refusal(422, found=found, expected=expected, fix="leave it out, or write it so; a + in an address is %2B")

    @app.exception_handler(404)
    async def nowhere(request: Request, _: Exception) -> Response:
        return refusal(404, found=request.url.path[:200], expected=PATHS, fix="look at how it is spelt")

    @app.exception_handler(405)
    async def no_such_method(request: Request, error: Any) -> Response:
        allowed = error.headers["Allow"]
        return refusal(405, found=request.method, expected=allowed, fix="use that", headers={"Allow": allowed})

    @app.exception_handler(Exception)
    async def fault(_: Request, __: Exception) -> Response:
        return answer({"error": "a fault inside digitd; its log says more: journalctl -u digitd"}, 500)
