"""Pictures that are made where there are no fixed ones: cells of written words, rendered digits; and those that a model is judged by."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from convert import representative as module
from convert import verify
from convert.representative import representative
from edge.vision.handwritten import NO_DIGIT
from train import evaluate, segmented, synthetic
from train.datasets import mnist
from train.samples import unpadded


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few pictures, of few faces, to be quick."""
    monkeypatch.setattr(module, "COUNT", 60)
    monkeypatch.setattr(verify, "SYNTHETIC_COUNT", 60)
    monkeypatch.setattr(synthetic, "STROKE_FACES", 20)


@pytest.mark.parametrize("source", ["real", "synthetic"])
def test_cells_of_segments_are_the_same_each_time(source: str) -> None:
    once, again = (representative("segments", [source]) for _ in range(2))
    assert (once.shape, once.dtype) == ((60, 32, 32, 1), np.dtype(np.uint8))
    np.testing.assert_array_equal(once, again)
    assert (int(once.min()), int(once.max())) == (0, 255)
    assert len(np.unique(once, axis=0)) == 60


def test_segments_are_cut_out_of_words_of_the_fixed_digits_of_the_training_set() -> None:
    images, labels = mnist("train")
    fixed = json.loads(module.CHECKED_IN.read_text(encoding="utf-8"))["mnist"]
    cells, shown = segmented.bank(images[fixed], labels[fixed], 60, seed=1)
    np.testing.assert_array_equal(representative("segments", ["real"])[..., 0], cells)
    assert 0.3 < (shown == NO_DIGIT).mean() < 0.9


def test_each_source_that_a_counter_learnt_from_has_its_part(tmp_path: Path) -> None:
    alone = {}
    for name, level in (("one", 60), ("two", 180)):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / "a.png"), np.linspace([0], [level], 30, dtype=np.uint8).repeat(20, 1))
        (tmp_path / name / "index.csv").write_text("split,path,label,kind,meter,display\ntrain,a.png,4.7,tenths,m,roller\n")
        alone[name] = representative("counter", [str(tmp_path / name)])
    cells = representative("counter", [str(tmp_path / "one"), str(tmp_path / "two"), "synthetic"])
    np.testing.assert_array_equal(cells[:2], np.concatenate([alone["one"], alone["two"]]))
    np.testing.assert_array_equal(cells[2:], representative("counter", ["synthetic"])[::3])


def test_a_judge_trained_on_rendered_digits_is_judged_by_cells_of_others() -> None:
    test = verify.unseen("segments", ["synthetic"])
    images, labels = synthetic.handwritten(60, seed=2)
    cells, shown = segmented.bank(unpadded(images), labels, 60, seed=2)
    assert test.data == verify.RENDERED
    np.testing.assert_array_equal(test.cells, cells[..., None])
    assert test.measure(np.eye(11, dtype=np.float32)[shown]) == {"n": 60, "error": 0.0, "right_digit": 1.0}
    none = test.measure(np.eye(11, dtype=np.float32)[[NO_DIGIT] * 60])
    assert none["right_digit"] == pytest.approx((shown == NO_DIGIT).mean())


def test_a_judge_trained_on_real_digits_is_judged_by_cells_of_the_test_set_or_of_val(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "CUT_OUT", 40)
    evaluate.cut_out.cache_clear()
    for split, (images, labels) in {"test": mnist("test"), "val": mnist("train")}.items():
        test = verify.unseen("segments", ["real"], split=split)
        last = slice(-5_000 if split == "val" else None, None)
        cells, shown = segmented.bank(images[last], labels[last], 40, seed=evaluate.CUT_OUT_SEED)
        assert test.data == "mnist"
        np.testing.assert_array_equal(test.cells, cells[..., None])
        assert test.measure(np.eye(11, dtype=np.float32)[shown])["right_digit"] == 1.0
    evaluate.cut_out.cache_clear()


def test_handwriting_is_judged_as_before() -> None:
    images, labels = synthetic.handwritten(60, seed=2)
    rendered = verify.unseen("handwritten", ["synthetic"])
    np.testing.assert_array_equal(rendered.cells, images[..., None])
    assert rendered.measure(np.eye(10, dtype=np.float32)[labels])["right_digit"] == 1.0
    real = verify.unseen("handwritten", ["real"])
    np.testing.assert_array_equal(real.cells[:, 2:-2, 2:-2, 0], mnist("test")[0])
    assert (real.data, real.measure(np.eye(10, dtype=np.float32)[mnist("test")[1]])["n"]) == ("mnist", 10_000)
