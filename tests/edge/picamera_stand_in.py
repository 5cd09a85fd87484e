"""picamera2 and libcamera, as far as their manual and docstrings (0.3.38) tell of the calls that we make, and as strict as they are.

There is no Raspberry Pi here. Buffers are written over as soon as they are given back, rows are padded, a held buffer is missing, a
second camera is refused, and controls act on the pictures: they come from a scene whose brightness is exposure times gain.
"""

import dataclasses
import time
import types
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as NotYet
from typing import Any

import numpy as np

from edge.capture.pictures import Image

STRIDE = 64
AUTO: dict[str, Any] = {"ExposureTime": 20_000, "AnalogueGain": 2.0, "ColourGains": (1.9, 1.4), "LensPosition": 4.5}
"""What the automatics settle at."""
SETTLES_IN = 20


@dataclasses.dataclass
class World:
    """What is connected, and what a test wants to know afterwards."""

    cameras: int = 1
    autofocus: bool = False
    silent: bool = False
    is_open: int = 0
    opened: int = 0
    configured: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    controls: dict[str, Any] = dataclasses.field(default_factory=dict)
    frames: int = 0
    held: int = 0
    cancelled: int = 0


def modules(world: World) -> dict[str, types.ModuleType]:
    """The two modules by name, looking at that world."""
    picamera2, libcamera = types.ModuleType("picamera2"), types.ModuleType("libcamera")
    picamera2.Picamera2 = type("Picamera2", (_Picamera2,), {"world": world})  # type: ignore[attr-defined]
    picamera2.MappedArray = MappedArray  # type: ignore[attr-defined]
    libcamera.Transform = Transform  # type: ignore[attr-defined]
    libcamera.controls = types.SimpleNamespace(AfModeEnum=types.SimpleNamespace(Manual=0, Auto=1))  # type: ignore[attr-defined]
    return {"picamera2": picamera2, "libcamera": libcamera}


@dataclasses.dataclass
class Transform:
    hflip: bool = False
    vflip: bool = False


class Job:
    def __init__(self, camera: "_Picamera2", make: Any) -> None:
        self._camera, self._make, self._cancelled = camera, make, False
        camera.jobs.append(self)

    def get_result(self, timeout: float | None = None) -> Any:
        if self._cancelled:
            raise CancelledError
        if self._camera.world.silent or not self._camera.free:
            assert timeout is not None, "would wait for ever"
            time.sleep(timeout)
            raise NotYet
        self._camera.jobs.remove(self)
        return self._make()

    def cancel(self) -> None:
        self._cancelled = True


class Request:
    """A finished frame; its buffer is the camera's."""

    def __init__(self, camera: "_Picamera2") -> None:
        self._camera, self.config = camera, camera.camera_configuration()
        self.buffer: Image | None = camera.free.pop()
        camera.world.held += 1

    def release(self) -> None:
        assert self.buffer is not None, "released twice"
        self.buffer[:] = 0xAA
        self._camera.free.append(self.buffer)
        self._camera.world.held -= 1
        self.buffer = None


class MappedArray:
    def __init__(self, request: Request, stream: str, reshape: bool = True, write: bool = True) -> None:
        assert not write, "a frame that is only read is mapped for reading"
        self._request, self._stream = request, stream

    def __enter__(self) -> "MappedArray":
        (_, height), stride = self._request.config[self._stream]["size"], self._request.config[self._stream]["stride"]
        assert self._request.buffer is not None
        self.array = self._request.buffer.reshape(height * 3 // 2, stride)
        return self

    def __exit__(self, *_: object) -> None:
        del self.array


class _Picamera2:
    world: World

    def __init__(self, camera_num: int = 0) -> None:
        if self.world.cameras == 0:
            raise IndexError("list index out of range")
        if self.world.is_open:
            raise RuntimeError("Camera __init__ sequence did not complete.")
        self.world.is_open, self.world.opened = 1, self.world.opened + 1
        self.jobs: list[Job] = []
        self.free: list[Image] = []
        self.camera_controls = dict.fromkeys([*AUTO, "AeEnable", "AwbEnable", "FrameDurationLimits"])
        del self.camera_controls["LensPosition"]
        if self.world.autofocus:
            self.camera_controls |= dict.fromkeys(["AfMode", "LensPosition"])
        self._started = False

    def create_video_configuration(
        self, main: dict[str, Any], transform: Transform, buffer_count: int, queue: bool, controls: dict[str, Any]
    ) -> dict[str, Any]:
        return {"main": main, "transform": transform, "buffer_count": buffer_count, "queue": queue, "controls": controls}

    def configure(self, configuration: dict[str, Any]) -> None:
        main = configuration["main"]
        if main["format"] != "YUV420":
            raise RuntimeError(f"Bad format {main['format']} in stream main")
        width, height = (side - side % 2 for side in main["size"])
        stride = -(-width // STRIDE) * STRIDE
        self._configuration = configuration | {"main": main | {"size": (width, height), "stride": stride}}
        self.free = [np.empty(height * 3 // 2 * stride, np.uint8) for _ in range(configuration["buffer_count"])]
        self.world.configured.append(self._configuration)
        self.set_controls(configuration["controls"])

    def camera_configuration(self) -> dict[str, Any]:
        return self._configuration

    def start(self) -> None:
        self._started = True

    def set_controls(self, controls: dict[str, Any]) -> None:
        for name in controls:
            if name not in self.camera_controls:
                raise RuntimeError(f"Control {name} is not advertised by libcamera")
        self.world.controls |= controls

    def capture_request(self, wait: bool | float | None = None) -> Job:
        assert wait is False
        return Job(self, self._request)

    def capture_metadata(self, wait: bool | float | None = None) -> Job:
        assert wait is False
        return Job(self, self._metadata)

    def autofocus_cycle(self, wait: bool | float | None = None) -> Job:
        assert wait is False
        return Job(self, lambda: True)

    def cancel_all_and_flush(self) -> None:
        for job in self.jobs:
            job.cancel()
        self.world.cancelled += len(self.jobs)
        self.jobs = []

    def close(self) -> None:
        # The real one would wait for the jobs that are under way.
        assert not self.jobs
        self.world.is_open = 0

    def _metadata(self) -> dict[str, Any]:
        self.world.frames += 1
        settled = min(1.0, self.world.frames / SETTLES_IN)
        found = {name: tuple(np.multiply(value, settled)) if name == "ColourGains" else value * settled for name, value in AUTO.items()}
        if not self.world.autofocus:
            del found["LensPosition"]
        return found | {name: value for name, value in self.world.controls.items() if name in AUTO}

    def _request(self) -> Request:
        assert self._started
        found = self._metadata()
        request = Request(self)
        width, height = self._configuration["main"]["size"]
        assert request.buffer is not None
        padded = request.buffer.reshape(-1, self._configuration["main"]["stride"])
        padded[:] = 0x55
        level = found["ExposureTime"] / 1000 * found["AnalogueGain"]
        picture = np.clip(level + np.arange(width)[None] % 7 + np.arange(height)[:, None] % 5, 0, 255).astype(np.uint8)
        transform = self._configuration["transform"]
        padded[:height, :width] = picture[:: -1 if transform.vflip else 1, :: -1 if transform.hflip else 1]
        return request
