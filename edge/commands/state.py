"""Where the daemon keeps its readings, for the commands that look at them."""

import argparse
from pathlib import Path

from edge.commands.paths import named

DATABASE = Path("/var/lib/digitd/digitd.sqlite")


def add_database_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that name the database."""
    parser.add_argument("--database", type=named, metavar="FILE", help=f"the readings (default: as configured, else {DATABASE})")
    parser.add_argument("--config", type=named, metavar="FILE", help="the daemon's file (default: /etc/digitd/digitd.toml, if it is there)")


def database(args: argparse.Namespace) -> Path:
    """The file that the options name. Raises ConfigError where the configuration has to tell it and is wrong."""
    if args.database is not None:
        return Path(args.database)
    from edge.config.load import DEFAULT_PATH, load

    config = args.config or DEFAULT_PATH
    if args.config is None and not config.is_file():
        return DATABASE
    return Path(load(config).store.path)
