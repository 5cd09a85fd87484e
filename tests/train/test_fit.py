"""A run that was killed ends as if it had not been."""

import dataclasses
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import DataError
from train import augment, fit
from train.backend import keras
from train.lenet5 import Architecture
from train.recipes import Recipe
from train.samples import Samples

RECIPE = Recipe(
    name="small",
    task="handwritten",
    architecture=Architecture(kernels=(2, 3), batch_norm=True, dropout=0.3, pooling="stochastic"),
    epochs=3,
    batch=8,
)


def samples() -> Samples:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (40, 32, 32), np.uint8)
    return Samples(pictures, np.eye(10, dtype=np.float32)[rng.integers(0, 10, 40)], augment.handwritten)


def weights(path: Path) -> list[Any]:
    return [np.asarray(weight) for weight in keras.saving.load_model(path, compile=False).get_weights()]


class Killed(Exception):
    pass


def killed_in_the_second_epoch() -> fit.Measure:
    """What is measured after every epoch, and ends the run when that is done for the second time."""
    calls: list[int] = []

    def stop(_: keras.Model) -> dict[str, Any]:
        calls.append(1)
        if len(calls) == 2:
            raise Killed
        return {}

    return stop


@pytest.mark.parametrize("peers", [1, 2])
def test_a_resumed_run_equals_an_unbroken_one(tmp_path: Path, peers: int) -> None:
    recipe = dataclasses.replace(RECIPE, peers=peers)
    whole = fit.fit(recipe, samples(), fit.Run(output=tmp_path / "whole", threads=1), {})

    run = fit.Run(output=tmp_path / "broken", threads=1)
    with pytest.raises(Killed):
        fit.fit(recipe, samples(), run, {"val": killed_in_the_second_epoch()})
    broken = fit.fit(recipe, samples(), run, {})

    for one, other in zip(weights(whole), weights(broken), strict=True):
        np.testing.assert_array_equal(one, other)
    histories = [json.loads(path.with_suffix(".training.json").read_text())["history"] for path in (whole, broken)]
    assert [entry["loss"] for entry in histories[0]] == [entry["loss"] for entry in histories[1]]
    assert len(histories[0]) == 3


def test_another_seed_gives_another_network(tmp_path: Path) -> None:
    short = dataclasses.replace(RECIPE, epochs=1)
    one, other = (fit.fit(short, samples(), fit.Run(output=tmp_path / str(seed), seed=seed, threads=1), {}) for seed in (0, 1))
    assert any((a != b).any() for a, b in zip(weights(one), weights(other), strict=True))


def test_a_peer_makes_another_network_of_the_first_which_is_measured_and_kept(tmp_path: Path) -> None:
    short = dataclasses.replace(RECIPE, epochs=1)
    measured: list[list[Any]] = []

    def measure(network: keras.Model) -> dict[str, Any]:
        measured.append([np.asarray(weight) for weight in network.get_weights()])
        return {}

    alone, taught = (
        fit.fit(dataclasses.replace(short, peers=peers), samples(), fit.Run(output=tmp_path / str(peers), threads=1), {"val": measure})
        for peers in (1, 2)
    )
    assert any((a != b).any() for a, b in zip(weights(alone), weights(taught), strict=True))
    for kept, first in zip(weights(taught), measured[1], strict=True):
        np.testing.assert_array_equal(kept, first)


def test_another_run_is_not_gone_on_with_and_what_it_left_is_set_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, short = fit.Run(output=tmp_path, threads=1), dataclasses.replace(RECIPE, epochs=1)
    first = fit.fit(short, samples(), run, {}).read_bytes()
    path = fit.fit(dataclasses.replace(short, learning_rate=0.1), samples(), run, {})
    summary = json.loads(path.with_suffix(".training.json").read_text())
    assert summary["recipe"]["learning_rate"] == 0.1
    assert len(summary["history"]) == 1
    (aside,) = tmp_path.glob("small-*")
    assert (aside / "small.keras").read_bytes() == first
    assert {"checkpoint.npz", "tensorboard", "small.training.json"} <= {file.name for file in aside.iterdir()}
    assert len(list((tmp_path / "small" / "tensorboard").iterdir())) == 1
    assert f"small: {tmp_path} held another run; it is in {aside} now" in capsys.readouterr().err


def test_labels_put_right_make_another_run(tmp_path: Path) -> None:
    run, short, before = fit.Run(output=tmp_path, threads=1), dataclasses.replace(RECIPE, epochs=1), samples()
    fit.fit(short, before, run, {})
    fit.fit(short, dataclasses.replace(before, targets=before.targets[::-1]), run, {})
    assert len(list(tmp_path.glob("small-*"))) == 1


def test_a_run_that_is_complete_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, short = fit.Run(output=tmp_path, threads=1), dataclasses.replace(RECIPE, epochs=1)
    before = fit.fit(short, samples(), run, {}).stat().st_mtime_ns
    capsys.readouterr()
    assert fit.fit(short, samples(), run, {}).stat().st_mtime_ns == before
    assert capsys.readouterr().err == f"small: already trained in {tmp_path} on the same pictures; nothing to do\n"


def test_a_summary_that_was_lost_is_written_again(tmp_path: Path) -> None:
    run, short = fit.Run(output=tmp_path, threads=1), dataclasses.replace(RECIPE, epochs=1)
    summary = fit.fit(short, samples(), run, {}).with_suffix(".training.json")
    before = json.loads(summary.read_text())
    summary.unlink()
    fit.fit(short, samples(), run, {})
    assert json.loads(summary.read_text())["history"] == before["history"]


def test_another_number_of_threads_is_told_for_it_changes_what_is_learnt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Killed):
        fit.fit(RECIPE, samples(), fit.Run(output=tmp_path, threads=2), {"val": killed_in_the_second_epoch()})
    fit.fit(RECIPE, samples(), fit.Run(output=tmp_path, threads=1), {})
    told = "small: began with 2 threads, goes on with 1: the network will be another one. --threads 2 goes on to the same\n"
    assert told in capsys.readouterr().err


def test_pictures_that_do_not_fill_a_batch_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="small: 40 pictures to learn from; a batch takes 41"):
        fit.fit(dataclasses.replace(RECIPE, batch=41), samples(), fit.Run(output=tmp_path, threads=1), {})


def test_the_largest_seed_is_taken(tmp_path: Path) -> None:
    fit.fit(dataclasses.replace(RECIPE, epochs=1), samples(), fit.Run(output=tmp_path, seed=2**32 - 1, threads=1), {})


def test_without_git_the_commit_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert fit.commit() == "unknown"


def test_changed_code_is_no_commit_and_a_model_made_anew_is_not_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], capture_output=True, text=True, check=True).stdout.strip()

    for name, value in {"DIR": str(tmp_path / ".git"), "WORK_TREE": str(tmp_path)}.items():
        monkeypatch.setenv(f"GIT_{name}", value)
    git("init")
    for file in ("models/card.json", "train/fit.py"):
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text("before")
    git("add", "--all")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--message", "first")
    (tmp_path / "models/card.json").write_text("after")
    assert fit.commit() == git("rev-parse", "HEAD")
    (tmp_path / "train/fit.py").write_text("after")
    assert fit.commit() == git("rev-parse", "HEAD") + "-dirty"


def test_a_run_leaves_logs_for_tensorboard_and_a_summary(tmp_path: Path) -> None:
    path = fit.fit(dataclasses.replace(RECIPE, epochs=1), samples(), fit.Run(output=tmp_path, threads=1), {"val": lambda _: {"error": 0.5}})
    assert list((tmp_path / "small" / "tensorboard").glob("events.*"))
    summary = json.loads(path.with_suffix(".training.json").read_text())
    assert summary["history"][0]["val_error"] == 0.5
    assert summary["history"][0]["updates"] == 5
    assert summary["architecture"]["kernels"] == [2, 3]


def test_batches_are_the_same_for_the_same_epoch_and_others_in_the_next() -> None:
    first, again, next_epoch = (list(samples().epoch(number, batch=8, seed=3)) for number in (0, 0, 1))
    assert [cells.shape for cells, _ in first] == [(8, 32, 32, 1)] * 5
    for (one, _), (other, _) in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert any((one != other).any() for (one, _), (other, _) in zip(first, next_epoch, strict=True))
