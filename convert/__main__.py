"""`python -m convert`: trained networks → int8 TFLite and ONNX, proven on the test sets, each with its card."""

import argparse
import contextlib
import errno
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from edge.commands.paths import named
from edge.commands.quiet import only_our_words
from edge.errors import ModelError
from edge.guard import guarded
from train.options import check_output
from train.recipes import SHIPPED
from train.side_by_side import sigterm_as_exit
from train.train_command import OUTPUT, QUICK_OUTPUT

ROOM_BYTES = 64_000_000
"""For what the converter and the runtimes hand to one another: the cells of a test set, and what each made of them."""
EPILOG = """commands:
  card       show a model card: python -m convert card models/lenet5-counter.json

examples:
  python -m convert                           what `make train` wrote → models/
  python -m convert --quick                   build/quick/ → build/quick/models/
  python -m convert runs/mine.keras --output mine
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failed, 2 wrong usage."""
    words = list(sys.argv[1:] if argv is None else argv)
    if [word for word in words if word != "--debug"][:1] == ["card"]:
        from convert import card

        parser = argparse.ArgumentParser(prog="python -m convert card")
        card.add_arguments(parser)
        run = card.main
        words.remove("card")
    else:
        parser = argparse.ArgumentParser(
            prog="python -m convert", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EPILOG,
            description="Quantize trained networks to int8 TFLite and ONNX, prove them on the test sets, and write them with their cards.",
        )  # fmt: skip
        parser.add_argument(
            "models", metavar="MODEL.keras", nargs="*", type=named, help=f"default: {', '.join(SHIPPED)} of {OUTPUT}/, if there"
        )
        parser.add_argument("--output", type=named, metavar="DIR", help=f"default: models, with --quick {QUICK_OUTPUT}/models")
        parser.add_argument("--quick", action="store_true", help=f"what `train --quick` wrote into {QUICK_OUTPUT}/")
        parser.add_argument(
            "--no-tflite-runtime",
            action="store_true",
            help="where tflite-runtime 2.14 cannot be installed: do not compare; the card says so",
        )
        run = _convert
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    args = parser.parse_args(words)
    return guarded(lambda: run(args), program=parser.prog, debug=args.debug)


def _convert(args: argparse.Namespace) -> int:
    source = QUICK_OUTPUT if args.quick else OUTPUT
    output = args.output or (QUICK_OUTPUT / "models" if args.quick else Path("models"))
    paths = args.models or _trained(source)
    with sigterm_as_exit(), contextlib.nullcontext() if args.debug else only_our_words():
        for path in paths:
            convert(path, output, quick=args.quick, old=not args.no_tflite_runtime)
    return 0


def _trained(source: Path) -> list[Path]:
    """The networks of SHIPPED that are in a folder; what is not there is told. Raises ModelError where there is none."""
    paths = [source / f"{name}.keras" for name in SHIPPED]
    there = [path for path in paths if path.exists()]
    if not there:
        raise ModelError(f"{source}: found neither {' nor '.join(path.name for path in paths)}; train them first, or name a .keras file")
    for path in paths:
        if path not in there:
            print(f"python -m convert: {path}: not there, not converted", file=sys.stderr)
    return there


def convert(path: Path, output: Path, *, quick: bool = False, old: bool = True) -> None:
    """Write `<output>/<name>.tflite`, `.onnx` and `.json` for a network that `train` wrote, once all three are whole and proven.

    The card goes last. Killed before, it leaves the old card, whose SHA-256 refuse what is new beside it.
    Raises ModelError where the file is none of ours or the result does not read as well, DataError where the test set is missing,
    RuntimeMissingError where tflite-runtime cannot be installed; without `old` it is not compared, and the card says so.
    """
    from convert import verify
    from convert.card import make_card, shown
    from convert.choose import proven
    from convert.network import load_network
    from convert.to_onnx import to_onnx
    from train.evaluate import keras_read

    network, training = load_network(path)
    name, sources = training["name"], training["sources"]
    limits = verify.QUICK if quick else verify.SHIPPED
    aside = tempfile.gettempdir()
    if shutil.disk_usage(aside).free < ROOM_BYTES:
        raise OSError(errno.ENOSPC, f"less than {ROOM_BYTES // 1_000_000} MB are free; make room, or name another folder by TMPDIR", aside)
    check_output(output)
    with tempfile.TemporaryDirectory(dir=output, prefix=f".{name}-") as folder:
        test = verify.unseen(training["task"], sources)

        def prove(tflite: bytes) -> tuple[dict[Path, bytes], list[Path], dict[str, Any]]:
            files = {output / f"{name}.tflite": tflite, output / f"{name}.onnx": to_onnx(tflite).SerializeToString()}
            first, second = (write_aside(Path(folder), file, content) for file, content in files.items())
            return files, [first, second], verify.verify(keras_read(network), first, second, test, limits=limits, old=old)

        (files, parts, proof), method = proven(network, training, sources, prove, allowed=limits.loss)
        command = " ".join(["python -m convert", *sys.argv[1:]])
        card = make_card(training, files, proof, data=test.data, method=method, command=command)
        text = json.dumps(card, indent=1, ensure_ascii=False) + "\n"
        parts.append(write_aside(Path(folder), output / f"{name}.json", text.encode()))
        for part in parts:
            part.replace(output / part.name)
    print(shown(card))


def write_aside(folder: Path, file: Path, content: bytes) -> Path:
    """Write the content of `file` into a folder where it waits, under the same name; returns where. Raises OSError that names `file`."""
    part = folder / file.name
    try:
        part.write_bytes(content)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from error
    return part


if __name__ == "__main__":
    sys.exit(main())
