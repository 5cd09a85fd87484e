"""One training run: batches in, a `.keras` file and its summary out; killed at any moment, it goes on from its last epoch.

A run's folder `<output>/<name>/` holds `checkpoint.npz` (after each epoch: weights, optimiser, history), TensorBoard logs and, once
finished, `report.html`; the result is `<output>/<name>.keras` (float32) beside `<name>.training.json`.
"""

import contextlib
import dataclasses
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from edge.errors import DataError
from train.backend import keras, tf
from train.checkpoint import Checkpoint, replacing, set_aside
from train.lenet5 import build, multiply_accumulates, parameters
from train.peers import alongside, mutual_loss
from train.recipes import Recipe, as_dict
from train.samples import Samples
from train.targets import circular_loss

Measure = Callable[[keras.Model], dict[str, Any]]
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """Where and how a recipe is run; what is learnt depends on `seed`, `precision` and, by rounding, on `threads`."""

    output: Path
    seed: int = 0
    precision: str = "float32"
    threads: int = 0
    """Processor threads; 0 takes all."""


def fit(recipe: Recipe, samples: Samples, run: Run, curves: dict[str, Measure]) -> Path:
    """Train and write `<output>/<name>.keras`; returns its path. What another run left there is set aside.

    Raises DataError where the samples do not fill a batch, ModelError where the checkpoint is damaged.

    curves: what to measure after every epoch, by the name it is drawn under ("val", "test"). Nothing is chosen by them.
    """
    keras.utils.set_random_seed(run.seed)
    with contextlib.suppress(RuntimeError):  # a process that has computed before keeps the threads it has
        tf.config.threading.set_intra_op_parallelism_threads(run.threads)
        tf.config.threading.set_inter_op_parallelism_threads(run.threads)
    tf.config.experimental.enable_op_determinism()
    cv2.setNumThreads(run.threads or -1)
    keras.config.set_dtype_policy("mixed_bfloat16" if run.precision == "bfloat16" else "float32")

    made_by = commit()  # of the code that trains, before anybody goes on editing it
    folder, result = run.output / recipe.name, run.output / f"{recipe.name}.keras"
    if not (updates := samples.per_epoch // recipe.batch):
        raise DataError(
            f"{recipe.name}: {samples.per_epoch} pictures to learn from; a batch takes {recipe.batch}. Add pictures, or learn from real or "
            "synthetic ones besides: --data"
        )
    networks = [build(recipe.architecture, name=f"peer_{peer}") for peer in range(recipe.peers)]
    model, loss = (networks[0], circular_loss) if recipe.peers == 1 else (alongside(networks), mutual_loss)
    model.compile(_optimizer(recipe, updates * recipe.epochs), loss)
    model.optimizer.build(model.trainable_variables)
    identity = {"recipe": as_dict(recipe), "seed": run.seed, "precision": run.precision, "pictures": len(samples.pictures)}
    identity |= {"sources": list(samples.sources), "sha256": samples.sha256()}
    checkpoint = Checkpoint(folder / "checkpoint.npz", json.dumps(identity, sort_keys=True))
    history: list[dict[str, Any]] = checkpoint.restore(model)
    if len(history) == recipe.epochs and result.exists() and result.with_suffix(".training.json").exists():
        print(f"{recipe.name}: already trained in {run.output} on the same pictures; nothing to do", file=sys.stderr)
        return result
    threads = run.threads or os.cpu_count() or 1
    if history and (began := history[-1].get("threads", threads)) != threads:
        print(f"{recipe.name}: began with {began} threads, goes on with {threads}: the network will be another one. --threads {began} "
              "goes on to the same", file=sys.stderr)  # fmt: skip
    if not history and (aside := set_aside(run.output, recipe.name)):
        print(f"{recipe.name}: {run.output} held another run; it is in {aside} now", file=sys.stderr)
    folder.mkdir(parents=True, exist_ok=True)
    logs = tf.summary.create_file_writer(str(folder / "tensorboard"))

    bar = tqdm(
        total=updates * recipe.epochs, initial=updates * len(history), desc=recipe.name, unit="update",
        disable=not sys.stderr.isatty(), dynamic_ncols=True,
    )  # fmt: skip
    for epoch in range(len(history), recipe.epochs):
        started, losses = time.monotonic(), []
        for peer, network in enumerate(networks):
            _seed_layers(network, run.seed, epoch, peer)
        for cells, targets in samples.epoch(epoch, batch=recipe.batch, seed=run.seed):
            losses.append(float(model.train_on_batch(cells.astype(np.float32) / 255.0, targets)))
            bar.update()
        entry: dict[str, Any] = {"epoch": epoch + 1, "updates": updates * (epoch + 1), "loss": float(np.mean(losses)), "threads": threads}
        for name, measure in curves.items():
            entry.update({f"{name}_{key}": value for key, value in measure(networks[0]).items() if isinstance(value, float)})
        history.append(entry)
        checkpoint.save(model, history)
        _log(logs, entry)
        bar.set_postfix({key: f"{value:.4f}" for key, value in entry.items() if key == "loss" or key.endswith("_error")})
        if not sys.stderr.isatty():
            shown = " ".join(f"{key} {value:.4f}" for key, value in entry.items() if isinstance(value, float))
            print(
                f"{recipe.name}: epoch {epoch + 1}/{recipe.epochs} {time.monotonic() - started:.0f} s {shown}", file=sys.stderr, flush=True
            )
    bar.close()
    _write(result, recipe, networks[0], history, {"commit": made_by, **identity})
    return result


def bfloat16_is_fast() -> bool:
    """Whether this processor multiplies bfloat16 in hardware, where training in it is much faster."""
    info = Path("/proc/cpuinfo")
    return info.exists() and not BFLOAT16_FLAGS.isdisjoint(info.read_text(encoding="utf-8").split())


def commit() -> str:
    """The commit of the code, with "-dirty" where files differ from it; "unknown" outside a checkout or without git.

    Files in models/ say nothing of the code: a conversion replaces one after the other.
    """

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], capture_output=True, text=True, cwd=Path(__file__).parent, check=False).stdout.strip()

    try:
        head = git("rev-parse", "HEAD")
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":(top,exclude)models")
    except OSError:  # no git on this machine
        return "unknown"
    return f"{head}-dirty" if changed else head or "unknown"


def _optimizer(recipe: Recipe, updates: int) -> keras.optimizers.Optimizer:
    rate: Any = recipe.learning_rate
    if recipe.warmup:
        rising = math.ceil(updates * recipe.warmup)
        rate = keras.optimizers.schedules.CosineDecay(0.0, max(updates - rising, 1), warmup_target=rate, warmup_steps=rising)
    if recipe.optimizer == "sgd":
        return keras.optimizers.SGD(rate)
    return keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay)


def _seed_layers(network: keras.Model, seed: int, epoch: int, peer: int) -> None:
    """Dropout and stochastic pooling draw from the seed, the epoch and which peer it is alone, so that a resumed run draws the same."""
    for number, layer in enumerate(network.layers):
        if (generator := getattr(layer, "seed_generator", None)) is not None:
            generator.state.assign(np.array([(seed * 1000 + 100 * peer + number) % 2**32, epoch * 1_000_000 % 2**32], np.uint32))


def _log(writer: Any, entry: dict[str, Any]) -> None:
    with writer.as_default(step=entry["updates"]):
        for key, value in entry.items():
            if isinstance(value, float):
                tf.summary.scalar(key, value)
    writer.flush()


def _write(path: Path, recipe: Recipe, model: keras.Model, history: list[dict[str, Any]], origin: dict[str, Any]) -> None:
    keras.config.set_dtype_policy("float32")
    result = build(recipe.architecture)
    result.set_weights([np.asarray(weight, np.float32) for weight in model.get_weights()])
    summary = {
        "name": recipe.name,
        "task": recipe.task,
        "architecture": dataclasses.asdict(recipe.architecture),
        "parameters": parameters(result),
        "multiply_accumulates": sum(multiply_accumulates(result).values()),
        "command": " ".join(["python -m train", *sys.argv[1:]]),
        **origin,
        "history": history,
    }
    with replacing(path) as unfinished:
        result.save(unfinished)
        with replacing(path.with_suffix(".training.json")) as unfinished_summary:
            unfinished_summary.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
