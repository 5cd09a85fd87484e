"""How everything that is wrong with the daemon's file is told."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.config.lines import lines_of
from edge.config.load import checked, checked_with_files, load
from edge.config.schema import Config
from edge.errors import ConfigError
from tests.edge.configurations import config_of, only_problem_of, problems_of, sections


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "digitd.toml"


def test_an_address_is_shown_without_its_password(file: Path) -> None:
    assert "secret" not in config_of(file, '[camera]\nsource = "rtsp://me:secret@cam/stream"').camera.shown_source
    assert "secret" not in str(only_problem_of(file, '[webhook]\nurl = "ftp://me:secret@cam/"'))


def test_everything_that_is_wrong_is_told_at_once_each_with_its_line(file: Path) -> None:
    text = """# a comment = "x"
[camera]
intervall = "5s"
rotation = 45

[[counter]]
name = "one"
window = [
    [1, 1], [99, 1],
    [99, 50],
]
digits = 5

[[counter]]   # the second
name = "One"
window = "1,1 99,1 99,50 1,50"
digits = 13
decimals = 20
max_rate = 0

[mqtt]
"port" = 99999
tls = false
ca_file = "ca.pem"

[homeassistant]
expire_after = "1min"
[wat]
"""
    found = [(problem.line, problem.key) for problem in problems_of(file, text)]
    assert found == [
        (3, "camera.intervall"), (4, "camera.rotation"), (8, "counter 1.window"), (15, "counter 2.name"), (17, "counter 2.digits"),
        (18, "counter 2.decimals"), (19, "counter 2.max_rate"), (22, "mqtt.port"), (24, "mqtt.ca_file"), (27, "homeassistant.expire_after"),
        (28, "wat"),
    ]  # fmt: skip


def test_each_problem_is_a_line_that_says_where_what_was_expected_and_what_to_do(file: Path) -> None:
    file.write_text('[camera]\nintervall = "5s"\nrotation = 45\n')
    with pytest.raises(ConfigError) as raised:
        load(file, {})
    first, second = str(raised.value).splitlines()
    assert first.startswith(f"{file}:2:camera.intervall: found a key that there is not, expected one of: source, interval, ")
    assert first.endswith('; rename it to "interval", or remove it')
    assert second.startswith(f"{file}:3:camera.rotation: found 45, expected one of 0, 90, 180 or 270; write for example rotation = 180 (")


def test_a_counter_without_its_window_is_told_by_its_table(file: Path) -> None:
    problem = only_problem_of(file, '[camera]\n[[counter]]\nname = "a"\ndigits = 5\n')
    assert (problem.line, problem.key, problem.found) == (2, "counter 1.window", "nothing")
    assert 'write for example window = "' in problem.fix


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("[camera\n", 1, "[camera"),
        ('[camera]\nsource = "a\n', 2, 'source = \\"a'),
        ("[camera]\nrotation = \n", 2, "rotation ="),
        ("[mqtt]\n[camera]\n[mqtt]\n", 3, "[mqtt]"),
        ('[camera]\nwidth = 1\nwidth = 2\n', 3, "width = 2"),
        ('[camera]\nx = """\nnever closed\n', 3, "never closed"),
        (f"[camera]\nx = {'[' * 5000}\n", 2, "x = [["),
    ],
)  # fmt: skip
def test_what_is_no_toml_is_told_by_its_line(file: Path, text: str, line: int, found: str) -> None:
    problem = only_problem_of(file, text)
    assert problem.line == line
    assert found in problem.found


def test_a_file_that_cannot_be_read_is_told(file: Path) -> None:
    (missing,) = checked(file, {})[1]
    assert f"digitd config > {file}" in missing.fix
    (folder,) = checked(file.parent, {})[1]
    assert "directory" in folder.found
    file.write_bytes(b'[camera]\nsource = "\xe9"\n')
    (latin,) = checked(file, {})[1]
    assert (latin.line, latin.expected) == (2, "UTF-8")
    file.write_bytes(b"#" * 2_000_000)
    (huge,) = checked(file, {})[1]
    assert "2000000 bytes" in huge.found


def test_windows_line_ends_and_byte_order_mark_are_taken(file: Path) -> None:
    file.write_bytes(b'\xef\xbb\xbf[camera]\r\nsource = "simulated:"\r\n')
    assert load(file, {}).camera.source == "simulated:"


def test_lines_are_found_in_every_form_of_toml() -> None:
    text = '''# [not.a.table]
a.b = 1
"quoted key" = """
[camera]
c = 2
"""
[ camera ]    # comment
list = [ 1,
  # ]
  [2, "]"],
]
in = { line = 1, other = [1] }

[[counter]]
x = '[[counter]]'
[[counter]]
x = 2
[counter.deep]
y = 3
'''
    where = lines_of(text)
    assert {path: line for path, line in where.items() if path[-1] in ("b", "list", "line", "x", "y", "deep", "quoted key", "camera")} == {
        ("a", "b"): 2, ("quoted key",): 3, ("camera",): 7, ("camera", "list"): 8, ("camera", "in", "line"): 12, ("counter", 0, "x"): 15,
        ("counter", 1, "x"): 17, ("counter", 1, "deep"): 18, ("counter", 1, "deep", "y"): 19,
    }  # fmt: skip


WORDS = ["5s", "auto", "realtime", "1,1 9,1 9,9 1,9", "\0", "~", "~x/y", "http://a:b@c", "water", "m³", ""]


PLAIN = st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(WORDS)


VALUES = (
    PLAIN | st.lists(PLAIN | st.lists(PLAIN, max_size=3), max_size=5) | st.dictionaries(st.sampled_from(["name", "x"]), PLAIN, max_size=2)
)


KEYS = sorted({name for section in sections() for name in section.model_fields})


SECTIONS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*Config.model_fields, "x"]), SECTIONS | st.lists(SECTIONS | PLAIN, max_size=3) | PLAIN, max_size=4))
def test_no_file_whatever_brings_it_down(tmp_path_factory: pytest.TempPathFactory, tree: dict[str, Any]) -> None:
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_text("\n".join(f"{key} = {_toml(value)}" for key, value in tree.items()), encoding="utf-8", errors="replace")
    config, problems = checked(file, {})
    assert (config is None) == bool(problems)
    _, with_files, notes = checked_with_files(file, {})
    assert {str(each) for each in problems} <= {str(each) for each in with_files}
    problems = with_files + notes
    assert all("\n" not in str(problem) for problem in problems)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(letter):08x}" for letter in value if not 0xD800 <= ord(letter) < 0xE000) + '"'
    return repr(value).lower()
