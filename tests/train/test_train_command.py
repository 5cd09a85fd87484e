"""`python -m train` as its user meets it: data that is missing, options that contradict, a short run with its report."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.inference.fitting import Task
from tests.test_arrows import ROOT
from train import datasets, downloads, recipes
from train.__main__ import main
from train.lenet5 import build, parameters
from train.recipes import CLASSIC, COUNTER, HANDWRITTEN, PAPER, SEGMENTS


def copied(folder: Path) -> Path:
    """A copy of the code that has no data beside it."""
    project = folder / "a" / "project"
    for package in ("train", "edge"):
        shutil.copytree(ROOT / package, project / package)
    return project


def train(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`python -m train` in a process of its own, whose cache is empty and whose proxy refuses."""
    proxy = "http://127.0.0.1:9"
    environment = {**os.environ, "XDG_CACHE_HOME": str(cwd / "cache"), "HTTPS_PROXY": proxy, "https_proxy": proxy, "NO_PROXY": ""}
    environment.pop("DIGITD_DATA", None)
    return subprocess.run([sys.executable, "-m", "train", *words], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_models_that_train_side_by_side_miss_their_data_once(tmp_path: Path) -> None:
    result = train("--quick", cwd=copied(tmp_path))
    assert result.returncode == 1
    (told,) = result.stderr.splitlines()
    assert told.startswith("python -m train: mnist is not whole in any data folder, and train-images-idx3-ubyte.gz could not be downloaded")


@pytest.mark.parametrize("task", ["counter", "handwritten"])
def test_data_that_is_there_is_not_got_again(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "fetch", None)
    monkeypatch.setattr(downloads, "meter_digits", None)
    datasets.get(task)


def test_the_papers_recipe_is_the_papers() -> None:
    assert (PAPER.batch, PAPER.epochs, PAPER.optimizer, PAPER.augment) == (120, 20, "sgd", False)
    assert 60_000 // PAPER.batch * PAPER.epochs == 10_000
    assert 60_000 // PAPER.batch == 500
    assert PAPER.architecture.kernels == (32, 32)
    assert PAPER.test_curve


def test_the_networks_that_ship_are_within_their_budget() -> None:
    assert recipes.SHIPPED == ("lenet5-handwritten", "lenet5-counter", "lenet5-segments")
    for name in recipes.SHIPPED:
        assert parameters(build(recipes.RECIPES[name].architecture)) <= 150_000
    assert [recipe.architecture.classes for recipe in (HANDWRITTEN, COUNTER, SEGMENTS)] == [10, 100, 11]
    assert CLASSIC.architecture.variant == "classic"


def test_quick_changes_lengths_and_no_choices() -> None:
    quick = recipes.quick(COUNTER)
    assert quick.architecture == COUNTER.architecture
    assert (quick.epochs, quick.limit) == (2, 6_000)
    assert (quick.synthetic, quick.rolled, quick.segmented) == (3_000, 1_000, 0)
    assert [recipes.quick(recipe).segmented for recipe in (HANDWRITTEN, SEGMENTS)] == [1_200, 1_200]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--data", "nowhere"], "--data nowhere: no such folder; expected real, synthetic, or a folder"),
        (["--epochs", "0"], "--epochs 0: expected 1 or more"),
        (["--recipe", "paper"], "--recipe paper and --model lenet5-counter: the paper's recipe trains lenet5-paper"),
        (["--channels", "3"], "--channels 3: the training pictures are grey; expected 1"),
        (["--held-out", "-1"], "--held-out -1: expected 0 to 59,872"),
        (["--held-out", "59873"], "--held-out 59873: expected 0 to 59,872"),
        (["--model", "lenet5-handwritten", "--classes", "100"], "--classes 100 for lenet5-handwritten: expected 10, for handwriting has"),
        (["--model", "lenet5-segments", "--classes", "10"], "--classes 10 for lenet5-segments: expected 11, the digits and what is none"),
        (["--classes", "11"], "--classes 11 for lenet5-counter: expected 100, tenths of a digit, or 10, digits"),
        (["--output", "/dev/null/runs"], "--output /dev/null/runs: Not a directory; expected a folder that can be written to"),
        (["study", "--epochs", "-1"], "--epochs -1: expected 1 or more"),
        (["--c3", "selective"], "use variant='classic'"),
        (["sheet", "--count", "0"], "--count 0: expected 1 to 6,000"),
        (["sheet", "--count", "1", "--output", "/nowhere/sheet.png"], "cannot be written"),
        (["sheet", "--output", "sheet.txt"], "--output sheet.txt: a .txt file; expected a name that ends in .png or .jpg"),
        (["sheet", "--of", "handwritten", "--count", "6001"], "--count 6001: expected 1 to 6,000"),
        (["describ"], "describ: no such command; did you mean describe?"),
        (["xyz"], "xyz: no such command; expected one of data, describe"),
    ],
)
def test_wrong_use_is_one_line_that_names_the_fix(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = words if not words[0].startswith("-") else ["--model", "lenet5-counter", *words]
    assert main(given) == (1 if words[0] == "--data" else 2)
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--seed", "-1"], "--seed: -1: expected a whole number, 0 to 4,294,967,295"),
        (["study", "--seed", "4294967296"], "--seed: 4294967296: expected a whole number, 0 to 4,294,967,295"),
        (["study", "--widths", "9"], "--widths: 9: expected two numbers of 1 to 1,024"),
        (["study", "--widths", "8,24", "9999,9999"], "--widths: 9999,9999: expected two numbers of 1 to 1,024"),
        (["--threads", "-1"], "--threads: -1: expected a whole number, 1 or more"),
    ],
)
def test_numbers_out_of_bounds_are_refused_while_the_command_is_read(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert said in capsys.readouterr().err


def test_debug_may_stand_before_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--debug", "sheet", "--count", "0"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("Traceback")
    assert told.endswith("python -m train sheet: --count 0: expected 1 to 6,000\n")


@pytest.mark.parametrize(("environment", "said"), [({}, "\npython -m train describe: stopped\n"), ({"TQDM_POSITION": "1"}, "")])
def test_ctrl_c_while_tensorflow_is_read_in_is_one_line(environment: dict[str, str], said: str) -> None:
    """And none by one of several that run side by side."""

    def heed() -> None:  # what a shell starts in the background ignores interrupts, and so would its children
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    command = [sys.executable, "-m", "train", "describe"]
    environment = {**os.environ, **environment}
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, preexec_fn=heed, env=environment) as started:
        while "tensorflow" not in Path(f"/proc/{started.pid}/maps").read_text():
            time.sleep(0.02)
        started.send_signal(signal.SIGINT)
        assert started.communicate()[1] == said
    assert started.returncode == 130


def test_quick_and_held_out_learn_from_nothing_that_is_measured() -> None:
    assert HANDWRITTEN.unseen == 0
    assert recipes.quick(HANDWRITTEN).unseen == 54_000
    assert dataclasses.replace(recipes.quick(HANDWRITTEN), held_out=58_000).unseen == 58_000


@pytest.mark.parametrize("name", ["lenet5-handwritten", "lenet5-segments"])
def test_handwriting_is_not_learnt_from_a_folder_of_counters(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main(["--model", name, "--data", str(tmp_path), "--output", str(tmp_path)]) == 1
    assert "Name the model to train on it: --model lenet5-counter" in capsys.readouterr().err


def test_a_run_on_rendered_digits_needs_no_data_and_leaves_a_report(tmp_path: Path) -> None:
    words = ["--quick", "--data", "synthetic", "--model", "lenet5-counter", "--kernels", "2,4", "--epochs", "1"]
    result = train(*words, "--output", str(tmp_path), cwd=copied(tmp_path))
    assert result.returncode == 0, result.stderr
    summary = json.loads((tmp_path / "lenet5-counter.training.json").read_text())
    assert summary["sources"] == ["synthetic"]
    assert summary["architecture"]["kernels"] == [2, 4]
    page = (tmp_path / "lenet5-counter" / "report.html").read_text()
    assert "data:image/png;base64," in page
    assert "http" not in page.replace("http-equiv", "")


def test_data_that_is_nowhere_and_no_network_is_one_error_with_both_ways_out(tmp_path: Path) -> None:
    result = train("--model", "lenet5-handwritten", cwd=copied(tmp_path))
    assert result.returncode == 1
    assert "DIGITD_DATA" in result.stderr
    assert "internet" in result.stderr
    assert "Traceback" not in result.stderr


def test_two_models_are_trained_side_by_side(tmp_path: Path) -> None:
    words = ["--quick", "--data", "synthetic", "--model", "lenet5-handwritten", "lenet5-counter", "--kernels", "2,4", "--epochs", "1"]
    result = train(*words, "--output", str(tmp_path), cwd=copied(tmp_path))
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "lenet5-handwritten.keras").exists()
    assert (tmp_path / "lenet5-counter.keras").exists()
