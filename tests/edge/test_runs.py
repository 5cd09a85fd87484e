"""The run of a row's places that is the counter's, and how certain its ends are."""

from collections.abc import Sequence

import numpy as np
import pytest

from edge.vision.runs import Places, Run


def places(certainty: Sequence[float], *, turned: bool = False, **given: Sequence[float]) -> Places:
    """Resting wheels at 0 that were seen, lit alike; what is given differs."""
    count = len(certainty)
    return Places(
        certainty=np.array(certainty),
        positions=np.array(given.get("positions", [0.0] * count)),
        seen=np.array(given.get("seen", [True] * count), np.bool_),
        bad=np.zeros(count, np.bool_),
        levels=np.array(given.get("levels", [50.0] * count)),
        contrasts=np.full(count, 100.0),
        turned=turned,
    )


PLAIN = [0.3, 0.3, 1.0, 1.0, 1.0, 1.0, 1.0, 0.3, 0.3]
NOT_SEEN = [False, False, True, True, True, True, True, False, False]


def test_the_run_is_where_digits_are_certain() -> None:
    run = places(PLAIN).likeliest(None)
    assert (run.start, run.stop) == (2, 7)


def test_so_many_digits_of_more_count_for_less() -> None:
    row = places(PLAIN)
    assert row.likeliest(4).score < 0.8 * row.likeliest(5).score


def test_ends_are_certain_where_digits_stop() -> None:
    assert places(PLAIN, seen=NOT_SEEN).ends(Run(1.0, 2, 7), counted=False) > 0.95


DOUBTFUL: dict[str, dict[str, Sequence[float]]] = {
    "a last place that nothing was seen in and that is lit unlike": {
        "certainty": [*PLAIN[:6], 0.98, 0.3, 0.3],
        "seen": [*NOT_SEEN[:6], False, False, False],
        "levels": [50.0] * 6 + [80.0] + [50.0] * 2,
    },
    "one behind it that may be a digit": {"certainty": [*PLAIN[:7], 0.9, 0.3], "seen": [*NOT_SEEN[:7], True, False]},
    "one before it that may be a digit": {"certainty": [0.3, 0.9, *PLAIN[2:]], "seen": [False, True, *NOT_SEEN[2:]]},
}


@pytest.mark.parametrize("given", DOUBTFUL.values(), ids=DOUBTFUL)
@pytest.mark.parametrize("turned", [False, True])
def test_ends_are_doubtful_with(given: dict[str, Sequence[float]], turned: bool) -> None:
    row = places(**given, turned=turned)
    assert row.ends(Run(1.0, 2, 7), counted=False) < 0.8
    assert row.ends(Run(1.0, 2, 7), counted=True) > row.ends(Run(1.0, 2, 7), counted=False)


def test_a_place_beside_the_run_is_none_of_it_where_it_is_lit_unlike_or_stands_where_it_cannot() -> None:
    certainty, seen = [*PLAIN[:7], 0.9, 0.3], [*NOT_SEEN[:7], True, False]
    doubtful = places(certainty, seen=seen).ends(Run(1.0, 2, 7), counted=False)
    unlike = places(certainty, seen=seen, levels=[50.0] * 7 + [90.0, 90.0])
    uncoupled = places(certainty, seen=seen, positions=[0.0] * 6 + [0.5, 2.0, 0.0])
    assert unlike.ends(Run(1.0, 2, 7), counted=False) > doubtful + 0.2
    assert uncoupled.ends(Run(1.0, 2, 7), counted=False) > doubtful + 0.2


def test_a_run_at_the_end_of_all_places_has_nothing_beside_it() -> None:
    row = places([1.0] * 5)
    assert row.ends(Run(1.0, 0, 5), counted=False) > 0.95
    assert row.ends(Run(1.0, 0, 5), counted=True) == 1.0
