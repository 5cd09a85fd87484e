"""`digitd check-config`: whether a configuration is right, and everything that is wrong with it."""

import argparse
import dataclasses
import json
from typing import TYPE_CHECKING

from edge.commands.paths import named

if TYPE_CHECKING:
    from edge.config.schema import Config

EXAMPLES = """One line for each thing that is wrong: file:line:key: what was found, what was expected; what to do. Looked at are
- every key, in the file and in environment variables, which count as they do for the daemon; what is no TOML is told alone;
- the files that are named where they are in use, of all keys that can be understood: reference pictures are decoded, hold their window
  and are as large as width and height of [camera], where those are set; models are opened, fit their card and read counters;
  passwords, tokens and certificates are there, passwords and tokens also fit to be used.
Nothing is asked of the camera, the broker or any other address: `digitd doctor` does that. A file that you may not read, as only root and
digitd may, is a note and no more. Exit code 0 where all is well, 1 where something is wrong.

examples:
  digitd check-config
  digitd check-config digitd.toml --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `digitd check-config`."""
    parser.formatter_class, parser.epilog = argparse.RawDescriptionHelpFormatter, EXAMPLES
    parser.add_argument("file", nargs="?", type=named, metavar="FILE", help="the configuration (default: /etc/digitd/digitd.toml)")
    parser.add_argument("--json", action="store_true", help="one object, for a script")


def run(args: argparse.Namespace) -> int:
    """Run `digitd check-config`."""
    from edge.commands.quiet import only_our_words
    from edge.config.load import DEFAULT_PATH, checked_with_files

    path = args.file or DEFAULT_PATH
    with only_our_words():
        config, problems, closed = checked_with_files(path)
    if args.json:
        told = {name: [dataclasses.asdict(each) for each in found] for name, found in (("problems", problems), ("notes", closed))}
        print(json.dumps({"file": str(path), "ok": not problems, **told}, indent=1))
    elif problems or config is None:
        print(*problems, sep="\n")
    else:
        print(f"{path}: ok, {_summary(config)}")
    if not args.json:
        print(*(f"note: {each}\n" for each in closed), sep="", end="")
    return 1 if problems else 0


def _summary(config: "Config") -> str:
    counters = ", ".join(f"{each.name} ({each.digits} digits, {each.unit})" for each in config.counter)
    return f"{counters or 'no counter yet'}, from {config.camera.shown_source}"
