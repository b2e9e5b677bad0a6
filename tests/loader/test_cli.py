"""``sluss load``, ``sluss loads`` and ``sluss withdraw`` as a person and a script call them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.loader.conftest import HEADER, lines, text

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a good file, one with extra columns, and one that is refused."""
    (tmp_path / "good_2025-05-19.csv").write_bytes(text(*lines(3), "", "broken"))
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "header.csv").write_bytes(text(header=HEADER + ",branch"))
    return tmp_path


def test_a_load_says_what_it_did_and_what_next(files: Path, run_sluss: Callable[..., Any]) -> None:
    done = run_sluss("load", "bank_transactions", files / "good_2025-05-19.csv")
    assert "load 1, business date 2025-05-19 (from the file's name)" in done.stdout
    assert "4 lines: 3 loaded, 1 malformed; 1 blank" in done.stdout
    assert "lines/s" in done.stdout
    assert "sluss build" in done.stdout
    again = run_sluss("load", "bank_transactions", files / "good_2025-05-19.csv")
    assert "loaded already, as load 1" in again.stdout


def test_a_refused_file_does_not_stop_the_others(
    files: Path, run_sluss: Callable[..., Any]
) -> None:
    names = ["empty.csv", "absent.csv", "good_2025-05-19.csv", "header.csv"]
    paths = [files / name for name in names]
    done = run_sluss("load", "bank_transactions", *paths, check=2)
    assert "empty.csv: refused (load 1). The file is empty." in done.stderr
    assert "There is no file" in done.stderr
    assert "load 2, business date" in done.stdout
    assert "warning: Columns that the contract does not name" in done.stdout
    assert "warning: The file holds nothing but its header" in done.stdout


def test_json_for_scripts(files: Path, run_sluss: Callable[..., Any]) -> None:
    paths = [files / "good_2025-05-19.csv", files / "empty.csv", files / "absent.csv"]
    done = run_sluss("load", "bank_transactions", *paths, "--json", check=2)
    loaded, refused, absent = json.loads(done.stdout)
    assert (loaded["status"], loaded["load_id"], loaded["loaded_count"]) == ("loaded", 1, 3)
    assert (refused["status"], absent["status"]) == ("refused", "error")
    rows = json.loads(run_sluss("loads", "--json").stdout)
    assert [(row["load_id"], row["status"]) for row in rows] == [(2, "refused"), (1, "loaded")]
    rows = json.loads(run_sluss("loads", "--status", "loaded", "--json").stdout)
    assert [row["load_id"] for row in rows] == [1]
    gone = json.loads(run_sluss("withdraw", "1", "--why", "wrong day", "--json").stdout)
    assert (gone["status"], gone["reason"]) == ("withdrawn", "wrong day")


def test_the_ledger_as_a_table(files: Path, run_sluss: Callable[..., Any]) -> None:
    assert "No loads" in run_sluss("loads").stdout
    run_sluss(
        "load", "bank_transactions", files / "good_2025-05-19.csv", "--business-date=2025-01-02"
    )
    shown = run_sluss("loads", "--feed", "bank_transactions").stdout
    assert "good_2025-05-19.csv" in shown
    assert "2025-01-02" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["load", "bank_transaction", "x.csv"], "Did you mean bank_transactions?"),
        (["load", "bank_transactions"], "name the file to load"),
        (["load", "bank_transactions", "x", "--business-date", "19 May"], "does not match"),
        (["load", "bank_transactions", "x", "--encoding", "martian"], "nknown encoding"),
        (["loads", "--status", "lost"], "known are running, loaded, refused"),
        (["withdraw", "7", "--why", "x"], "there is no load 7"),
    ],
)
def test_unusable_arguments_exit_with_2(
    run_sluss: Callable[..., Any], arguments: list[str], said: str
) -> None:
    assert said in run_sluss(*arguments, check=2).stderr


def test_no_server_says_what_to_do(
    files: Path, run_sluss: Callable[..., Any], tmp_path: Path
) -> None:
    path = files / "good_2025-05-19.csv"
    done = run_sluss("load", "bank_transactions", path, env={"SLUSS_HOME": str(tmp_path)}, check=1)
    assert "No Postgres at" in done.stderr
    assert "run `sluss up`" in done.stderr
