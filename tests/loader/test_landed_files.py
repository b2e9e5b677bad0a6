"""What becomes of a file that landed: loaded and archived, refused with its reason, or left."""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from loaders import landing, ledger
from loaders.contract import load_contract
from loaders.errors import UnusableInputError
from loaders.landing import ArchivedFile, LandedFile, archived, load_landed
from loaders.sources import ecb
from tests.conftest import Database
from tests.loader.conftest import HEADER, lines, query, text
from tests.loader.landings import (
    ARCHIVED,
    DAY,
    FEED,
    GOOD,
    NAME,
    NO_UTF8,
    NOW,
    ODD_NAMES,
    OTHER,
    content,
    deliver,
    disk,
    offer,
    root,
    unpacked,
    visible,
)

__all__ = ["disk", "root"]

pytestmark = pytest.mark.usefixtures("database")


def test_a_loaded_file_is_archived_under_its_day(root: str) -> None:
    deliver(root, NAME, GOOD)
    deliver(root, NAME + ".done", b"")
    file = LandedFile(FEED, NAME)
    seen = landing.content_hash(file)
    assert landing.business_date_of(file, NOW.date()) == date(2025, 5, 19)
    result = offer()
    assert (result.status, result.reason, result.problem) == ("loaded", None, None)
    assert (result.filed_as or "").endswith(f"/landing/bank_transactions/{ARCHIVED}")
    assert unpacked() == {ARCHIVED: GOOD}
    assert seen == hashlib.sha256(GOOD).hexdigest()
    assert query("select sha256, file_name, business_date::text from ops.loads") == [
        (seen, NAME, DAY)
    ]
    assert visible() == 20


@pytest.mark.parametrize("name", [*ODD_NAMES, NO_UTF8, "transactions" + "å" * 119 + ".csv"])
def test_a_file_of_any_name_loads_and_is_archived(disk: Path, name: str) -> None:
    (disk / name).write_bytes(GOOD)
    assert offer(name).status == "loaded"
    (copy,) = unpacked().items()
    assert copy[0].startswith("archive/2025-05-20/load_1_")
    assert copy[1] == GOOD
    (kept,) = archived(FEED, date(2025, 5, 20))
    assert landing.load_archived(kept).load is not None
    if len(name) < 100:
        assert kept.name == name + ".gz"


def test_a_packed_file_is_archived_as_it_is(disk: Path) -> None:
    packed = gzip.compress(GOOD, 9)
    (disk / (NAME + ".gz")).write_bytes(packed)
    (disk / "transactions.csv").write_bytes(other := gzip.compress(OTHER, 9))
    assert landing.content_hash(LandedFile(FEED, NAME + ".gz")) == hashlib.sha256(GOOD).hexdigest()
    assert offer(NAME + ".gz").status == "loaded"
    assert offer("transactions.csv").status == "loaded"
    assert content() == {
        ARCHIVED: packed,
        "archive/2025-05-20/load_2_transactions.csv.gz": other,
    }


def test_a_feed_whose_reader_takes_no_gzip_is_archived_plain(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SLUSS_LANDING", str(tmp_path))
    deliver(str(tmp_path), "eurofxref-hist.csv", ecb.bundled_file().read_bytes(), "fx_rates")
    file = LandedFile(load_contract("fx_rates"), "eurofxref-hist.csv")
    day = landing.business_date_of(file)
    result = load_landed(file)
    assert result.load is not None
    assert result.load.business_date == day
    (kept,) = archived(file.contract, day)
    assert Path(kept.path).name == "load_1_eurofxref-hist.csv"
    assert landing.load_archived(kept).status == "loaded"


def test_a_file_delivered_again_is_filed_once(root: str) -> None:
    for _ in range(2):
        deliver(root, NAME, GOOD)
        result = offer()
        assert (result.status, result.problem) == ("loaded", None)
    assert result.load is not None
    assert result.load.already_loaded
    assert unpacked() == {ARCHIVED: GOOD}
    assert visible() == 20


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        (NAME, b"", "The file is empty. Expected is at least the header line"),
        (NAME, HEADER.replace("amount", "sum").encode(), "Missing: amount"),
        (NAME, text("x", "y"), "2 of 2 lines are malformed, not one is good"),
        (NAME + ".gz", gzip.compress(GOOD)[:-9], "is a damaged or incomplete gzip file"),
        (NAME, b"PK\x03\x04", "is a zip archive or an Excel workbook"),
        ("transactions_2025-05-22.csv", GOOD, "holds the date 2025-05-22, which is to come"),
        ("transactions_2025-05-01_2025-05-02.csv", GOOD, "holds the dates"),
    ],
)
def test_what_cannot_be_loaded_lies_in_refused_with_its_reason(
    root: str, name: str, data: bytes, said: str
) -> None:
    deliver(root, name, data)
    deliver(root, name + ".done", b"")
    seen = landing.content_hash(LandedFile(FEED, name))
    result = offer(name)
    assert (result.status, result.problem) == ("refused", None)
    assert said in (result.reason or "")
    in_ledger = [row.load_id for row in ledger.loads(status="refused")]
    prefix = f"load_{in_ledger[0]}" if in_ledger else "20250520T040000Z"
    kept = f"refused/{prefix}_{name}"
    found = content()
    assert set(found) == {kept, f"{kept}.reason.txt"}
    assert found[kept] == data
    reason = found[f"{kept}.reason.txt"].decode()
    assert result.reason is not None
    for part in (result.reason, f"File:    {name}", "Feed:    bank_transactions.", seen):
        assert part in reason
    assert "When:    2025-05-20 06:00:00 CEST" in reason
    assert "Rent" not in reason
    assert visible() == 0


def test_the_hash_of_what_cannot_be_read_says_that_it_is_of_its_bytes(disk: Path) -> None:
    damaged = gzip.compress(GOOD)[:-9]
    (disk / NAME).write_bytes(damaged)
    expected = "raw-" + hashlib.sha256(damaged).hexdigest()
    assert landing.content_hash(LandedFile(FEED, NAME)) == expected


def test_a_withdrawn_content_is_refused_unless_it_is_wanted_again(disk: Path) -> None:
    (disk / NAME).write_bytes(GOOD)
    offer()
    ledger.withdraw(1, "the wrong day")
    (disk / NAME).write_bytes(GOOD)
    result = offer()
    assert result.status == "refused"
    assert "was withdrawn as load 1 (the wrong day)" in (result.reason or "")
    (disk / NAME).write_bytes(GOOD)
    assert offer(again=True).status == "loaded"
    assert visible() == 40  # of both loads, the withdrawn one's are kept


def test_an_archive_copy_of_a_lost_database_is_never_written_over(root: str) -> None:
    """A new database counts from one again: load 1 is another file then."""
    deliver(root, f"archive/{DAY}/load_1_{NAME}.gz", gzip.compress(OTHER))
    sha256 = hashlib.sha256(GOOD).hexdigest()
    for _ in range(2):
        deliver(root, NAME, GOOD)
        assert offer().problem is None
    assert unpacked() == {
        ARCHIVED: OTHER,
        f"archive/{DAY}/load_1-{sha256[:12]}_{NAME}.gz": GOOD,
    }
    assert [(one.load_id, one.name) for one in archived(FEED, date(2025, 5, 19))] == [
        (1, f"{NAME}.gz"),
        (1, f"{NAME}.gz"),
    ]


def test_a_copy_is_open_to_no_more_people_than_its_original(disk: Path) -> None:
    for name, data in ((NAME, GOOD), ("transactions.csv", b"")):
        (disk / name).write_bytes(data)
        (disk / name).chmod(0o600)
        offer(name)
    copies = [path for path in disk.rglob("*transactions*") if not path.name.endswith(".txt")]
    assert len(copies) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in copies} == {0o600}


def test_a_file_that_is_gone_is_told_from_one_that_is_loaded(disk: Path) -> None:
    (disk / NAME).write_bytes(GOOD)
    seen = landing.content_hash(LandedFile(FEED, NAME))
    assert offer(sha256=seen).status == "loaded"
    again = offer(sha256=seen)
    assert (again.status, again.load.load_id if again.load else None) == ("loaded", 1)
    assert offer().status == "gone"
    assert offer(sha256="0" * 64).status == "gone"
    ledger.withdraw(1, "the wrong day")
    assert offer(sha256=seen).status == "gone"
    with pytest.raises(landing.GoneError):
        landing.content_hash(LandedFile(FEED, NAME))


def test_archived_files_of_a_day_are_offered_again(root: str) -> None:
    deliver(root, NAME, GOOD)
    deliver(root, "transactions.csv", OTHER)
    offer()
    # It has no date in its name: the day that it was loaded under is the archive's.
    assert offer("transactions.csv", business_date=date(2025, 5, 19)).status == "loaded"
    before = content()
    assert archived(FEED, date(2025, 5, 18)) == []
    files = archived(FEED, date(2025, 5, 19))
    assert [file.load_id for file in files] == [1, 2]
    results = [landing.load_archived(file) for file in files]
    assert [one.load and one.load.already_loaded for one in results] == [True, True]

    ledger.withdraw(1, "the wrong day")
    skipped = landing.load_archived(files[0])
    assert skipped.status == "skipped"
    assert "was withdrawn as load 1 (the wrong day)" in (skipped.reason or "")
    assert landing.load_archived(files[0], again=True).status == "loaded"
    assert content() == before


def test_a_lost_database_is_loaded_from_the_archive(
    disk: Path, make_database: Any, database: Database
) -> None:
    (disk / "transactions.csv").write_bytes(GOOD)
    assert offer("transactions.csv", business_date=date(2025, 5, 19)).status == "loaded"
    (file,) = archived(FEED, date(2025, 5, 19))
    assert isinstance(file, ArchivedFile)
    with make_database():
        result = landing.load_archived(file)
        assert result.load is not None
        assert (result.status, result.load.already_loaded) == ("loaded", False)
        assert result.load.business_date == date(2025, 5, 19)
        assert result.load.sha256 == hashlib.sha256(GOOD).hexdigest()
        assert ledger.loads()[0].file_name == "transactions.csv.gz"
        assert visible() == 20
    os.unlink(file.path)
    assert landing.load_archived(file).status == "gone"


def test_a_caller_refuses_a_file_in_its_own_words(root: str) -> None:
    for _ in range(2):
        deliver(root, "notes.txt", b"hello")
        landing.refuse(LandedFile(FEED, "notes.txt"), "Nobody knows this file.", now=NOW)
    found = content()
    assert set(found) == {
        f"refused/20250520T040000Z{number}_notes.txt{end}"
        for number in ("", "-2")
        for end in ("", ".reason.txt")
    }
    reason = found["refused/20250520T040000Z_notes.txt.reason.txt"].decode()
    assert "Nobody knows this file." in reason
    assert "Load:    not in the ledger" in reason
    with pytest.raises(landing.GoneError):
        landing.refuse(LandedFile(FEED, "notes.txt"), "Nobody knows this file.")


def test_a_date_to_come_in_a_name_is_a_mistake_unless_somebody_says_so(tmp_path: Path) -> None:
    from loaders.load import load_file

    def day(name: str, note: int, **options: Any) -> date:
        path = tmp_path / name
        path.write_bytes(text(*lines(1, note)))
        return load_file(FEED, path, today=date(2025, 5, 19), **options).business_date

    assert day("transactions_2025-05-20.csv", 1) == date(2025, 5, 20)
    with pytest.raises(UnusableInputError) as error:
        day("transactions_2025-05-21.csv", 2)
    assert str(error.value) == (
        "The name transactions_2025-05-21.csv holds the date 2025-05-21, which is to come. "
        "Expected is a business date up to the day after today, 2025-05-19. Rename the file, or "
        "say the date you mean: --business-date YYYY-MM-DD."
    )
    said = date(2025, 6, 1)
    assert day("transactions_2025-05-21.csv", 3, business_date=said) == said
    assert len(ledger.loads()) == 2
