"""How a command ends: an exit code, and for every error one line that a user can act on."""

import os
import sys
import traceback
from collections.abc import Callable

from edge.errors import DigitdError, UsageError

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130


def guarded(run: Callable[[], int], *, program: str, debug: bool, interrupted: str = "") -> int:
    """The exit code of `run`, or of the error that ended it: told on stderr in one line, with its traceback before it if `debug`.

    interrupted: what to say when Ctrl-C ended it.
    """
    try:
        return run()
    except DigitdError as error:
        said, code = str(error), WRONG_USAGE if isinstance(error, UsageError) else FAILED
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        said, code = f"{error.filename or 'writing'}: {error.strerror or error}", FAILED
    except KeyboardInterrupt:
        if interrupted:
            print(f"\n{program}: {interrupted}", file=sys.stderr)
        return INTERRUPTED
    if debug:
        traceback.print_exc()
    print(f"{program}: {said}", file=sys.stderr)
    return code
