"""The loader holds a block and a line, whatever the size of the file."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from tests.loader.conftest import HEADER, line

ALLOWED_MB = 60

PEAK = "; import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"


def peak_mb(program: str, *arguments: str) -> float:
    """Returns the most memory that a Python process running ``program`` had, in MB."""
    done = subprocess.run(
        [sys.executable, "-c", program + PEAK, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return int(done.stdout.split()[-1]) / unit


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["plain", "gzip", "malformed", "cp1252"])
def test_a_load_takes_less_than_60_mb_above_a_bare_interpreter(
    module_database: object, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"{kind}.csv"
    encoding = "cp1252" if kind == "cp1252" else "utf-8"
    thousand = "".join(
        line(n) + "\n" if kind != "malformed" or n % 2 else "x" * 150 + "\n" for n in range(1000)
    ).encode(encoding)
    opener = gzip.open if kind == "gzip" else open
    with opener(path, "wb") as stream:  # type: ignore[operator]
        stream.write(HEADER.encode() + b"\n")
        for _ in range(200):
            stream.write(thousand)
    program = (
        "import sys; from loaders.load import load_file; "
        "r = load_file('bank_transactions', sys.argv[1], encoding=sys.argv[2]); "
        "assert r.line_count == 200_000, r; "
        "assert r.status == sys.argv[3], r"
    )
    status = "refused" if kind == "malformed" else "loaded"
    taken = peak_mb(program, str(path), encoding, status) - peak_mb("pass")
    assert taken < ALLOWED_MB, f"{taken:.0f} MB above a bare interpreter"
