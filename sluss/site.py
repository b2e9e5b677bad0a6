"""A small web server, for reading only, over ``$SLUSS_HOME/site``: day reports and dbt's docs.

It knows three kinds of address and answers no other: a path is never joined with what a client
sends, so there is nothing to climb out of.
"""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from datetime import date
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from loaders.errors import UnusableInputError
from sluss.report.head import report_meta

_REPORT = re.compile(r"/reports/load_([1-9][0-9]{0,9})\.html")
# dbt's page asks for pictures by the names that stand in its templates, before it fills them in.
_UNFILLED = re.compile(r"/docs/(?:%7B%7B|\$%7B).*")
_REPORT_FILE = re.compile(r"load_([1-9][0-9]{0,9})\.html")

# Only what stands in a page itself may run or be shown, and it may ask nobody for anything.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_DOCS_POLICY = _POLICY.replace("img-src", "img-src 'self'")


@dataclass(frozen=True)
class ListedReport:
    """A report on the index page; what the file does not say of itself is None."""

    load_id: int
    bank_day: date | None
    gate: str | None
    file_name: str | None


class Site(ThreadingHTTPServer):
    """Serves a directory; ``url`` is its address for a browser."""

    daemon_threads = True

    def __init__(self, directory: Path, port: int, host: str) -> None:
        if ":" in host:
            import socket

            self.address_family = socket.AF_INET6
        self.directory = directory
        self.host = host
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.server_address[1]}/"

    def knows(self, host: str) -> bool:
        """True if a client may call this server ``host``.

        A server of this machine alone answers to its own names only: a page elsewhere could have
        its own name point here, and read what the browser gets.
        """
        if not _is_loopback(self.host):
            return True
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name == self.host or _is_loopback(name)

    def server_bind(self) -> None:
        # HTTPServer's own asks the name service for this machine's name, which may take seconds.
        import socketserver

        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.host, self.server_address[1]


def make_server(directory: Path, port: int = 3070, host: str = "127.0.0.1") -> Site:
    """Returns a server that listens already, for ``serve_forever``; ``port`` 0 takes a free one.

    The directory need not be there yet. Raises UnusableInputError if the port or address cannot
    be had.
    """
    try:
        return Site(directory, port, host)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UnusableInputError(
                f"Port {port} of {host} is taken by another program, another `sluss site` perhaps: "
                f"choose one that is free, for example `sluss site --port {port + 1}`."
            ) from error
        if error.errno == errno.EACCES:
            raise UnusableInputError(
                f"Port {port} is not for everybody: choose one above 1023, for example 3070."
            ) from error
        raise UnusableInputError(
            f"Cannot listen on {host}: {error.strerror or error}. `--host` is an address of this "
            "machine: 127.0.0.1 for itself alone, 0.0.0.0 for all who reach it."
        ) from error


def list_reports(directory: Path) -> list[ListedReport]:
    """Returns the reports in a site's directory: the latest bank day first, then the latest load.

    One whose tags cannot be read comes last.
    """
    found = []
    folder = directory / "reports"
    for path in folder.iterdir() if folder.is_dir() else ():
        match = _REPORT_FILE.fullmatch(path.name)
        if match and _is_plain_file(path):
            meta = report_meta(path)
            found.append(
                ListedReport(
                    load_id=int(match[1]),
                    bank_day=_date(meta.get("bank-day")),
                    gate=meta.get("gate"),
                    file_name=meta.get("file"),
                )
            )
    return sorted(found, key=lambda each: (each.bank_day or date.min, each.load_id), reverse=True)


def index_page(directory: Path) -> str:
    """Returns the page that lists the reports and links the docs."""
    reports = list_reports(directory)
    if reports:
        rows = "".join(map(_row, reports))
        body = (
            "<table><thead><tr><th>Bank day</th><th>Load</th><th>File</th><th>Gate</th></tr>"
            f"</thead><tbody>{rows}</tbody></table>"
        )
    else:
        body = "<p>No report is here yet: they come when a day is loaded and built.</p>"
    if _is_plain_file(directory / "docs" / "index.html"):
        docs = (
            '<p><a href="/docs/">The tables, described</a>: every model and column, and how they '
            "depend on each other (dbt docs).</p>"
        )
    else:
        docs = "<p>The description of the tables (dbt docs) is not here yet.</p>"
    return _INDEX.format(reports=body, docs=docs)


class _Handler(BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"
    # A client that says nothing gives its thread back.
    timeout = 30

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def version_string(self) -> str:
        return "sluss"

    def log_message(self, format: str, *args: object) -> None:
        # Who read which report when is not this command's to write down.
        pass

    def _answer(self) -> None:
        if not self.server.knows(self.headers.get("Host", "")):
            self._say(HTTPStatus.MISDIRECTED_REQUEST, "This server has another name.")
            return
        path = urlsplit(self.path).path
        if path == "/":
            self._send(HTTPStatus.OK, index_page(self.server.directory).encode(), _POLICY)
        elif path == "/docs":
            self._headers(HTTPStatus.MOVED_PERMANENTLY, 0, _POLICY, Location="/docs/")
        elif path in ("/docs/", "/docs/index.html"):
            self._send_file(self.server.directory / "docs" / "index.html", _DOCS_POLICY)
        elif _UNFILLED.fullmatch(path):
            self._headers(HTTPStatus.NO_CONTENT, 0, _DOCS_POLICY)
        elif match := _REPORT.fullmatch(path):
            self._send_file(self.server.directory / "reports" / f"load_{match[1]}.html", _POLICY)
        else:
            self._say(HTTPStatus.NOT_FOUND, "There is no such page.")

    def _send_file(self, path: Path, policy: str) -> None:
        try:
            if not _is_plain_file(path):
                raise FileNotFoundError
            content = path.read_bytes()
        except OSError:
            self._say(HTTPStatus.NOT_FOUND, "There is no such page.")
            return
        self._send(HTTPStatus.OK, content, policy)

    def _say(self, status: HTTPStatus, words: str) -> None:
        page = _MESSAGE.format(title=f"{status.value} {status.phrase}", words=escape(words))
        self._send(status, page.encode(), _POLICY)

    def _send(self, status: HTTPStatus, content: bytes, policy: str) -> None:
        self._headers(status, len(content), policy)
        if self.command != "HEAD":
            self.wfile.write(content)

    def _headers(self, status: HTTPStatus, length: int, policy: str, **more: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(length))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        # A bank's figures stay in no browser's cache, and a report may be replaced at any moment.
        self.send_header("Cache-Control", "no-store")
        for name, value in more.items():
            self.send_header(name, value)
        self.end_headers()


def _row(report: ListedReport) -> str:
    day = f"{report.bank_day:%-d %B %Y}" if report.bank_day else "–"
    gate = report.gate if report.gate in ("published", "held") else ""
    return (
        f'<tr><td>{day}</td><td><a href="/reports/load_{report.load_id}.html">Load '
        f"{report.load_id}</a></td><td>{escape(report.file_name or '–')}</td>"
        f'<td class="{gate}">{escape(report.gate or "–")}</td></tr>'
    )


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _is_plain_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


_STYLE = """
body { margin: 0; color: #1d2a38; background: #fff; font: 15px/1.5 system-ui, -apple-system,
  "Segoe UI", Roboto, "Helvetica Neue", Arial, "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums; }
main { max-width: 760px; margin: 0 auto; padding: 40px 24px; }
h1 { font-size: 28px; margin: 0 0 20px; }
h2 { font-size: 19px; margin: 40px 0 8px; padding-top: 12px; border-top: 2px solid #1d2a38; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; font-weight: 500; font-size: 12.5px; color: #5d6b79;
  border-bottom: 1px solid #1d2a38; padding: 5px 16px 5px 0; }
td { padding: 7px 16px 7px 0; border-bottom: 1px solid #dfe4e9; vertical-align: top;
  overflow-wrap: anywhere; }
a { color: #1f4e79; }
.published { color: #2c6e49; } .held { color: #a8402d; font-weight: 600; }
"""

_HEAD = (
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    f'<title>{{title}}</title><link rel="icon" href="data:,"><style>'
    f"{_STYLE.replace('{', '{{').replace('}', '}}')}</style></head><body><main>"
)
_INDEX = (
    _HEAD.replace("{title}", "Sluss: day reports")
    + "<h1>Sluss</h1><h2>Day reports</h2>{reports}<h2>Tables</h2>{docs}</main></body></html>\n"
)
_MESSAGE = (
    _HEAD + '<h1>{title}</h1><p>{words}</p><p><a href="/">Day reports</a></p></main></html>\n'
)
