"""`[camera]`: where the frames come from."""

from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from edge.capture.address import Address
from edge.config.section import Section
from edge.config.values import AutoDuration, Dioptres, Duration, Gain, Gains, QuarterTurns, Refused, SecretFile, SomeDuration, Source

ROUNDED_PX = 63
"""By so much at most a camera's frames are larger or smaller than they were asked for: hardware takes sizes in steps."""


class Camera(Section):
    """The camera that all counters are read from."""

    source: Source = Field(
        default="picamera2",
        description="Where frames come from: picamera2; v4l2:/dev/video0; rtsp://… ; http://… or https://…, which gives a picture each "
        "time it is asked; folder:PATH, of which the newest picture is taken; file:PATH, a picture or a video; simulated: for a rendered "
        "counter.",
        examples=["http://esp32cam.lan/capture.jpg"],
    )
    interval: Duration = Field(
        default=5, description='Time from one frame to the next; 0 or "realtime" reads every frame.', examples=["5s", "1min"]
    )
    rotation: QuarterTurns = Field(
        default=0, description="Degrees, clockwise, by which a frame is turned before anything else.", examples=[180]
    )
    width: int | None = Field(
        default=None, ge=64, le=10_000, description="Pixels that the camera is asked for; left out: its own choice.", examples=[1280]
    )
    height: int | None = Field(default=None, ge=64, le=10_000, description="Pixels, likewise.", examples=[720])
    fps: float | None = Field(
        default=None, gt=0, le=1000, description="Frames a second that the camera takes; left out: its own choice.", examples=[30.0]
    )
    exposure: AutoDuration = Field(
        default=None,
        description='How long each frame is exposed, with picamera2 and v4l2; "auto" lets the camera find it.',
        examples=["auto", "10ms"],
    )
    gain: Gain = Field(
        default=None, description='Analogue gain, 1 to 64, with picamera2; "auto" lets the camera find it.', examples=["auto", 1.0]
    )
    white_balance: Gains = Field(
        default=None, description='Gains of red and blue, with picamera2; "auto" lets the camera find them.', examples=["auto", [1.8, 1.5]]
    )
    focus: Dioptres = Field(
        default=None,
        description='Dioptres, 0 to 32, with picamera2: 0 is far away, 10 is 10 cm. "auto" lets the camera find it.',
        examples=["auto", 8.0],
    )
    lock: bool = Field(
        default=True, description="Whether what the camera found by itself at the start is kept from then on.", examples=[False]
    )
    lamp_gpio: int | None = Field(
        default=None,
        ge=0,
        le=27,
        description="Pin (BCM number) of a lamp that is on while a frame is taken; left out: no lamp.",
        examples=[18],
    )
    lamp_warm_up: Duration = Field(
        default=0.5, description="Time from switching the lamp on to taking the frame.", examples=["500ms", "1s"]
    )
    user: str | None = Field(default=None, description="Who asks, where a camera of the network wants to know.", examples=["digitd"])
    password_file: SecretFile | None = Field(
        default=None,
        description="File with the password. A plain name is looked for among systemd's credentials, then beside this file.",
        examples=["camera-password"],
    )
    timeout: SomeDuration = Field(
        default=10, description="How long a frame may take before the camera counts as silent.", examples=["10s", "5s"]
    )

    @field_validator("width", "height", "fps", "exposure", "gain", "white_balance", "focus", "user", "password_file")
    @classmethod
    def _what_the_source_can_be_told(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None or "source" not in info.data:
            return value
        from edge.capture.camera import IN_FILE, CameraSettings, refused

        name = {in_file: setting for setting, in_file in IN_FILE.items()}.get(str(info.field_name), str(info.field_name))
        if (reason := refused(CameraSettings(source=info.data["source"], **{name: value}))) is not None:
            what, _, expected = reason.partition(": ")[2].partition("; expected ")
            raise Refused(expected or f"it to be left out: {what.partition(';')[0]}", fix=None if expected else "leave it out")
        return value

    @property
    def shown_source(self) -> str:
        """The source as it may be told: without a password in its address."""
        return Address.masked(self.source)

    @property
    def frame_size(self) -> tuple[int | None, int | None]:
        """Width and height that its frames are asked to have once they are turned; None: whatever it gives."""
        return (self.height, self.width) if self.rotation in (90, 270) else (self.width, self.height)


def named_size(size: tuple[int | None, int | None]) -> str:
    """Width and height for people."""
    return " × ".join("any" if side is None else str(side) for side in size)
