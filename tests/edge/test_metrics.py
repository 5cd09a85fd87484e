"""What Prometheus would read: the text parsed by its own library."""

import dataclasses
import datetime
import json
import math
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

import edge
from edge.inference.model import load
from edge.outputs.metrics import Metrics
from edge.reading import Status
from tests.edge.stored import NOON, reading
from tests.test_arrows import ROOT

MODELS = ROOT / "models"
Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


def figures(metrics: Metrics) -> Figures:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


def figure(metrics: Metrics, name: str, **labels: str) -> float:
    return figures(metrics)[name, frozenset(labels.items())]


def test_readings_are_counted_by_counter_and_status() -> None:
    metrics = Metrics(["water", "gas"])
    for status in (Status.OK, Status.OK, Status.MISALIGNED):
        metrics.observe("water", reading("1234.567", status))
    assert figure(metrics, "digitd_readings_total", counter="water", status="ok") == 2
    assert figure(metrics, "digitd_readings_total", counter="water", status="misaligned") == 1
    assert figure(metrics, "digitd_readings_total", counter="gas", status="ok") == 0


@pytest.mark.parametrize("status", Status)
def test_every_status_has_its_line_before_it_ever_happens(status: Status) -> None:
    assert figure(Metrics(["water"]), "digitd_readings_total", counter="water", status=status.value) == 0


def test_value_and_confidence_are_those_of_the_last_reading() -> None:
    metrics = Metrics(["water", "gas"])
    metrics.observe("water", reading("1234.567"))
    metrics.observe("water", dataclasses.replace(reading(None, Status.NO_FRAME), confidence=0.25))
    assert figure(metrics, "digitd_value", counter="water") == 1234.567
    assert figure(metrics, "digitd_confidence", counter="water") == 0.25
    assert math.isnan(figure(metrics, "digitd_value", counter="gas"))


def test_stages_are_counted_in_seconds() -> None:
    metrics = Metrics(["water"])
    for taken_ms in (0.3, 3.0, 30.0):
        metrics.observe("water", dataclasses.replace(reading("1"), timings_ms={"network": taken_ms, "decode": 0.1}))
    assert figure(metrics, "digitd_stage_seconds_count", stage="network") == 3
    assert figure(metrics, "digitd_stage_seconds_sum", stage="network") == pytest.approx(0.0333)
    assert figure(metrics, "digitd_stage_seconds_bucket", stage="network", le="0.004") == 2
    assert figure(metrics, "digitd_stage_seconds_bucket", stage="decode", le="0.0005") == 3


def test_a_frame_ages_until_the_next_one_and_is_never_of_the_future() -> None:
    clock = [NOON]
    metrics = Metrics(["water"], now=lambda: clock[0])
    assert ("digitd_frame_age_seconds", frozenset()) not in figures(metrics)
    metrics.frame_taken(NOON)
    clock[0] = NOON + datetime.timedelta(seconds=90)
    assert figure(metrics, "digitd_frame_age_seconds") == 90
    clock[0] = NOON - datetime.timedelta(hours=1)
    assert figure(metrics, "digitd_frame_age_seconds") == 0


def test_a_queue_is_as_long_as_it_is_when_it_is_asked_for() -> None:
    waiting = [3]
    metrics = Metrics(["water"])
    metrics.queue("mqtt", lambda: waiting[0])
    assert figure(metrics, "digitd_queue_length", output="mqtt") == 3
    waiting[0] = 0
    assert figure(metrics, "digitd_queue_length", output="mqtt") == 0


def test_temperatures_come_from_the_kernel_and_a_sensor_without_answer_is_left_out(tmp_path: Path) -> None:
    for number, kind, temperature in ((0, "cpu-thermal", "48312\n"), (1, "gpu-thermal", "")):
        zone = tmp_path / f"thermal_zone{number}"
        zone.mkdir()
        (zone / "type").write_text(f"{kind}\n")
        (zone / "temp").write_text(temperature)
    found = figures(Metrics(["water"], thermal=tmp_path))
    assert {key: value for key, value in found.items() if "temperature" in key[0]} == {
        ("digitd_temperature_celsius", frozenset({("zone", "cpu-thermal")})): 48.312
    }


def test_a_machine_without_sensors_has_no_temperature(tmp_path: Path) -> None:
    assert not any("temperature" in name for name, _ in figures(Metrics(["water"], thermal=tmp_path / "none")))


def models(metrics: Metrics) -> dict[str, dict[str, str]]:
    """What is told of each counter's model."""
    told = [(dict(labels), value) for (name, labels), value in figures(metrics).items() if name == "digitd_model_info"]
    assert {value for _, value in told} == {1.0}
    return {labels.pop("counter"): labels for labels, _ in told}


def test_each_counter_has_a_line_for_its_model_and_another_takes_its_place() -> None:
    tflite, onnx = (load(MODELS / f"lenet5-counter{suffix}") for suffix in (".tflite", ".onnx"))
    files = json.loads((MODELS / "lenet5-counter.json").read_text())["files"]
    by_tflite = {"name": "lenet5-counter", "sha256": files["lenet5-counter.tflite"]["sha256"], "runtime": tflite.runtime}
    by_onnx = {"name": "lenet5-counter", "sha256": files["lenet5-counter.onnx"]["sha256"], "runtime": onnx.runtime}
    metrics = Metrics(["water", "gas"])
    metrics.model({"water": tflite, "gas": onnx})
    assert models(metrics) == {"water": by_tflite, "gas": by_onnx}
    metrics.model({"water": onnx, "gas": onnx})
    assert models(metrics) == {"water": by_onnx, "gas": by_onnx}
    metrics.counters(["water"])
    assert models(metrics) == {"water": by_onnx}


def test_the_version_is_ours() -> None:
    assert figure(Metrics([]), "digitd_info", version=edge.__version__) == 1


def test_memory_and_open_files_are_those_of_this_process() -> None:
    metrics = Metrics([])
    before = figure(metrics, "process_open_fds")
    with Path("/dev/null").open():
        assert figure(metrics, "process_open_fds") == before + 1
    assert 10e6 < figure(metrics, "process_resident_memory_bytes") < 100e9


def test_counters_come_and_go_with_the_configuration_and_those_that_stay_count_on() -> None:
    metrics = Metrics(["water", "gas"])
    metrics.observe("water", reading("1"))
    reads = load(MODELS / "lenet5-counter.tflite")
    metrics.model({"water": reads, "gas": reads})
    metrics.counters(["water", "heat"])
    metrics.observe("heat", reading("2"))
    assert figure(metrics, "digitd_readings_total", counter="water", status="ok") == 1
    assert figure(metrics, "digitd_value", counter="heat") == 2
    assert not any(("counter", "gas") in labels for _, labels in figures(metrics))


def test_two_of_them_share_nothing() -> None:
    first, second = Metrics(["water"]), Metrics(["water"])
    first.observe("water", reading("1"))
    assert figure(second, "digitd_readings_total", counter="water", status="ok") == 0


def test_no_line_says_when_it_began() -> None:
    assert not any(name.endswith("_created") for name, _ in figures(Metrics(["water"])))
