"""`python -m train`: train the models, and look at data, networks and results."""

import argparse
import importlib
import sys

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
  python -m train                                   both models that ship, side by side, into runs/
  python -m train --quick                           the whole way in minutes, into build/quick/
  python -m train --model lenet5-handwritten-classic
  python -m train --recipe paper                    the paper's network by the paper's recipe
  python -m train --data real synthetic ~/my-digits counter digits of your own besides
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failed, 2 wrong usage."""
    argv = sys.argv[1:] if argv is None else argv
    command = argv[0] if argv and argv[0] in COMMANDS else ""
    commands = "\n".join(f"  {name:10} {what}" for name, (_, what) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog=f"python -m train {command}".strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Train LeNet-5 on real digits. A run that was killed goes on from its last epoch.",
        epilog=None if command else EPILOG.format(commands=commands),
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    module = importlib.import_module(COMMANDS[command][0] if command else "train.train_command")
    module.add_arguments(parser)
    args = parser.parse_args(argv[1:] if command else argv)
    interrupted = "stopped; the same command goes on from the last finished epoch"
    return guarded(lambda: int(module.main(args)), program=parser.prog, debug=args.debug, interrupted=interrupted)


if __name__ == "__main__":
    sys.exit(main())
