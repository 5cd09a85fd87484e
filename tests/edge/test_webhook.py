"""Readings posted to an address: what is sent, and what becomes of it when the receiver is gone, busy, or does not want it."""

import json
import logging
import time
from typing import Any

import pytest

from bench.mosquitto import free_port
from edge.outputs.pump import Pump
from edge.outputs.record import Record
from edge.outputs.trouble import SETTLED_S, Trouble
from edge.outputs.webhook import WebhookSettings, webhook
from tests.edge.outbox import MemoryOutbox, record, until
from tests.edge.receiver import Answer, Posted, receiver
from tests.edge.stored import Clock


def hook(url: str, outbox: MemoryOutbox, **more: Any) -> Pump:
    return webhook(WebhookSettings(url=url, **more), outbox, first_wait_s=0.01, longest_wait_s=0.02)


def ids(posted: list[Posted]) -> list[int]:
    return [json.loads(each.body)["id"] for each in posted]


def test_each_reading_is_posted_as_json_in_order() -> None:
    outbox = MemoryOutbox([record(1), record(2, None, rate=None)])
    with receiver() as to, hook(f"{to.url}/meter?from=cellar room", outbox, token="s3cr3t") as output:
        until(lambda: outbox.up_to("webhook") == 2)
        outbox.add(record(3))
        output.wake()
        until(lambda: outbox.up_to("webhook") == 3)
        assert output.problem is None
    assert ids(to.taken) == [1, 2, 3]
    first = to.taken[0]
    assert first.path == "/meter?from=cellar%20room"
    assert (first.headers["Content-Type"], first.headers["Authorization"]) == ("application/json", "Bearer s3cr3t")
    assert first.body == (
        '{"id": 1, "time": "2026-11-25T12:00:01.000000Z", "counter": "water", "value": 1234.567, "raw": "01234567", '
        '"confidence": 0.9877, "status": "ok", "rate": 0.31}'
    )


@pytest.mark.parametrize("status", [301, 401, 403, 404, 405, 408, 429, 500, 502, 503])
def test_what_somebody_can_mend_is_tried_again_until_it_works(status: int) -> None:
    outbox = MemoryOutbox([record(1), record(2)])
    with receiver() as to:
        to.answer = lambda _: Answer(status) if len(to.asked) < 6 else Answer()
        with hook(to.url, outbox) as output:
            until(lambda: outbox.up_to("webhook") == 2)
            until(lambda: output.problem is None)
    assert ids(to.asked) == [1] * 6 + [2]


def test_a_receiver_that_is_gone_gets_everything_in_order_when_it_is_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    port = free_port()
    outbox = MemoryOutbox(record(number) for number in range(1, 20))
    with hook(f"http://127.0.0.1:{port}/s3cr3t", outbox, token="t0k3n") as output:
        until(lambda: output.problem == f"webhook http://127.0.0.1:{port}: refuses the connection: nothing serves that port")
        for number in range(20, 40):
            outbox.add(record(number))
            output.wake()
        assert outbox.up_to("webhook") == 0
    assert len([each for each in caplog.records if each.levelno >= logging.WARNING]) == 1, "said once"
    assert "s3cr3t" not in caplog.text
    assert "t0k3n" not in caplog.text
    with receiver() as to, hook(to.url, outbox):
        until(lambda: outbox.up_to("webhook") == 39)
    assert ids(to.taken) == list(range(1, 40))


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_one_reading_that_is_not_wanted_does_not_hold_back_the_others(status: int, caplog: pytest.LogCaptureFixture) -> None:
    outbox = MemoryOutbox(record(number) for number in range(1, 6))
    with receiver() as to:
        to.answer = lambda posted: Answer(status, "no  such\n counter") if json.loads(posted.body)["id"] == 3 else Answer()
        with hook(to.url, outbox) as output:
            until(lambda: outbox.up_to("webhook") == 5)
            until(lambda: output.problem is None)
    assert ids(to.asked) == [1, 2, 3, 3, 3, 4, 5]
    assert ids(to.taken) == [1, 2, 4, 5]
    errors = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert len(errors) == 1
    assert "reading 3 is skipped: answers" in errors[0]
    assert errors[0].endswith(": no such counter")


def test_a_receiver_may_ask_for_a_pause() -> None:
    outbox = MemoryOutbox([record(1)])
    with receiver() as to:
        to.answer = lambda _: Answer(429, headers=(("Retry-After", "3600"),))
        with hook(to.url, outbox) as output:
            until(lambda: output.problem is not None)
            output.wake()
            time.sleep(0.2)  # ten times as long as it would wait otherwise
        assert len(to.asked) == 1


def test_a_redirection_is_not_followed_for_the_token_would_go_with_it() -> None:
    outbox = MemoryOutbox([record(1)])
    with receiver() as other, receiver() as to:
        to.answer = lambda _: Answer(307, headers=(("Location", f"{other.url}/secret"),))
        with hook(to.url, outbox, token="t0k3n") as output:
            until(lambda: output.problem is not None)
            assert output.problem is not None
            assert output.problem.endswith(f"and leads to {other.url}; name that address itself")
        assert other.asked == []


def test_a_server_that_drips_does_not_hold_it_up_for_ever() -> None:
    outbox = MemoryOutbox([record(1)])
    with receiver() as to:
        to.drips = True
        with hook(to.url, outbox, timeout_s=0.3) as output:
            until(lambda: output.problem is not None)
            assert output.problem == f"webhook {to.url}: no answer within 0.3 s; is it switched on, and in this network?"
            to.drips = False
            until(lambda: outbox.up_to("webhook") == 1)


def test_a_token_that_cannot_be_sent_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    with receiver() as to, hook(to.url, MemoryOutbox([record(1)]), token="s3cr3t\nline") as output:
        until(lambda: output.problem is not None)
        assert "s3cr3t" not in caplog.text + str(output.problem)
        assert to.asked == []


def test_user_and_password_in_the_address_log_in() -> None:
    outbox = MemoryOutbox([record(1)])
    with receiver() as to, hook(to.url.replace("://", "://me:p%40ss@"), outbox):
        until(lambda: outbox.up_to("webhook") == 1)
    assert to.taken[0].headers["Authorization"] == "Basic bWU6cEBzcw=="


def test_whatever_goes_wrong_the_thread_lives_on() -> None:
    troubles: list[Exception] = [OSError("disk"), RuntimeError("closed")]

    class Broken(MemoryOutbox):
        def pending(self, output: str, limit: int = 100) -> list[Record]:
            if troubles:
                raise troubles.pop()
            return super().pending(output, limit)

    outbox = Broken([record(1)])
    with receiver() as to, hook(to.url, outbox):
        until(lambda: outbox.up_to("webhook") == 1)


def test_waits_double_up_to_the_longest_and_begin_anew_once_all_has_been_well_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = Clock()
    trouble = Trouble("it", first_s=1, most_s=5, clock=clock)
    assert [trouble.failed("gone") for _ in range(4)] == [1, 2, 4, 5]
    assert trouble.problem == "it: gone"
    trouble.over()
    clock.now_s += SETTLED_S - 1
    assert trouble.failed("gone") == 5, "it has not been well for long"
    trouble.over()
    assert [each.getMessage() for each in caplog.records] == ["it: gone", "it: works again"]
    clock.now_s += SETTLED_S
    assert trouble.failed("gone") == 1
    assert trouble.failed("refused") == 2
    assert [each.getMessage() for each in caplog.records][2:] == ["it: gone", "it: refused"]
