"""`report.html` of a run: its curves, what it takes for what, and the worst misreads as a sheet of pictures. One file, no network."""

import base64
import html
import io
import json
from pathlib import Path
from typing import Any

import cv2
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt

from edge.vision.cells import to_cells
from edge.vision.circle import distance
from train import datasets, metrics
from train.checkpoint import replacing
from train.evaluate import HELD_OUT, confusion, digit_cells, evaluate, in_batches, reader, table
from train.recipes import Recipe

Image = npt.NDArray[np.uint8]
WORST = 60
TILE_PX = 64
STYLE = "body{font:15px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}img{max-width:100%}pre{overflow-x:auto}"


def write(model: Path, recipe: Recipe, sources: list[str]) -> Path:
    """Write `<output>/<name>/report.html` for the run that made `model`; returns its path.

    Results are on `val`, never on `test`: that is for `evaluate`, once.
    """
    summary = json.loads(model.with_suffix(".training.json").read_text(encoding="utf-8"))
    parts = [
        f"<h1>{html.escape(recipe.name)}</h1>",
        f"<p>{summary['parameters']:,} parameters, {summary['multiply_accumulates']:,} multiply-accumulates a digit, commit "
        f"{summary['commit']}.</p><p><code>{html.escape(summary['command'])}</code></p>",
        "<h2>Curves</h2>",
        _picture(_curves(summary["history"])),
    ]
    if "real" in sources:
        cells, digits, wrongness, read = _misread(model, recipe)
        result = evaluate(model, split="val")
        parts += [
            f"<h2>{_measured_on(recipe)}</h2>",
            f"<pre>{html.escape(table(result))}</pre>",
            "<h2>What is taken for what</h2>",
            _picture(_confusion(confusion(read, np.rint(digits).astype(int)))),
            "<h2>The worst misreads</h2><p>True position, what was read, its probability; worst first.</p>",
            _picture(_png(misreads(cells, digits, wrongness, read))),
        ]
    page = model.parent / recipe.name / "report.html"
    head = f"<!doctype html><meta charset=utf-8><title>{html.escape(recipe.name)}</title><style>{STYLE}</style>"
    with replacing(page) as unfinished:
        unfinished.write_text(head + "\n".join(parts) + "\n", encoding="utf-8", errors="replace")
    return page


def misreads(cells: Image, truth: npt.NDArray[np.float64], wrongness: npt.NDArray[np.float64], read: npt.NDArray[np.float32]) -> Image:
    """The cells read worst, each with its true position, what was read and how surely: a sheet uint8 [H, W]."""
    where, sure = metrics.places(read), read.max(1)
    tiles = []
    for i in np.argsort(-wrongness)[:WORST]:
        tile = cv2.copyMakeBorder(cv2.resize(cells[i, :, :, 0], (TILE_PX, TILE_PX)), 1, 17, 6, 6, cv2.BORDER_CONSTANT, value=255)
        caption = f"{truth[i]:.1f}>{where[i]:.1f} {sure[i]:.2f}"
        tiles.append(cv2.putText(tile, caption, (1, TILE_PX + 13), cv2.FONT_HERSHEY_SIMPLEX, 0.33, (0,), 1, cv2.LINE_AA))
    blank = np.full((TILE_PX + 18, TILE_PX + 12), 255, np.uint8)
    tiles += [blank] * (-len(tiles) % 12)
    return np.vstack([np.hstack(tiles[i : i + 12]) for i in range(0, len(tiles), 12)])


def _misread(model: Path, recipe: Recipe) -> tuple[Image, npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    """Cells of `val`, true positions, how wrong each was read (digits, plus the probability that it was so), probabilities."""
    if recipe.task != "counter":
        cells, labels = digit_cells(recipe.task, "val")
        truth = labels.astype(np.float64)
    else:
        digits = datasets.meter_digits("val")
        known = np.flatnonzero(~np.isnan(digits.positions))
        cells, truth = to_cells([digits.crops[i] for i in known]), digits.positions[known]
    read = in_batches(reader(model)[0], cells)
    where = metrics.places(read)
    gap = 5.0 * (where != truth) if recipe.task == "segments" else distance(where, truth)
    return cells, truth, np.where(gap > 0.5, 10 + read.max(1), gap), read


def _measured_on(recipe: Recipe) -> str:
    """What `val` is to a recipe."""
    if recipe.unseen >= HELD_OUT or (recipe.unseen and recipe.task == "counter"):
        return "On pictures kept from training (val)"
    if recipe.unseen:
        return f"On the end of the training set, of which the last {recipe.unseen:,} were kept from training and the others were not"
    return "On val, which is learnt from too where nothing is left to choose (a check of the path, not a figure)"


def _curves(history: list[dict[str, Any]]) -> bytes:
    """The loss, and beside it the share of wrong digits where it was measured; a PNG."""
    names = [key for key in history[-1] if key.endswith("_error")] if history else []
    figure, axes = plt.subplots(1, 2 if names else 1, figsize=(10 if names else 5, 3.4), layout="constrained", squeeze=False)
    updates = [entry["updates"] for entry in history]
    axes[0, 0].plot(updates, [entry["loss"] for entry in history], marker=".")
    axes[0, 0].set(title="training loss", xlabel="updates", yscale="log")
    for name in names:
        axes[0, 1].plot(updates, [100 * entry[name] for entry in history], marker=".", label=name.removesuffix("_error"))
        axes[0, 1].set(title="wrong digits, %", xlabel="updates")
        axes[0, 1].legend()
    return _figure(figure)


def _confusion(counts: list[list[int]]) -> bytes:
    figure, axes = plt.subplots(figsize=(5, 4.6), layout="constrained")
    shares = np.array(counts) / np.maximum(np.sum(counts, axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=0.2)
    figures = range(len(counts))
    for row in figures:
        for column in figures:
            if counts[row][column]:
                colour = "white" if shares[row, column] > 0.1 else "black"
                axes.text(column, row, str(counts[row][column]), ha="center", va="center", fontsize=7, color=colour)
    axes.set(xlabel="read as", ylabel="true digit", xticks=figures, yticks=figures)
    return _figure(figure)


def _figure(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    plt.close(figure)
    return buffer.getvalue()


def _png(image: Image) -> bytes:
    return bytes(cv2.imencode(".png", image)[1])


def _picture(png: bytes) -> str:
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
