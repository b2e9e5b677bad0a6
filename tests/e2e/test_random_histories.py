"""Whatever arrives in whatever order, the marts are what the loads that stand make them.

Each history is a random one (see ``random_histories``). After every build the marts say of each
line what a second implementation says of it, and no row was written that says what it said before;
in the end a full refresh changes nothing.

A failure prints its events: run them again with SLUSS_HISTORY='[["day", 1], …]', or another seed
with SLUSS_HISTORY_SEEDS='4711 4712'. SLUSS_HISTORY_SHRINK=1 looks for a shorter one that fails.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.conftest import Database
from tests.e2e.bank_model import judge
from tests.e2e.dbt_in_process import Builder
from tests.e2e.random_histories import Event, happen, planned
from tests.e2e.small_bank import World
from tests.e2e.written import Tables, differences, disagreements, look, written_for_nothing

MakeDatabase = Callable[[], AbstractContextManager[Database]]

# Read when pytest starts: no test sees the variables of the person who runs it.
TOLD = os.environ.get("SLUSS_HISTORY")
SEEDS = [int(seed) for seed in os.environ.get("SLUSS_HISTORY_SEEDS", "").split()]
SHRINKS = bool(os.environ.get("SLUSS_HISTORY_SHRINK"))
# Between them these two see a gate tipped by other loads, loads held and published later and the
# other way round, lines released, copies that take a place, changed rates, and lines restated by a
# register. For a night: the stories told by hand see most of it (wrong_register and others).
FEW = [pytest.param(seed, marks=pytest.mark.soak) for seed in (50, 143)]
MANY = range(1, 26)
BUILDS, MANY_BUILDS = 6, 10

# Without data tests; they come with the last build.
TESTS_TOO = ("seed", "unit_test", "snapshot")
SEEDS_TOO = ("test", "unit_test", "snapshot")


class WentWrongError(AssertionError):
    """The marts are not what they must be; the message tells the history."""


def live(events: list[Event], database: Database, folder: Path) -> None:
    """Lets the events happen in an empty database; WentWrongError says where they went wrong."""
    build, world = Builder(database, folder, bank_only=True), World(folder)
    told: list[str] = []
    before: Tables | None = None

    def check(problem: str, found: list[str]) -> None:
        if found:
            listed = "\n  ".join([*found[:12], *(["…"] if len(found) > 12 else [])])
            raise WentWrongError(
                f"{problem}\n  {listed}\nafter\n  " + "\n  ".join(told) + "\nSLUSS_HISTORY='"
                f"{json.dumps(events)}'"
            )

    def built(*options: str, leave_out: tuple[str, ...] = ()) -> Tables:
        nonlocal before
        verdict = judge(world.deliveries)
        failed = build(*options, **({"leave_out": leave_out} if leave_out else {}))
        told.append(f"build {' '.join(options)}")
        after = look()
        check("The marts differ from the model:", disagreements(verdict, after))
        if before and not options:
            check("Rows were written for nothing:", written_for_nothing(before, after))
        held = {"assert_no_load_is_held"} if "held" in verdict.gates.values() else set()
        if leave_out == TESTS_TOO:
            check("Other data tests than expected failed:", sorted(failed ^ held))
        before = after
        return after

    builds = [place for place, (name, _) in enumerate(events) if name == "build"]
    for place, event in enumerate(events):
        if event[0] != "build":
            told.append(happen(world, event))
        elif place == builds[0]:
            built(leave_out=SEEDS_TOO)
        elif place == builds[-1]:
            built(leave_out=TESTS_TOO)
        else:
            built()
    last = before
    assert last is not None
    check("A full refresh changed the marts:", differences(last, built("--full-refresh")))


def run(events: list[Event], make_database: MakeDatabase) -> None:
    with make_database() as database, tempfile.TemporaryDirectory() as folder:
        live(events, database, Path(folder))


def shortened(
    events: list[Event], failure: WentWrongError, make_database: MakeDatabase
) -> WentWrongError:
    """Leaves out events one by one, from the last, while what is left still goes wrong."""
    place = len(events)
    while place := place - 1:
        fewer = events[:place] + events[place + 1 :]
        if all(name != "build" for name, _ in fewer):
            continue
        try:
            run(fewer, make_database)
        except WentWrongError as shorter:
            events, failure = fewer, shorter
    return failure


def run_or_tell(events: list[Event], make_database: MakeDatabase) -> None:
    try:
        run(events, make_database)
    except WentWrongError as failure:
        raise (shortened(events, failure, make_database) if SHRINKS else failure) from None


@pytest.mark.parametrize("seed", SEEDS or FEW)
def test_a_history(seed: int, make_database: MakeDatabase) -> None:
    run_or_tell(planned(seed, BUILDS), make_database)


@pytest.mark.soak
@pytest.mark.parametrize("seed", MANY)
def test_a_long_history(seed: int, make_database: MakeDatabase) -> None:
    run_or_tell(planned(seed, MANY_BUILDS), make_database)


@pytest.mark.skipif(not TOLD, reason="SLUSS_HISTORY tells no history")
def test_a_history_as_told(make_database: MakeDatabase) -> None:
    run_or_tell([(name, seed) for name, seed in json.loads(TOLD or "[]")], make_database)
