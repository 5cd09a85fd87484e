"""The units in which Home Assistant takes each kind of meter, so that one it would refuse is refused here.

Source: developers.home-assistant.io, "Sensor entity", the table of device classes. Heat is energy to Home Assistant.
"""

from typing import Literal

DeviceClass = Literal["water", "gas", "energy", "heat"]

ENERGY = ("kWh", "Wh", "MWh", "GWh", "TWh", "mWh", "J", "kJ", "MJ", "GJ", "cal", "kcal", "Mcal", "Gcal")
UNITS: dict[DeviceClass, tuple[str, ...]] = {
    "water": ("m³", "L", "gal", "ft³", "CCF", "MCF"),
    "gas": ("m³", "L", "ft³", "CCF", "MCF"),
    "energy": ENERGY,
    "heat": ENERGY,
}
"""The usual unit first."""
SPELLINGS = {"m3": "m³", "m^3": "m³", "cbm": "m³", "ft3": "ft³", "cf": "ft³", "l": "L", "liter": "L", "litre": "L", "ccf": "CCF"}


def meant(unit: str, device_class: DeviceClass) -> str | None:
    """The unit that was probably meant, if any."""
    by_letters = {each.casefold(): each for each in reversed(UNITS[device_class])}
    guess = SPELLINGS.get(unit.casefold().rstrip("s"), by_letters.get(unit.casefold()))
    return guess if guess in UNITS[device_class] else None
