"""What `digitd doctor` looks at: each check says what it found, and where that is not well, what to do."""

import dataclasses
import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from edge import assembly
from edge.config.load import checked_with_files, load
from edge.config.schema import Config
from edge.errors import ConfigError, DigitdError
from edge.inference.models import loader, shipped
from edge.outputs.mqtt_events import LostError
from edge.vision.window import inside

THERMAL = Path("/sys/class/thermal")
HOT_C = 80.0
"""A Raspberry Pi slows down from here on."""
LEAST_FREE_BYTES = 200_000_000
DIGITD_BEGAN = 1_767_225_600
"""2026-01-01 in seconds: a clock before it has not been set."""
IN_USE = "in use by the digitd that runs"
THROTTLED = {0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "soft temperature limit", 16: "under-voltage since boot"}
"""Bits of `vcgencmd get_throttled` (Raspberry Pi documentation)."""


@dataclasses.dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    well: bool | None
    """None: there is nothing to check here."""
    found: str
    fix: str = ""
    """What to do, where it is not well."""


def checks(path: Path) -> Iterator[Check]:
    """All of them, one after the other: some take seconds."""
    try:
        config: Config | None = load(path)
        yield Check("configuration", True, f"{path}: {len(config.counter) if config else 0} counters")
    except DigitdError as error:
        config = None
        yield Check("configuration", False, str(error).splitlines()[0], f"digitd check-config {path} tells all of it")
    yield from _models(config)
    if config is not None:
        folder, runs = config.store.path.parent, _runs(config.store.path)
        yield from _secrets(path)
        yield _guarded(
            "camera",
            lambda: IN_USE if runs else _camera(config),
            "look at camera.source, at the cable, and at who may use the device (group video)",
        )
        yield _guarded("database", lambda: IN_USE if runs else _folder(folder), f"make {folder}, and let digitd write there")
        yield _guarded("disk", lambda: _disk(folder), "make room, or move store.path to another disk")
        yield _broker(config)
    yield _clock()
    yield _temperature()
    yield _throttling()


def _guarded(name: str, look: Callable[[], str], fix: str) -> Check:
    try:
        return Check(name, True, look())
    except DigitdError as error:
        return Check(name, False, str(error).splitlines()[0], fix)
    except OSError as error:
        return Check(name, False, f"{error.filename or name}: {error.strerror or error}", fix)


def _models(config: Config | None) -> Iterator[Check]:
    def runtimes() -> str:
        if config is None or not config.counter:
            return f"{shipped('lenet5-counter').name} on {loader()(None).runtime}"
        return ", ".join(f"{name} on {kind.reader.recognizer.runtime}" for name, kind in assembly.kinds(config).items())

    yield _guarded("model and runtime", runtimes, "pip install ai-edge-litert, or take model and card from the same release")


def _secrets(path: Path) -> Iterator[Check]:
    unfit, closed = ([each for each in found if each.key.lower().endswith("_file")] for found in checked_with_files(path)[1:])
    for each in unfit:
        yield Check("secrets", False, f"{each.key}: {each.found}; expected {each.expected}", each.fix)
    if closed:
        yield Check("secrets", None, f"{', '.join(each.key for each in closed)}: not this user's to read; as root they are looked at")
    elif not unfit:
        yield Check("secrets", True, "files with passwords, tokens and certificates are fit, where any are named")


def _runs(database: Path) -> bool:
    """Whether a digitd holds the database, and the camera with it."""
    try:
        with Path(f"{database}-lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # none has run there yet, or it is not this user's to see
        return False
    return False


def _camera(config: Config) -> str:
    with assembly.camera(config.camera) as camera:
        picture = camera.frame().picture
    height, width = picture.shape[:2]
    outside = [counter.name for counter in config.counter if not inside(counter.corners, picture.shape)]
    if outside:
        raise DigitdError(f"{width} × {height} pixels, and the window of {', '.join(outside)} reaches beyond them; draw it anew")
    return f"{camera.name}: {width} × {height} pixels"


def _folder(folder: Path) -> str:
    probe = folder / ".digitd-doctor"
    probe.write_bytes(b"digitd")
    probe.unlink()
    return f"{folder} can be written to"


def _disk(folder: Path) -> str:
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        raise DigitdError(f"{free / 1e6:.0f} MB are free in {folder}; expected {LEAST_FREE_BYTES / 1e6:.0f} or more")
    return f"{free / 1e9:.1f} GB are free"


def _broker(config: Config) -> Check:
    if config.mqtt.host is None:
        return Check("broker", None, "no mqtt.host")
    from edge.outputs.mqtt_login import logged_in  # and with it paho

    address = f"{config.mqtt.host}, port {config.mqtt.port_to_use}"
    try:
        return Check("broker", True, f"{address}: lets digitd in, with MQTT {logged_in(assembly.mqtt_settings(config))}")
    except ConfigError as error:
        forbidden = isinstance(error.__cause__, PermissionError)
        return Check("broker", None if forbidden else False, f"not asked, for {error}", "see secrets")
    except LostError as error:
        return Check("broker", False, f"{address}: {error}", _way_in(config, str(error)))


def _way_in(config: Config, said: str) -> str:
    """What to do where the broker does not let digitd in."""
    if "the broker refuses" not in said:
        certificates = ", at ca_file, certificate_file and key_file" if config.mqtt.encrypted else ""
        return f"look at mqtt.host and mqtt.port{certificates}, and whether the broker runs; until then readings wait in the database"
    if config.mqtt.password_file is None:
        return "has it a user and a password for digitd? Then name them: mqtt.user, mqtt.password_file"
    return f"is the password in {config.mqtt.password_file} right, and mqtt.user?"


def _clock() -> Check:
    now = time.strftime("%Y-%m-%d %H:%M:%S %Z")
    if time.time() < DIGITD_BEGAN:
        return Check("clock", False, f"{now}: it has not been set", "connect to a network with a time server, or add a real-time clock")
    if Path("/run/systemd/timesync").is_dir() and not Path("/run/systemd/timesync/synchronized").exists():
        return Check("clock", False, f"{now}, not compared with a time server yet", "timedatectl tells why; readings carry this time")
    return Check("clock", True, now)


def _temperature() -> Check:
    degrees = []
    for zone in sorted(THERMAL.glob("thermal_zone*/temp")):
        try:
            degrees.append(int(zone.read_text()) / 1000)
        except (OSError, ValueError):
            continue
    if not degrees:
        return Check("temperature", None, "this machine shows none")
    hottest = max(degrees)
    return Check("temperature", hottest < HOT_C, f"{hottest:.0f} °C", "give it air, or a heat sink")


def _throttling() -> Check:
    if shutil.which("vcgencmd") is None:
        return Check("throttling", None, "no vcgencmd: not a Raspberry Pi")
    try:
        told = subprocess.run(["vcgencmd", "get_throttled"], capture_output=True, text=True, timeout=5, check=True).stdout
        bits = int(told.strip().partition("=")[2], 16)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return Check("throttling", False, f"vcgencmd: {error}", f"may {os.environ.get('USER', 'digitd')} use /dev/vcio? (group video)")
    said = [words for bit, words in THROTTLED.items() if bits >> bit & 1]
    return Check("throttling", not said, ", ".join(said) or "none", "use the power supply that came with it, and cool it")
