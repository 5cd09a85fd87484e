"""Hosts and addresses of the network, as the file names them."""

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from edge.config.values import Refused

LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
NAME = re.compile(rf"({LABEL}\.)*(?![0-9]+\.?$){LABEL}\.?", re.IGNORECASE)
"""As DNS has it (RFC 1123), and _ besides, which Docker's names have. What ends in a number is an IPv4 address, or a slip in one."""
LONGEST_NAME = 253
ENCRYPTED = {"mqtts", "ssl", "tls"}
EXPECTED_HOST = "the name or address of a host and nothing else: no URL, port or space"
EXPECTED_URL = "an address that begins with http:// or https://"


def is_host(text: str) -> bool:
    """Whether it is a name or an address that can be looked up."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        try:
            name = text.encode("idna").decode("ascii")
        except UnicodeError:
            return False
        return len(name) <= LONGEST_NAME and NAME.fullmatch(name) is not None
    return True


def _host(value: str) -> str:
    if not is_host(value):
        raise Refused(EXPECTED_HOST, fix=_meant(value))
    return value


def _meant(value: str) -> str | None:
    """What to write in place of a URL."""
    try:
        parts = urlsplit(value if "://" in value else f"//{value}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if not is_host(host):
        return None
    keys = [f'host = "{host}"', *([f"port = {port}"] if port else []), *(["tls = true"] if parts.scheme in ENCRYPTED else [])]
    return f"write {' and '.join(keys)}"


def _url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+\S*", value):
        raise Refused(EXPECTED_URL)
    try:
        parts = urlsplit(value)
        named = is_host(parts.hostname or "")
    except ValueError:
        named = False
    if not named:
        raise Refused(EXPECTED_URL, why="which has no proper host")
    try:
        served = parts.port != 0
    except ValueError:
        served = False
    if not served:
        raise Refused(EXPECTED_URL, why="whose port is none: they go from 1 to 65535")
    return value


Host = Annotated[str, AfterValidator(_host)]
Url = Annotated[str, AfterValidator(_url)]
