"""`python -m convert`: trained networks → int8 TFLite and ONNX, proven on the test sets, each with its card."""

import argparse
import json
import sys
from pathlib import Path

from edge.guard import guarded
from train.recipes import SHIPPED
from train.train_command import OUTPUT, QUICK_OUTPUT

EPILOG = """commands:
  card       show a model card: python -m convert card models/lenet5-counter.json

examples:
  python -m convert                           what `make train` wrote → models/
  python -m convert --quick                   build/quick/ → build/quick/models/
  python -m convert runs/mine.keras --output mine
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failed, 2 wrong usage."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["card"]:
        from convert import card

        parser = argparse.ArgumentParser(prog="python -m convert card")
        card.add_arguments(parser)
        run, argv = card.main, argv[1:]
    else:
        parser = argparse.ArgumentParser(
            prog="python -m convert", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EPILOG,
            description="Quantize trained networks to int8 TFLite and ONNX, prove them on the test sets, and write them with their cards.",
        )  # fmt: skip
        parser.add_argument("models", metavar="MODEL.keras", nargs="*", type=Path, help=f"default: {', '.join(SHIPPED)} of {OUTPUT}/")
        parser.add_argument("--output", type=Path, metavar="DIR", help=f"default: models, with --quick {QUICK_OUTPUT}/models")
        parser.add_argument("--quick", action="store_true", help=f"what `train --quick` wrote into {QUICK_OUTPUT}/")
        run = _convert
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    args = parser.parse_args(argv)
    return guarded(lambda: run(args), program=parser.prog, debug=args.debug)


def _convert(args: argparse.Namespace) -> int:
    source = QUICK_OUTPUT if args.quick else OUTPUT
    output = args.output or (QUICK_OUTPUT / "models" if args.quick else Path("models"))
    for path in args.models or [source / f"{name}.keras" for name in SHIPPED]:
        convert(path, output, quick=args.quick)
    return 0


def convert(path: Path, output: Path, *, quick: bool = False) -> None:
    """Write `<output>/<name>.tflite`, `.onnx` and `.json` for a network that `train` wrote; all three or none.

    Raises ModelError where the file is none of ours or the result does not read as well, DataError where the test set is missing.
    """
    from convert import verify
    from convert.card import make_card, shown
    from convert.choose import quantized
    from convert.network import load_network
    from convert.to_onnx import to_onnx
    from train.evaluate import keras_read

    network, training = load_network(path)
    sources = training.get("sources", ["real"])
    name = training["name"]
    limits = verify.QUICK if quick else verify.SHIPPED
    tflite, method = quantized(network, training, sources, allowed=limits.loss)
    files = {f"{name}.tflite": tflite, f"{name}.onnx": to_onnx(tflite).SerializeToString()}
    output.mkdir(parents=True, exist_ok=True)
    unfinished = {file: output / f".{file}" for file in (*files, f"{name}.json")}  # same suffix: the runtimes go by it
    try:
        for file, content in files.items():
            unfinished[file].write_bytes(content)
        first, second = (unfinished[file] for file in files)
        test = verify.unseen(training["task"], sources)
        proof = verify.verify(keras_read(network), first, second, test, limits=limits)
        command = " ".join(["python -m convert", *sys.argv[1:]])
        card = make_card(name, training, files, proof, data=test.data, method=method, command=command)
        unfinished[f"{name}.json"].write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")
        for file, part in unfinished.items():
            part.replace(output / file)
    finally:
        for part in unfinished.values():
            part.unlink(missing_ok=True)
    if isinstance(missing := card["parity"].get(verify.OLD_RUNTIME), str):
        print(f"python -m convert: {name}: {missing}", file=sys.stderr)
    print(shown(card))


if __name__ == "__main__":
    sys.exit(main())
