"""Runs a simulator: for a person until Ctrl-C, or beside a test."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from loaders.errors import UnusableInputError

# Calls that are never answered are open when the server is told to stop.
_GRACE_SECONDS = 1
_START_SECONDS = 20


def listening(host: str, port: int) -> socket.socket:
    """Returns a socket that listens; port 0 takes any. Raises UnusableInputError if it is taken."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise UnusableInputError(
            f"{host}:{port} cannot be listened on: {error.strerror}. Give another --port."
        ) from error
    return listener


def server_of(app: ASGIApp) -> uvicorn.Server:
    """Returns a server that says nothing: a cut answer is no error here."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="critical",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Serves ``app`` on a free port of this machine while the block runs; yields its address."""
    listener = listening("127.0.0.1", 0)
    server = server_of(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not server.started:
            if time.monotonic() > deadline or not thread.is_alive():
                raise RuntimeError("the simulator did not start")
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(_START_SECONDS)
        listener.close()
