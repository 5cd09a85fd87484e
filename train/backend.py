"""Keras on TensorFlow, imported once and in silence: what TensorFlow's C++ says of graphics cards that are not there helps nobody."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Holds back what Python and C++ print to both streams; an error still comes as an exception."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept, nothing = [os.dup(1), os.dup(2)], os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for target, copy in enumerate(kept, 1):
            os.dup2(copy, target)
            os.close(copy)
        os.close(nothing)


with quiet():
    import keras
    import tensorflow as tf

__all__ = ["keras", "quiet", "tf"]
