"""LeNet-5, as LeCun built it and as the paper changed it, from one builder with named options.

Sources: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998 (classic, the table of
selective connections); Lu, Ke, "LeNet-5 handwritten digit recognition based on deep learning", section 3 (pairs of 3×3 convolutions,
32 kernels, LeakyReLU, spatial pyramid pooling 4×4 + 2×2 + 1×1, fully connected in place of C5, dropout).
"""

import dataclasses
from typing import Literal

from edge.vision.cells import CELL_SIZE
from train.backend import keras
from train.layers import SelectiveConnections, SelectiveInitializer, StochasticPooling2D

layers = keras.layers

PYRAMID_BINS = (4, 2, 1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Architecture:
    """The options of the builder. The defaults are the paper's network.

    Example: `build(Architecture(variant="classic", activation="relu"))` has LeCun's 61,706 parameters.
    """

    variant: Literal["classic", "spp"] = "spp"
    """classic: C1 5×5, S2, C3 5×5, S4, C5 120. spp: two 3×3 for each 5×5, a spatial pyramid for S4, fully connected for C5."""
    activation: Literal["sigmoid", "tanh", "relu", "leaky_relu"] = "leaky_relu"
    """What follows each convolution and each fully connected layer but the last."""
    leak: float = 0.01
    """Slope of leaky_relu below zero: y = max(0, x) + leak · min(0, x)."""
    pooling: Literal["max", "average", "stochastic"] = "max"
    """How S2 and S4 pool."""
    kernels: tuple[int, int] | None = None
    """Kernels of the first and the second stage; without it (6, 16) for classic and (32, 32) for spp."""
    dropout: float = 0.0
    """Share of F6's outputs dropped in training, before the output layer."""
    c3: Literal["full", "selective"] = "full"
    """selective: LeCun's table of which maps of S2 feed which of C3 (classic, kernels 6 and 16)."""
    channels: Literal[1, 3] = 1
    """Of a cell: 1 is grey, as all training pictures are."""
    batch_norm: bool = False
    """Batch normalisation after each convolution, folded into it at conversion."""
    classes: Literal[10, 11, 100] = 10
    """Classes of the softmax: 10 digits, the same and one for what is none, or 100 tenths of a digit on a circle."""

    def __post_init__(self) -> None:
        if self.kernels is None:
            object.__setattr__(self, "kernels", (6, 16) if self.variant == "classic" else (32, 32))
        if self.c3 == "selective" and (self.variant, self.kernels) != ("classic", (6, 16)):
            raise ValueError(
                f"c3='selective' with variant={self.variant!r}, kernels={self.kernels}: LeCun's table connects 6 maps to 16; "
                "use variant='classic' with kernels=(6, 16)"
            )


def build(architecture: Architecture, *, name: str | None = None) -> keras.Model:
    """The network: float32 [N, 32, 32, channels] in 0 to 1 → softmax [N, classes]. name: its own; without it the variant's."""
    a = architecture
    assert a.kernels is not None
    inputs = x = keras.Input((CELL_SIZE, CELL_SIZE, a.channels), name="cells")
    if a.variant == "classic":
        x = _convolution(a, x, a.kernels[0], 5, "C1")
        x = _pool(a, x, 2, 2, "S2")
        x = _convolution(a, x, a.kernels[1], 5, "C3", selective=a.c3 == "selective")
        x = _pool(a, x, 2, 2, "S4")
        x = _convolution(a, x, 120, 5, "C5")
        x = layers.Flatten(name="flat")(x)
    else:
        x = _convolution(a, x, a.kernels[0], 3, "C1a")
        x = _convolution(a, x, a.kernels[0], 3, "C1b")
        x = _pool(a, x, 2, 2, "S2")
        x = _convolution(a, x, a.kernels[1], 3, "C3a")
        x = _convolution(a, x, a.kernels[1], 3, "C3b")
        x = _spatial_pyramid(a, x)
        x = _activation(a, layers.Dense(120, kernel_initializer=_initializer(a), name="C5")(x), "C5")
    x = _activation(a, layers.Dense(84, kernel_initializer=_initializer(a), name="F6")(x), "F6")
    if a.dropout:
        x = layers.Dropout(a.dropout, name="dropout")(x)
    x = layers.Dense(a.classes, name="logits")(x)
    outputs = layers.Softmax(name="probabilities", dtype="float32")(x)
    return keras.Model(inputs, outputs, name=name or f"lenet5_{a.variant}")


def multiply_accumulates(model: keras.Model) -> dict[str, int]:
    """Multiply-accumulates for one cell, by layer; pooling, activations and biases count nothing."""
    counts = {}
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            _, height, width, _ = layer.output.shape
            counts[layer.name] = int(height * width * layer.kernel.shape.num_elements())
        elif isinstance(layer, layers.Dense):
            counts[layer.name] = int(layer.kernel.shape.num_elements())
    return counts


def parameters(model: keras.Model) -> int:
    """Weights that act at inference: batch norm folded, kernels that the selective table holds at zero not counted."""
    count = 0
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D | layers.Dense):
            count += int(layer.kernel.shape.num_elements()) + int(layer.kernel.shape[-1])
            if isinstance(getattr(layer, "kernel_constraint", None), SelectiveConnections):
                count -= layer.kernel_constraint.removed(layer.kernel.shape)
    return count


def _initializer(a: Architecture) -> str:
    return "glorot_uniform" if a.activation in ("sigmoid", "tanh") else "he_normal"


def _convolution(
    a: Architecture, x: keras.KerasTensor, kernels: int, size: int, name: str, *, selective: bool = False
) -> keras.KerasTensor:
    convolution = layers.Conv2D(
        kernels,
        size,
        kernel_initializer=SelectiveInitializer(_initializer(a)) if selective else _initializer(a),
        kernel_constraint=SelectiveConnections() if selective else None,
        use_bias=not a.batch_norm,
        name=name,
    )
    x = convolution(x)
    if a.batch_norm:
        x = layers.BatchNormalization(momentum=0.98, epsilon=1e-3, name=f"{name}_norm")(x)
    return _activation(a, x, name)


def _activation(a: Architecture, x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    if a.activation == "leaky_relu":
        return layers.LeakyReLU(negative_slope=a.leak, name=f"{name}_{a.activation}")(x)
    return layers.Activation(a.activation, name=f"{name}_{a.activation}")(x)


def _pool(a: Architecture, x: keras.KerasTensor, window: int, stride: int, name: str) -> keras.KerasTensor:
    kinds = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D, "stochastic": StochasticPooling2D}
    return kinds[a.pooling](window, strides=stride, name=name)(x)


def _spatial_pyramid(a: Architecture, x: keras.KerasTensor) -> keras.KerasTensor:
    """21 bins a map. Windows cover the map to its last row: stride ⌊size/bins⌋, window size − (bins − 1) · stride.

    Source: He, Zhang, Ren, Sun, "Spatial pyramid pooling in deep convolutional networks", 2014.
    """
    size, levels = x.shape[1], []
    for bins in PYRAMID_BINS:
        stride = size // bins
        pooled = _pool(a, x, size - (bins - 1) * stride, stride, f"S4_{bins}x{bins}")
        levels.append(layers.Flatten(name=f"S4_{bins}x{bins}_flat")(pooled))
    return layers.Concatenate(name="S4")(levels)
