"""A teacher is heard: its opinion of a digit is half of the loss, and of what is no digit it is not asked."""

import dataclasses
from pathlib import Path

import numpy as np

from tests.train.test_fit import RECIPE, samples, weights
from train import fit
from train.backend import keras
from train.distillation import SHARE, TEMPERATURE, lesson, lesson_loss, softened
from train.lenet5 import Architecture, build
from train.recipes import HANDWRITTEN, Recipe
from train.targets import digit_targets

TAUGHT = dataclasses.replace(RECIPE, name="taught", teacher=Architecture(kernels=(3, 4), batch_norm=True), teacher_epochs=1, epochs=1)


def test_softened_probabilities_are_those_of_divided_logits() -> None:
    logits = np.array([[0.0, 2.0, 6.0]], np.float32)
    told = np.asarray(softened(keras.ops.softmax(logits)))
    np.testing.assert_allclose(told, np.asarray(keras.ops.softmax(logits / TEMPERATURE)), rtol=1e-5)


def test_a_lesson_holds_the_targets_and_what_the_teacher_says() -> None:
    teacher = build(Architecture(kernels=(2, 3)))
    cells = np.random.default_rng(1).random((3, 32, 32, 1), np.float32)
    targets = digit_targets(np.array([3, 1, 4]), 10, 0.0)
    targets[2] = 0.1
    lessons = lesson(teacher, cells, targets)
    np.testing.assert_array_equal(lessons[:, :10], targets)
    np.testing.assert_allclose(lessons[:2, 10:], np.asarray(softened(teacher.predict_on_batch(cells)))[:2], rtol=1e-5)
    np.testing.assert_array_equal(lessons[2, 10:], targets[2])


def test_the_loss_is_least_where_both_are_heard() -> None:
    label = digit_targets(np.array([2]), 10, 0.0)
    for teacher_says in (2, 7):
        certain = np.full((1, 10), 1e-3, np.float32)
        certain[0, teacher_says] = 1 - 9e-3
        lessons = np.concatenate([label, np.asarray(softened(certain))], axis=1)
        losses = {answer: float(np.asarray(lesson_loss(lessons, digit_targets(np.array([answer]), 10, 0.01)))[0]) for answer in (2, 5, 7)}
        assert losses[2] < losses[5]
        assert teacher_says == 2 or losses[7] < losses[5]
    assert 0 < SHARE < 1


def test_a_teacher_changes_what_is_learnt(tmp_path: Path) -> None:
    run = fit.Run(output=tmp_path, threads=1)
    teacher = fit.fit(TAUGHT.of_teacher(), samples(), run, {})
    alone = fit.fit(dataclasses.replace(TAUGHT, name="alone"), samples(), run, {})
    taught = fit.fit(TAUGHT, samples(), run, {}, teacher)
    assert teacher.name == "taught-teacher.keras"
    assert any((one != other).any() for one, other in zip(weights(alone), weights(taught), strict=True))


def test_the_teacher_is_the_recipes_own_and_learns_from_labels() -> None:
    taught: Recipe = HANDWRITTEN.of_teacher()
    assert taught.architecture == HANDWRITTEN.teacher
    assert (taught.teacher, taught.junk, taught.epochs) == (None, 0, HANDWRITTEN.teacher_epochs)
