"""`digitd read` with a reference, and with the daemon's file."""

import json
from pathlib import Path

import cv2
import pytest

from edge.cli import main
from tests.edge.frames import sequence
from tests.edge.shot import SHOT, WINDOW, counter
from tests.edge.test_align import nudged

SET_UP = sequence()[0]


SET_UP_WINDOW = " ".join(f"{x:g},{y:g}" for x, y in SET_UP.corners)


def toml(name: str, window: str, digits: int, *lines: str) -> str:
    return "\n".join(["[[counter]]", f'name = "{name}"', f'window = "{window}"', f"digits = {digits}", *lines, ""])


def test_a_nudged_camera_is_read_by_the_picture_the_window_was_drawn_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    moved, _ = nudged(sequence()[9].picture, shift=(25.0, -25.0), degrees=4.0)
    cv2.imwrite(str(tmp_path / "reference.png"), SET_UP.picture)
    cv2.imwrite(str(tmp_path / "now.png"), moved)
    options = ["--window", SET_UP_WINDOW, "--digits", "5", "--reference", str(tmp_path / "reference.png"), "--json"]
    assert main(["read", str(tmp_path / "now.png"), *options]) == 0
    reading = json.loads(capsys.readouterr().out)
    assert (reading["raw"], reading["status"]) == (sequence()[9].digits, "ok")
    assert 0.8 < reading["alignment"] <= 1
    assert "align" in reading["timings_ms"]


def test_another_scene_than_the_references_is_misaligned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "reference.png"), SET_UP.picture)
    cv2.imwrite(str(tmp_path / "other.png"), cv2.resize(SHOT.picture, (640, 480)))
    options = ["--window", SET_UP_WINDOW, "--digits", "5", "--reference", str(tmp_path / "reference.png"), "--json"]
    assert main(["read", str(tmp_path / "other.png"), *options]) == 0
    assert main(["read", str(tmp_path / "other.png"), *options, "--previous", "530"]) == 0
    unknown, known = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (unknown["status"], unknown["value"], unknown["raw"], unknown["wheels"]) == ("misaligned", None, "", [])
    assert (known["status"], known["value"]) == ("misaligned", 530)
    assert 0 <= unknown["alignment"] < 0.5


def test_a_picture_of_another_size_than_the_reference_is_refused_and_the_others_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, picture in (("reference", SET_UP.picture), ("same", SET_UP.picture), ("larger", cv2.resize(SET_UP.picture, (1280, 960)))):
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture)
    options = ["--window", SET_UP_WINDOW, "--digits", "5", "--reference", str(tmp_path / "reference.png")]
    assert main(["read", str(tmp_path / "larger.png"), str(tmp_path / "same.png"), *options]) == 1
    said = capsys.readouterr()
    assert "same.png: 00530" in said.out
    assert "larger.png: 1280 × 960 pixels, its reference has 640 × 480" in said.err


def test_the_daemons_file_tells_what_to_read(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = picture.with_name("digitd.toml")
    config.write_text(toml("water", WINDOW, 5, "decimals = 1", 'device_class = "gas"'))
    assert main(["read", str(picture), "--config", str(config), "--json"]) == 0
    reading = json.loads(capsys.readouterr().out)
    assert (reading["counter"], reading["raw"], reading["value"]) == ("water", "01189", 118.9)


def test_a_counter_that_may_run_backwards_did_not_go_round(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = picture.with_name("digitd.toml")
    config.write_text(toml("solar", WINDOW, 5, "decreases = true"))
    assert main(["read", str(picture), "--config", str(config), "--previous", "1500"]) == 0
    assert capsys.readouterr().out.endswith("%  ok\n")


def test_pictures_are_turned_as_the_files_camera_turns_them(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(picture), cv2.rotate(SHOT.picture, cv2.ROTATE_90_COUNTERCLOCKWISE))
    config, seen = picture.with_name("digitd.toml"), picture.with_name("seen.png")
    config.write_text("[camera]\nrotation = 90\n" + toml("water", WINDOW, 5))
    assert main(["read", str(picture), "--config", str(config), "--annotate", str(seen), "--json"]) == 0
    reading = json.loads(capsys.readouterr().out)
    assert (reading["raw"], reading["status"]) == ("01189", "ok")
    drawn = cv2.imread(str(seen))
    assert drawn is not None
    assert drawn.shape == SHOT.picture.shape


def test_all_counters_of_the_file_are_read_or_the_one_that_is_named(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = picture.with_name("digitd.toml")
    config.write_text(toml("whole", WINDOW, 5) + toml("litres", WINDOW, 5, "decimals = 2"))
    assert main(["read", str(picture), "--config", str(config)]) == 0
    assert main(["read", str(picture), "--config", str(config), "--counter", "litres"]) == 0
    lines = capsys.readouterr().out.splitlines()
    expected = [f"{picture} whole: 01189 = 1189", f"{picture} litres: 01189 = 11.89", f"{picture} litres: 01189 = 11.89"]
    assert [line.partition("  ")[0] for line in lines] == expected


def test_the_files_reference_is_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    moved, _ = nudged(SET_UP.picture, shift=(-25.0, 25.0), degrees=-4.0)
    cv2.imwrite(str(tmp_path / "water.png"), SET_UP.picture)
    cv2.imwrite(str(tmp_path / "now.png"), moved)
    (tmp_path / "digitd.toml").write_text(toml("water", SET_UP_WINDOW, 5, 'reference = "water.png"'))
    assert main(["read", str(tmp_path / "now.png"), "--config", str(tmp_path / "digitd.toml"), "--json"]) == 0
    reading = json.loads(capsys.readouterr().out)
    assert (reading["raw"], reading["status"]) == ("00530", "ok")
    assert reading["alignment"] > 0.8


def test_the_command_line_wins_over_the_file(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = picture.with_name("digitd.toml")
    config.write_text(toml("water", "1,1 99,1 99,50 1,50", 7, "decimals = 3"))
    options = ["--config", str(config), *counter("--decimals", "1"), "--json"]
    assert main(["read", str(picture), *options]) == 0
    assert json.loads(capsys.readouterr().out)["value"] == 118.9


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--counter", "gas"], "--counter gas: "),
        (["--digits", "5"], "--digits is about one counter"),
        (["--previous", "5"], "--previous is about one counter"),
        (["--find"], "--config and --find: take one of them"),
        (["--layout", "free"], "leave out --config"),
    ],
)
def test_options_that_contradict_the_file_are_refused(
    picture: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = picture.with_name("digitd.toml")
    config.write_text(toml("one", WINDOW, 5) + toml("two", WINDOW, 5))
    assert main(["read", str(picture), "--config", str(config), *options]) == 2
    assert said in capsys.readouterr().err


def test_a_counter_whose_window_does_not_fit_does_not_keep_the_others_from_being_read(
    picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = picture.with_name("digitd.toml")
    config.write_text(toml("gas", "9000,0 9100,0 9100,50 9000,50", 5) + toml("water", WINDOW, 5))
    assert main(["read", str(picture), "--config", str(config), "--json"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["raw"] == "01189"
    assert said.err.startswith("digitd: counter gas: window ")
    assert f"reaches beyond {picture}" in said.err


def test_a_wrong_file_is_told_a_line_for_each_problem(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = picture.with_name("digitd.toml")
    config.write_text("[camera]\nrotation = 45\nintervall = 5\n")
    assert main(["read", str(picture), "--config", str(config)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        ["digitd", f"{config}:2:camera.rotation"],
        ["digitd", f"{config}:3:camera.intervall"],
    ]
