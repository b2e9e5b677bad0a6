"""What the ledger says after everything that can happen to a load."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from loaders import ledger
from loaders.errors import UnusableInputError
from loaders.load import LoadResult, load_file
from tests.loader.conftest import DAY, HEADER, lines, malformed_of, query, text

pytestmark = pytest.mark.usefixtures("database")

BIG = text(*lines(20_000))  # several MB: many blocks


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """A file that takes many blocks."""
    path = tmp_path / "big.csv"
    path.write_bytes(BIG)
    return path


def load(path: Path, **options: object) -> LoadResult:
    return load_file("bank_transactions", path, business_date=DAY, **options)  # type: ignore[arg-type]


def visible() -> int:
    """Returns the number of raw lines that anybody can see."""
    found: int = query("select count(*) from staging.raw_bank_transactions")[0][0]
    return found


def once(action: Callable[[], object]) -> Callable[[str, int, int | None], None]:
    """Returns a progress callback that does ``action`` once, in the middle of the load."""
    done: list[bool] = []

    def on_progress(what: str, at: int, of: int | None) -> None:
        if what == "Loading" and at > 1_000_000 and not done:
            done.append(True)
            action()

    return on_progress


def test_the_ledger_tells_all_of_a_load(big: Path) -> None:
    result = load(big)
    row = ledger.loads()[0]
    assert (row.load_id, row.feed, row.file_name) == (
        result.load_id,
        "bank_transactions",
        "big.csv",
    )
    assert (row.status, row.reason, row.business_date) == ("loaded", None, DAY)
    assert (row.line_count, row.malformed_count, row.blank_count) == (20_000, 0, 0)
    assert row.byte_count == len(BIG)
    assert row.sha256 == result.sha256
    assert row.finished_at is not None
    assert row.finished_at > row.started_at
    assert row.loaded_by.endswith("postgres")
    assert visible() == 20_000


def test_a_killed_load_leaves_nothing_and_the_next_one_says_so(big: Path) -> None:
    program = textwrap.dedent(
        """
        import sys, time
        from loaders.load import load_file
        def stop(what, done, of):
            if what == "Loading" and done > 1_000_000:
                print("in the middle", flush=True)
                time.sleep(600)
        load_file("bank_transactions", sys.argv[1], on_progress=stop)
        """
    )
    with subprocess.Popen([sys.executable, "-c", program, big], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"in the middle\n"
        assert query("select status from ops.loads") == [("running",)]
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert visible() == 0
    result = load(big)
    assert result.status == "loaded"
    assert visible() == 20_000
    dead = ledger.loads(status="failed")
    assert [row.load_id for row in dead] == [result.load_id - 1]
    assert "ended before it was done" in (dead[0].reason or "")
    assert query(
        "select to_regclass(%s)", (f"staging.raw_bank_transactions_{dead[0].load_id}",)
    ) == [(None,)]


def test_a_lost_connection_is_said_and_leaves_nothing(big: Path) -> None:
    def cut() -> None:
        query(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'sluss load bank_transactions' "
            "and datname = current_database()"
        )

    result = load(big, on_progress=once(cut))
    assert result.status == "failed"
    assert (result.reason or "").startswith("The connection to the database was lost.")
    assert visible() == 0
    assert [(row.status, row.reason) for row in ledger.loads()] == [("failed", result.reason)]
    assert load(big).status == "loaded"


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    # The server's own error, raised where a real one would come: while rows are written.
    query(
        """
        create function public.full_disk() returns trigger language plpgsql as
        $$ begin raise 'could not extend file' using errcode = '53100'; end $$;
        create trigger full_disk before insert on ops.malformed_lines
        for each statement execute function public.full_disk();
        """
    )
    path = tmp_path / "day.csv"
    path.write_bytes(text(*lines(20), "broken"))
    result = load(path)
    assert result.status == "failed"
    assert (result.reason or "").startswith("The database's disk is full. Nothing of the file is")
    assert visible() == 0
    query("drop trigger full_disk on ops.malformed_lines")
    assert load(path).status == "loaded"


def test_a_file_that_changes_while_it_is_read_fails(big: Path) -> None:
    def append() -> None:
        with big.open("ab") as stream:
            stream.write(text(*lines(1, 99_999), header="")[1:])

    result = load(big, on_progress=once(append))
    assert result.status == "failed"
    assert "changed while it was read" in (result.reason or "")
    assert visible() == 0
    assert load(big).loaded_count == 20_001


def test_an_interrupted_load_is_entered_and_goes_on_to_interrupt(big: Path) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(big, on_progress=once(interrupt))
    assert [row.status for row in ledger.loads()] == ["failed"]
    assert "Interrupted" in (ledger.loads()[0].reason or "")
    assert visible() == 0


def test_two_loaders_of_one_file_load_it_once(big: Path) -> None:
    command = [sys.executable, "-c", "from sluss.cli import main; main()"]
    command += ["load", "bank_transactions", str(big), "--json"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    results = [json.loads(process.communicate(timeout=60)[0])[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert {one["load_id"] for one in results} == {1}
    assert sorted(one["already_loaded"] for one in results) == [False, True]
    assert visible() == 20_000


def test_a_second_loader_of_a_feed_waits_and_says_so(big: Path) -> None:
    said: list[str] = []
    with closing(ledger.connect("sluss tests")) as other:
        ledger.lock_feed(other, "bank_transactions")

        def heard(message: str) -> None:
            said.append(message)
            other.close()

        assert load(big, on_message=heard).status == "loaded"
    assert said == ["Another load of bank_transactions is under way; waiting for it to end."]


def test_a_running_load_of_another_feed_is_left_alone(big: Path) -> None:
    with closing(ledger.connect("sluss tests")) as other:
        ledger.lock_feed(other, "bank_customers")
        running = ledger.open_load(other, "bank_customers", "customers.csv", None, DAY)
        load(big)
        assert query("select status from ops.loads where load_id = %s", (running,)) == [
            ("running",)
        ]


def test_a_refused_file_may_be_offered_again_once_it_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_bytes(b"")
    assert load(path).status == "refused"
    assert load(path).status == "refused"
    path.write_bytes(text(*lines(1)))
    assert load(path).status == "loaded"
    assert [row.status for row in ledger.loads()] == ["loaded", "refused", "refused"]
    assert [row.load_id for row in ledger.loads(limit=1)] == [3]
    assert ledger.loads(feed="fx_rates") == []


def test_a_withdrawn_load_keeps_its_lines_and_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_bytes(text(*lines(20), "broken"))
    load_id = load(path).load_id
    row = ledger.withdraw(load_id, " the bank sent the wrong day ")
    assert (row.status, row.reason) == ("withdrawn", "the bank sent the wrong day")
    assert row.withdrawn_at is not None
    assert (row.withdrawn_by or "").endswith("postgres")
    assert visible() == 20
    assert len(malformed_of(load_id)) == 1


@pytest.mark.parametrize(
    ("load_id", "why", "said"),
    [
        (1, "again", "load 1 is withdrawn: only a loaded one"),
        (2, "why not", "load 2 is refused"),
        (99, "why not", "there is no load 99"),
        (1, "  ", "needs a reason"),
    ],
)
def test_only_a_loaded_load_can_be_withdrawn(
    tmp_path: Path, load_id: int, why: str, said: str
) -> None:
    path = tmp_path / "day.csv"
    path.write_bytes(text(*lines(1)))
    load(path)
    ledger.withdraw(1, "first")
    path.write_bytes(HEADER[:5].encode())
    load(path)
    with pytest.raises(UnusableInputError, match=said):
        ledger.withdraw(load_id, why)


def test_a_refused_load_leaves_no_bytes_behind(big: Path) -> None:
    big.write_bytes(BIG + b"broken\n" * 1000)
    before = query("select pg_database_size(current_database())")[0][0]
    started = time.monotonic()
    assert load(big).status == "refused"
    assert time.monotonic() - started < 60
    after = query("select pg_database_size(current_database())")[0][0]
    assert after - before < 2_000_000  # the reasons of the malformed lines; the file has 3.5 MB
