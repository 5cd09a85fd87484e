"""`digitd doctor`: is all well, and if not, what to do."""

import argparse
import dataclasses
import json
import logging
import os
import sys
import threading

from edge.commands.leaving import left
from edge.commands.paths import named
from edge.commands.quiet import only_our_words

EXAMPLES = """examples:
  digitd doctor                            with /etc/digitd/digitd.toml
  sudo -u digitd digitd doctor --json      as the daemon's user, for a script
"""
MARKS = {True: "ok", False: "!!", None: "--"}
COLOURS = {True: "\033[32m", False: "\033[31m", None: "\033[2m"}
PLAIN = "\033[0m"
UNSAID = logging.NullHandler()
"""For what the daemon's parts log, such as that a camera is tried again: here nothing is, and the checks say the rest."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `digitd doctor`."""
    from edge.config.load import DEFAULT_PATH

    parser.formatter_class, parser.epilog = argparse.RawDescriptionHelpFormatter, EXAMPLES
    parser.add_argument("--config", type=named, default=DEFAULT_PATH, metavar="FILE", help=f"default: {DEFAULT_PATH}")
    parser.add_argument("--json", action="store_true", help="an object for each check, one a line")


def run(args: argparse.Namespace) -> int:
    """Run `digitd doctor`; exit code 1 where something is not well."""
    from edge.checks import checks

    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    sick, others = False, threading.enumerate()
    logging.getLogger("edge").addHandler(UNSAID)
    with only_our_words():
        for check in checks(args.config):
            sick |= check.well is False
            if args.json:
                print(json.dumps(dataclasses.asdict(check), ensure_ascii=False), flush=True)
                continue
            mark = f"{COLOURS[check.well]}{MARKS[check.well]}{PLAIN}" if coloured else MARKS[check.well]
            print(f"{mark}  {check.name:18} {check.found}", flush=True)
            if check.well is False:
                print(f"{'':22} → {check.fix}", flush=True)
    return left(int(sick), others)
