"""Keras float32 → TFLite in full integers: uint8 pixels in, int8 weights per channel, uint8 probabilities out.

Source of the scheme: Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only inference",
2018; ranges of activations are measured on representative pictures, that of the logits as `convert.logits` says; weights are rounded
as `convert.rounding` says, to seven bits of the eight (`convert.weights`).
"""

import dataclasses
import logging
import warnings
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from convert.logits import deciding_range, spanning
from convert.rounding import rounded
from convert.weights import in_seven_bits
from edge.errors import ModelError
from train.backend import keras, quiet, tf
from train.lenet5 import Architecture, build

layers = keras.layers

Cells = npt.NDArray[np.uint8]
PIXEL_SCALE = 255.0
CONVERTIBLE = (
    layers.InputLayer, layers.Conv2D, layers.Dense, layers.LeakyReLU, layers.Activation, layers.MaxPooling2D, layers.AveragePooling2D,
    layers.Flatten, layers.Concatenate, layers.Dropout, layers.Softmax,
)  # fmt: skip


def fold_batch_norm(model: keras.Model, architecture: Architecture) -> keras.Model:
    """The same network without batch normalisation: its scale and shift become part of each convolution's weights and bias.

    Source: Jacob et al. 2018, section 3.2: w' = γ·w/σ, b' = β + (b − μ)·γ/σ.
    """
    plain = build(dataclasses.replace(architecture, batch_norm=False))
    for layer in plain.layers:
        if not layer.weights:
            continue
        source = model.get_layer(layer.name)
        kernel = np.asarray(source.kernel, np.float64)
        bias = np.asarray(source.bias, np.float64) if source.bias is not None else np.zeros(kernel.shape[-1])
        if architecture.batch_norm and isinstance(layer, layers.Conv2D):
            norm = model.get_layer(f"{layer.name}_norm")
            gamma, beta, mean, variance = (np.asarray(array, np.float64) for array in norm.get_weights())
            factor = gamma / np.sqrt(variance + norm.epsilon)
            kernel, bias = kernel * factor, beta + (bias - mean) * factor
        layer.set_weights([kernel.astype(np.float32), bias.astype(np.float32)])
    return plain


def quantize(model: keras.Model, representative: Cells) -> bytes:
    """An int8 TFLite file of a float32 network without batch normalisation, its batch open.

    representative: uint8 [N, 32, 32, C], training pictures that the ranges of the activations are measured on; pixels of 0 and of
    255 must be among them, since the input's range becomes what they span.
    Raises ModelError where the network holds a layer that has no integer form, or the pictures do not fit.
    """
    for layer in model.layers:
        if not isinstance(layer, CONVERTIBLE):
            known = ", ".join(kind.__name__ for kind in CONVERTIBLE)
            raise ModelError(f"layer {layer.name} is a {type(layer).__name__}, which has no integer form here; expected one of {known}")
    if representative.dtype != np.uint8 or representative.shape[1:] != tuple(model.input_shape[1:]) or not len(representative):
        given, taken = ("×".join(map(str, shape[1:])) for shape in (representative.shape, model.input_shape))
        raise ModelError(
            f"{len(representative):,} representative pictures {representative.dtype} {given}; the network takes uint8 {taken}, and what "
            "is converted takes grey cells: train it with --channels 1"
        )
    if representative.min() > 0 or representative.max() < 255:
        raise ModelError("the representative pictures hold no pixel of 0 or none of 255; the input's scale would not be 1/255")
    logits = keras.Model(model.input, model.get_layer("logits").output)(representative.astype(np.float32) / np.float32(PIXEL_SCALE))
    return spanning(in_seven_bits(_convert(rounded(model, representative), representative)), *deciding_range(np.asarray(logits)))


def float_tflite(model: keras.Model) -> bytes:
    """The same network as a float32 TFLite file, to compare with."""
    return _convert(model, None)


def _convert(model: keras.Model, representative: Cells | None) -> bytes:

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if representative is not None:

        def pictures() -> Iterator[list[npt.NDArray[np.float32]]]:
            for cell in representative:
                yield [cell[None].astype(np.float32) / np.float32(PIXEL_SCALE)]

        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = pictures
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.uint8
    log = logging.getLogger("tensorflow")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), quiet():
            warnings.simplefilter("ignore")
            return bytes(converter.convert())
    except Exception as error:  # the converter raises its own, hidden class, RuntimeError and ValueError
        first = next((line for line in str(error).splitlines() if line.strip()), repr(error))
        raise ModelError(f"TensorFlow Lite cannot convert {model.name}: {first}") from error
    finally:
        log.setLevel(level)
