"""The daemon's file: what it may hold, and what is made of it."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from edge.config.counter import Counter
from edge.config.template import template
from edge.config.units import UNITS
from edge.counter.history import Rules
from tests.edge.configurations import COUNTER, SHOWN, TAKEN, config_of, only_problem_of, sections


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "digitd.toml"


def test_every_field_is_described() -> None:
    bare = [f"{section.__name__}.{name}" for section in sections() for name, field in section.model_fields.items() if not field.description]
    assert len(list(sections())) == 9
    assert bare == []


def test_an_empty_file_is_the_default_and_so_is_the_template(file: Path) -> None:
    assert config_of(file, template()) == config_of(file, "")


def test_the_template_shows_every_key_with_a_value_that_is_taken(file: Path) -> None:
    taken, default = config_of(file, TAKEN), config_of(file, COUNTER)
    keys = tomllib.loads(SHOWN)
    for section in ("camera", "store", "mqtt", "homeassistant", "http", "webhook", "influx"):
        assert set(keys[section]) == set(type(getattr(taken, section)).model_fields)
    assert set(keys["counter"][0]) == set(Counter.model_fields)
    differs = [
        (section, name)
        for section in ("camera", "store", "mqtt", "homeassistant", "http", "webhook", "influx")
        for name, value in getattr(default, section)
        if value not in (None, getattr(getattr(taken, section), name))
    ]
    assert differs == [], "a default is shown that is none"


def test_times_come_in_seconds(file: Path) -> None:
    camera = config_of(file, '[camera]\ninterval = "2h"\nlamp_warm_up = "250ms"\nexposure = "12.5ms"\ntimeout = "1min"').camera
    assert (camera.interval, camera.lamp_warm_up, camera.exposure, camera.timeout) == (7200.0, 0.25, 0.0125, 60.0)


@pytest.mark.parametrize("written", ["0", '"realtime"'])
def test_every_frame_is_an_interval_of_nothing(file: Path, written: str) -> None:
    assert config_of(file, f"[camera]\ninterval = {written}").camera.interval == 0.0


@pytest.mark.parametrize("written", ["5", '"5"', '"five"', '"-5s"', '"5 weeks"', "true", "[1]", '"1e5s"', f'"{"9" * 400}s"', '""'])
def test_what_is_no_time_is_refused(file: Path, written: str) -> None:
    problem = only_problem_of(file, f"[camera]\ninterval = {written}")
    assert (problem.line, problem.key) == (2, "camera.interval")


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("picamera2", "picamera2"),
        ("v4l2:/dev/video0", "v4l2:/dev/video0"),
        ("rtsp://me:secret@cam/stream", "rtsp://me:secret@cam/stream"),
        ("http://esp32.lan/capture.jpg", "http://esp32.lan/capture.jpg"),
        ("folder:/var/frames", "folder:/var/frames"),
        ("file:film.mp4", "file:HERE/film.mp4"),
        ("/var/film.mp4", "file:/var/film.mp4"),
        ("./film.mp4", "file:HERE/film.mp4"),
        ("folder:.", "folder:HERE"),
        ("simulated:", "simulated:"),
    ],
)
def test_sources(file: Path, written: str, taken: str) -> None:
    assert config_of(file, f'[camera]\nsource = "{written}"').camera.source == taken.replace("HERE", str(file.parent))


@pytest.mark.parametrize("written", ["webcam", "v4l2:", "http://", "ftp://cam/a.jpg", "", "folder:"])
def test_what_is_no_source_is_refused(file: Path, written: str) -> None:
    assert "picamera2, v4l2:/dev/video0" in only_problem_of(file, f'[camera]\nsource = "{written}"').expected


@pytest.mark.parametrize("written", ['"314,33 554,194 522,240 282,79"', "[[314, 33], [554, 194], [522, 240], [282, 79.0]]"])
def test_a_window_is_four_corners_in_either_form(file: Path, written: str) -> None:
    (counter,) = config_of(file, f'[[counter]]\nname = "a"\ndigits = 5\nwindow = {written}').counter
    assert np.array_equal(counter.corners, [[314, 33], [554, 194], [522, 240], [282, 79]])


@pytest.mark.parametrize(
    "written",
    ['"1,1 9,1 9,9"', "[[1, 1]]", "5", '"1,1 1,9 9,9 9,1"', "[[1e999, 1], [9, 1], [9, 9], [1, 9]]", f"[[{'9' * 400}, 1], [9, 1]]"],
)
def test_what_is_no_window_is_refused(file: Path, written: str) -> None:
    problem = only_problem_of(file, f'[[counter]]\nname = "a"\ndigits = 5\nwindow = {written}')
    assert (problem.line, problem.key) == (4, "counter 1.window")
    assert "top-left, top-right, bottom-right, bottom-left" in problem.expected


def test_the_greatest_rate_becomes_steps_of_the_last_wheel_a_second(file: Path) -> None:
    (counter,) = config_of(file, f'{COUNTER}decimals = 3\nmax_rate = 3.6\ndisplay = "lcd"\ndecreases = true\nmin_confidence = 0.95').counter
    assert counter.max_rate_steps_s == pytest.approx(1.0)  # 3.6 m³/h are a litre a second
    rules = counter.rules
    assert (rules.decreases, rules.min_confidence, rules.mechanism.display) == (True, 0.95, "lcd")
    assert rules.max_rate == pytest.approx(1.0)


def test_a_counter_is_as_the_reader_takes_it_where_nothing_is_said(file: Path) -> None:
    (counter,) = config_of(file, COUNTER).counter
    assert (counter.rules, counter.display) == (Rules(), None)


@pytest.mark.parametrize(("device_class", "usual"), [("water", "m³"), ("gas", "m³"), ("energy", "kWh"), ("heat", "kWh")])
def test_home_assistants_units_are_taken(file: Path, device_class: str, usual: str) -> None:
    assert config_of(file, f'{COUNTER}device_class = "{device_class}"').counter[0].unit == usual
    for unit in UNITS[device_class]:  # type: ignore[index]
        assert config_of(file, f'{COUNTER}device_class = "{device_class}"\nunit = "{unit}"').counter[0].unit == unit


@pytest.mark.parametrize(
    ("device_class", "unit", "fix"),
    [("water", "m3", 'write unit = "m³"'), ("water", "liters", 'write unit = "L"'), ("energy", "kwh", 'write unit = "kWh"'),
     ("gas", "gal", "write for example unit"), ("water", "kWh", "write for example unit"), ("heat", "m³", "write for example unit")],
)  # fmt: skip
def test_a_unit_that_home_assistant_refuses_is_refused(file: Path, device_class: str, unit: str, fix: str) -> None:
    problem = only_problem_of(file, f'{COUNTER}unit = "{unit}"\ndevice_class = "{device_class}"')
    assert (problem.line, problem.key, problem.found) == (5, "counter 1.unit", f'"{unit}"')
    assert problem.fix.startswith(fix)


def test_what_hangs_together_is_derived(file: Path) -> None:
    config = config_of(file, '[camera]\ninterval = "1h"\n[mqtt]\nca_file = "ca.pem"')
    assert (config.mqtt.encrypted, config.mqtt.port_to_use) == (True, 8883)
    assert (config.expire_after_s, config.fresh_within_s) == (3 * 3600.0 + 10, 3 * 3600.0)
    assert config_of(file, "").mqtt.port_to_use == 1883
    assert config_of(file, "").expire_after_s == 910.0
    assert config_of(file, '[store]\ncommit_interval = "1min"\n').expire_after_s == 960.0


@pytest.mark.parametrize("written", ["1s", "15s", "65535s"])
def test_a_keepalive_that_mqtt_can_say_is_taken(file: Path, written: str) -> None:
    assert config_of(file, f'[mqtt]\nkeepalive = "{written}"').mqtt.keepalive == float(written.removesuffix("s"))
    assert config_of(file, "").mqtt.keepalive == 60


@pytest.mark.parametrize("written", ["0s", "500ms", "65536s", "1d"])
def test_a_keepalive_that_mqtt_cannot_say_is_refused(file: Path, written: str) -> None:
    problem = only_problem_of(file, f'[mqtt]\nkeepalive = "{written}"')
    assert (problem.line, problem.key, problem.fix) == (2, "mqtt.keepalive", 'write for example keepalive = "15s"')


def test_values_that_would_expire_between_two_are_refused(file: Path) -> None:
    text = '[camera]\ninterval = "1h"\n[homeassistant]\nexpire_after = "30min"\n'
    assert "camera.interval and store.commit_interval, together 3610 s" in only_problem_of(file, text).expected
    assert "together 3660 s" in only_problem_of(file, text.replace("30min", "61min") + '[store]\ncommit_interval = "1min"\n').expected
    assert config_of(file, text.replace("30min", "3h")).expire_after_s == 3 * 3600.0
    assert config_of(file, text.replace('"30min"', "0")).expire_after_s == 0.0
