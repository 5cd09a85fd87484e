"""Ways through ink, and where water comes to rest on it."""

import numpy as np

from edge.vision.ways import Ways, basins


def test_the_way_to_one_pixel_is_that_among_the_ways_to_its_row() -> None:
    ways = Ways(np.random.default_rng(0).random((12, 9)))
    assert all((ways.path(7, column) == path).all() for column, path in enumerate(ways.paths(7)))


def test_water_rests_in_a_cup_and_between_two_that_touch_and_runs_off_a_roof() -> None:
    drawn = """
        #...#.....
        #...#....#
        #...#...#.
        #####..##.
        ...######.
        ..........
    """
    inked = np.array([[pixel == "#" for pixel in row] for row in drawn.split()])
    assert basins(inked) == [(2, 2), (3, 5)]
    assert basins(np.tri(6, dtype=bool)) == []


def test_water_runs_under_an_overhang() -> None:
    drawn = """
        #.####
        #....#
        ######
    """
    assert basins(np.array([[pixel == "#" for pixel in row] for row in drawn.split()])) == [(1, 2)]
