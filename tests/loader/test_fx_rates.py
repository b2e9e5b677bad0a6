"""The European Central Bank's rates, bundled or newer."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path

import pytest

from loaders.load import load_file
from loaders.sources import UnreadableContentError
from loaders.sources.ecb import WithoutTrailingComma
from tests.loader.conftest import rows_of

CSV = b"Date,USD,SEK,\n2026-11-02,1.1,N/A,\n2026-10-30,1.1172,10.978,\n"


def zipped(content: bytes, *names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return target.getvalue()


def test_the_bundled_history_loads_without_a_path(database: object) -> None:
    result = load_file("fx_rates", None)
    assert result.status == "loaded"
    assert result.malformed_count == 0
    assert result.business_date_source == "the newest date in the file"
    assert result.warnings == []
    assert result.extra_columns == []
    rows = rows_of(result.load_id, "fx_rates")
    assert len(rows) == result.line_count
    assert max(row["date"] for row in rows) == result.business_date.isoformat()
    first = next(row for row in rows if row["date"] == "1999-01-04")
    assert first["_extra"]["SEK"] == "9.4696"
    assert first["_extra"]["BGN"] == "N/A"
    assert all(name.isalpha() for name in first["_extra"])
    assert load_file("fx_rates", None).already_loaded


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("trailing", [b",", b""])
def test_a_newer_file_loads(
    module_database: object, tmp_path: Path, packed: bool, end: bytes, trailing: bytes
) -> None:
    content = CSV.replace(b",\n", trailing + end)
    path = tmp_path / ("eurofxref-hist.zip" if packed else "eurofxref-hist.csv")
    path.write_bytes(zipped(content, "eurofxref-hist.csv") if packed else content)
    result = load_file("fx_rates", path)
    assert result.business_date == date(2026, 11, 2)
    assert [(row["date"], row["_extra"]) for row in rows_of(result.load_id, "fx_rates")] == [
        ("2026-11-02", {"USD": "1.1", "SEK": "N/A"}),
        ("2026-10-30", {"USD": "1.1172", "SEK": "10.978"}),
    ]
    # The same rates in a zip are the same content.
    assert result.already_loaded == packed


def test_a_value_in_the_unnamed_column_is_not_lost(module_database: object, tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_bytes(CSV + b"2026-10-29,1.1,10.9,7\n")
    result = load_file("fx_rates", path)
    assert (result.loaded_count, result.malformed_count) == (2, 1)


@pytest.mark.parametrize("size", range(1, 30))
def test_the_trailing_comma_goes_whatever_the_size_of_the_pieces(size: int) -> None:
    content = b"a,b,\r\n1,,\r\n,,\r\n2,3,"
    stream = WithoutTrailingComma(io.BytesIO(content))
    read = b""
    while piece := stream.read(size):
        read += piece
    assert read == b"a,b\r\n1,\r\n,\r\n2,3"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (zipped(CSV, "a.csv", "b.csv"), "holds 2 csv files"),
        (zipped(CSV, "read.me"), "holds 0 csv files"),
        (zipped(CSV, "a.csv")[:-30], "damaged or incomplete zip"),
    ],
)
def test_an_archive_that_is_not_the_banks_is_refused(
    module_database: object, tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "rates.zip"
    path.write_bytes(content)
    with pytest.raises(UnreadableContentError, match=said):
        load_file("fx_rates", path)
