"""What changes restates the rows that depend on it, and no other row is written.

One small bank lives through one kind of change a step. Which lines a step may touch is said by the
second implementation in ``bank_model``: those of which it says something else than before. Every
other row of the marts, and of the tables behind them, is the very row that it was (its table, xmin
and ctid).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from tests.conftest import Database
from tests.e2e.bank_model import DAY, Delivery, Key, Line, Rates, Verdict, judge
from tests.e2e.dbt_in_process import Builder
from tests.e2e.small_bank import QUOTED, World, foreign_account, new_line, own_account
from tests.e2e.written import (
    WRITTEN_BY_ID,
    Tables,
    disagreements,
    look,
    written,
    written_for_nothing,
)

MONDAY = date(2025, 5, 12)
LINES = 40
OF_LINES = {
    "marts.fct_transactions": "facts",
    "marts.fct_rejections": "outcomes",
    "marts.fct_corrections": "corrections",
}
# The account that the corrected register leaves out: one line a day names it.
LEAVING = own_account(7)


@dataclass
class Step:
    """What the tables held and what they had to hold after a step, and whose loads came or went."""

    tables: Tables
    verdict: Verdict
    lines: dict[Key, Line]
    standing: set[int]


@dataclass
class Told:
    """The steps by name; a step follows the one before it."""

    steps: dict[str, Step] = field(default_factory=dict)

    def change(self, name: str) -> tuple[Step, Step]:
        names = [*self.steps]
        return self.steps[names[names.index(name) - 1]], self.steps[name]


def day_of(number: int) -> date:
    return MONDAY + number * DAY


def plain_lines(random: Random, day: date) -> list[Line]:
    """Lines of a day that nothing is wrong with: half of them in dollars, one of the account that
    will leave, one with a decimal comma."""
    accounts = [own_account(number) for number in range(60) if number != 7]
    lines = [
        replace(new_line(random, day, accounts), currency="USD" if place % 2 else "SEK")
        for place in range(LINES)
    ]
    lines[4] = replace(lines[4], sender=LEAVING, receiver=foreign_account(1))
    lines[5] = replace(lines[5], amount_text=lines[5].amount_text.replace(".", ","))
    return lines


def rates_through(last: date) -> Rates:
    days = [MONDAY + number * DAY for number in range(-3, 10)]
    return {
        day: {name: Decimal(f"{value}") for name, value in QUOTED.items()}
        for day in days
        if day <= last
    }


def make_steps(world: World, build: Builder) -> Told:
    told, random = Told(), Random(1)

    def step(name: str, *options: str, leave_out: tuple[str, ...] = ()) -> None:
        build(*options, **({"leave_out": leave_out} if leave_out else {}))
        verdict = judge(world.deliveries)
        lines = {
            (each.load_id, line_no): line
            for each in world.deliveries
            for line_no, line in enumerate(each.lines, 2)
        }
        standing = {each.load_id for each in world.deliveries if not each.is_withdrawn}
        told.steps[name] = Step(look(), verdict, lines, standing)

    def day(number: int, *more: Line) -> Delivery:
        lines = [*plain_lines(random, day_of(number)), *more]
        return world.deliver_lines(day_of(number), lines)

    # Dated on Friday: it waits on Monday, and its copy of Tuesday waits with it.
    waiting = replace(
        plain_lines(random, MONDAY)[0],
        booked=datetime.combine(day_of(4), time(12)),
        currency="SEK",
    )
    world.deliver_rates(rates_through(day_of(1)))
    world.deliver_register(MONDAY, world.accounts)
    monday = day(0, waiting)
    again = [monday.lines[0], monday.lines[1], replace(monday.lines[2], note="other")]
    tuesday = day(1, waiting, *again)
    day(2)
    step("first", leave_out=("test", "unit_test", "snapshot"))

    late = [replace(line, booked=line.booked - DAY) for line in plain_lines(random, MONDAY)]
    world.deliver_lines(day_of(1), [*late, tuesday.lines[6]])
    step("late file")

    world.deliver_register(MONDAY, [each for each in world.accounts if each != LEAVING])
    step("corrected register")

    rates = rates_through(day_of(1))
    rates[MONDAY]["USD"] = Decimal("1.2")
    world.deliver_rates(rates)
    step("corrected rate")

    # So far Wednesday was converted by Tuesday's rate.
    rates = {**rates, day_of(2): {**rates[MONDAY], "USD": Decimal("1.3")}}
    world.deliver_rates(rates)
    step("new rate")

    thursday = day(3)
    step("a day has come")

    world.withdraw(monday)
    step("withdrawn")

    world.deliver_again(monday)
    step("again")

    world.withdraw(thursday)
    step("the clock goes back")

    step("nothing new")
    return told


@pytest.fixture(scope="module")
def told(
    make_database: Callable[[], AbstractContextManager[Database]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Told:
    folder: Path = tmp_path_factory.mktemp("restated")
    with make_database() as database:
        return make_steps(World(folder), Builder(database, folder, bank_only=True))


STEPS = (
    *("late file", "corrected register", "corrected rate", "new rate", "a day has come"),
    *("withdrawn", "again", "the clock goes back", "nothing new"),
)


def changed(was: Step, now: Step, what: str) -> set[Key]:
    """The lines of which the model says something else than before."""
    before, after = getattr(was.verdict, what), getattr(now.verdict, what)
    keys = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    if what == "outcomes":
        # What counts are rejections; accepted lines have no row among them.
        accepted = ("accepted", frozenset[str]())
        return {key for key in keys if {before.get(key), after.get(key)} - {None, accepted}}
    return keys


def came_or_went(was: Step, now: Step) -> set[int]:
    return was.standing ^ now.standing


@pytest.mark.parametrize("step", ["first", *STEPS])
def test_the_marts_say_what_the_model_says(told: Told, step: str) -> None:
    assert disagreements(told.steps[step].verdict, told.steps[step].tables) == []
    assert set(told.steps[step].verdict.gates.values()) == {"published"}


@pytest.mark.parametrize("step", STEPS)
def test_exactly_the_lines_that_differ_are_written(told: Told, step: str) -> None:
    was, now = told.change(step)
    for name, what in OF_LINES.items():
        gone, came = written(was.tables, now.tables, name)
        keys = {(each["_load_id"], each["_line_no"]) for each in [*gone, *came]}
        assert keys == changed(was, now, what), name
    assert written_for_nothing(was.tables, now.tables) == []


@pytest.mark.parametrize("step", STEPS)
def test_sums_of_other_lines_are_left_alone(told: Told, step: str) -> None:
    was, now = told.change(step)
    lines = changed(was, now, "facts") | changed(was, now, "outcomes")
    loads = {load for load, _ in lines} | came_or_went(was, now)
    for name in was.tables.versions:
        if name.startswith("marts."):
            rows = [row for each in written(was.tables, now.tables, name) for row in each]
            assert {row["_load_id"] for row in rows} <= loads, name
    moved = {
        (key[0], account, now.lines[key].booked.date())
        for key in changed(was, now, "facts")
        for account in now.lines[key].own_accounts
    }
    gone, came = written(was.tables, now.tables, "marts.fct_account_movements")
    for each in [*gone, *came]:
        assert (each["_load_id"], each["own_account"], each["movement_date"]) in moved


@pytest.mark.parametrize("step", STEPS)
def test_lines_behind_the_marts_are_left_alone(told: Told, step: str) -> None:
    """Allowed are lines that came, went or differ, and those that share an id with one."""
    was, now = told.change(step)
    loads = came_or_went(was, now)
    touched = changed(was, now, "facts") | changed(was, now, "outcomes")
    ids = {line.transaction_id for key, line in now.lines.items() if key[0] in loads}
    ids |= {now.lines[key].transaction_id for key in touched}
    # A register lists every account anew.
    has_new_register = step == "corrected register"
    of_lines = {name for name in was.tables.versions if name.startswith("intermediate.")}
    assert of_lines, "no table behind the marts holds lines: this test sees nothing"
    for name in sorted(of_lines - {WRITTEN_BY_ID}):
        for each in [row for rows in written(was.tables, now.tables, name) for row in rows]:
            key = (each["_load_id"], each["_line_no"])
            if key in now.lines:
                assert now.lines[key].transaction_id in ids, (name, each)
            else:
                assert has_new_register, (name, each)


@pytest.mark.parametrize(
    ("step", "what", "lines"),
    [
        # One line more repeats one of Tuesday: no fact.
        ("late file", "facts", LINES),
        # One line of each of three days, and the late file's.
        ("corrected register", "facts", 4),
        # The dollars of Monday; the late file's lines were booked on Sunday.
        ("corrected rate", "facts", LINES // 2),
        ("new rate", "facts", LINES // 2),
        # Thursday's own lines but that of the account that left, and Monday's that waited; its copy
        # of Tuesday waits no more either, and is a duplicate.
        ("a day has come", "facts", LINES),
        ("a day has come", "outcomes", 3),
        ("the clock goes back", "facts", LINES),
        ("nothing new", "facts", 0),
    ],
)
def test_a_step_touches_what_it_is_about(told: Told, step: str, what: str, lines: int) -> None:
    """Or the tests above see nothing."""
    was, now = told.change(step)
    assert len(changed(was, now, what)) == lines


def test_a_second_copy_takes_the_place_of_a_withdrawn_first_one(told: Told) -> None:
    was, now = told.change("withdrawn")
    facts = now.verdict.facts.keys() - was.verdict.facts.keys()
    # The two that were the same, the one that conflicted, and the one that waited.
    assert len(facts) == 4
    assert {was.verdict.outcomes[key][0] for key in facts} == {"duplicate", "rejected"}
