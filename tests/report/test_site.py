"""The site: what it lists and serves, and that it serves nothing else."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from loaders.errors import UnusableInputError
from sluss.settings import Home
from sluss.site import Site, list_reports, make_server
from tests.conftest import REPOSITORY

HEAD = (
    '<!DOCTYPE html><html><head><meta name="sluss-load" content="{load}">'
    '<meta name="sluss-bank-day" content="{day}"><meta name="sluss-gate" content="{gate}">'
    '<meta name="sluss-file" content="{file}"></head><body>report {load}</body></html>'
)


@dataclass
class Served:
    directory: Path
    server: Site

    def get(
        self, path: str, method: str = "GET", host: str | None = None
    ) -> tuple[int, str, dict[str, str]]:
        """Asks for exactly ``path``, which urllib would tidy."""
        connection = http.client.HTTPConnection(*self.server.server_address[:2], timeout=10)
        try:
            connection.putrequest(method, path, skip_host=host is not None)
            if host is not None:
                connection.putheader("Host", host)
            connection.endheaders()
            response = connection.getresponse()
            return response.status, response.read().decode(), dict(response.getheaders())
        finally:
            connection.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    site = tmp_path / "site"
    (site / "reports").mkdir(parents=True)
    (tmp_path / "secret.html").write_text("secret")
    (site / "secret.html").write_text("secret")
    (site / "reports" / "notes.html").write_text("secret")
    (site / "reports" / "load_7.html.tmp").write_text("secret")
    (site / "reports" / "load_8.html").symlink_to(tmp_path / "secret.html")
    for load, day, gate, name in (
        (3, "2025-05-19", "published", "a.csv"),
        (12, "2025-05-20", "held", "&lt;script&gt;alert(1)&lt;/script&gt;.csv"),
        (4, "2025-05-20", "published", "c.csv"),
    ):
        page = HEAD.format(load=load, day=day, gate=gate, file=name)
        (site / "reports" / f"load_{load}.html").write_text(page)
    server = make_server(site, 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Served(site, server)
    server.shutdown()
    server.server_close()


def test_the_index_lists_reports_newest_first_with_their_day_and_gate(served: Served) -> None:
    status, page, _ = served.get("/")
    assert status == 200
    order = [page.index(f'"/reports/load_{load}.html"') for load in (12, 4, 3)]
    assert order == sorted(order)
    assert "20 May 2025" in page
    assert '<td class="held">held</td>' in page
    assert page.count("<tr>") == 4
    assert [each.load_id for each in list_reports(served.directory)] == [12, 4, 3]


def test_names_of_files_are_text_in_the_index(served: Served) -> None:
    _, page, _ = served.get("/")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_index_links_the_docs_once_they_are_there(served: Served) -> None:
    assert 'href="/docs/"' not in served.get("/")[1]
    assert served.get("/docs/")[0] == 404
    (served.directory / "docs").mkdir()
    (served.directory / "docs" / "index.html").write_text("the docs")
    assert 'href="/docs/"' in served.get("/")[1]
    assert served.get("/docs/")[1] == "the docs"
    status, _, headers = served.get("/docs")
    assert (status, headers["Location"]) == (301, "/docs/")


def test_a_report_is_served_with_headers_that_keep_it_to_itself(served: Served) -> None:
    for path in ("/", "/reports/load_3.html", "/nothing"):
        _, page, headers = served.get(path)
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "http" not in policy
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert int(headers["Content-Length"]) == len(page.encode())
    status, page, _ = served.get("/reports/load_3.html?from=dagster")
    assert (status, "report 3" in page) == (200, True)
    status, page, headers = served.get("/reports/load_3.html", "HEAD")
    assert (status, page) == (200, "")
    assert int(headers["Content-Length"]) > 100


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.html",
        "/reports/../../secret.html",
        "/reports/..%2f..%2fsecret.html",
        "/reports/%2e%2e/secret.html",
        "//secret.html",
        "/secret.html",
        "/reports/notes.html",
        "/reports/load_7.html.tmp",
        "/reports/load_8.html",
        "/reports/load_3.html/",
        "/reports/load_03.html",
        "/reports/",
        "/reports",
        "/docs/../secret.html",
        "/reports/load_3.html%00",
        "/reports/load_99.html",
    ],
)
def test_nothing_but_reports_and_docs_is_served(served: Served, path: str) -> None:
    status, page, _ = served.get(path)
    assert status == 404
    assert "secret" not in page
    assert "report 3" not in page


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_the_site_can_only_be_read(served: Served, method: str) -> None:
    assert served.get("/reports/load_3.html", method)[0] == 501
    assert (served.directory / "reports" / "load_3.html").is_file()


def test_a_page_elsewhere_cannot_read_reports_under_a_name_of_its_own(served: Served) -> None:
    port = served.server.server_address[1]
    for name in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}"):
        assert served.get("/", host=name)[0] == 200, name
    for name in (f"rebound.example:{port}", "127.0.0.1.example", "", "["):
        assert served.get("/", host=name)[0] == 421, name


def test_a_site_without_reports_says_so(tmp_path: Path) -> None:
    assert list_reports(tmp_path / "absent") == []


def test_a_port_that_is_taken_is_said_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UnusableInputError, match=f"Port {port} .*--port {port + 1}"):
            make_server(tmp_path, port)


def test_the_command_serves_the_homes_site_until_interrupted(tmp_path: Path) -> None:
    place = Home(tmp_path)
    (place.site / "reports").mkdir(parents=True)
    (place.site / "reports" / "load_5.html").write_text(
        HEAD.format(load=5, day="2025-05-19", gate="published", file="a.csv")
    )
    command = [sys.executable, "-c", "from sluss.cli import main; main()", "site", "--port", "0"]
    process = subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env={**os.environ, "SLUSS_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that starts the tests in its background has them, and theirs, ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[0]
        with urllib.request.urlopen(url + "reports/load_5.html", timeout=20) as response:
            assert b"report 5" in response.read()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.communicate()
