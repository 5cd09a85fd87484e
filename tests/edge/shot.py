"""A real photo that most tests of `digitd read` read; the fixture `picture` is a file with it."""

from tests.edge.frames import frames

SHOT = next(frame for frame in frames() if frame.name.endswith("round-01189/7.jpg"))
WINDOW = " ".join(f"{x:g},{y:g}" for x, y in SHOT.corners)


def counter(*options: str) -> list[str]:
    """Where its counter is, on the command line."""
    return ["--window", WINDOW, "--digits", "5", *options]
