"""The arrows between the rooms point down: edge stands alone, and the inside of edge knows nothing of the world."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TENSORFLOW = {"tensorflow", "keras", "tf2onnx"}
WORLD = {f"edge.{part}" for part in ("capture", "outputs", "web", "daemon", "config", "cli", "notify", "__main__")}
CLOCKS = {"time", "sched", "zoneinfo"}
NETWORK = {"socket", "socketserver", "ssl", "select", "selectors", "asyncio", "http", "urllib", "requests", "subprocess"}
DATABASES = {"sqlite3", "dbm", "shelve"}
LONGEST_FILE_LINES = 250


def files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def imports(path: Path, source: str | None = None) -> Iterator[tuple[int, str]]:
    """Line and full name of all that a file imports, wherever in it; `from a import b` counts as a and as a.b."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(source or path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*above, *filter(None, [node.module])])
            yield node.lineno, module
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def forbidden(paths: list[Path], names: set[str]) -> list[str]:
    """`file:line imports name` for every import of one of `names` or of something within it."""
    return [
        f"{path.relative_to(ROOT)}:{line} imports {found}"
        for path in paths
        for line, found in imports(path)
        if any(found == name or found.startswith(f"{name}.") for name in names)
    ]


def test_the_finder_sees_every_kind_of_import() -> None:
    source = "import a.b\ndef f():\n    from c import d\nfrom . import e\nfrom ..vision.cells import g\n"
    assert {name for _, name in imports(ROOT / "edge/web/page.py", source)} == {
        "a.b", "c", "c.d", "edge.web", "edge.web.e", "edge.vision.cells", "edge.vision.cells.g",
    }  # fmt: skip


def test_edge_imports_neither_train_nor_convert_nor_tensorflow() -> None:
    assert forbidden(files("edge"), {"train", "convert"} | TENSORFLOW) == []


def test_train_does_not_import_convert() -> None:
    assert forbidden(files("train"), {"convert"}) == []


@pytest.mark.parametrize("room", ["vision", "inference", "counter", "rendering"])
def test_the_inside_of_edge_knows_no_cameras_clocks_networks_or_databases(room: str) -> None:
    assert forbidden(files(f"edge/{room}"), WORLD | CLOCKS | NETWORK | DATABASES) == []


@pytest.mark.parametrize("room", ["vision", "inference", "counter", "rendering"])
def test_the_inside_of_edge_never_asks_what_time_it_is(room: str) -> None:
    asked = [
        f"{path.relative_to(ROOT)}:{node.lineno} asks .{node.attr}"
        for path in files(f"edge/{room}")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}
    ]
    assert asked == []


def test_importing_all_of_edge_leaves_tensorflow_out_of_the_process() -> None:
    paths = (path.relative_to(ROOT).with_suffix("") for path in files("edge") if path.name != "__main__.py")
    modules = [".".join(path.parts).removesuffix(".__init__") for path in paths]
    code = f"import importlib, sys\nfor name in {modules}: importlib.import_module(name)\nprint(*sorted(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    loaded = {name.partition(".")[0] for name in result.stdout.split()}
    assert "edge" in loaded
    assert loaded & (TENSORFLOW | {"train", "convert"}) == set()


def test_bench_imports_no_tests() -> None:
    assert forbidden(files("bench"), {"tests"}) == []


def test_no_file_is_longer_than_one_concept() -> None:
    sources = files("edge", "train", "convert", "bench", "tests")
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE_LINES} == {}
