"""`digitd run`: the daemon."""

import argparse
import contextlib
import signal
import sys
from types import FrameType

from edge.commands.paths import named

EXAMPLES = """examples:
  digitd run                                   /etc/digitd/digitd.toml, as systemd starts it
  digitd run --config ./digitd.toml --debug    every frame in the log

signals: SIGTERM stops within two seconds, all that was read kept; SIGHUP reads configuration and models again
"""
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `digitd run`."""
    from edge.config.load import DEFAULT_PATH

    parser.formatter_class, parser.epilog = argparse.RawDescriptionHelpFormatter, EXAMPLES
    parser.add_argument("--config", type=named, default=DEFAULT_PATH, metavar="FILE", help=f"default: {DEFAULT_PATH}")
    parser.add_argument("--verbose", action="store_true", help="log every frame")


def run(args: argparse.Namespace) -> int:
    """Run `digitd run`."""
    from edge.commands.leaving import left
    from edge.commands.quiet import only_our_words
    from edge.guard import guarded
    from edge.journal import log_to
    from edge.memory import keep_apart

    keep_apart()
    early: list[int] = []
    for each in SIGNALS:
        signal.signal(each, lambda number, _: early.append(number))
    verbose = args.verbose or args.debug
    # While the networks run for the first time, and not for good: what drivers say is for the journal.
    with contextlib.nullcontext() if args.debug else only_our_words():
        log_to(sys.stderr, verbose=verbose)
        from edge.daemon import Daemon  # and with it all libraries, which takes a while

        daemon = Daemon(args.config)
    log_to(sys.stderr, verbose=verbose)  # which is another one again

    def handle(number: int, _: FrameType | None = None) -> None:
        if number == signal.SIGHUP:
            daemon.reload()
        else:
            daemon.stop()

    for each in SIGNALS:
        signal.signal(each, handle)
    for number in early:
        handle(number)
    return left(guarded(daemon.run, program="digitd", debug=args.debug))
