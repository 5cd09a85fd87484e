"""What `digitd doctor` looks at: each check says what it found, and where that is not well, what to do."""

import errno
import fcntl
import itertools
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from edge import assembly, machine
from edge.capture.watching import Watched
from edge.config.load import checked_with_files
from edge.config.outputs import Http, Influx, Webhook
from edge.config.problems import Problem
from edge.config.schema import Config
from edge.errors import ConfigError, DigitdError, PictureError, in_parts
from edge.inference.models import loader, shipped
from edge.machine import Check
from edge.outputs.mqtt_events import LostError
from edge.sizes import misfit

LEAST_FREE_BYTES = 200_000_000
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
        yield _receiver("webhook", config.webhook)
        yield _receiver("influx", config.influx)
        yield Check("web", True, IN_USE) if config.http.enabled and runs else _web(config.http)
    yield machine.clock()
    yield machine.temperature()
    yield machine.throttling()


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


def _receiver(name: str, section: Webhook | Influx) -> Check:
    """Nothing is sent: a receiver would take it for a reading."""
    if section.url is None:
        return Check(name, None, f"no {name}.url")
    from edge.outputs.post import UnavailableError, reach, shown

    try:
        reach(section.url, timeout_s=section.timeout)
    except UnavailableError as error:
        fix = f"look at {name}.url, and whether what it names runs; until then readings wait in the database"
        return Check(name, False, f"{shown(section.url)}: {error}", fix)
    return Check(name, True, f"{shown(section.url)}: can be reached")


def _web(http: Http) -> Check:
    if not http.enabled:
        return Check("web", None, "http.enabled is false")
    from edge.web.server import listening  # and with it uvicorn

    def port() -> str:
        listening(http.host, http.port).close()
        return f"{http.host}, port {http.port}: free for digitd"

    return _guarded("web", port, "name another port in [http]")


def _way_in(config: Config, said: str) -> str:
    """What to do where the broker does not let digitd in."""
    if "the broker refuses" not in said:
        certificates = ", at ca_file, certificate_file and key_file" if config.mqtt.encrypted else ""
        return f"look at mqtt.host and mqtt.port{certificates}, and whether the broker runs; until then readings wait in the database"
    if config.mqtt.password_file is None:
        return "has it a user and a password for digitd? Then name them: mqtt.user, mqtt.password_file"
    return f"is the password in {config.mqtt.password_file} right, and mqtt.user?"
