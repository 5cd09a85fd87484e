"""What `digitd doctor` looks at in the machine itself: its clock, its temperature, its power."""

import dataclasses
import os
import shutil
import subprocess
import time
from pathlib import Path

THERMAL = Path("/sys/class/thermal")
HOT_C = 80.0
"""A Raspberry Pi slows down from here on."""
DIGITD_BEGAN = 1_767_225_600
"""2026-01-01 in seconds: a clock before it has not been set."""
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


def clock() -> Check:
    """Whether readings get the right time."""
    now = time.strftime("%Y-%m-%d %H:%M:%S %Z")
    if time.time() < DIGITD_BEGAN:
        return Check("clock", False, f"{now}: it has not been set", "connect to a network with a time server, or add a real-time clock")
    if Path("/run/systemd/timesync").is_dir() and not Path("/run/systemd/timesync/synchronized").exists():
        return Check("clock", False, f"{now}, not compared with a time server yet", "timedatectl tells why; readings carry this time")
    return Check("clock", True, now)


def temperature() -> Check:
    """Whether it runs too hot."""
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


def throttling() -> Check:
    """Whether a Raspberry Pi slows down, for want of power or of air."""
    if shutil.which("vcgencmd") is None:
        return Check("throttling", None, "no vcgencmd: not a Raspberry Pi")
    try:
        told = subprocess.run(["vcgencmd", "get_throttled"], capture_output=True, text=True, timeout=5, check=True).stdout
        bits = int(told.strip().partition("=")[2], 16)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return Check("throttling", False, f"vcgencmd: {error}", f"may {os.environ.get('USER', 'digitd')} use /dev/vcio? (group video)")
    said = [words for bit, words in THROTTLED.items() if bits >> bit & 1]
    return Check("throttling", not said, ", ".join(said) or "none", "use the power supply that came with it, and cool it")
