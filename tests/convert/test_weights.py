"""Integers of seven bits stand for the weights that the converter wrote in eight."""

from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from convert import quantize
from convert.rounding import rounded
from convert.weights import LEVELS, in_seven_bits
from tests.convert.networks import network, pictures
from train.lenet5 import Architecture

Doubles = npt.NDArray[np.float64]


def parameters(tflite: bytes) -> dict[str, tuple[npt.NDArray[Any], Doubles]]:
    """Integers of weights and biases by name, and the scale of each."""
    interpreter = Interpreter(model_content=tflite)
    interpreter.allocate_tensors()
    found = {}
    for tensor in interpreter.get_tensor_details():
        scales = tensor["quantization_parameters"]["scales"]
        if scales.size > 1:
            integers = interpreter.get_tensor(tensor["index"])
            found[tensor["name"]] = integers, np.asarray(scales, np.float64).reshape(-1, *[1] * (integers.ndim - 1))
    return found


def test_weights_are_the_same_numbers_and_biases_as_near_as_their_steps() -> None:
    cells = pictures(60)
    eight = quantize._convert(rounded(network(Architecture(kernels=(4, 6), activation="relu")), cells), cells)
    before, after = parameters(eight), parameters(in_seven_bits(eight))
    assert before.keys() == after.keys()
    assert len(before) == 14
    for name, (was, old) in before.items():
        now, new = after[name]
        np.testing.assert_allclose(new, old * 127 / 64, rtol=1e-6)
        assert now.dtype == was.dtype
        if now.dtype == np.int8:
            assert np.abs(now.astype(int)).max() == LEVELS
            assert np.abs(now * new - was * old).max() <= 0.5001 * old.max()  # as far as eight bits could say it
        else:
            assert (np.abs(now * new - was * old) <= 0.5001 * new).all()
