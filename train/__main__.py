"""`python -m train`: train the models, and look at data, networks and results."""

import argparse
import difflib
import importlib
import os
import sys

from edge.errors import UsageError
from edge.guard import guarded

COMMANDS = {
    "data": ("train.data_command", "what data is there, where, checked or not; --prepare gets it"),
    "describe": ("train.describe", "layers, parameters and multiply-accumulates of a network"),
    "evaluate": ("train.evaluate", "measure models on pictures they never saw"),
    "study": ("train.study", "accuracy against multiply-accumulates for several widths"),
    "sheet": ("train.sheet", "a picture of rendered or distorted training digits, to look at"),
}
EPILOG = """commands (python -m train COMMAND --help):
{commands}

examples:
  python -m train                                   the models that ship, side by side, into runs/
  python -m train --quick                           the whole way in minutes, into build/quick/
  python -m train --model lenet5-handwritten-classic
  python -m train --recipe paper                    the paper's network by the paper's recipe
  python -m train --data real synthetic ~/my-digits counter digits of your own besides
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failed, 2 wrong usage."""
    argv = sys.argv[1:] if argv is None else argv
    debug, words = "--debug" in argv, [word for word in argv if word != "--debug"]
    command = words[0] if words and words[0] in COMMANDS else ""
    program = f"python -m train {command}".strip()
    goes_on = "; the same command goes on from the last finished epoch" if command in ("", "study") else ""
    several = "TQDM_POSITION" in os.environ  # side by side: the one that started them tells
    return guarded(lambda: _run(program, command, words), program=program, debug=debug, interrupted="" if several else f"stopped{goes_on}")


def _run(program: str, command: str, words: list[str]) -> int:
    if words and not command and not words[0].startswith("-"):
        close = difflib.get_close_matches(words[0], COMMANDS, 1)
        meant = f"did you mean {close[0]}?" if close else f"expected one of {', '.join(COMMANDS)}"
        raise UsageError(f"{words[0]}: no such command; {meant}")
    commands = "\n".join(f"  {name:10} {what}" for name, (_, what) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog=program,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Train LeNet-5 on real digits. A run that was killed goes on from its last epoch.",
        epilog=None if command else EPILOG.format(commands=commands),
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    module = importlib.import_module(COMMANDS[command][0] if command else "train.train_command")
    module.add_arguments(parser)
    return int(module.main(parser.parse_args(words[1:] if command else words)))


if __name__ == "__main__":
    sys.exit(main())
