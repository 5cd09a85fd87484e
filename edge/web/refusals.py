"""Whatever goes wrong, in words and as JSON: no client ever sees a traceback."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from edge.errors import DigitdError, UsageError
from edge.web.answers import Refused, answer, refusal

PATHS = "/healthz, /metrics, /api/v1/status, /api/v1/counters, /api/v1/frame.jpg or /api/v1/annotated.jpg"


async def _refused(_: Request, error: Any) -> Response:
    # What is left of a body that is too long is not read, so that nothing else can follow on this connection.
    headers = {"Connection": "close"} if error.status == 413 else None
    return refusal(error.status, found=error.found, expected=error.expected, fix=error.fix, headers=headers)


async def _not_possible(_: Request, error: Exception) -> Response:
    return answer({"error": str(error)}, 422 if isinstance(error, UsageError) else 503)


async def _nowhere(request: Request, _: Exception) -> Response:
    return refusal(404, found=request.url.path[:200], expected=PATHS, fix="look at how it is spelt")


async def _no_such_method(request: Request, error: Any) -> Response:
    allowed = error.headers["Allow"]
    return refusal(405, found=request.method, expected=allowed, fix="use that", headers={"Allow": allowed})


async def _fault(_: Request, __: Exception) -> Response:
    return answer({"error": "a fault inside digitd; its log says more: journalctl -u digitd"}, 500)


IN_WORDS = {Refused: _refused, DigitdError: _not_possible, 404: _nowhere, 405: _no_such_method, Exception: _fault}
"""Answers every error with what was found, what was expected, and what to do: the application's exception handlers."""
