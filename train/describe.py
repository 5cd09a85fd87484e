"""`python -m train describe`: layers, parameters and multiply-accumulates of a network; and the options that name one."""

import argparse
import ast
import dataclasses
import inspect
import itertools
import json
import re
import typing
from typing import Any

from edge.commands.paths import named
from edge.errors import UsageError
from train.backend import keras
from train.lenet5 import Architecture, build, multiply_accumulates, parameters
from train.options import kernels
from train.saved import load_keras

FIELDS = tuple(field.name for field in dataclasses.fields(Architecture))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `python -m train describe`."""
    parser.description = (
        "Layers, output shapes, parameters (as they act at inference: batch normalisation folded, connections that LeCun's table "
        "leaves out not counted) and multiply-accumulates a digit, of a file or of the network that the options name."
    )
    parser.epilog = "example: python -m train describe --variant classic --activation relu"
    parser.add_argument(
        "model", metavar="MODEL", nargs="?", type=named, help="a .keras file (default: the paper's network, changed by options)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    architecture_arguments(parser)


def main(args: argparse.Namespace) -> int:
    """Run `python -m train describe`."""
    if args.model and (given := [name for name in FIELDS if getattr(args, name) is not None]):
        raise UsageError(f"{args.model} and {_option(given[0])}: a file has its own network; give either a file or options")
    result = describe(load_keras(args.model) if args.model else build(architecture_from(args)))
    print(json.dumps(result, indent=1) if args.json else table(result))
    return 0


def describe(model: keras.Model) -> dict[str, Any]:
    """Name, parameters and multiply-accumulates of a network, and the same of each of its layers with kind and output shape."""
    macs = multiply_accumulates(model)
    layers = [
        {
            "name": layer.name,
            "kind": type(layer).__name__,
            "output": list(layer.output.shape[1:]),
            "parameters": parameters(keras.Model(layer.input, layer.output)),
            "multiply_accumulates": macs.get(layer.name, 0),
        }
        for layer in model.layers
        if not isinstance(layer, keras.layers.InputLayer)
    ]
    return {
        "name": model.name,
        "input": list(model.input_shape[1:]),
        "layers": layers,
        "parameters": parameters(model),
        "multiply_accumulates": sum(macs.values()),
    }


def table(result: dict[str, Any]) -> str:
    """What `describe` returned, as a person reads it."""
    lines = [
        f"{result['name']}, cells {_shape(result['input'])}",
        f"  {'layer':18}{'kind':20}{'output':>10}{'parameters':>12}{'multiply-accumulates':>22}",
    ]
    for row in [*result["layers"], {**result, "name": "total", "kind": "", "output": []}]:
        counts = f"{_count(row['parameters']):>12}{_count(row['multiply_accumulates']):>22}"
        lines.append(f"  {row['name']:18}{row['kind']:20}{_shape(row['output']):>10}{counts}")
    return "\n".join(lines)


def architecture_arguments(parser: argparse.ArgumentParser, description: str | None = None) -> None:
    """An option for every field of Architecture; one that is not given is None. description: what --help says above them."""
    group = parser.add_argument_group("network", description)
    told, kinds = _told(), typing.get_type_hints(Architecture)
    for name in FIELDS:
        kind, choices = kinds[name], typing.get_args(kinds[name])
        how: dict[str, Any] = {"help": f"{told[name]} Default: {_value(getattr(Architecture, name))}.".replace("%", "%%")}
        if kind is bool:
            how |= {"action": argparse.BooleanOptionalAction}
        elif typing.get_origin(kind) is typing.Literal:
            how |= {"type": type(choices[0]), "choices": choices}
        elif kind is float:
            how |= {"type": _share, "metavar": "X"}
        else:
            how |= {"type": kernels, "metavar": "A,B"}
        group.add_argument(_option(name), **how)


def architecture_from(args: argparse.Namespace, base: Architecture | None = None) -> Architecture:
    """`base` (without it the paper's network), changed by the options that were given.

    Raises UsageError where the options contradict each other.
    """
    base = base or Architecture()
    given = {name: value for name in FIELDS if (value := getattr(args, name)) is not None}
    if given.get("variant", base.variant) != base.variant:
        given.setdefault("kernels", None)  # the other variant's own
    try:
        return dataclasses.replace(base, **given)
    except ValueError as error:
        raise UsageError(str(error)) from error


def differences(architecture: Architecture) -> str:
    """In which options a network differs from the builder's defaults, as one line."""
    given, default = dataclasses.asdict(architecture), dataclasses.asdict(Architecture())
    return ", ".join(f"{name.replace('_', '-')} {_value(given[name])}" for name in FIELDS if given[name] != default[name])


def _value(value: Any) -> str:
    """A field's value as its option takes it."""
    match value:
        case None:
            return "the variant's own"
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ",".join(map(str, value))
    return str(value)


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _told() -> dict[str, str]:
    """What the docstrings below the fields of Architecture say, by field: one text for the code's reader and for --help."""
    body = ast.parse(inspect.getsource(Architecture)).body[0]
    assert isinstance(body, ast.ClassDef)
    told = {}
    for field, text in itertools.pairwise(body.body):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words))):
                told[name] = words
    return told


def _share(text: str) -> float:
    if not re.fullmatch(r"0|0?\.\d+", text):
        raise argparse.ArgumentTypeError(f"{text}: expected 0 or more and less than 1, such as 0.2")
    return float(text)


def _shape(sizes: list[int]) -> str:
    return "×".join(map(str, sizes))


def _count(number: int) -> str:
    return f"{number:,}" if number else "·"
