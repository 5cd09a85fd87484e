"""ONNX weights as this processor multiplies them fastest.

They ship unsigned, for ONNX Runtime's kernels of unsigned by signed integers overflow on x86 processors without VNNI instructions. With
them they are exact, and take half the time; so there each weight w + 128 with zero point 128 becomes w with zero point 0, the same number.
Only its type and its top bit change, where they stand in the file, so that nothing that writes ONNX files is needed here.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

CPU = Path("/proc/cpuinfo")
VNNI = {"avx512_vnni", "avx_vnni"}
UINT8, INT8 = 2, 3
TOP_BIT = bytes(byte ^ 0x80 for byte in range(256))
GRAPH, NODE, INITIALIZER = 7, 1, 5
INPUT, OP_TYPE = 1, 4
DATA_TYPE, NAME, RAW = 2, 8, 9
"""Fields of ModelProto, GraphProto, NodeProto and TensorProto (onnx.proto)."""


class _Field(NamedTuple):
    """One field of a message: its number, and where its value lies."""

    number: int
    start: int
    stop: int


def is_exact(cpu: Path = CPU) -> bool:
    """Whether this processor multiplies unsigned by signed integers without overflow, as far as it tells."""
    try:
        return not VNNI.isdisjoint(cpu.read_text(encoding="utf-8", errors="replace").split())
    except OSError:
        return False


def signed_weights(model: bytes) -> bytes:
    """The same ONNX model with its unsigned weights signed, bytes as long; as it was where they do not stand as `convert` writes them."""
    try:
        return _signed(model)
    except (ValueError, IndexError):  # damaged, or no such file: the runtime says so better
        return model


def _signed(model: bytes) -> bytes:
    (graph,) = _of(model, _Field(0, 0, len(model)), GRAPH)
    tensors = {_text(model, tensor, NAME): tensor for tensor in _of(model, graph, INITIALIZER)}
    weights, others = set[str](), set[str]()
    for node in _of(model, graph, NODE):
        names = [model[each.start : each.stop].decode() for each in _of(model, node, INPUT)]
        if _text(model, node, OP_TYPE) == "DequantizeLinear" and len(names) == 3 and _is_unsigned(model, tensors.get(names[0])):
            weights |= {names[0], names[2]}
        else:
            others.update(names)
    if weights & others or not all(_is_unsigned(model, tensors.get(name)) for name in weights):
        return model
    changed = bytearray(model)
    for name in weights:
        (kind,), (raw,) = (_of(model, tensors[name], number) for number in (DATA_TYPE, RAW))
        changed[kind.start] = INT8
        changed[raw.start : raw.stop] = changed[raw.start : raw.stop].translate(TOP_BIT)
    return bytes(changed)


def _is_unsigned(model: bytes, tensor: _Field | None) -> bool:
    return tensor is not None and [model[kind.start] for kind in _of(model, tensor, DATA_TYPE)] == [UINT8] and any(_of(model, tensor, RAW))


def _text(model: bytes, message: _Field, number: int) -> str:
    return "".join(model[each.start : each.stop].decode() for each in _of(model, message, number))


def _of(model: bytes, message: _Field, number: int) -> Iterator[_Field]:
    return (field for field in _fields(model, message.start, message.stop) if field.number == number)


def _fields(model: bytes, start: int, stop: int) -> Iterator[_Field]:
    """The fields of a message in protocol buffers' wire format (Encoding, protobuf.dev)."""
    while start < stop:
        tag, start = _varint(model, start)
        kind, end = tag & 7, start
        if kind == 0:
            _, end = _varint(model, start)
        elif kind == 2:
            length, start = _varint(model, start)
            end = start + length
        else:
            end = start + (8 if kind == 1 else 4)
        yield _Field(tag >> 3, start, end)
        start = end


def _varint(model: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = model[at]
        value, shift, at = value | (byte & 0x7F) << shift, shift + 7, at + 1
        if byte < 0x80:
            return value, at
