"""`python -m train describe`: its options are the builder's, and it tells what a network is layer by layer."""

import argparse
import json
import re
import zipfile
from pathlib import Path

import pytest

from edge.errors import ModelError, UsageError
from train import describe
from train.backend import keras
from train.lenet5 import Architecture, build, parameters

SMALL = Architecture(kernels=(4, 8), pooling="stochastic", batch_norm=True, dropout=0.3, classes=100)


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    describe.add_arguments(parser)
    return parser.parse_args(words)


def test_every_field_of_the_architecture_is_an_option() -> None:
    words = (
        "--variant classic --activation tanh --leak 0.2 --pooling average --kernels 6,16 --dropout .5 --c3 selective --channels 3 "
        "--batch-norm --classes 100"
    )
    assert describe.architecture_from(arguments(*words.split())) == Architecture(
        variant="classic", activation="tanh", leak=0.2, pooling="average", kernels=(6, 16), dropout=0.5, c3="selective", channels=3,
        batch_norm=True, classes=100,
    )  # fmt: skip


def test_options_that_are_not_given_leave_the_recipes_network() -> None:
    base = Architecture(activation="relu", batch_norm=True, dropout=0.2, classes=100)
    assert describe.architecture_from(arguments(), base) == base
    assert describe.architecture_from(arguments("--no-batch-norm"), base).batch_norm is False
    assert describe.architecture_from(arguments("--variant", "classic"), base).kernels == (6, 16)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--dropout 1", "expected 0 or more and less than 1"),
        ("--leak -1", "expected 0 or more and less than 1"),
        ("--kernels 6", "expected two numbers of 1 to 1,024, such as 6,16"),
        ("--kernels 0,16", "expected two numbers of 1 to 1,024, such as 6,16"),
        ("--kernels 32,1025", "expected two numbers of 1 to 1,024, such as 6,16"),
        ("--kernels 100000,100000", "expected two numbers of 1 to 1,024, such as 6,16"),
        ("--classes 20", "invalid choice: 20 (choose from 10, 11, 100)"),
        ("--variant lenet", "invalid choice"),
    ],
)
def test_a_wrong_option_is_refused_with_what_was_expected(words: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments(*words.split())
    assert message in capsys.readouterr().err


def test_every_option_tells_what_it_does_and_what_holds_without_it() -> None:
    parser = argparse.ArgumentParser()
    describe.add_arguments(parser)
    for action in parser._actions[-len(describe.FIELDS) :]:
        assert re.fullmatch(r"\w.*\. Default: .+\.", action.help or "", re.S), action.dest
    assert describe.differences(Architecture(kernels=(4, 8), batch_norm=True)) == "kernels 4,8, batch-norm yes"


def test_options_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(UsageError, match="use variant='classic'"):
        describe.main(arguments("--c3", "selective"))
    with pytest.raises(UsageError, match="give either a file or options"):
        describe.main(arguments("model.keras", "--leak", "0.1"))


def test_describe_prints_each_layer_and_the_totals(capsys: pytest.CaptureFixture[str]) -> None:
    assert describe.main(arguments("--variant", "classic", "--activation", "relu")) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["lenet5_classic,", "cells", "32×32×1"]
    assert ["C3", "Conv2D", "10×10×16", "2,416", "240,000"] in lines
    assert ["S4", "MaxPooling2D", "5×5×16", "·", "·"] in lines
    assert lines[-1] == ["total", "61,706", "416,520"]


def test_describe_reads_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build(SMALL).save(tmp_path / "small.keras")
    assert describe.main(arguments(str(tmp_path / "small.keras"), "--json")) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["parameters"] == sum(layer["parameters"] for layer in result["layers"]) == parameters(build(SMALL))
    assert result["multiply_accumulates"] == sum(layer["multiply_accumulates"] for layer in result["layers"])
    assert result["layers"][-1]["output"] == [100]


def network(*shape: int, outputs: int = 1, dense: bool = True) -> keras.Model:
    """Somebody's network on cells of a shape."""
    cells = keras.Input(shape)
    x = keras.layers.Flatten()(cells) if dense else cells
    return keras.Model(cells, [keras.layers.Dense(10)(x) for _ in range(outputs)] if outputs > 1 else keras.layers.Dense(10)(x))


def test_describe_refuses_what_is_no_keras_file_of_ours(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file"):
        describe.main(arguments(str(tmp_path / "none.keras")))
    (tmp_path / "other.tflite").write_bytes(b"TFL3")
    with pytest.raises(ModelError, match=r"not a \.keras file"):
        describe.main(arguments(str(tmp_path / "other.tflite")))
    path = tmp_path / "foreign.keras"
    path.write_bytes(b"damaged")
    with pytest.raises(ModelError, match="Keras cannot read it"):
        describe.main(arguments(str(path)))
    with zipfile.ZipFile(path, "w") as empty:
        empty.writestr("readme", "")
    with pytest.raises(ModelError, match="Keras cannot read it"):
        describe.main(arguments(str(path)))
    for model, said in (
        (network(28, 28, 1), "a network from 28×28×1 to 10; expected cells 32×32×1 to classes"),
        (network(32, 32, 1, outputs=2), "a network from 32×32×1 to 10 and 10; expected"),
        (network(32, 32, 1, dense=False), "a network from 32×32×1 to 32×32×10; expected"),
    ):
        model.save(path)
        with pytest.raises(ModelError, match=said):
            describe.main(arguments(str(path)))
