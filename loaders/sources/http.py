"""One GET over HTTP: whole, or known not to be; never longer or larger than is allowed.

No proxy, no redirect, no retry: what is asked goes to the address that was named, once.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Literal
from urllib.parse import urlencode, urlsplit

from loaders.errors import UnusableInputError

_PIECE_BYTES = 64 * 1024
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class NoAnswerError(Exception):
    """Nothing came, and it is not known whether the service thinks that it answered.

    ``kind``: ``timeout``, or ``connection`` (refused, reset, no such host).
    """

    def __init__(self, kind: Literal["timeout", "connection"], message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Address:
    """Where a service is, and the token that it asks for."""

    scheme: str
    host: str
    port: int | None
    path: str
    token: str | None = None

    def __str__(self) -> str:
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{self.host}{port}{self.path}"

    def __repr__(self) -> str:
        # Without the token.
        return f"Address({self})"


@dataclass(frozen=True)
class HttpAnswer:
    """What came back. ``is_complete`` is False where the connection ended before the body did."""

    status: int
    body: bytes
    is_complete: bool
    asked_at: datetime
    answered_at: datetime
    retry_after: float | None = None


def parse_address(text: str, token: str | None, setting: str) -> Address:
    """Returns the address in ``text``; raises UnusableInputError, which names the ``setting``.

    A token goes over https only, or stays on this machine.
    """
    parts = urlsplit(text)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
        raise UnusableInputError(
            f"{setting} is no address: expected is one such as https://cdm.bank.example:8080."
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UnusableInputError(
            f"{setting} holds a login or a query; expected is scheme, host, port and path. A token "
            f"belongs into {setting.removesuffix('_URL')}_TOKEN."
        )
    if token and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise UnusableInputError(
            f"{setting} is http, over which the token could be read on its way. Give an https "
            "address, or no token."
        )
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise UnusableInputError(
            f"{setting.removesuffix('_URL')}_TOKEN holds a blank, a line end or a character that "
            "is not ASCII: copy it again."
        )
    return Address(parts.scheme, parts.hostname, port, parts.path.rstrip("/"), token)


def get(
    address: Address,
    path: str,
    query: Mapping[str, str | int],
    timeout_seconds: float,
    max_bytes: int,
) -> HttpAnswer:
    """Returns the answer to a GET of ``path`` below ``address``.

    Raises NoAnswerError if there is none within ``timeout_seconds``, counted from the first byte
    sent to the last received, and UnusableInputError if it has more than ``max_bytes``.
    """
    asked_at = datetime.now(UTC)
    deadline = time.monotonic() + timeout_seconds
    connection = _connection(address, timeout_seconds)
    try:
        target = f"{address.path}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": "application/json", "Connection": "close", "User-Agent": "sluss"}
        if address.token:
            headers["Authorization"] = f"Bearer {address.token}"
        connection.request("GET", target, headers=headers)
        # Kept: the connection lets go of its socket once the answer has begun.
        sock = connection.sock
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        with connection.getresponse() as response:
            body, is_complete = _body(response, sock, deadline, max_bytes, path)
            return HttpAnswer(
                response.status,
                body,
                is_complete,
                asked_at,
                datetime.now(UTC),
                _seconds(response.getheader("Retry-After")),
            )
    except TimeoutError as error:
        raise NoAnswerError(
            "timeout", f"{address}{path} did not answer within {timeout_seconds:g} s"
        ) from error
    except (OSError, HTTPException) as error:
        said = getattr(error, "strerror", None) or type(error).__name__
        raise NoAnswerError("connection", f"{address}{path} cannot be reached: {said}") from error
    finally:
        connection.close()


def _connection(address: Address, timeout_seconds: float) -> HTTPConnection:
    if address.scheme == "https":
        return HTTPSConnection(
            address.host,
            address.port,
            timeout=timeout_seconds,
            context=ssl.create_default_context(),
        )
    return HTTPConnection(address.host, address.port, timeout=timeout_seconds)


def _body(
    response: HTTPResponse, sock: object, deadline: float, max_bytes: int, path: str
) -> tuple[bytes, bool]:
    """Returns what came of the body, and whether it is all of it."""
    pieces: list[bytes] = []
    size = 0
    while True:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        sock.settimeout(remaining)  # type: ignore[attr-defined]
        try:
            piece = response.read1(_PIECE_BYTES)
        except TimeoutError:
            raise
        except (HTTPException, OSError):
            return b"".join(pieces), False
        if not piece:
            # What is left of the length that was announced.
            return b"".join(pieces), not response.length
        pieces.append(piece)
        size += len(piece)
        if size > max_bytes:
            raise UnusableInputError(
                f"The answer of {path} has more than {max_bytes:,} bytes: it is not read further. "
                "Ask for smaller pages, or find out what the service sends."
            )


def _seconds(text: str | None) -> float | None:
    """Returns how long Retry-After asks to wait; a date in it is not read."""
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None
