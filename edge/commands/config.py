"""`digitd config`: the commented default configuration."""

import argparse

EXAMPLES = """examples:
  digitd config > digitd.toml
  sudo sh -c "digitd config > /etc/digitd/digitd.toml"
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `digitd config`."""
    parser.formatter_class, parser.epilog = argparse.RawDescriptionHelpFormatter, EXAMPLES


def run(_: argparse.Namespace) -> int:
    """Run `digitd config`."""
    from edge.config.template import template

    print(template(), end="")
    return 0
