"""A short stretch of a generated year, and a service over it, for the tests that ask one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from loaders.generators.cashflow import Size, generate_cashflow
from loaders.simulators.cdm import Faults
from loaders.simulators.cdm.faults import Fault

FEEDS = ("sepa", "swift")


class Script(Faults):
    """These faults, in this order, for whatever is asked for, and then none."""

    def __init__(self, *faults: Fault | None, is_lossy: bool = False, only: str = "") -> None:
        super().__init__(0, is_lossy)
        self._script = list(faults)
        self._only = only

    def next(self, endpoint: str) -> Fault | None:
        if not self._script or (self._only and endpoint != self._only):
            return None
        return self._script.pop(0)


def write_stretch(out: Path, seed: int, until: str) -> None:
    """Writes a year into ``out``, and takes away the transactions after the time ``until``.

    A whole year is 146 answers of the first generation: too many for what the tests ask.
    """
    generate_cashflow(Size(companies=20, sepa=1_000, swift=2_000), seed, out)
    (out / "key.json").unlink()
    for feed in FEEDS:
        path = out / f"{feed}.csv"
        header, *lines = path.read_text().splitlines()
        kept = []
        for line in lines:
            if line.rsplit(",", 1)[1] > until:
                break
            kept.append(line)
        path.write_text("\n".join([header, *kept]) + "\n")


def answering(bodies: dict[str, Sequence[bytes | tuple[int, bytes]]]) -> Starlette:
    """Returns a service that gives each path's bodies in turn, the last one again and again."""
    given = dict.fromkeys(bodies, 0)

    async def handle(request: Request) -> Response:
        path = request.url.path
        found: Any = bodies[path][min(given[path], len(bodies[path]) - 1)]
        given[path] += 1
        status, body = found if isinstance(found, tuple) else (200, found)
        return Response(body, status, media_type="application/json")

    return Starlette(routes=[Route(path, handle) for path in bodies])
