"""What a look into a landing folder finds, and when a file is whole."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from loaders import landing
from loaders.contract import Contract
from loaders.errors import UnusableInputError
from loaders.landing import State, StorageError, WaitingFile, landed_file, waiting
from tests.loader.landings import FEED, FOLDER, NO_UTF8, NOW, ODD_NAMES, deliver, disk, root

__all__ = ["disk", "root"]

Look = Callable[[float], dict[str, WaitingFile]]


def looks(contract: Contract = FEED) -> Look:
    """Returns ``look(seconds)``: one look after the other, the state kept as a cursor would."""
    cursor = "null"

    def look(seconds: float) -> dict[str, WaitingFile]:
        nonlocal cursor
        found, state = waiting(contract, json.loads(cursor), NOW + timedelta(seconds=seconds))
        cursor = json.dumps(state)
        return {one.file.name: one for one in found}

    return look


def changed(**settings: object) -> Contract:
    return FEED.model_copy(update={"landing": FEED.landing.model_copy(update=settings)})


def test_a_file_is_whole_once_it_was_seen_unchanged_for_ten_seconds(root: str) -> None:
    look = looks()
    deliver(root, "transactions.csv", b"a")
    first = look(0)["transactions.csv"]
    assert (first.status, first.size) == ("unfinished", 1)
    assert first.why == "It may still be written: unchanged for 0 s, whole after 10 s."
    deliver(root, "transactions.csv", b"a" * 13)
    assert (look(9)["transactions.csv"].why or "").startswith(
        "It may still be written: 12 bytes more than at the last look"
    )
    assert look(18)["transactions.csv"].status == "unfinished"
    whole = look(19)["transactions.csv"]
    assert (whole.status, whole.why, whole.size) == ("whole", None, 13)
    assert whole.location.endswith(f"landing/{FOLDER}/transactions.csv")
    assert whole.modified is not None
    assert abs(whole.modified - datetime.now(UTC)) < timedelta(minutes=1)


def test_an_empty_file_that_stands_still_is_whole(root: str) -> None:
    look = looks()
    deliver(root, "transactions.csv", b"")
    look(0)
    assert look(10)["transactions.csv"].status == "whole"


def test_a_file_is_whole_at_once_when_its_marker_is_there(root: str) -> None:
    deliver(root, "transactions.csv")
    deliver(root, "transactions.csv.done", b"")
    found = looks()(0)
    assert {name: one.status for name, one in found.items()} == {"transactions.csv": "whole"}


def test_a_marker_left_by_an_earlier_file_marks_no_later_one(disk: Path) -> None:
    (disk / "transactions.csv.done").touch()
    time.sleep(0.02)
    (disk / "transactions.csv").write_bytes(b"half of it")
    # As a sender does that keeps its own times.
    os.utime(disk / "transactions.csv", (0, 0))
    assert looks()(0)["transactions.csv"].status == "unfinished"
    waits = looks(changed(needs_marker=True))(0)["transactions.csv"]
    assert waits.why is not None
    assert "transactions.csv.done is older than its file" in waits.why


def test_where_a_marker_is_needed_standing_still_is_not_enough(root: str) -> None:
    look = looks(changed(needs_marker=True))
    deliver(root, "transactions.csv")
    look(0)
    found = look(3600)["transactions.csv"]
    assert found.status == "unfinished"
    assert (found.why or "").startswith("It waits for transactions.csv.done")
    deliver(root, "transactions.csv.done", b"")
    assert look(3601)["transactions.csv"].status == "whole"


def test_a_marker_without_its_file_is_told(root: str) -> None:
    deliver(root, "transactions.done", b"")
    found = looks()(0)["transactions.done"]
    assert found.status == "stray"
    assert "says that transactions is whole, which is not here" in (found.why or "")


def test_a_file_rewritten_in_the_same_size_and_time_is_not_still(disk: Path) -> None:
    look = looks()
    path = disk / "transactions.csv"
    path.write_bytes(b"first")
    os.utime(path, (1, 1))
    look(0)
    time.sleep(0.02)
    path.write_bytes(b"other")
    os.utime(path, (1, 1))
    assert look(10)["transactions.csv"].status == "unfinished"
    assert look(20)["transactions.csv"].status == "whole"


@pytest.mark.parametrize("name", ["transactions.csv.part", "transactions.csv.FILEPART", "x.tmp"])
def test_a_name_that_says_it_is_being_written_is_believed(root: str, name: str) -> None:
    look = looks()
    deliver(root, name)
    look(0)
    found = look(3600)[name]
    assert found.status == "unfinished"
    assert "still being written, by its name since 20" in (found.why or "")


def test_what_is_ours_or_hidden_is_not_looked_at(root: str) -> None:
    for name in (
        "archive/2025-05-19/load_1_transactions.csv",
        "refused/load_2_transactions.csv",
        "transactions.csv.reason.txt",
        ".transactions.csv.a1B2",
    ):
        deliver(root, name)
    assert looks()(0) == {}


def test_what_does_not_match_the_pattern_is_told_and_not_loaded(root: str) -> None:
    look = looks()
    deliver(root, "customers.csv")
    deliver(root, "May/transactions.csv")
    look(0)
    found = look(100)
    assert {name: one.status for name, one in found.items()} == {
        "customers.csv": "stray",
        "May": "stray",
    }
    assert "files of bank_transactions are named like *transactions*" in (
        found["customers.csv"].why or ""
    )
    assert (found["May"].why or "").startswith("May is a folder, and nothing in it is loaded.")


def test_a_pattern_does_not_tell_upper_from_lower_case(root: str) -> None:
    deliver(root, "TRANSACTIONS.CSV")
    assert looks()(0)["TRANSACTIONS.CSV"].status == "unfinished"


def test_a_link_to_nothing_is_told(disk: Path) -> None:
    (disk / "transactions.csv").symlink_to(disk / "nowhere")
    found = looks()(0)["transactions.csv"]
    assert found.status == "stray"
    assert "a link to nothing" in (found.why or "")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_names(root: str, name: str) -> None:
    look = looks()
    deliver(root, name)
    look(0)
    found = look(10)[name]
    assert found.status == "whole"
    assert found.file.key.isascii()
    assert landed_file(FEED, found.file.key) == found.file
    assert landing.content_hash(found.file) == (
        "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"  # printf x | sha256sum
    )


def test_a_name_that_is_no_utf8_is_a_name(disk: Path) -> None:
    (disk / NO_UTF8).write_bytes(b"x")
    look = looks()
    look(0)
    found = look(10)[NO_UTF8]
    assert found.status == "whole"
    assert found.file.key == "transactions_%E5%FF.csv"
    assert landed_file(FEED, found.file.key) == found.file
    # Fit for a database and a log.
    (found.file.title + found.location).encode("utf-8")


@pytest.mark.parametrize("state", [[], {"transactions.csv": 1}, {"transactions.csv": {"seen": 1}}])
def test_a_state_that_makes_no_sense_is_none(root: str, state: State) -> None:
    deliver(root, "transactions.csv")
    found, new = waiting(FEED, state, NOW)
    assert [one.status for one in found] == ["unfinished"]
    assert new["transactions.csv"]["since"] == NOW.isoformat()


def test_a_clock_that_is_set_back_delays_and_does_no_harm(root: str) -> None:
    look = looks()
    deliver(root, "transactions.csv")
    look(3600)
    assert look(0)["transactions.csv"].status == "unfinished"
    assert look(10)["transactions.csv"].status == "whole"


def test_a_file_that_went_and_came_again_is_seen_anew(root: str) -> None:
    look = looks()
    deliver(root, "transactions.csv")
    look(0)
    path = landed_file(FEED, "transactions.csv").path
    landing.place_of(FEED).storage.remove(path)
    assert look(10) == {}
    deliver(root, "transactions.csv")
    assert look(20)["transactions.csv"].status == "unfinished"


def test_files_are_told_oldest_first(disk: Path) -> None:
    ages = {f"transactions_{number}": number * 7 % 20 for number in range(20)}
    for name, age in ages.items():
        (disk / name).touch()
        os.utime(disk / name, (1000 - age, 1000 - age))
    assert list(looks()(0)) == sorted(ages, key=lambda name: -ages[name])


def test_a_folder_that_is_missing_is_made_or_empty(root: str) -> None:
    assert looks()(0) == {}
    if "://" not in root:
        assert (Path(root) / FOLDER).is_dir()


def test_a_thousand_files_are_looked_at_in_a_moment(disk: Path) -> None:
    for number in range(1000):
        (disk / f"transactions_{number}.csv").touch()
    look = looks()
    look(0)
    started = time.perf_counter()
    found = look(10)
    assert time.perf_counter() - started < 0.5
    assert sum(one.status == "whole" for one in found.values()) == 1000


def test_the_landing_root_is_in_the_repository_unless_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SLUSS_LANDING", raising=False)
    repository = Path(__file__).parents[2]
    assert landing.place_of(FEED).incoming == str(repository / "data/landing" / FOLDER)
    assert landing.place_of(FEED).archive == str(repository / "data/landing" / FOLDER / "archive")
    monkeypatch.setattr("loaders.landing.places.__file__", str(tmp_path / "a/b/c/places.py"))
    with pytest.raises(UnusableInputError, match="Set SLUSS_LANDING"):
        landing.landing_root()


def test_a_folder_that_cannot_be_read_is_said(disk: Path) -> None:
    disk.rmdir()
    disk.write_text("a file where the folder should be")
    with pytest.raises(
        StorageError,
        match="bank_transactions cannot be read or written: a file is in the folder's place",
    ):
        looks()(0)


def test_an_address_that_nothing_opens_is_said_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLUSS_LANDING", "gopher://anna:s3cret@files.example/in")
    with pytest.raises(UnusableInputError) as error:
        landing.place_of(FEED)
    assert "found gopher://files.example/in" in str(error.value)
    assert "s3cret" not in str(error.value)
