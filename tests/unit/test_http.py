"""One GET: whole or known not to be, bounded in time and size, and careful with the token."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from loaders.errors import UnusableInputError
from loaders.sources.http import Address, NoAnswerError, get, parse_address

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"


@contextmanager
def serving(talk: Callable[[socket.socket, bytes], None]) -> Iterator[Address]:
    """A server that reads one request and then does what ``talk`` does."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(10)
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(4096)
            talk(connection, request)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield Address("http", "127.0.0.1", listener.getsockname()[1], "", "s3cret")
    finally:
        listener.close()
        thread.join(10)


def ask(address: Address, seconds: float = 5, most: int = 1_000) -> object:
    return get(address, "/sepa", {"after-id": 7, "limit": 2}, seconds, most)


def sent(*pieces: bytes, pause: float = 0) -> Callable[[socket.socket, bytes], None]:
    def talk(connection: socket.socket, request: bytes) -> None:
        for piece in pieces:
            try:
                connection.sendall(piece)
            except OSError:
                return
            time.sleep(pause)

    return talk


def test_a_whole_answer_is_whole_and_the_request_says_what_it_wants() -> None:
    seen: list[bytes] = []

    def talk(connection: socket.socket, request: bytes) -> None:
        seen.append(request)
        connection.sendall(OK + b"0123456789")

    with serving(talk) as address:
        answer = get(address, "/sepa", {"after-id": 7, "limit": 2}, 5, 100)
    assert (answer.status, answer.body, answer.is_complete) == (200, b"0123456789", True)
    assert answer.asked_at <= answer.answered_at
    assert seen[0].startswith(b"GET /sepa?after-id=7&limit=2 HTTP/1.1\r\n")
    assert b"Authorization: Bearer s3cret\r\n" in seen[0]


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"01234",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n01234",
    ],
)
def test_an_answer_that_is_cut_is_known_to_be(answer: bytes) -> None:
    with serving(sent(answer)) as address:
        found = get(address, "/sepa", {}, 5, 100)
    assert (found.body, found.is_complete) == (b"01234", False)


def test_chunks_that_end_are_whole() -> None:
    body = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n0\r\n\r\n"
    with serving(sent(body)) as address:
        assert get(address, "/sepa", {}, 5, 100).is_complete


def test_drops_of_an_answer_do_not_extend_its_time() -> None:
    with serving(sent(OK, *[b"0"] * 9, pause=0.15)) as address:
        started = time.monotonic()
        with pytest.raises(NoAnswerError, match=r"did not answer within 0\.5 s") as raised:
            ask(address, seconds=0.5)
    assert raised.value.kind == "timeout"
    assert time.monotonic() - started < 4


def test_silence_is_no_answer() -> None:
    with serving(sent(pause=1)) as address, pytest.raises(NoAnswerError) as raised:
        ask(address, seconds=0.3)
    assert raised.value.kind in ("timeout", "connection")


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NoAnswerError, match="cannot be reached: Connection refused") as raised:
        ask(Address("http", "127.0.0.1", port, "", None))
    assert raised.value.kind == "connection"


def test_an_answer_without_end_is_not_read_to_it() -> None:
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    large = serving(sent(head, *[b"x" * 500] * 20))
    with large as address, pytest.raises(UnusableInputError, match="more than 1,000 bytes"):
        ask(address)


def test_a_redirect_is_not_followed() -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with serving(sent(head)) as address:
        assert get(address, "/sepa", {}, 5, 100).status == 302


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cdm.bank.example", "is no address"),
        ("ftp://cdm.bank.example", "is no address"),
        ("http://", "is no address"),
        ("http://host:99999", "is no address"),
        ("https://user:pass@host", "SLUSS_CDM_TOKEN"),
        ("https://host/?key=s3cret", "SLUSS_CDM_TOKEN"),
        ("http://cdm.bank.example", "over which the token could be read"),
    ],
)
def test_unusable_addresses_are_said_without_what_is_secret(text: str, said: str) -> None:
    with pytest.raises(UnusableInputError, match=said) as raised:
        parse_address(text, "s3cret", "SLUSS_CDM_URL")
    assert "s3cret" not in str(raised.value)
    assert "pass" not in str(raised.value)


def test_usable_addresses_do_not_show_their_token() -> None:
    address = parse_address("https://cdm.bank.example:8443/v1/", "s3cret", "SLUSS_CDM_URL")
    assert str(address) == "https://cdm.bank.example:8443/v1"
    assert "s3cret" not in repr(address)
    assert parse_address("http://localhost:8080", "s3cret", "SLUSS_CDM_URL").token == "s3cret"
    assert parse_address("http://cdm.bank.example", None, "SLUSS_CDM_URL").token is None
    with pytest.raises(UnusableInputError, match="SLUSS_CDM_TOKEN"):
        parse_address("http://localhost", "two words", "SLUSS_CDM_URL")
