"""The proof that a converted model still reads: every runtime, every picture of the test sets. Without it no card is written."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx as onnx_library
import onnxruntime

from convert import old_runtime
from edge.errors import ModelError
from edge.inference.model import open_model
from edge.vision.cells import to_cells
from train import datasets, metrics, segmented, synthetic
from train.evaluate import digit_cells, in_batches
from train.samples import unpadded

Cells = npt.NDArray[np.uint8]
Answers = npt.NDArray[np.float32]
ROUNDING = 1e-9
"""Of shares: 0.97475 less 0.97425 is 0.0005 and a little."""
MOST_GAP_QUANTA = 1
"""Between LiteRT and ONNX Runtime."""
SYNTHETIC_COUNT = 2_000
RENDERED = "synthetic digits"
"""What stands for a published set where a model was trained on rendered digits alone."""
OLD_RUNTIME = "tflite-runtime 2.14.0"


class DecidedOtherwiseError(ModelError):
    """tflite-runtime decides a picture otherwise, and not for a tie."""


class LostTooMuchError(ModelError):
    """int8 reads fewer pictures right than float32, by more than a conversion may cost."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """What a conversion may cost."""

    loss: float
    """Share of right digits that int8 may lose against float32."""
    tie_quanta: int
    """How far apart two logits may be to count as a tie that another runtime may decide otherwise."""


SHIPPED = Limits(loss=0.0005, tie_quanta=1)
QUICK = Limits(loss=0.1, tie_quanta=32)
"""After minutes of training most digits stand on the edge, and logits are close together: the way is proven, not the figures."""


@dataclasses.dataclass(frozen=True)
class Unseen:
    """Cells uint8 [N, 32, 32, 1] that the model never saw (but for `val`, once it is learnt too), and what counts as right on them."""

    data: str
    """The published set they are of, or RENDERED."""
    cells: Cells
    measure: Callable[[Answers], dict[str, Any]]


def unseen(task: str, sources: list[str], *, split: str = "test") -> Unseen:
    """The whole published test set, or `val` to choose by; rendered digits of another seed for a model trained without real data."""
    if task != "counter":
        cells, labels = digit_cells(task, split) if "real" in sources else _rendered_handwriting(task)
        return Unseen("mnist" if "real" in sources else RENDERED, cells, lambda answers: metrics.handwritten(answers, labels))
    if sources == ["synthetic"]:
        crops, positions, kinds, displays = synthetic.digits(SYNTHETIC_COUNT, seed=2)
        data, digits = RENDERED, datasets.MeterDigits(crops, positions, kinds, displays, displays, [""] * len(crops))
    else:
        data, digits = "meter-digits", datasets.meter_digits(split)
    return Unseen(data, to_cells(digits.crops), lambda answers: metrics.counter(answers, digits))


def _rendered_handwriting(task: str) -> tuple[Cells, npt.NDArray[np.uint8]]:
    images, labels = synthetic.handwritten(SYNTHETIC_COUNT, seed=2)
    if task == "segments":
        images, labels = segmented.bank(unpadded(images), labels, SYNTHETIC_COUNT, seed=2)
    return images[..., None], labels


def verify(
    float32: Callable[[Cells], Answers], tflite: Path, onnx: Path, test: Unseen, *, limits: Limits = SHIPPED, old: bool = True
) -> dict[str, Any]:
    """Metrics of float32 and int8, and how the runtimes agree, as the card holds them. old: whether tflite-runtime is one of them.

    Raises ModelError naming what does not hold (DecidedOtherwiseError where tflite-runtime does, LostTooMuchError where int8 does not
    read as well), RuntimeMissingError where tflite-runtime cannot be installed.
    """
    litert, ort = open_model(tflite, threads=2), open_model(onnx, threads=2)
    answers = in_batches(litert.quantized, test.cells)
    parity: dict[str, Any] = {
        "reference": litert.runtime,
        "pictures": len(test.cells),
        ort.runtime: same_bits(onnx, answers, in_batches(ort.quantized, test.cells)),
    }
    if old:
        theirs = old_runtime.answers(tflite, test.cells)
        parity[OLD_RUNTIME] = same_decisions(tflite, answers, theirs, logits(onnx, test.cells), limits.tie_quanta)
    else:
        parity[OLD_RUNTIME] = "not compared"
    before, after = test.measure(in_batches(float32, test.cells)), test.measure(answers.astype(np.float32) / np.float32(256))
    if (loss := before["right_digit"] - after["right_digit"]) > limits.loss + ROUNDING:
        raise LostTooMuchError(
            f"{tflite.name}: int8 reads {100 * after['right_digit']:.2f} % of {test.data}, float32 {100 * before['right_digit']:.2f} %: "
            f"{100 * loss:.2f} points lost; expected at most {100 * limits.loss:.2f}"
        )
    return {"float32": before, "int8": after, "parity": parity}


def same_bits(path: Path, reference: Cells, answers: Cells) -> dict[str, Any]:
    """Largest difference in quanta and how many pictures are decided otherwise: none, or ModelError."""
    gap, other = _gap(reference, answers), np.flatnonzero(reference.argmax(1) != answers.argmax(1))
    if gap > MOST_GAP_QUANTA or len(other):
        raise ModelError(
            f"{path.name}: differs from LiteRT by up to {gap} quanta and decides {len(other)} of {len(answers)} pictures otherwise; "
            f"expected at most {MOST_GAP_QUANTA} and none. The runtimes round LeakyReLU and average pooling otherwise: train with "
            "--activation relu and --pooling max"
        )
    return {"largest_gap_quanta": gap, "decided_otherwise": 0}


def same_decisions(path: Path, reference: Cells, answers: Cells, logits: Cells, tie_quanta: int = SHIPPED.tie_quanta) -> dict[str, Any]:
    """The same for a runtime that rounds otherwise: pictures may be decided otherwise where two classes tie.

    Each layer's rounding may move a logit by a quantum, which the softmax makes many of its own: a tie is two `logits`, uint8 [N, K],
    no more than `tie_quanta` apart. Raises DecidedOtherwiseError where there was none.
    """
    other = np.flatnonzero(reference.argmax(1) != answers.argmax(1))
    margins = logits[other].max(1).astype(int) - logits[other, answers[other].argmax(1)]
    if (clear := margins > tie_quanta).any():
        raise DecidedOtherwiseError(
            f"{path.name}: {int(clear.sum())} of {len(answers)} pictures are decided otherwise by {OLD_RUNTIME} than by LiteRT, by up to "
            f"{margins.max()} quanta of the logits; expected none but ties within {tie_quanta}. "
            "--no-tflite-runtime converts without that comparison, and the card says so"
        )
    return {"largest_gap_quanta": _gap(reference, answers), "decided_otherwise": len(other), "all_of_them_ties": True}


def logits(onnx: Path, cells: Cells) -> Cells:
    """What goes into the softmax, in quanta: uint8 [N, K], by ONNX Runtime."""
    model = onnx_library.load(onnx)
    makers = {name: node for node in model.graph.node for name in node.output}
    softmax = next(node for node in model.graph.node if node.op_type == "Softmax")
    quantized = makers[softmax.input[0]].input[0]
    del model.graph.output[:]
    model.graph.output.append(onnx_library.helper.make_tensor_value_info(quantized, onnx_library.TensorProto.UINT8, None))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return in_batches(lambda some: session.run(None, {session.get_inputs()[0].name: some})[0], cells)


def _gap(reference: Cells, answers: Cells) -> int:
    return int(np.abs(reference.astype(int) - answers).max())
