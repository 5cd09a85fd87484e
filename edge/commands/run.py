"""`digitd run`: the daemon."""

import argparse
import sys
from pathlib import Path

EXAMPLES = """examples:
  digitd run                                   /etc/digitd/digitd.toml, as systemd starts it
  digitd run --config ./digitd.toml --debug    every frame in the log

signals: SIGTERM stops within two seconds, all that was read kept; SIGHUP reads configuration and models again
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `digitd run`."""
    from edge.config.load import DEFAULT_PATH

    parser.formatter_class, parser.epilog = argparse.RawDescriptionHelpFormatter, EXAMPLES
    parser.add_argument("--config", type=Path, default=DEFAULT_PATH, metavar="FILE", help=f"default: {DEFAULT_PATH}")
    parser.add_argument("--verbose", action="store_true", help="log every frame")


def run(args: argparse.Namespace) -> int:
    """Run `digitd run`."""
    from edge.daemon import Daemon
    from edge.journal import log_to

    log_to(sys.stderr, verbose=args.verbose or args.debug)
    daemon = Daemon(args.config)
    daemon.listen_to_signals()
    return daemon.run()
