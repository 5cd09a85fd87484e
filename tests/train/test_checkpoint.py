"""What is written while a run goes on is whole, or is not there."""

from pathlib import Path
from typing import Any

import pytest

from edge.errors import ModelError
from train.checkpoint import Checkpoint, replacing, set_aside
from train.lenet5 import Architecture, build


@pytest.fixture
def saved(tmp_path: Path) -> Checkpoint:
    checkpoint = Checkpoint(tmp_path / "checkpoint.npz", "run")
    checkpoint.save(compiled(), [{"epoch": 1}])
    return checkpoint


def compiled(kernels: tuple[int, int] = (1, 1)) -> Any:
    model = build(Architecture(kernels=kernels))
    model.compile("sgd", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def test_the_history_comes_back_to_the_run_that_left_it_and_to_no_other(saved: Checkpoint) -> None:
    assert saved.restore(compiled()) == [{"epoch": 1}]
    assert Checkpoint(saved.path, "other").restore(compiled()) == []


@pytest.mark.parametrize("damage", ["cut", "bit", "text"])
def test_a_damaged_checkpoint_is_named_with_the_fix(saved: Checkpoint, damage: str) -> None:
    content = bytearray(saved.path.read_bytes())
    content[len(content) // 2] ^= 1
    saved.path.write_bytes({"cut": bytes(content[: len(content) // 2]), "bit": bytes(content), "text": b"damaged"}[damage])
    with pytest.raises(ModelError) as told:
        saved.restore(compiled())
    assert str(told.value) == f"{saved.path}: a damaged checkpoint (not whole, or altered); delete it to start this run anew"


def test_a_checkpoint_of_another_network_is_damaged(saved: Checkpoint) -> None:
    with pytest.raises(ModelError, match="a damaged checkpoint"):
        saved.restore(compiled((2, 1)))


def test_a_file_that_could_not_be_written_leaves_the_old_one_and_is_named(tmp_path: Path) -> None:
    path = tmp_path / "result.keras"
    path.write_text("old")

    def write() -> None:
        with replacing(path) as unfinished:
            unfinished.write_text("half")
            Path("/dev/full").write_text("more")

    with pytest.raises(OSError, match="No space left") as told:
        write()
    assert told.value.filename == str(path)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("result.keras", "old")]


def test_what_is_set_aside_twice_within_a_second_is_kept_twice(tmp_path: Path) -> None:
    assert set_aside(tmp_path, "small") is None
    kept = set()
    for content in ("first", "second"):
        (tmp_path / "small.keras").write_text(content)
        aside = set_aside(tmp_path, "small")
        assert aside is not None
        kept.add((aside / "small.keras").read_text())
    assert kept == {"first", "second"}
    assert len(list(tmp_path.iterdir())) == 2
