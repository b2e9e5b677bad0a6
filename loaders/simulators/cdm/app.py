"""The service itself, as a Starlette application.

Generation 1 keeps a cursor for each of its two feeds and answers with the next five days; at the
end it does not answer at all. Generation 2 keeps nothing: who asks says ``limit`` and ``after-id``
or ``after-timestamp``.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from loaders.errors import UnusableInputError
from loaders.simulators.cdm import wire
from loaders.simulators.cdm.data import Row, Transactions, read_rows
from loaders.simulators.cdm.faults import Fault, Faults

FEEDS = ("sepa", "swift")
MOST_ROWS = 5_000

_JSON = "application/json"


class Service:
    """One run of the service: its files, its cursors, its faults."""

    def __init__(
        self,
        folder: Path,
        generation: int,
        faults: Faults | None,
        token: str | None,
        hang_seconds: float,
        slow_seconds: float,
    ) -> None:
        if generation not in (1, 2):
            raise UnusableInputError(f"The generation is {generation}: give 1 or 2.")
        self.generation = generation
        self.faults = faults
        self.hang_seconds = hang_seconds
        self.slow_seconds = slow_seconds
        self._token = token
        self._lists = {
            "company_info": read_rows(folder / "companies.csv"),
            "exchange_rates": read_rows(folder / "rates.csv"),
        }
        self._feeds = {feed: Transactions(folder / f"{feed}.csv") for feed in FEEDS}
        self._cursors = dict.fromkeys(FEEDS, 0)
        self._last: dict[str, bytes] = {}

    def is_allowed(self, request: Request) -> bool:
        """True if the request bears the token, where one is asked for."""
        said = request.headers.get("authorization", "")
        expected = f"Bearer {self._token}"
        return self._token is None or hmac.compare_digest(said.encode(), expected.encode())

    def body(self, endpoint: str, request: Request) -> bytes | None:
        """Returns the answer to a request; None where generation 1 has nothing more to say."""
        if endpoint in self._lists:
            return wire.answer(self.generation, endpoint, self._lists[endpoint])
        if self.generation == 2:
            return wire.answer(2, endpoint, self._asked_for(endpoint, request))
        windows = self._feeds[endpoint].windows
        at = self._cursors[endpoint]
        if at >= len(windows):
            return None
        return wire.answer(1, endpoint, self._feeds[endpoint].between(*windows[at]))

    def last(self, endpoint: str) -> bytes | None:
        """Returns the last answer that went out whole."""
        return self._last.get(endpoint)

    def going_out(self, endpoint: str, body: bytes) -> Callable[[], None]:
        """Returns what to call once ``body`` is the client's: it moves on, however often called."""
        following = self._cursors.get(endpoint, 0) + 1

        def moved() -> None:
            self._last[endpoint] = body
            if endpoint in self._cursors:
                self._cursors[endpoint] = following

        return moved

    def _asked_for(self, endpoint: str, request: Request) -> list[Row]:
        asked = request.query_params
        limit = min(int(asked.get("limit", MOST_ROWS)), MOST_ROWS)
        if "after-timestamp" in asked:
            return self._feeds[endpoint].after_time(asked["after-timestamp"], limit)
        return self._feeds[endpoint].after_id(int(asked.get("after-id", -1)), limit)


class Answer(Response):
    """A body on its way: whole, slow, cut, or never."""

    def __init__(
        self, body: bytes, fault: Fault | None, service: Service, done: Callable[[], None]
    ) -> None:
        super().__init__(body, media_type=_JSON)
        self._fault = fault
        self._service = service
        self._done = done

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(_until_disconnected(receive))
        if self._fault == "hang":
            await asyncio.wait([gone], timeout=self._service.hang_seconds)
            gone.cancel()
            await JSONResponse({"error": "no answer"}, status_code=504)(scope, receive, send)
            return
        await send(
            {"type": "http.response.start", "status": 200, "headers": list(self.raw_headers)}
        )
        body = bytes(self.body)
        if self._fault == "cut":
            # Without an end: the server closes the connection.
            piece = _half(body)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            return
        pieces = [body]
        if self._fault == "slow":
            step = len(body) // 4 + 1
            pieces = [body[first : first + step] for first in range(0, len(body), step)]
        for piece in pieces[:-1]:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.wait([gone], timeout=self._service.slow_seconds / len(pieces))
        # Before the last piece: who has it may ask for the next answer at once. Who had not the
        # patience to wait for it will ask for it again.
        await asyncio.sleep(0)
        if not gone.done():
            self._done()
        gone.cancel()
        await send({"type": "http.response.body", "body": pieces[-1]})


def _half(body: bytes) -> bytes:
    """The first half, never up to the end of a document: nobody could tell that more is due."""
    end = len(body) // 2
    return body[: end - 1 if body[end - 1 : end + 1] == b"}{" else end]


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def build_app(
    folder: Path,
    generation: int,
    faults: Faults | None = None,
    token: str | None = None,
    hang_seconds: float = 3600,
    slow_seconds: float = 2,
) -> Starlette:
    """Returns the service over the files in ``folder`` (see ``sluss generate cashflow``).

    With a ``token``, a request without ``Authorization: Bearer <token>`` is answered with 401. A
    call that is not answered ends after ``hang_seconds`` with a 504, as a proxy would end it; a
    slow one takes ``slow_seconds``. Raises UnusableInputError if a file is missing.
    """
    service = Service(folder, generation, faults, token, hang_seconds, slow_seconds)

    async def ping(request: Request) -> Response:
        return JSONResponse({"message": "pong"})

    def answering(endpoint: str) -> Route:
        async def handle(request: Request) -> Response:
            if not service.is_allowed(request):
                return JSONResponse({"error": "no or a wrong token"}, status_code=401)
            try:
                return _answer(service, endpoint, request)
            except ValueError:
                # limit or after-id is no number, after-timestamp no time.
                return JSONResponse({"error": "the query cannot be read"}, status_code=422)

        return Route(f"/{endpoint}", handle)

    return Starlette(
        routes=[
            Route("/ping", ping),
            *(answering(endpoint) for endpoint in ("company_info", "exchange_rates", *FEEDS)),
        ]
    )


def _answer(service: Service, endpoint: str, request: Request) -> Response:
    fault = service.faults.next(endpoint) if service.faults else None
    if fault == "error":
        return JSONResponse({"error": "something went wrong"}, status_code=500)
    if fault == "repeat" and (last := service.last(endpoint)) is not None:
        return Answer(last, None, service, lambda: None)
    body = service.body(endpoint, request)
    if body is None:
        return Answer(b"", "hang", service, lambda: None)
    moved = service.going_out(endpoint, body)
    if fault in ("hang", "cut", "short"):
        if service.faults and service.faults.is_lossy:
            moved()
        if fault == "short":
            return Answer(_half(body), None, service, lambda: None)
        return Answer(body, fault, service, lambda: None)
    return Answer(body, fault, service, moved)
