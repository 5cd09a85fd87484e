"""Confidence against truth, with the model that ships: of one hundred digits read at 0.9, ninety are right."""

import numpy as np

from edge.commands.eval import calibration_error
from edge.counter.odometer import Evidence
from edge.counter.wheels import Mechanism
from edge.inference.model import load
from edge.reader import Reader
from edge.vision.cells import to_cells
from edge.vision.circle import distance, position
from tests.edge.frames import frames
from tests.test_arrows import ROOT
from train import datasets

COUNTER = load(ROOT / "models" / "lenet5-counter.tflite")
CALIBRATION_ERROR = 0.02


def test_digits_of_meters_never_seen_are_right_as_often_as_they_are_certain() -> None:
    digits = datasets.meter_digits("test")
    known = [i for i, kind in enumerate(digits.kinds) if kind != "nan"]
    probabilities = COUNTER.read(to_cells([digits.crops[i] for i in known]))
    certainty = np.array([Evidence(each[None], Mechanism(display="lcd")).decode().confidence for each in probabilities])
    true = np.rint(digits.positions[known]).astype(int) % 10
    resting = distance(digits.positions[known], true) < 0.25
    read = np.rint(position(probabilities)).astype(int) % 10
    assert calibration_error(certainty[resting].tolist(), (read == true)[resting].tolist()) <= CALIBRATION_ERROR


def test_digits_of_the_frames_are_right_as_often_as_they_are_certain() -> None:
    certainty, right = [], []
    for frame in frames():
        reading = Reader(COUNTER, digits=len(frame.digits)).read(frame.picture, frame.corners)
        certainty += [wheel.confidence for wheel in reading.wheels]
        right += [true in ("N", wheel.digit) for wheel, true in zip(reading.wheels, frame.digits, strict=True)]
    assert calibration_error(certainty, right) <= CALIBRATION_ERROR
