"""What `digitd doctor` looks at: each check says what it found, and where that is not well, what to do."""

import dataclasses
import errno
import fcntl
import itertools
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from edge import assembly
from edge.capture.watching import Watched
from edge.config.load import checked_with_files
from edge.config.problems import Problem
from edge.config.schema import Config
from edge.errors import ConfigError, DigitdError, PictureError, in_parts
from edge.inference.models import loader, shipped
from edge.outputs.mqtt_events import LostError
from edge.sizes import misfit

THERMAL = Path("/sys/class/thermal")
HOT_C = 80.0
"""A Raspberry Pi slows down from here on."""
LEAST_FREE_BYTES = 200_000_000
DIGITD_BEGAN = 1_767_225_600
"""2026-01-01 in seconds: a clock before it has not been set."""
IN_USE = "in use by the digitd that runs"
SOURCES = {
    "picamera2": "look at the camera's ribbon cable, and whether `rpicam-hello --list-cameras` lists it",
    "v4l2": "look at camera.source, and whether `v4l2-ctl --list-devices` lists it",
    "rtsp": "look at camera.source: the address, its port and path, the user and password that the camera wants",
    "http": "look at camera.source: the address, its port and path, the user and password that the camera wants",
    "folder": "look at the path in camera.source, and whether what puts pictures there runs",
    "file": "look at the path in camera.source",
}
"""What to do about a kind of camera where its error does not say so itself."""
FOLDERS = {
    errno.ENOENT: "make it, for digitd's user; the service itself makes /var/lib/digitd when it starts",
    errno.ENOTDIR: "look at store.path: what stands before the file's name must be a folder",
    errno.EACCES: "it is not this user's to look at: sudo digitd doctor",
    errno.EROFS: "the disk can only be read: `dmesg` may tell why; or move store.path to another one",
}
"""What to do about the folder of the database, by what the system says."""
SECRETS, MODEL = "secrets", "model and runtime"
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
    config, problems, closed = checked_with_files(path)
    if config is None:
        all_of_it = f"digitd check-config {path} tells all of it"
        yield Check("configuration", False, _found(problems[0]), all_of_it if len(problems) > 1 else problems[0].fix)
    else:
        count = len(config.counter)
        yield Check("configuration", True, f"{path}: {count or 'no'} counter{'' if count == 1 else 's'}")
        yield from _files(problems, closed)
    if config is None or not any(_room(each) == MODEL for each in problems + closed):
        yield _guarded(MODEL, lambda: _runtimes(config), "install digitd again")
    if config is not None:
        folder, runs = config.store.path.parent, _runs(config.store.path)
        yield Check("camera", True, IN_USE) if runs else _camera(config)
        yield _guarded("database", lambda: IN_USE if runs else _folder(folder), "make room, or look at the disk")
        yield _guarded("disk", lambda: _disk(folder), "make room, or move store.path to another disk")
        yield _broker(config)
    yield _clock()
    yield _temperature()
    yield _throttling()


def _guarded(name: str, look: Callable[[], str], fix: str) -> Check:
    """fix: what to do where what is raised does not tell."""
    try:
        return Check(name, True, look())
    except DigitdError as error:
        found, expected, what = in_parts(str(error).splitlines()[0])
        return Check(name, False, f"{found}; expected {expected}" if expected else found, what or fix)
    except OSError as error:
        return Check(name, False, f"{error.filename or name}: {error.strerror or error}", FOLDERS.get(error.errno or 0, fix))


def _files(problems: list[Problem], closed: list[Problem]) -> Iterator[Check]:
    """What the configuration names."""
    for each in problems:
        yield Check(_room(each), False, _found(each), each.fix)
    for room, keys in itertools.groupby(sorted(closed, key=_room), _room):
        names = ", ".join(each.key for each in keys)
        yield Check(room, None, f"{names}: not this user's to read; as root they are looked at")
    if not any(_room(each) == SECRETS for each in problems + closed):
        yield Check(SECRETS, True, "files with passwords, tokens and certificates are fit, where any are named")


def _room(problem: Problem) -> str:
    """The check that a file's problem belongs to; the environment's variables have capitals."""
    return {"model": MODEL, "reference": "reference"}.get(re.split("[._]", problem.key.lower())[-1], SECRETS)


def _found(problem: Problem) -> str:
    return f"{problem.key or problem.file}: {problem.found}; expected {problem.expected}"


def _runtimes(config: Config | None) -> str:
    recognizer = loader()
    if config is None or not config.counter:
        return f"{shipped('lenet5-counter').name} on {recognizer(None).runtime}"
    return ", ".join(f"{counter.name} on {recognizer(counter.model).runtime}" for counter in config.counter)


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


def _kind(config: Config) -> str:
    """What kind of camera it is, as `SOURCES` has it."""
    kind = config.camera.source.partition(":")[0]
    return {"https": "http", "rtsps": "rtsp"}.get(kind, kind)


def _camera(config: Config) -> Check:
    try:
        camera = assembly.camera(config.camera)
    except ConfigError as error:
        return _not_asked("camera", error)
    return _guarded("camera", lambda: _frame(config, camera), SOURCES.get(_kind(config), "look at camera.source"))


def _not_asked(name: str, error: ConfigError) -> Check:
    """What cannot be asked for a secret that is none, or not this user's to read."""
    return Check(name, None if isinstance(error.__cause__, PermissionError) else False, f"not asked, for {error}", "see secrets")


def _frame(config: Config, camera: Watched) -> str:
    with camera:
        picture = camera.frame().picture
    height, width = picture.shape[:2]
    for counter in config.counter:
        try:
            reference = assembly.reference(counter)
        except PictureError:  # told with the files
            continue
        if (why := misfit(counter.corners, reference, picture.shape)) is not None:
            raise DigitdError(f"{counter.name}: {why}")
    return f"{camera.name}: {width} × {height} pixels"


def _folder(folder: Path) -> str:
    probe = folder / ".digitd-doctor"
    try:
        probe.write_bytes(b"digitd")
        probe.unlink()
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error
    return f"{folder} can be written to"


def _disk(folder: Path) -> str:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
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
        return _not_asked("broker", error)
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
