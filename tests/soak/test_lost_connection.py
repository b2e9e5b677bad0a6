"""A network that drops the connection in the middle of a COPY, and a session that is ended."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from loaders import ledger
from loaders.generators.bank import generate_bank
from loaders.load import load_file
from sluss.cli import main
from tests.conftest import Database
from tests.soak.story import MONDAY
from tests.support import row

LINES = 8_000  # more than a megabyte


class Proxy:
    """Passes bytes on between a TCP port and a socket, until it cuts everything at once."""

    def __init__(self, target: Path, cut_after: int, comes_back: bool) -> None:
        self._target = str(target)
        self._left = cut_after
        self._comes_back = comes_back
        self._is_cut = False
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._target)
                self._sockets += [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(16_384):
                if source.family == socket.AF_INET and not self._is_cut:
                    self._left -= len(data)
                    if self._left < 0:
                        self._cut()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def _cut(self) -> None:
        self._is_cut = True
        if not self._comes_back:
            self.close()
        for each in self._sockets:
            with suppress(OSError):
                if each.family == socket.AF_INET:  # a reset, not an orderly end
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.shutdown(socket.SHUT_RDWR)
                each.close()


@contextmanager
def through_a_proxy(database: Database, comes_back: bool) -> Iterator[None]:
    """Has the environment point at a TCP port that is cut after half a megabyte."""
    proxy = Proxy(database.home.socket, cut_after=500_000, comes_back=comes_back)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGHOST", "127.0.0.1")
        patch.setenv("PGPORT", str(proxy.port))
        patch.setenv("PGUSER", "postgres")
        patch.setenv("PGSSLMODE", "disable")
        patch.setenv("PGGSSENCMODE", "disable")
        yield
    proxy.close()


@pytest.mark.parametrize("comes_back", [True, False])
def test_a_network_that_drops_a_copy_is_said_and_leaves_nothing(
    database: Database, tmp_path: Path, comes_back: bool
) -> None:
    generate_bank(LINES, 5, tmp_path, day=MONDAY)
    day = tmp_path / "transactions.csv"
    with through_a_proxy(database, comes_back):
        cut = load_file("bank_transactions", day, business_date=MONDAY)
    assert cut.status == "failed"
    assert (cut.reason or "").startswith("The connection to the database was lost. Nothing of the")
    assert row("select count(*) as many from staging.raw_bank_transactions")["many"] == 0

    again = load_file("bank_transactions", day, business_date=MONDAY)
    assert again.status == "loaded"
    found = row("select count(*) as many from staging.raw_bank_transactions")["many"]
    assert found == again.loaded_count
    statuses = {each.load_id: (each.status, each.reason) for each in ledger.loads()}
    assert statuses[again.load_id] == ("loaded", None)
    # Entered at once where the server could be reached, else by the next load.
    assert statuses[cut.load_id] in {("failed", cut.reason), ("failed", ledger.DEAD_REASON)}


def test_a_session_that_is_ended_at_once_is_said(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    connect = psycopg2.connect

    def lost(*arguments: Any, **named: Any) -> Any:
        connection = connect(*arguments, **named)
        with closing(connect(database.dsn)) as other, other.cursor() as cursor:
            cursor.execute("select pg_terminate_backend(%s)", (connection.info.backend_pid,))
        return connection

    monkeypatch.setattr(psycopg2, "connect", lost)
    with pytest.raises(SystemExit, match="1"):
        main(["loads"])
    assert capsys.readouterr().err.startswith("error: the database gave up: ")
