"""Keys of the daemon's file from the environment."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.config.load import checked
from tests.edge.configurations import COUNTER, SHOWN, TAKEN, config_of, only_problem_of


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "digitd.toml"


def test_every_key_can_be_set_by_the_environment(file: Path) -> None:
    """With what the template shows, each alone, on a file that holds nothing but a counter."""
    keys = tomllib.loads(SHOWN)
    file.write_text(COUNTER)
    whole = config_of(file, TAKEN)
    network = config_of(file, '[camera]\nsource = "rtsp://cam/1"\nuser = "digitd"\npassword_file = "camera-password"\n')
    tried = 0
    for section, table in keys.items():
        for key, value in (table[0] if section == "counter" else table).items():
            place = "COUNTER__1" if section == "counter" else section.upper()
            variables = {f"DIGITD_{place}__{key.upper()}": str(value)}
            if key in ("certificate_file", "key_file"):
                variables |= {f"DIGITD_MQTT__{each}": "x.pem" for each in ("CERTIFICATE_FILE", "KEY_FILE") if each != key.upper()}
            if section == "camera" and key in ("user", "password_file"):
                config = config_of(file, COUNTER, **variables, DIGITD_CAMERA__SOURCE="rtsp://cam/1")
                assert getattr(config.camera, key) == getattr(network.camera, key)
                continue
            config = config_of(file, COUNTER, **variables)
            if section == "counter":
                assert getattr(config.counter[0], key) == getattr(whole.counter[0], key)
            else:
                assert getattr(getattr(config, section), key) == getattr(getattr(whole, section), key)
            tried += 1
    assert tried > 60


def test_the_environment_wins_over_the_file_and_nothing_else_of_it_counts(file: Path) -> None:
    environment = {"DIGITD_CAMERA__INTERVAL": "1min", "DIGITD_DATA": "/data", "DIGITD_MQTT__USER": "", "HOME": "/root"}
    config = config_of(file, '[camera]\ninterval = "2h"\nrotation = 90\n[mqtt]\nuser = "me"\n', **environment)
    assert (config.camera.interval, config.camera.rotation, config.mqtt.user) == (60.0, 90, "me")


def test_the_environment_names_a_counter_by_its_name_or_number_or_adds_one(file: Path) -> None:
    environment = {
        "DIGITD_COUNTER__WARM_WATER__DIGITS": "7",
        "DIGITD_COUNTER__1__DECIMALS": "2",
        "DIGITD_COUNTER__2__NAME": "gas",
        "DIGITD_COUNTER__2__WINDOW": "1,1 99,1 99,50 1,50",
        "DIGITD_COUNTER__2__DIGITS": "6",
        "DIGITD_CAMERA__WHITE_BALANCE": "1.8, 1.5",
        "DIGITD_HTTP__ENABLED": "true",
    }
    config = config_of(file, COUNTER.replace("water", "warm-water"), **environment)
    assert [(each.name, each.digits, each.decimals) for each in config.counter] == [("warm-water", 7, 2), ("gas", 6, 0)]
    assert (config.camera.white_balance, config.http.enabled) == ((1.8, 1.5), True)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("DIGITD_CAMERA__INTERVAL", "fast", "a time with its unit"),
        ("DIGITD_CAMERA__INTERVALL", "5s", "one of: source, interval"),
        ("DIGITD_CAMRA__INTERVAL", "5s", "one of: camera, counter"),
        ("DIGITD_COUNTER__GAS__DIGITS", "5", "DIGITD_COUNTER__NAME__KEY"),
        ("DIGITD_COUNTER__3__DIGITS", "5", "DIGITD_COUNTER__NAME__KEY"),
        ("DIGITD_COUNTER__0__DIGITS", "5", "DIGITD_COUNTER__NAME__KEY"),
        ("DIGITD_CAMERA__SOURCE__PATH", "x", "text in quotes"),
        ("DIGITD_COUNTER__1__DIGITS", "many", "a whole number"),
    ],
)
def test_a_wrong_variable_is_told_by_its_name(file: Path, variable: str, value: str, said: str) -> None:
    problem = only_problem_of(file, COUNTER, **{variable: value})
    assert (problem.file, problem.line, problem.key) == ("environment", None, variable)
    assert said in problem.expected


def test_paths_start_at_the_files_own_folder_and_secrets_at_systemds_credentials(file: Path, tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "broker").write_text("secret")
    outputs = '[mqtt]\npassword_file = "broker"\n[influx]\ntoken_file = "influx"\n[store]\npath = "/x.db"\n'
    text = f'{COUNTER}reference = "set-up/water.jpg"\n{outputs}'
    config = config_of(file, text, CREDENTIALS_DIRECTORY=str(tmp_path / "credentials"))
    assert config.counter[0].reference == tmp_path / "set-up" / "water.jpg"
    assert config.mqtt.password_file == tmp_path / "credentials" / "broker"
    assert config.influx.token_file == tmp_path / "influx"
    assert config.store.path == Path("/x.db")


@settings(deadline=None)
@given(st.dictionaries(st.from_regex(r"DIGITD_(CAMERA|COUNTER|MQTT|X)__([A-Z0-9_]{0,8})(__[A-Z0-9]{0,8})?", fullmatch=True), st.text()))
def test_no_environment_whatever_brings_it_down(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> None:
    file = tmp_path_factory.getbasetemp() / "some.toml"
    file.write_text(COUNTER)
    config, problems = checked(file, environment)
    assert (config is None) == bool(problems)
