"""A command as `digitd` runs it, by its module alone."""

import argparse
from types import ModuleType

from edge.guard import guarded


def command(module: ModuleType, *words: object) -> int:
    """Exit code of `digitd <module> <words>`."""
    parser = argparse.ArgumentParser(prog=f"digitd {module.__name__.rpartition('.')[2]}")
    module.add_arguments(parser)
    args = parser.parse_args([str(word) for word in words])
    return guarded(lambda: int(module.run(args)), program="digitd", debug=False)
