"""Work in a thread of its own: what it gives, and when the thread ends."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from edge.apart import Apart
from edge.errors import PictureError


def test_what_the_work_gives_or_raises_comes_back() -> None:
    apart = Apart()

    def damaged() -> None:
        raise PictureError("torn.jpg: damaged")

    assert apart.done(lambda: "drawn") == "drawn"
    with pytest.raises(PictureError, match=r"torn\.jpg: damaged"):
        apart.done(damaged)
    assert apart.done(lambda: "drawn again") == "drawn again"


def test_all_that_is_asked_for_soon_is_done_by_one_thread_that_is_none_of_those_who_ask() -> None:
    apart = Apart(linger_s=600)
    with ThreadPoolExecutor(8) as many:
        threads = set(many.map(lambda _: apart.done(threading.current_thread), range(100)))
    assert len(threads) == 1
    assert threads.pop() is apart.done(threading.current_thread) is not threading.current_thread()


def test_a_thread_that_is_not_needed_ends_and_the_next_work_has_another() -> None:
    apart = Apart(linger_s=0)
    first = apart.done(threading.current_thread)
    first.join()
    second = apart.done(threading.current_thread)
    assert second is not first
