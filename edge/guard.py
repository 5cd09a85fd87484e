"""How a command ends: an exit code, and for every error a line that a user can act on."""

import io
import os
import sys
import traceback
from collections.abc import Callable

from edge.errors import DigitdError, UsageError

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130

# As Python has it for stderr: no terminal's encoding ends a command. Here, for --help is printed before any command runs.
if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors in ("strict", "surrogateescape"):
    sys.stdout.reconfigure(errors="backslashreplace")


def guarded(run: Callable[[], int], *, program: str, debug: bool, interrupted: str = "") -> int:
    """The exit code of `run`, or of the error that ended it: told on stderr, with its traceback before it if `debug`.

    A mistake in the program itself is a line too. The journal gets its traceback in any case: a daemon's mistake may not come again.
    interrupted: what to say when Ctrl-C ended it.
    """
    told: Exception
    try:
        return run()
    except DigitdError as error:
        told, said, code = error, str(error), WRONG_USAGE if isinstance(error, UsageError) else FAILED
    except BrokenPipeError:
        seen_enough()
        return DONE
    except OSError as error:
        told, said, code = error, f"{error.filename or 'writing'}: {error.strerror or error}", FAILED
    except Exception as error:
        from edge.journal import listens

        debug = debug or listens(sys.stderr)
        what = " ".join(f"{type(error).__name__}: {error}".split())
        told, said, code = error, f"{what}; a mistake in the program itself{'' if debug else ', --debug shows where'}", FAILED
    except KeyboardInterrupt:
        if interrupted:
            print(f"\n{program}: {interrupted}", file=sys.stderr)
        return INTERRUPTED
    trace = "".join(traceback.format_exception(told)) if debug else ""
    text = trace + "\n".join(f"{program}: {line}" for line in said.splitlines())
    _tell(text)
    return code


def seen_enough() -> None:
    """Whoever read our output is gone, and what is still to be written goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(text: str) -> None:
    """An error, on stderr."""
    import logging  # and the journal: a command that ends well needs neither

    from edge.journal import listens, marked

    print(marked(text, logging.ERROR) if listens(sys.stderr) else text, file=sys.stderr)
