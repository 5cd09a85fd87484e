"""What the web sees of the loop: the picture of the last frame with what was read in it."""

import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from edge.live import Live
from edge.outputs.store import Store
from tests.edge.served import WATER, served
from tests.edge.stored import NOON, add, reading


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with Store(tmp_path / "digitd.sqlite") as store:
        yield Live(["water"], store, lambda *_: None, fresh_within_s=60, problems=list)


def test_what_was_used_each_day_comes_from_the_store(tmp_path: Path) -> None:
    with Store(tmp_path / "digitd.sqlite") as store:
        add(store, "1.0")
        add(store, "1.5", after_s=5)
        with served(Live(["water"], store, lambda *_: None, fresh_within_s=60, problems=list)) as client:
            told = client.ask(f"{WATER}/consumption").json["consumption"]
    assert told == [{"day": NOON.astimezone().date().isoformat(), "used": Decimal("0.5")}]


def test_before_the_first_frame_nothing_is_drawn(live: Live) -> None:
    assert live.annotated() is None


def test_a_frame_is_drawn_once_however_often_it_is_asked_for_and_the_next_one_anew(live: Live) -> None:
    dark, bright = np.zeros((100, 400), np.uint8), np.full((100, 400), 255, np.uint8)
    live.show(dark, NOON, {"water": reading("1234.5")})
    first = live.annotated()
    assert first is not None
    assert first.shape == (100, 400, 3)
    assert first.any()
    live.show(dark, NOON, {"water": reading("1234.5")})
    assert live.annotated() is first
    live.show(bright, NOON, {"water": reading("1234.5")})
    assert (second := live.annotated()) is not None
    assert second.mean() > first.mean()


def test_whoever_asks_does_not_draw(live: Live) -> None:
    before = set(threading.enumerate())
    live.show(np.zeros((100, 400), np.uint8), NOON, {"water": reading("1234.5")})
    live.annotated()
    assert [thread.name for thread in set(threading.enumerate()) - before] == ["apart"]


def test_what_was_shown_is_let_go_of(live: Live) -> None:
    live.show(np.zeros((100, 400), np.uint8), NOON, {"water": reading("1234.5")})
    assert live.annotated() is not None
    live.forget()
    assert (live.frame(), live.annotated(), live.status()["counters"]) == (None, None, {})
