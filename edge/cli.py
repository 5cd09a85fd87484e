"""`digitd`: the command line."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from edge import __version__
from edge.guard import guarded

COMMANDS = {
    "run": ("edge.commands.run", "the daemon: reads a camera for years, as systemd starts it"),
    "demo": ("edge.commands.demo", "a rendered counter that runs, and what is read of it"),
    "read": ("edge.commands.read", "what pictures show: a counter, or handwriting"),
    "eval": ("edge.commands.eval", "how often readings are right, on photos whose reading is known"),
    "check-config": ("edge.commands.check_config", "whether a configuration is right, or everything that is wrong with it"),
    "config": ("edge.commands.config", "print the commented default configuration"),
    "doctor": ("edge.commands.doctor", "camera, model, disk, broker, clock: each ok, or what to do"),
    "bench": ("edge.commands.bench", "how fast this machine reads"),
    "export": ("edge.commands.export", "readings out of the database, as CSV or JSON"),
    "collect": ("edge.commands.collect", "pictures of doubtful readings, as training data"),
    "version": ("edge.commands.version", "this version, and those of what it runs on"),
}
DEBUG = "show where in the code an error comes from"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failed, 2 wrong usage."""
    argv = sys.argv[1:] if argv is None else argv
    for stream in ("stdout", "stderr"):
        if getattr(sys, stream) is None:  # it was closed: the next file to be opened would get its number, and what libraries print
            setattr(sys, stream, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
    parser = argparse.ArgumentParser(prog="digitd", description="Reads the digits of utility meters.")
    parser.add_argument("--version", action="version", version=f"digitd {__version__}")
    parser.add_argument("--debug", action="store_true", help=DEBUG)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, (module, what) in COMMANDS.items():
        command = commands.add_parser(name, help=what)
        command.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=DEBUG)
        if name in argv:  # the others are only listed: what a command needs is not imported for another
            imported = importlib.import_module(module)
            imported.add_arguments(command)
            command.set_defaults(run=imported.run)
    args = parser.parse_args(argv)
    return guarded(lambda: int(args.run(args)), program=parser.prog, debug=args.debug)
