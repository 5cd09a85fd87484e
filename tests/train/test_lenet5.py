"""Every option of the builder gives the shapes, counts and behaviour that its source states."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from train import describe
from train.backend import keras
from train.layers import SELECTIVE_TABLE, StochasticPooling2D, selective_mask
from train.lenet5 import Architecture, build, multiply_accumulates, parameters

CLASSIC = Architecture(variant="classic", activation="relu")
VARIED = [
    Architecture(),
    CLASSIC,
    Architecture(variant="classic", c3="selective", activation="tanh", pooling="average"),
    Architecture(activation="sigmoid", kernels=(4, 8), channels=3),
    Architecture(kernels=(4, 8), pooling="stochastic", batch_norm=True, dropout=0.3, classes=100),
    Architecture(variant="classic", kernels=(3, 5), leak=0.2, batch_norm=True),
]


def shapes(model: keras.Model) -> dict[str, tuple[int, ...]]:
    return {layer.name: tuple(layer.output.shape[1:]) for layer in model.layers}


def cells(count: int, channels: int = 1) -> npt.NDArray[np.float32]:
    return np.random.default_rng(0).random((count, 32, 32, channels), np.float32)


def test_classic_has_the_shapes_of_lecun_1998() -> None:
    found = shapes(build(CLASSIC))
    assert found["cells"] == (32, 32, 1)
    assert found["C1"] == (28, 28, 6)
    assert found["S2"] == (14, 14, 6)
    assert found["C3"] == (10, 10, 16)
    assert found["S4"] == (5, 5, 16)
    assert found["C5"] == (1, 1, 120)
    assert found["F6"] == (84,)
    assert found["probabilities"] == (10,)


def test_the_papers_network_has_pairs_of_3x3_and_a_pyramid_of_21_bins() -> None:
    found = shapes(build(Architecture()))
    assert [found[name] for name in ("C1a", "C1b", "S2", "C3a", "C3b")] == [
        (30, 30, 32), (28, 28, 32), (14, 14, 32), (12, 12, 32), (10, 10, 32),
    ]  # fmt: skip
    assert [found[name] for name in ("S4_4x4", "S4_2x2", "S4_1x1")] == [(4, 4, 32), (2, 2, 32), (1, 1, 32)]
    assert found["S4"] == (21 * 32,)
    assert found["C5"] == (120,)
    assert found["F6"] == (84,)
    assert found["probabilities"] == (10,)


def test_the_pyramid_sees_the_last_row_and_column_of_its_map() -> None:
    model = build(Architecture(kernels=(1, 1)))
    pyramid = keras.Model(model.get_layer("C3b_leaky_relu").output, model.get_layer("S4").output)
    lit = np.zeros((1, 10, 10, 1), np.float32)
    lit[0, 9, 9] = 1.0
    bins = np.asarray(pyramid(lit))[0]
    assert [bins[15], bins[16 + 3], bins[20]] == [1.0, 1.0, 1.0]
    assert bins.sum() == 3.0


@pytest.mark.parametrize(
    ("architecture", "expected"),
    [
        (CLASSIC, 61_706),
        (Architecture(variant="classic", c3="selective"), 60_806),
        (Architecture(variant="classic", batch_norm=True), 61_706),
        (Architecture(variant="classic", channels=3), 61_706 + 2 * 25 * 6),
        (Architecture(variant="classic", classes=100), 61_706 + 90 * 85),
        (Architecture(), 320 + 3 * 9_248 + 80_760 + 10_164 + 850),
        (Architecture(kernels=(16, 48)), 160 + 2_320 + 6_960 + 20_784 + (21 * 48 + 1) * 120 + 10_164 + 850),
    ],
)
def test_parameters(architecture: Architecture, expected: int) -> None:
    assert parameters(build(architecture)) == expected


def test_without_batch_norm_the_parameters_are_those_keras_counts() -> None:
    assert build(CLASSIC).count_params() == 61_706


def test_multiply_accumulates_of_classic() -> None:
    assert multiply_accumulates(build(CLASSIC)) == {
        "C1": 28 * 28 * 25 * 6,
        "C3": 10 * 10 * 25 * 6 * 16,
        "C5": 25 * 16 * 120,
        "F6": 120 * 84,
        "logits": 84 * 10,
    }


def test_multiply_accumulates_of_the_papers_network() -> None:
    assert multiply_accumulates(build(Architecture())) == {
        "C1a": 30 * 30 * 9 * 32,
        "C1b": 28 * 28 * 9 * 32 * 32,
        "C3a": 12 * 12 * 9 * 32 * 32,
        "C3b": 10 * 10 * 9 * 32 * 32,
        "C5": 21 * 32 * 120,
        "F6": 120 * 84,
        "logits": 84 * 10,
    }


@pytest.mark.parametrize("architecture", VARIED, ids=str)
def test_probabilities_sum_to_one(architecture: Architecture) -> None:
    output = np.asarray(build(architecture)(cells(3, architecture.channels)))
    assert output.shape == (3, architecture.classes)
    np.testing.assert_allclose(output.sum(1), 1.0, atol=1e-5)


@pytest.mark.parametrize("architecture", VARIED, ids=str)
def test_a_saved_network_answers_the_same(architecture: Architecture, tmp_path: Path) -> None:
    model = build(architecture)
    model.save(tmp_path / "saved.keras")
    loaded = keras.saving.load_model(tmp_path / "saved.keras")
    pictures = cells(2, architecture.channels)
    np.testing.assert_array_equal(np.asarray(model(pictures)), np.asarray(loaded(pictures)))
    assert parameters(loaded) == parameters(model)


def test_leaky_relu_is_x_above_zero_and_leak_x_below() -> None:
    model = build(Architecture(leak=0.01))
    activations = [layer for layer in model.layers if isinstance(layer, keras.layers.LeakyReLU)]
    assert len(activations) == 6
    for activation in activations:
        np.testing.assert_allclose(np.asarray(activation(np.array([-2.0, 0.0, 3.0], np.float32))), [-0.02, 0.0, 3.0], rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("sigmoid", [0.26894143, 0.5, 0.880797]), ("tanh", [-0.7615942, 0.0, 0.9640276]), ("relu", [0.0, 0.0, 2.0])],
)
def test_activations(name: Any, expected: list[float]) -> None:
    layer = build(Architecture(variant="classic", activation=name)).get_layer(f"C1_{name}")
    np.testing.assert_allclose(np.asarray(layer(np.array([-1.0, 0.0, 2.0], np.float32))), expected, rtol=1e-5)


@pytest.mark.parametrize(("pooling", "expected"), [("max", 4.0), ("average", 2.5), ("stochastic", (1 + 4 + 9 + 16) / 10)])
def test_pooling_of_1_2_3_4_at_inference(pooling: Any, expected: float) -> None:
    layer = build(Architecture(variant="classic", pooling=pooling)).get_layer("S2")
    window = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32).reshape(1, 2, 2, 1)
    np.testing.assert_allclose(np.asarray(layer(window)).item(), expected, rtol=1e-5)


def test_stochastic_pooling_draws_in_proportion_to_the_value_in_training() -> None:
    window = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    pictures = np.tile(window, (20, 20))[None, :, :, None].repeat(10, axis=0)
    drawn = np.asarray(StochasticPooling2D(2, strides=2, seed=1)(pictures, training=True)).ravel()
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == [1.0, 2.0, 3.0, 4.0]
    np.testing.assert_allclose(counts / drawn.size, [0.1, 0.2, 0.3, 0.4], atol=0.03)


def test_stochastic_pooling_does_not_draw_negative_values_beside_positive_ones() -> None:
    window = np.array([[-5.0, -1.0], [0.5, -3.0]], np.float32).reshape(1, 2, 2, 1)
    layer = StochasticPooling2D(2, strides=2, seed=1)
    assert {np.asarray(layer(window, training=True)).item() for _ in range(50)} == {0.5}


def test_stochastic_pooling_keeps_channels_apart() -> None:
    picture = np.zeros((1, 2, 2, 3), np.float32)
    picture[0, 0, 0], picture[0, 1, 1] = [1, 10, 0], [0, 0, 100]
    np.testing.assert_allclose(np.asarray(StochasticPooling2D(2, strides=2)(picture)).ravel(), [1, 10, 100], rtol=1e-4)


def test_dropout_stands_before_the_output_and_acts_only_in_training() -> None:
    model = build(Architecture(variant="classic", dropout=0.5))
    assert [layer.name for layer in model.layers][-3:] == ["dropout", "logits", "probabilities"]
    ones = np.ones((1, 1000), np.float32)
    assert np.asarray(model.get_layer("dropout")(ones, training=False)).tolist() == ones.tolist()
    dropped = np.asarray(model.get_layer("dropout")(ones, training=True))
    assert set(np.unique(dropped).tolist()) == {0.0, 2.0}
    assert 400 < (dropped == 0).sum() < 600
    assert "dropout" not in shapes(build(CLASSIC))


def test_batch_norm_follows_each_convolution_and_takes_its_bias() -> None:
    model = build(Architecture(batch_norm=True))
    names = [layer.name for layer in model.layers]
    for name in ("C1a", "C1b", "C3a", "C3b"):
        assert names[names.index(name) + 1] == f"{name}_norm"
        assert not model.get_layer(name).use_bias


def test_the_selective_table_is_lecuns() -> None:
    assert [len(maps) for maps in SELECTIVE_TABLE] == [3] * 6 + [4] * 9 + [6]
    assert selective_mask().sum() == 60
    assert selective_mask().sum(axis=(0, 1, 3)).tolist() == [10] * 6
    assert describe.describe(build(Architecture(variant="classic", c3="selective")))["layers"][3]["parameters"] == 1_516


def test_connections_the_table_leaves_out_stay_zero_in_training() -> None:
    keras.utils.set_random_seed(0)
    model = build(Architecture(variant="classic", c3="selective"))
    before = np.asarray(model.get_layer("C3").kernel)
    model.compile("adam", "sparse_categorical_crossentropy")
    for _ in range(3):
        model.train_on_batch(cells(16), np.arange(16) % 10)
    after = np.asarray(model.get_layer("C3").kernel)
    connected = np.broadcast_to(selective_mask() == 1, after.shape)
    assert (after[~connected] == 0).all()
    assert (after[connected] != before[connected]).mean() > 0.9


def test_the_selective_table_fits_no_other_network() -> None:
    with pytest.raises(ValueError, match="LeCun's table connects 6 maps to 16"):
        Architecture(variant="spp", c3="selective")
    with pytest.raises(ValueError, match="LeCun's table connects 6 maps to 16"):
        Architecture(variant="classic", kernels=(6, 32), c3="selective")
