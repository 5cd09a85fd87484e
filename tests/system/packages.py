"""Debian's packages, installed by the tests that need them."""

import os
import shutil
import subprocess

import pytest


def install(*packages: str, programs: tuple[str, ...]) -> None:
    """Install packages where one of their programs is missing; without the right to, the test is skipped."""
    if all(map(shutil.which, programs)):
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        pytest.skip(f"no {' or no '.join(programs)}; sudo apt install {' '.join(packages)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    if subprocess.run(command, env=quiet, check=False, capture_output=True).returncode:
        subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=True, capture_output=True)
        subprocess.run(command, env=quiet, check=True, capture_output=True)
