"""What was used each day, asked for over HTTP."""

import datetime
from pathlib import Path

import pytest

from edge.outputs.store import Store
from tests.edge.served import WATER, Client, Daemon
from tests.edge.stored import add


@pytest.fixture(autouse=True)
def used(daemon: Daemon, tmp_path: Path, berlin: None) -> None:
    """Three days, as the store keeps them."""
    with Store(tmp_path / "digitd.sqlite") as store:
        for value, after_h in (("118.900", 0), ("119.200", 10.9), ("120.000", 11.1), ("132.000", 60)):  # noon is 13:00 in Berlin
            add(store, value, after_s=after_h * 3600)
        daemon.used = store.consumption("water", datetime.date.min, datetime.date.max)


def test_it_is_told_day_by_day_with_every_decimal(client: Client) -> None:
    assert client.ask(f"{WATER}/consumption").body.decode() == (
        '{"counter":"water","consumption":[{"day":"2026-11-25","used":0.300},{"day":"2026-11-26","used":0.800},'
        '{"day":"2026-11-28","used":12.000}]}'
    )
    assert client.ask("/api/v1/counters/gas/consumption").json == {"counter": "gas", "consumption": []}


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("from=2026-11-26", ["2026-11-26", "2026-11-28"]),
        ("to=2026-11-26", ["2026-11-25"]),
        ("from=2026-11-26&to=2026-11-28", ["2026-11-26"]),
        ("from=2026-11-26&to=2026-11-26", []),
        ("from=2026-11-01&to=2026-12-01", ["2026-11-25", "2026-11-26", "2026-11-28"]),
    ],
)
def test_days_are_those_from_and_before_to(client: Client, query: str, days: list[str]) -> None:
    assert [each["day"] for each in client.ask(f"{WATER}/consumption?{query}").json["consumption"]] == days


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("from=2026-11-25T06:00", "a day such as 2026-11-25"), ("to=yesterday", "a day such as 2026-11-25"), ("limit=5", "from and to"),
    ],
)  # fmt: skip
def test_what_is_no_day_is_refused_by_name(client: Client, query: str, expected: str) -> None:
    answer = client.ask(f"{WATER}/consumption?{query}")
    assert (answer.status, answer.json["error"]["found"], answer.json["error"]["expected"]) == (422, query, expected)


def test_of_a_counter_that_is_not_there_nothing_is_told(client: Client) -> None:
    assert client.ask("/api/v1/counters/oil/consumption").status == 404
