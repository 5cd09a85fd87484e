"""The log as the journal sorts it, with repeated faults folded."""

import io
import logging

import pytest

from edge.journal import ANSWER, FOLD_S, Folding, Journal


def line(level: int, text: str) -> logging.LogRecord:
    return logging.LogRecord("edge.test", level, __file__, 1, text, None, None)


@pytest.mark.parametrize(
    ("level", "prefix"), [(logging.DEBUG, "<7>"), (logging.INFO, "<6>"), (logging.WARNING, "<4>"), (logging.ERROR, "<3>")]
)
def test_the_journal_gets_its_priority_on_every_line(level: int, prefix: str) -> None:
    assert Journal(journal=True).format(line(level, "one\ntwo")) == f"{prefix}one\n{prefix}two"


def test_a_fault_that_repeats_itself_is_said_once_and_then_with_how_often_it_came() -> None:
    now = [0.0]
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Journal(journal=True))
    handler.addFilter(Folding(lambda: now[0]))
    for _ in range(10):
        handler.handle(line(logging.WARNING, "broker: refused"))
        now[0] += 60
    now[0] = FOLD_S + 1
    handler.handle(line(logging.WARNING, "broker: refused"))
    assert stream.getvalue() == "<4>broker: refused\n<4>broker: refused (9 times more in the last 60 min)\n"


def test_another_fault_and_news_are_never_folded() -> None:
    folding = Folding(lambda: 0.0)
    assert [folding.filter(line(logging.WARNING, text)) for text in ("a", "b", "a")] == [True, True, False]
    assert all(folding.filter(line(logging.INFO, "water: 12.3")) for _ in range(3))


def test_an_answer_to_a_person_is_said_however_often_they_ask() -> None:
    folding, answer = Folding(lambda: 0.0), line(logging.ERROR, "the configuration is left as it was")
    vars(answer).update(ANSWER)
    assert all(folding.filter(answer) for _ in range(3))
