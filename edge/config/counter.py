"""`[[counter]]`: what is read from a frame."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, ValidationInfo, field_validator

from edge.config.section import Section
from edge.config.units import UNITS, DeviceClass, meant
from edge.config.values import File, Name, Refused, Window

if TYPE_CHECKING:
    from edge.counter.history import Rules
    from edge.vision.window import Corners

MAX_DIGITS = 12
SECONDS_PER_HOUR = 3600


class Counter(Section):
    """One counter in the picture."""

    name: Name = Field(
        description="What it is called in topics and messages: letters, digits, - and _.",
        examples=["water"],
    )
    window: Window = Field(
        description="Corners of the digits in the picture, in pixels: top-left, top-right, bottom-right, bottom-left as one reads them.",
        examples=["314,33 554,194 522,240 282,79"],
    )
    digits: int = Field(ge=1, le=MAX_DIGITS, description="How many digits the window shows.", examples=[5])
    decimals: int = Field(default=0, ge=0, le=MAX_DIGITS, description="How many of them stand behind the point.", examples=[3])
    display: Literal["wheels", "lcd"] | None = Field(
        default=None,
        description='What shows them, "wheels" or "lcd". Left out: wheels, but nothing is published that looks like a display\'s.',
        examples=["lcd"],
    )
    device_class: DeviceClass = Field(default="water", description="What is counted, as Home Assistant has it.", examples=["gas"])
    unit: str | None = Field(
        default=None,
        validate_default=True,
        description="Unit of the value, one that Home Assistant takes for the device class. Left out: m³ for water and gas, else kWh.",
        examples=["m³"],
    )
    max_rate: float | None = Field(
        default=None, gt=0, le=1e9, description="The most that can flow, in units per hour; what is faster is a misread.", examples=[5.0]
    )
    decreases: bool = Field(default=False, description="Whether it may run backwards, as with a roof that feeds in.", examples=[True])
    min_confidence: float = Field(
        default=0.9, ge=0.5, lt=1, description="How certain a value must be to be published, 0.5 to 1.", examples=[0.95]
    )
    reference: File | None = Field(
        default=None,
        description="Picture that the window was drawn in: by it the window is found again when the camera has moved.",
        examples=["water.jpg"],
    )
    model: File | None = Field(
        default=None, description="A .tflite or .onnx file with its card; left out: the one that ships.", examples=["my-model.tflite"]
    )

    @field_validator("decimals")
    @classmethod
    def _no_more_decimals_than_digits(cls, decimals: int, info: ValidationInfo) -> int:
        if decimals > info.data.get("digits", MAX_DIGITS):
            raise Refused(f"at most as many as there are digits, {info.data['digits']}")
        return decimals

    @field_validator("unit")
    @classmethod
    def _home_assistant_takes_it(cls, unit: str | None, info: ValidationInfo) -> str | None:
        device_class: DeviceClass | None = info.data.get("device_class")
        if device_class is None:  # refused itself
            return unit
        if unit is None:
            return UNITS[device_class][0]
        if unit not in UNITS[device_class]:
            guess = meant(unit, device_class)
            allowed = f"a unit that Home Assistant takes for {device_class}: {', '.join(UNITS[device_class])}"
            raise Refused(allowed, fix=f'write unit = "{guess}"' if guess else None)
        return unit

    @field_validator("model")
    @classmethod
    def _a_model_that_can_be_read(cls, model: Path | None) -> Path | None:
        if model is not None and model.suffix not in (".tflite", ".onnx"):
            raise Refused("a .tflite or .onnx file")
        return model

    @property
    def corners(self) -> "Corners":
        """The window, float64 [4, 2]."""
        import numpy as np

        return np.array(self.window, np.float64)

    @property
    def step(self) -> Decimal:
        """What one step of the last wheel is worth, in units."""
        return Decimal(1).scaleb(-self.decimals)

    @property
    def max_rate_steps_s(self) -> float | None:
        """Steps of the last wheel per second at most."""
        return None if self.max_rate is None else self.max_rate / float(self.step) / SECONDS_PER_HOUR

    @property
    def rules(self) -> "Rules":
        """What is known of its way through time, as the counter's room takes it."""
        from edge.counter.history import Rules
        from edge.counter.wheels import Mechanism

        return Rules(
            mechanism=Mechanism(display=self.display or "wheels"),
            decreases=self.decreases,
            max_rate=self.max_rate_steps_s,
            min_confidence=self.min_confidence,
        )
