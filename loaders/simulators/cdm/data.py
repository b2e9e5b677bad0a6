"""What the simulator serves: the files of a folder, each line found by its place, id or time."""

from __future__ import annotations

import csv
import itertools
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from loaders.errors import UnusableInputError

WINDOW_DAYS = 5
_DAY_SECONDS = 86_400

Row = dict[str, str]


def read_rows(path: Path) -> list[Row]:
    """Returns the rows of a CSV file by the names in its header."""
    with opened(path).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def opened(path: Path) -> Path:
    """Returns ``path``; raises UnusableInputError if there is no such file."""
    if not path.is_file():
        raise UnusableInputError(
            f"There is no {path.name} in {path.parent}. `sluss generate cashflow --out "
            f"{path.parent}` makes the files."
        )
    return path


class Transactions:
    """A file of transactions, of which only the place, id and time of each line is kept."""

    def __init__(self, path: Path) -> None:
        self._path = opened(path)
        places, ids, times = [], [], []
        place = 0
        with path.open("rb") as stream:
            header = stream.readline()
            self._names = header.decode().strip().split(",")
            place = len(header)
            for line in stream:
                number, _, rest = line.partition(b",")
                places.append(place)
                ids.append(int(number))
                times.append(rest[rest.rindex(b",") + 1 :].strip().decode())
                place += len(line)
        self._places = np.array([*places, place], dtype=np.int64)
        self._ids = np.array(ids, dtype=np.int64)
        self._times = np.array([_epoch(text) for text in times], dtype=np.int64)

    @cached_property
    def windows(self) -> list[tuple[int, int]]:
        """The lines of each five days as (first, past the last), by the time of their arrival.

        A line has arrived at the latest time that stands in the file up to it: a half of a batch
        that comes a day late is served with the lines of that day.
        """
        if not len(self._times):
            return []
        arrived = np.maximum.accumulate(self._times) // _DAY_SECONDS
        window = (arrived - arrived[0]) // WINDOW_DAYS
        edges = np.searchsorted(window, np.arange(window[-1] + 2))
        return list(itertools.pairwise(edges.tolist()))

    def between(self, first: int, end: int) -> list[Row]:
        """Returns the lines from ``first`` up to, not including, ``end``, in the file's order."""
        return self._rows(list(range(first, end)))

    def after_id(self, number: int, limit: int) -> list[Row]:
        """Returns the first ``limit`` lines with a greater id, in the order of ids."""
        order, ids = self._by_id
        first = int(np.searchsorted(ids, number, side="right"))
        return self._rows(order[first : first + limit].tolist())

    def after_time(self, text: str, limit: int) -> list[Row]:
        """Returns the first ``limit`` lines with a later time, in the order of times."""
        order, times = self._by_time
        first = int(np.searchsorted(times, _epoch(text), side="right"))
        return self._rows(order[first : first + limit].tolist())

    @cached_property
    def _by_id(self) -> tuple[Any, Any]:
        order = np.argsort(self._ids, kind="stable")
        return order, self._ids[order]

    @cached_property
    def _by_time(self) -> tuple[Any, Any]:
        order = np.argsort(self._times, kind="stable")
        return order, self._times[order]

    def _rows(self, numbers: list[int]) -> list[Row]:
        rows = []
        with self._path.open("rb") as stream:
            for number in numbers:
                place = int(self._places[number])
                stream.seek(place)
                line = stream.read(int(self._places[number + 1]) - place).decode()
                rows.append(dict(zip(self._names, next(csv.reader([line])), strict=True)))
        return rows


def _epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())
