"""Who may ask: the token in its file, and the gate that everything but `/healthz` is behind."""

import hashlib
import hmac
import os
import stat
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from pathlib import Path
from typing import Any

from edge.errors import ConfigError
from edge.web.answers import refusal

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN_PATH = "/healthz"
SHORTEST, LONGEST, FEWEST_KINDS = 24, 512, 10
"""Characters of a token, and how many different ones: 24 of base64 are 144 bits, which nobody guesses over a network."""
ANYBODY = stat.S_IRWXO
EXPECTED = f"a line of {SHORTEST} or more random letters and digits"


def read_token(path: Path) -> str:
    """The token in a file. Raises ConfigError where it is missing, empty, weak, or somebody else's to read."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(LONGEST + 3)
    except FileNotFoundError as error:
        raise _unfit(path, "no such file") from error
    except OSError as error:
        raise _unfit(path, f"cannot be read ({error.strerror})", "look at its permissions, and at who runs digitd") from error
    if mode & ANYBODY:
        raise _unfit(path, f"open to everybody on this machine (mode {mode:04o})", f"chmod 600 {path}, and make a new token")
    token = content.decode("ascii", errors="replace").strip()
    if not token:
        raise _unfit(path, "empty")
    if len(token) > LONGEST or not token.isascii() or not token.isprintable() or " " in token:
        raise _unfit(path, "not one line of plain characters")
    if len(token) < SHORTEST or len(set(token)) < FEWEST_KINDS:
        raise _unfit(path, f"{len(token)} characters, {len(set(token))} different ones, which can be guessed")
    return token


def guarded(app: Asgi, token: str) -> Asgi:
    """The application behind the token: `Authorization: Bearer TOKEN`, or 401."""
    wanted = hashlib.sha256(token.encode()).digest()

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == OPEN_PATH or hmac.compare_digest(_shown(scope["headers"]), wanted):
            await app(scope, receive, send)
        else:
            await refusal(
                401,
                found="no token that fits",
                expected="the header Authorization: Bearer TOKEN",
                fix="take the token from the file that token_file in [http] names",
                headers={"WWW-Authenticate": 'Bearer realm="digitd"'},
            )(scope, receive, send)

    return asgi


def _shown(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The SHA-256 of the token that a request shows: of one length, so that comparing takes one time whatever was sent."""
    given = [value for name, value in headers if name == b"authorization"]
    scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
    return hashlib.sha256(token.strip() if scheme.lower() == b"bearer" else b"").digest()


def _unfit(path: Path, found: str, fix: str | None = None) -> ConfigError:
    make = f"make one: (umask 077 && python3 -c 'import secrets; print(secrets.token_urlsafe(32))' > {path})"
    return ConfigError(f"{path}: {found}; expected {EXPECTED}; {fix or make}")
