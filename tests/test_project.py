"""What README and the other pages promise is there: commands, options, files; and the project's own papers are in order."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import edge
from tests.test_arrows import ROOT, files, imports

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
LARGEST_FILE_BYTES = 1_000_000
IMPORT_NAMES = {
    "opencv-python-headless": "cv2", "ai-edge-litert": "ai_edge_litert", "tflite-runtime": "tflite_runtime",
    "paho-mqtt": "paho", "prometheus-client": "prometheus_client",
}  # fmt: skip
"""How a distribution is imported, where that is not its name."""


def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


def commands(page: Path) -> list[list[str]]:
    """The commands in a page's ```sh blocks, word by word, one each for the parts of a pipe or a list."""
    found = []
    for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(), re.M | re.S):
        for line in block.replace("\\\n", " ").splitlines():
            lexer = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars=True)
            lexer.whitespace_split = True
            words: list[str] = []
            for word in [*lexer, ";"]:
                if set(word) <= set("|&;"):
                    if words:
                        found.append(words)
                    words = []
                elif words or not re.fullmatch(r"sudo|nice|[A-Z_]+=.*", word):
                    words.append(word)
    return found


def all_commands() -> list[list[str]]:
    return [words for page in PAGES if page.exists() for words in commands(page)]


def ours() -> list[list[str]]:
    """Commands of this project, as words after `python -m`, each once."""
    found = []
    for words in all_commands():
        if words[0] == "digitd":
            found.append(["edge", *words[1:]])
        elif re.fullmatch(r"(.*/)?python3?", words[0]) and words[1:2] == ["-m"] and words[2] in {"train", "convert", "edge"}:
            found.append(words[2:])
    return sorted(map(list, {tuple(words) for words in found}))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/architecture.md", "LICENSE"])
def test_the_page_is_there(name: str) -> None:
    assert (ROOT / name).is_file()


def test_readme_names_the_first_two_commands_of_a_fresh_machine() -> None:
    named = [words for words in commands(ROOT / "README.md") if words[0] == "make"]
    assert ["make", "train", "convert"] in named
    assert ["make", "test"] in named


def test_every_make_target_and_variable_named_is_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.M))
    variables = set(re.findall(r"\$\(([A-Z]+)\)", makefile))
    for words in all_commands():
        if words[0] == "make":
            given = [word.partition("=") for word in words[1:] if not word.startswith("-")]
            assert {name for name, equals, _ in given if equals} <= variables, words
            assert {name for name, equals, _ in given if not equals} <= targets, words


@pytest.mark.parametrize("words", ours(), ids=" ".join)
def test_every_command_named_is_one_that_its_program_takes(words: list[str]) -> None:
    """With --help at its end a command is parsed up to there, values and choices checked, and not run; its flags must be in the help."""
    result = subprocess.run([sys.executable, "-m", *words, "--help"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    if re.fullmatch(r"[a-z][a-z-]*", subcommand := words[1] if len(words) > 1 else ""):
        assert re.search(rf"^usage: .*\b{subcommand}\b", result.stdout), f"{subcommand}: no such command"
    known = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", result.stdout))
    assert {word.partition("=")[0] for word in words if word.startswith("-")} <= known


def test_every_file_named_in_a_command_is_there() -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()} - {"build", "runs", ".venv"}
    missing = [
        word
        for words in all_commands()
        for word in words
        if "/" in word and word.partition("/")[0] in folders and not any(ROOT.glob(word.partition("::")[0].rstrip("/")))
    ]
    assert missing == []


def test_every_link_between_pages_leads_somewhere() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text())
        if not target.startswith(("http:", "https:", "mailto:")) and not (page.parent / target).exists()
    ]
    assert broken == []


def test_every_extra_named_in_a_command_is_in_pyproject() -> None:
    extras = set(project()["optional-dependencies"])
    assert extras >= {"workstation", "onnx", "tflite", "picamera", "dev"}
    for words in all_commands():
        for group in re.findall(r"(?:digitd|\.)\[([\w,-]+)\]", " ".join(words)):
            assert set(group.split(",")) <= extras, words


def test_the_version_is_one() -> None:
    assert project()["version"] == edge.__version__


def test_the_licence_is_apache_2_0() -> None:
    assert project()["license"] == "Apache-2.0"
    assert "Apache License\n                           Version 2.0, January 2004" in (ROOT / "LICENSE").read_text()


def test_the_base_install_and_its_extras_hold_all_that_edge_imports_and_nothing_else() -> None:
    def names(requirements: list[str]) -> set[str]:
        distributions = (re.split(r"[\s<>=!~;\[]", requirement)[0] for requirement in requirements)
        return {IMPORT_NAMES.get(name, name) for name in distributions}

    base = names(project()["dependencies"])
    extras = {name for extra in ("onnx", "tflite", "picamera") for name in names(project()["optional-dependencies"][extra])}
    imported = {name.partition(".")[0] for path in files("edge") for _, name in imports(path)} - set(sys.stdlib_module_names) - {"edge"}
    assert imported <= base | extras
    assert base <= imported


def test_models_ship_in_threes() -> None:
    stems = {suffix: {path.stem for path in (ROOT / "models").glob(f"*{suffix}")} for suffix in (".tflite", ".onnx", ".json")}
    assert stems[".tflite"] >= {"lenet5-handwritten", "lenet5-counter", "lenet5-segments"}
    assert stems[".tflite"] == stems[".onnx"] == stems[".json"]


def test_no_file_in_the_tree_is_large() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert [str(path) for path in paths if path.is_file() and path.stat().st_size > LARGEST_FILE_BYTES] == []
