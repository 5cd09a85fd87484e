"""`make install` and `make uninstall`, run below a folder: what a Raspberry Pi would get, with the packages that it would download."""

import dataclasses
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from edge.web.auth import read_token
from tests.test_arrows import ROOT

HEAVY = {"tensorflow", "tensorflow-cpu", "keras", "tf2onnx", "torch", "jax", "matplotlib", "tensorboard"}
UNITS = "etc/systemd/system"


@dataclasses.dataclass(frozen=True)
class Machine:
    """A folder in the place of /, and what is installed besides."""

    root: Path
    environment: dict[str, str] = dataclasses.field(default_factory=dict)

    def run(self, script: str, *words: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"DESTDIR": str(self.root)} | self.environment
        return subprocess.run(
            [ROOT / "systemd" / script, *words], env=environment, cwd="/", capture_output=True, text=True, check=False
        )  # fmt: skip

    def install(self) -> str:
        """What it says."""
        result = self.run("install.sh")
        assert result.returncode == 0, result.stderr
        return result.stdout

    def having(self, **more: str) -> "Machine":
        """The same with other things in the environment."""
        return dataclasses.replace(self, environment=self.environment | more)

    def path(self, name: str) -> Path:
        return self.root / name

    def files(self, folder: str) -> set[str]:
        return {path.name for path in self.path(folder).iterdir()} if self.path(folder).is_dir() else set()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Machine, str]:
    """A machine after `make install`, with all that it downloads, and what was said."""
    machine = Machine(tmp_path_factory.mktemp("root"))
    return machine, machine.install()


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine after a quick `make install`: it shares the packages of these tests, so that nothing but digitd itself is installed."""
    folder = tmp_path_factory.mktemp("once")
    program(folder, "python3", f'case $1$2 in -mvenv) set -- "$@" --without-pip;; esac; exec {sys.executable} "$@"')
    machine = Machine(
        folder / "root",
        {"PIP_NO_DEPS": "1", "PYTHON": str(folder / "python3"), "PYTHONPATH": f"{sysconfig.get_path('purelib')}:{ROOT}"},
    )
    machine.install()
    return machine


@pytest.fixture
def machine(once: Machine, tmp_path: Path) -> Machine:
    """Such a machine, of its own."""
    shutil.copytree(once.root, tmp_path / "root", symlinks=True)
    return dataclasses.replace(once, root=tmp_path / "root")


@pytest.fixture
def without_pip(machine: Machine, tmp_path: Path) -> Machine:
    """Such a machine, where pip does nothing: for what does not depend on it."""
    (tmp_path / "stub/pip").mkdir(parents=True)
    for name in ("__init__.py", "__main__.py"):
        (tmp_path / "stub/pip" / name).write_text("")
    return machine.having(PYTHONPATH=f"{tmp_path / 'stub'}:{machine.environment['PYTHONPATH']}")


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_program_runs_from_anywhere_and_finds_its_models(installed: tuple[Machine, str]) -> None:
    python, digitd = installed[0].path("opt/digitd/bin/python"), installed[0].path("opt/digitd/bin/digitd")
    said = subprocess.run([digitd, "version"], cwd="/", capture_output=True, text=True, check=True)
    assert said.stdout.startswith("digitd ")
    find = "from edge.inference.models import shipped; from edge.inference.model import load; load(shipped('lenet5-counter'))"
    subprocess.run([python, "-c", find], cwd="/", check=True)


def test_it_gets_what_reading_needs_and_never_what_training_needs(installed: tuple[Machine, str]) -> None:
    listed = subprocess.run(
        [installed[0].path("opt/digitd/bin/python"), "-m", "pip", "list", "--format", "freeze"], capture_output=True, text=True, check=True
    )
    names = {line.partition("==")[0].lower() for line in listed.stdout.splitlines()}
    assert names >= {"digitd", "numpy", "ai-edge-litert", "opencv-python-headless"}
    assert names & HEAVY == set()
    assert "-e" not in listed.stdout.split(), "not a link to this checkout"


def test_the_configuration_it_puts_there_is_the_default_and_right(installed: tuple[Machine, str]) -> None:
    digitd, config = installed[0].path("opt/digitd/bin/digitd"), installed[0].path("etc/digitd/digitd.toml")
    default = subprocess.run([digitd, "config"], capture_output=True, text=True, check=True).stdout
    assert (config.read_text(), mode(config)) == (default, 0o644)
    subprocess.run([digitd, "check-config", config], check=True)


def test_the_token_is_good_roots_alone_and_shown_once(installed: tuple[Machine, str]) -> None:
    machine, said = installed
    token = machine.path("etc/digitd/token")
    assert mode(token) == 0o600
    assert said.count(read_token(token)) == 1


def test_the_service_and_the_folder_for_readings_are_where_systemd_wants_them(installed: tuple[Machine, str]) -> None:
    machine = installed[0]
    assert machine.path(f"{UNITS}/digitd.service").read_text() == (ROOT / "systemd/digitd.service").read_text()
    assert mode(machine.path("var/lib/digitd")) == 0o700
    assert machine.path("usr/local/bin/digitd").readlink() == Path("/opt/digitd/bin/digitd")
    assert machine.files("") == {"etc", "opt", "usr", "var"}


def test_everybody_may_run_it_whatever_umask_root_has(installed: tuple[Machine, str]) -> None:
    for path in installed[0].path("opt/digitd").rglob("*"):
        if not path.is_symlink():
            assert mode(path) & 0o444 == 0o444, path


def test_a_second_time_it_updates_the_program_and_keeps_what_is_somebodys(machine: Machine) -> None:
    config, token, unit = machine.path("etc/digitd/digitd.toml"), machine.path("etc/digitd/token"), machine.path(f"{UNITS}/digitd.service")
    config.write_text("# mine\n")
    secret = token.read_text()
    unit.write_text("[Service]\n")
    (machine.path("var/lib/digitd") / "digitd.sqlite").write_text("readings")
    machine.path(f"{UNITS}/digitd.service.d/override.conf").write_text("# mine\n")
    (machine.path("opt/digitd/share/digitd/models") / "old.tflite").write_text("")
    packages = next(machine.path("opt/digitd/lib").glob("python3.*")) / "site-packages"
    (packages / "edge/cli.py").write_text("an older one\n")
    said = machine.install()
    assert secret.strip() not in said
    assert (config.read_text(), token.read_text()) == ("# mine\n", secret)
    assert (packages / "edge/cli.py").read_text() != "an older one\n"
    assert unit.read_text() == (ROOT / "systemd/digitd.service").read_text()
    assert machine.files("var/lib/digitd") == {"digitd.sqlite"}
    assert machine.files(f"{UNITS}/digitd.service.d") == {"override.conf"}
    assert machine.files("opt/digitd/share/digitd/models") == {path.name for path in (ROOT / "models").iterdir()}


def test_an_update_that_fails_leaves_what_was_there(machine: Machine) -> None:
    failed = machine.having(PIP_NO_INDEX="1", PIP_CONFIG_FILE="/dev/null", PIP_FIND_LINKS="").run("install.sh")
    assert failed.returncode == 1
    assert "what was installed before still is" in failed.stderr
    environment = os.environ | machine.environment
    subprocess.run([machine.path("opt/digitd/bin/digitd"), "version"], env=environment, check=True, capture_output=True)


def test_a_folder_for_readings_that_systemd_has_moved_is_left_alone(without_pip: Machine) -> None:
    without_pip.path("var/lib/digitd").rmdir()
    without_pip.path("var/lib/digitd").symlink_to("private/digitd")
    without_pip.install()
    assert without_pip.path("var/lib/digitd").is_symlink()


def test_a_newer_systemd_gets_what_only_it_understands(without_pip: Machine, tmp_path: Path) -> None:
    for said, there in (("systemd 257 (257.9-1~deb13u1)", {"newer.conf"}), ("systemd 252 (252.38-1~deb12u1)", set()), ("", set())):
        program(tmp_path / "bin", "systemctl", f"echo '{said}'")
        without_pip.having(PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}").install()
        assert without_pip.files(f"{UNITS}/digitd.service.d") == there


def test_where_picamera2_is_installed_the_service_may_use_it_and_once_it_is_gone_no_more(without_pip: Machine, tmp_path: Path) -> None:
    (tmp_path / "apt").mkdir()
    (tmp_path / "apt/picamera2.py").write_text("")
    without_pip.having(PYTHONPATH=f"{tmp_path / 'apt'}:{without_pip.environment['PYTHONPATH']}").install()
    assert without_pip.files(f"{UNITS}/digitd.service.d") == {"picamera2.conf"}
    assert "include-system-site-packages = true" in without_pip.path("opt/digitd/pyvenv.cfg").read_text()
    without_pip.install()
    assert without_pip.files(f"{UNITS}/digitd.service.d") == set()
    assert "include-system-site-packages = false" in without_pip.path("opt/digitd/pyvenv.cfg").read_text()


def test_without_a_python_that_fits_it_says_what_to_do(tmp_path: Path) -> None:
    bare = Machine(tmp_path / "root", {"PYTHON": "/bin/false"})
    result = bare.run("install.sh")
    assert (result.returncode, bare.files("opt")) == (1, set())
    assert "apt install python3-venv" in result.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("script", ["install.sh", "uninstall.sh"])
def test_only_root_changes_the_machine_itself(script: str) -> None:
    text = (ROOT / "systemd" / script).read_text()
    result = subprocess.run(
        ["sh", "-s"], input=text.replace("$(dirname \"$0\")/..", "/"), user=65534, cwd="/", capture_output=True, text=True, check=False
    )  # fmt: skip
    assert result.returncode == 1
    assert "expected root" in result.stderr


def test_removed_it_leaves_what_is_somebodys_and_again_is_no_error(machine: Machine) -> None:
    machine.path(f"{UNITS}/digitd.service.d/override.conf").write_text("# mine\n")
    for _ in range(2):
        assert machine.run("uninstall.sh").returncode == 0
        assert machine.files("opt") == machine.files("usr/local/bin") == set()
        assert machine.files(UNITS) == {"digitd.service.d"}
        assert machine.files("etc/digitd") == {"digitd.toml", "token"}
        assert machine.path("var/lib/digitd").is_dir()
    assert machine.run("uninstall.sh", "--purge").returncode == 0
    assert machine.files("etc/digitd") == machine.files("var/lib") == set()


def test_a_folder_that_is_not_its_own_is_not_removed(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    mine = machine.path("opt/digitd/mine")
    mine.mkdir(parents=True)
    result = machine.run("uninstall.sh")
    assert (result.returncode, mine.is_dir()) == (1, True)
    assert "not ours" in result.stderr
    assert machine.run("uninstall.sh", "--all").returncode == 1
