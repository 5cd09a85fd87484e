"""How a command ends: an exit code, and for every error a line that a user can act on."""

import os
import sys
import traceback
from collections.abc import Callable

from edge.errors import DigitdError, UsageError

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130


def guarded(run: Callable[[], int], *, program: str, debug: bool, interrupted: str = "") -> int:
    """The exit code of `run`, or of the error that ended it: told on stderr, with its traceback before it if `debug`.

    interrupted: what to say when Ctrl-C ended it.
    """
    told: Exception
    try:
        return run()
    except DigitdError as error:
        told, said, code = error, str(error), WRONG_USAGE if isinstance(error, UsageError) else FAILED
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        told, said, code = error, f"{error.filename or 'writing'}: {error.strerror or error}", FAILED
    except KeyboardInterrupt:
        if interrupted:
            print(f"\n{program}: {interrupted}", file=sys.stderr)
        return INTERRUPTED
    if debug:
        traceback.print_exception(told)
    print(*(f"{program}: {line}" for line in said.splitlines()), sep="\n", file=sys.stderr)
    return code
