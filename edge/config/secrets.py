"""What only digitd may know: passwords and tokens, each in a file of its own."""

from pathlib import Path

from edge.errors import ConfigError


def secret(path: Path | None) -> str | None:
    """The first line of a file. Raises ConfigError where it cannot be read, or is empty."""
    if path is None:
        return None
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise ConfigError(f"{path}: {reason}; expected a file with one secret in it that digitd may read") from error
    if not text:
        raise ConfigError(f"{path}: empty; expected a secret, one line")
    return text.splitlines()[0]
