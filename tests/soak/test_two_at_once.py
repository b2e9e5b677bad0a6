"""Two at once on one database: nothing lost or doubled, nobody stuck, and who waits says for what.

A build is halted where the test wants it, by a lock on the table that it is about to write.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from dbt.cli.main import dbtRunner

from loaders import ledger
from loaders.database import connect
from sluss.build import HOLDER_VARIABLE, only_build
from sluss.settings import home
from tests.conftest import DBT, REPOSITORY, Database
from tests.soak.story import (
    Story,
    assert_in_order,
    assert_same,
    make_steps,
    outcome,
    quickly,
)
from tests.support import row, rows

SLUSS = (sys.executable, "-c", "from sluss.cli import main; main()")
Process = subprocess.Popen[str]

# What a session waits for that a lock on the marts' facts holds up, or another build's model.
WAITS_FOR_TABLE = """
select count(*) as many from pg_locks
where not granted and relation = 'marts.fct_transactions'::regclass
"""
WAITS_FOR_MODEL = (
    "select count(*) as many from pg_locks where not granted and locktype = 'advisory'"
)


def start(*command: str | Path, env: dict[str, str] | None = None) -> Process:
    return subprocess.Popen(
        list(map(str, command)),
        cwd=REPOSITORY,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start_plain_dbt(folder: Path) -> Process:
    """Starts `dbt build` as somebody would who never heard of `sluss build`."""
    target = folder / "target"
    if not target.exists():
        target.mkdir()
        # What dbt keeps of the project it has read, so that it need not read it again.
        shutil.copy(home().path / "dbt" / "target" / "partial_parse.msgpack", target)
    return start(
        *(*DBT, "--no-use-colors", "build", "--project-dir", "dbt_project"),
        env={"DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(target)},
    )


def until(condition: Callable[[], object], *alive: Process) -> None:
    """Waits for a condition while processes live."""
    for _ in range(1200):
        if condition():
            return
        for process in alive:
            assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    pytest.fail("waited for two minutes")


def ended(process: Process, exit_code: int = 0) -> str:
    """Returns what a process said once it has ended."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == exit_code, out + err
    return out + err


@contextmanager
def facts_locked() -> Iterator[None]:
    """Halts every build at its facts while the block lasts."""
    with closing(connect("sluss tests")) as connection:
        connection.cursor().execute("lock table marts.fct_transactions in access exclusive mode")
        yield


def waits(query: str) -> Callable[[], bool]:
    return lambda: row(query)["many"] > 0


# --- loads ----------------------------------------------------------------------------------------


def test_four_loads_at_once_lose_and_double_nothing(database: Database, tmp_path: Path) -> None:
    first, second, _ = make_steps(tmp_path)
    register, monday, tuesday = *first.loads[1:], *second.loads
    processes = [
        start(*SLUSS, *load.arguments, "--json") for load in (monday, tuesday, monday, register)
    ]
    results = [json.loads(process.communicate(timeout=120)[0])[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert sorted(one["already_loaded"] for one in results) == [False, False, False, True]
    assert results[0]["load_id"] == results[2]["load_id"]
    assert {(each.feed, each.file_name, each.status) for each in ledger.loads()} == {
        ("bank_transactions", "monday.csv", "loaded"),
        ("bank_transactions", "tuesday.csv", "loaded"),
        ("bank_customers", "register.csv", "loaded"),
    }
    assert len(ledger.loads()) == 3
    raw = row("select count(*) as many from staging.raw_bank_transactions")["many"]
    assert raw == results[0]["loaded_count"] + results[1]["loaded_count"]


# --- builds ---------------------------------------------------------------------------------------


def test_a_second_build_waits_and_takes_what_came_during_the_first(story: Story) -> None:
    step, next_step = story.step("repeated"), story.step("restated")
    story.begin(step)
    story.act(step)
    with quickly(step):
        with facts_locked():
            first = start(*SLUSS, "build", "--json")
            until(waits(WAITS_FOR_TABLE), first)
            second = start(*SLUSS, "build", "--json")
            assert second.stderr is not None
            said = second.stderr.readline()
            assert "Another build of this database runs" in said
            assert f"process {first.pid}" in said
            assert said.endswith("waiting for it.\n")
            # A load waits for no build, nor does a withdrawal.
            for load in next_step.loads:
                ended(start(*SLUSS, *load.arguments))
            story.withdraw(next_step)
            assert first.poll() is None
        # The first one knows nothing of what came after it began: monday is in its marts.
        told = {each["file_name"]: each for each in json.loads(ended(first))["loads"]}
        assert told["tuesday.csv"]["change"] == "published"
        ended(second)
    assert_in_order()
    assert_same(outcome(), story.outcomes["restated"])


@pytest.mark.soak
@pytest.mark.parametrize("later", ["dbt", "sluss"])
def test_a_later_build_takes_the_place_of_a_plain_one(
    story: Story, later: str, tmp_path: Path
) -> None:
    step = story.step("restated")
    story.begin(step)
    story.act(step)
    (tmp_path / "later").mkdir()
    with quickly(step):
        with facts_locked():
            first = start_plain_dbt(tmp_path)
            until(waits(WAITS_FOR_TABLE), first)
            second = (
                start_plain_dbt(tmp_path / "later") if later == "dbt" else start(*SLUSS, "build")
            )
            until(waits(WAITS_FOR_MODEL), first, second)
        assert "has taken the place of this one, which writes nothing more" in ended(first, 1)
        assert "waiting" in ended(second)
    assert_in_order()
    assert_same(outcome(), story.outcomes["restated"])
    current = row("select started_by, ended_at from intermediate.current_build")
    assert (current["started_by"], current["ended_at"] is None) == (later, False)


def plain_dbt(*arguments: str) -> tuple[bool, str]:
    """Runs dbt in this process; returns whether it went well, and what it raised."""
    place = home().path / "dbt"
    places = ["--project-dir", "dbt_project", "--target-path", str(place / "target")]
    result = dbtRunner().invoke(["--log-path", str(place), *arguments, *places])
    return result.success, str(result.exception or "")


def test_a_plain_build_stops_while_the_lock_is_held(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(REPOSITORY)
    story.begin(story.step("repeated"))
    before = rows("select * from intermediate.current_build")
    with only_build(pytest.fail), pytest.MonkeyPatch.context() as unaware:
        unaware.delenv(HOLDER_VARIABLE)
        for command in ("build", "run"):
            went_well, said = plain_dbt(command, "--select", "int_loads__known")
            assert not went_well
            assert "Another build of this database runs" in said
            assert f"process {os.getpid()}" in said
            assert "use `sluss build`, which waits for it by itself" in said
        # What only reads is not stopped, and takes nobody's place.
        for command in ("compile", "test"):
            assert plain_dbt(command, "--select", "rpt_load_reconciliation")[0], command
    # A dbt whose starter is gone builds nothing: nobody would be kept from building at once.
    monkeypatch.setenv(HOLDER_VARIABLE, "1")
    went_well, said = plain_dbt("build", "--select", "int_loads__known")
    assert not went_well
    assert "The session of what started this build has ended. Nothing was built" in said
    assert rows("select * from intermediate.current_build") == before
