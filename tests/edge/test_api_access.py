"""Who may ask the HTTP API for what, and how; what they get is in test_api.py."""

import contextlib
import http.client
from decimal import Decimal

import pytest

from tests.edge.served import TOKEN, WATER, Client, Daemon

PATHS = [
    "/metrics", "/api/v1/counters", "/api/v1/counters/water", "/api/v1/counters/water/readings", "/api/v1/frame.jpg",
    "/api/v1/annotated.jpg", "/api/v1/status",
]  # fmt: skip


def test_health_is_open_and_follows_the_readings(daemon: Daemon, client: Client) -> None:
    assert (client.ask("/healthz", token=None).status, client.ask("/healthz", token=None).json) == (200, {"fresh": True})
    daemon.is_fresh = False
    assert (client.ask("/healthz", token=None).status, client.ask("/healthz", token=None).json) == (503, {"fresh": False})


@pytest.mark.parametrize("path", [*PATHS, "/", "/docs", "/openapi.json", "/healthz/", "/healthz/../api/v1/status", "//healthz"])
@pytest.mark.parametrize("token", [None, "", "another-token-of-some-length", TOKEN[:-1], f"{TOKEN}x"])
def test_everything_else_needs_the_token_even_what_is_not_there(client: Client, path: str, token: str | None) -> None:
    answer = client.ask(path, token=token)
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert TOKEN.encode() not in answer.body


@pytest.mark.parametrize("value", [f"Basic {TOKEN}", TOKEN, f"Bearer{TOKEN}", "Bearer", f"Bearer {TOKEN} {TOKEN}"])
def test_the_token_counts_as_a_bearer_token_only(client: Client, value: str) -> None:
    assert client.ask("/api/v1/status", token=None, headers={"Authorization": value}).status == 401
    assert client.ask(f"/api/v1/status?token={TOKEN}", token=None).status == 401


def test_two_tokens_at_once_are_none(client: Client) -> None:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", client.port, timeout=60)) as connection:
        connection.putrequest("GET", "/api/v1/status")
        connection.putheader("Authorization", f"Bearer {TOKEN}")
        connection.putheader("Authorization", "Bearer another-token-of-some-length")
        connection.endheaders()
        assert connection.getresponse().status == 401


def test_bearer_may_be_written_in_any_case(client: Client) -> None:
    assert client.ask("/api/v1/status", token=None, headers={"Authorization": f"bearer {TOKEN}"}).status == 200


@pytest.mark.parametrize("path", PATHS)
def test_head_is_get_without_its_body(client: Client, path: str) -> None:
    get, head = client.ask(path), client.ask(path, "HEAD")
    assert (head.status, head.body) == (get.status, b"") == (200, b"")
    assert {**head.headers, "date": ""} == {**get.headers, "date": ""}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_what_is_to_be_read_cannot_be_written(client: Client, path: str, method: str) -> None:
    answer = client.ask(path, method)
    assert (answer.status, sorted(answer.headers["allow"].split(", "))) == (405, ["GET", "HEAD"])


@pytest.mark.parametrize("path", [f"{WATER}/value", f"{WATER}/read"])
def test_what_is_to_be_written_cannot_be_read(client: Client, path: str) -> None:
    assert (client.ask(path).status, client.ask(path).headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("path", [f"{WATER}/value", f"{WATER}/read", "/api/v1/status"])
def test_a_body_that_is_too_long_is_refused_whether_it_is_announced_or_not(daemon: Daemon, client: Client, path: str) -> None:
    method = "GET" if path.endswith("status") else "POST"
    assert client.ask(path, method, body=b" " * 4097).status == 413
    assert (daemon.set, daemon.asked) == ([], [])


def test_a_body_in_pieces_is_counted_as_it_comes(daemon: Daemon, client: Client) -> None:
    assert client.ask(f"{WATER}/value", "POST", body=(b" " * 1024 for _ in range(5))).status == 413
    assert client.ask(f"{WATER}/value", "POST", body=iter([b'{"value": 12', b"34.5}"])).status == 200
    assert daemon.set == [("water", Decimal("1234.5"))]


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/api/v1/counters/"])
def test_nothing_describes_or_redirects(client: Client, path: str) -> None:
    assert client.ask(path).status == 404


def test_no_other_origin_is_let_in_and_nothing_is_kept_by_a_cache(client: Client) -> None:
    answer = client.ask("/api/v1/status", headers={"Origin": "https://example.com"})
    assert not any(name.startswith("access-control") for name in answer.headers)
    assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff")
    assert "server" not in answer.headers
