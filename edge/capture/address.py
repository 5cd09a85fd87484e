"""Addresses of network cameras: what connects, and what of it may be told."""

import base64
import dataclasses
import re
import urllib.parse
from typing import Self

from edge.errors import UsageError

PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}
SECRET = re.compile(r"://.*@|(?<=\?).+", re.DOTALL)
"""Where an address can hold a password: before the host, and in the query, where some cameras want it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Address:
    """An address taken apart: its password goes to the camera and nowhere else."""

    scheme: str
    host: str
    port: int
    target: str
    """Path and query, quoted."""
    user: str | None
    password: str | None = dataclasses.field(repr=False)
    shown: str
    """As it may be told."""

    @classmethod
    def of(cls, url: str, user: str | None = None, password: str | None = None) -> Self:
        """The address that a text names; user and password, where given, win over those within it. Raises UsageError."""
        shown = cls.masked(url)
        try:
            parts = urllib.parse.urlsplit(url)
            usual = PORTS[parts.scheme]
        except (ValueError, KeyError) as error:
            raise UsageError(f'camera source "{shown}": not an address; expected one such as http://192.168.1.20/capture.jpg') from error
        try:
            port = usual if parts.port is None else parts.port
        except ValueError:
            port = 0
        if not port:
            raise UsageError(f'camera source "{shown}": no such port; expected one from 1 to 65535, or none: {usual} is usual')
        if not parts.hostname:
            raise UsageError(f'camera source "{shown}": no host; expected one such as http://192.168.1.20/capture.jpg')
        query = f"?{parts.query}" if parts.query else ""
        return cls(
            scheme=parts.scheme,
            host=parts.hostname,
            port=port,
            target=urllib.parse.quote((parts.path or "/") + query, safe="/%:=&?~+!$,;'@()*[]"),
            user=user or _unquoted(parts.username),
            password=_unquoted(parts.password) if password is None else password,
            shown=shown,
        )

    @staticmethod
    def masked(source: str) -> str:
        """A source without anything in it that may be a password."""
        return SECRET.sub(lambda found: "://…@" if found[0].startswith(":") else "…", source) if "://" in source else source

    @property
    def basic(self) -> dict[str, str]:
        """The header that says who asks (RFC 7617); empty where nobody is named."""
        if self.user is None:
            return {}
        named = f"{self.user}:{self.password or ''}".encode()
        return {"Authorization": f"Basic {base64.b64encode(named).decode('ascii')}"}

    @property
    def url(self) -> str:
        """All of it, password included: for the library that connects, and never to be told."""
        quoted = (urllib.parse.quote(each, safe="") for each in (self.user, self.password) if each is not None)
        who = f"{':'.join(quoted)}@" if self.user is not None else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{who}{host}:{self.port}{self.target}"


def _unquoted(text: str | None) -> str | None:
    return None if text is None else urllib.parse.unquote(text)
