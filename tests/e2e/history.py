"""A history of loads, built step by step; what the tables held after each step is kept.

Two banks, B and ours. B's register and its Friday come first and are in order; then comes our
Monday, which is held, for the only register there is knows none of its accounts. What follows is
told by the names of the steps in :func:`make_history`.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from psycopg2 import sql

from loaders.generators.bank import generate_bank
from tests.conftest import RunSluss
from tests.e2e.dbt_in_process import Builder
from tests.support import Row, loaded, row, rows
from tests.unit.generated_day import Day, read_day

FRIDAY, MONDAY, TUESDAY = date(2025, 5, 16), date(2025, 5, 19), date(2025, 5, 20)
THURSDAY = date(2025, 5, 22)
ACCOUNTS = 500

# Seeds never change here, and the data tests are run by the steps that say so.
WITH_TESTS = ("unit_test",)
QUICK = ("seed", "test", "unit_test")


@dataclass(frozen=True)
class Step:
    """What the tables held after a step, and how its build ended."""

    succeeded: bool
    failed: set[str]
    marts: dict[str, list[Row]]
    raw_count: int
    ledger: dict[int, Row]
    row_versions: Counter[str]

    def lines(self, load_id: int) -> dict[int, tuple[str, frozenset[str]]]:
        """Outcome and failing rules of a load's published lines, by line number."""
        found: dict[int, tuple[str, frozenset[str]]] = {}
        for fact in self.of(load_id, "fct_transactions"):
            found[fact["_line_no"]] = ("accepted", frozenset())
        for each in self.of(load_id, "fct_rejections"):
            assert each["_line_no"] not in found, "one line, one outcome"
            found[each["_line_no"]] = (each["outcome"], frozenset(each["rule_ids"]))
        return found

    def of(self, load_id: int, mart: str) -> list[Row]:
        """The rows of a load in a mart."""
        return [each for each in self.marts[mart] if each["_load_id"] == load_id]

    def report(self, load_id: int) -> Row:
        """The reconciliation of a load."""
        (only,) = self.of(load_id, "rpt_load_reconciliation")
        return only


@dataclass
class History:
    """The loads by name, the files they came from, and the steps by name."""

    loads: dict[str, int] = field(default_factory=dict)
    monday: Day | None = None
    repeated: dict[int, tuple[str, int]] = field(default_factory=dict)
    dropped_account: str = ""
    moved: tuple[str, str] = ("", "")
    register: dict[str, int] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)

    def __getitem__(self, step: str) -> Step:
        return self.steps[step]


def tables_of_marts() -> list[str]:
    found = rows("select table_name from information_schema.tables where table_schema = 'marts'")
    return sorted(each["table_name"] for each in found)


def as_set(table: list[Row]) -> Counter[str]:
    return Counter(repr(sorted(each.items(), key=lambda item: item[0])) for each in table)


def look(succeeded: bool, failed: set[str]) -> Step:
    """Takes down what the tables hold, after a build in which these tests failed."""
    marts = {
        name: rows(sql.SQL("select * from {}").format(sql.Identifier("marts", name)))
        for name in tables_of_marts()
    }
    versions = rows(
        "select 'fct_transactions ' || xmin || ctid as version from marts.fct_transactions "
        "union all select 'movements ' || xmin || ctid from marts.fct_account_movements "
        "union all select 'rejections ' || xmin || ctid from marts.fct_rejections "
        "union all select 'corrections ' || xmin || ctid from marts.fct_corrections "
        "union all select 'judged ' || xmin || ctid from intermediate.int_transactions__judged"
    )
    return Step(
        succeeded=succeeded,
        failed=failed,
        marts=marts,
        raw_count=row("select count(*) as lines from staging.raw_bank_transactions")["lines"],
        ledger={each["load_id"]: each for each in rows("select * from ops.loads")},
        row_versions=Counter(each["version"] for each in versions),
    )


def write_lines(path: Path, header: Iterable[str], records: Iterable[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([list(header), *records])
    return path


def repeat_of_monday(monday: Day, tuesday_file: Path) -> dict[int, tuple[str, int]]:
    """Appends lines of Monday to Tuesday's file; returns what each is, and its line on Monday."""
    physical = tuesday_file.read_text(encoding="utf-8", errors="surrogateescape").count("\n")
    plain = [number for number, record in monday.clean.items() if "\n" not in record[11]]

    def rejected_for(rule_id: str) -> list[int]:
        return [
            number for number, entry in monday.entries.items() if entry["rule_ids"] == [rule_id]
        ]

    appended: list[tuple[str, int, list[str]]] = []
    for number in plain[:30]:
        appended.append(("same", number, monday.records[number]))
    for number in plain[30:40]:
        record = monday.records[number]
        appended.append(
            ("same after cleaning", number, [*record[:2], f" {record[2]}", *record[3:]])
        )
    for number in plain[40:60]:
        record = monday.records[number]
        other = f"{Decimal(record[2]) + 1:.2f}"
        appended.append(("other amount", number, [*record[:2], other, *record[3:]]))
    for number in rejected_for("ts.future"):
        appended.append(("waiting", number, monday.records[number]))
    for number in rejected_for("amount.missing"):
        record = monday.records[number]
        appended.append(("mended", number, [*record[:2], "12.50", *record[3:]]))

    with tuesday_file.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(record for _, _, record in appended)
    return {
        physical + place: (what, number)
        for place, (what, number, _) in enumerate(appended, start=1)
    }


def corrected_register(source: Path, path: Path, history: History) -> Path:
    """Writes our register anew: one account gone, one holder moved, and odd lines at its end."""
    with source.open(encoding="utf-8", newline="") as file:
        header, *holders = csv.reader(file)
    dropped = history.dropped_account
    holders = [holder for holder in holders if holder[4] != dropped]
    moved = holders[10]
    history.moved = (moved[4], "Nygatan 1, 11122 Stockholm")
    kept = [
        [holder[0], history.moved[1], *holder[2:]] if holder[3] == moved[3] else holder
        for holder in holders
    ]
    name, *known = kept[20][:4]
    odd = {
        "customer.account_missing": [name, *known, ""],
        "customer.account_malformed": [name, *known, "SE8902ABC"],
        "customer.duplicate_exact": kept[20],
        "customer.account_conflict": [*kept[30][:4], kept[20][4]],
        "customer.account_formatting": [name, *known, "se89 02ne wa00 0000 0000 0002"],
        # 811218-9876 has the right check digit.
        "customer.personnummer_invalid": ["A", "B", "C", "811218-9875", account("0003")],
        "customer.personnummer_missing": ["A", "B", "C", "", account("0004")],
        "customer.name_missing": ["", "B", "C", "811218-9876", account("0005")],
    }
    history.register = {rule: len(kept) + 2 + place for place, rule in enumerate(odd)}
    return write_lines(path, header, [*kept, *odd.values()])


def account(number: str) -> str:
    """An account of ours that no generated register holds."""
    return f"SE8902NEWA{number:0>14}"


def make_history(folder: Path, builder: Builder, run_sluss: RunSluss) -> History:
    """Loads and builds all steps in the builder's database."""
    told = History()
    loads = told.loads

    def generated(name: str, seed: int, rows: int, day: date) -> Path:
        generate_bank(rows, seed, folder / name, day=day, accounts=ACCOUNTS)
        return folder / name

    def build(step: str, *options: str, leave_out: tuple[str, ...] = QUICK) -> None:
        failed = builder(*options, leave_out=leave_out)
        told.steps[step] = look(builder.succeeded, failed)

    other_bank = generated("other bank", 2, 2_000, FRIDAY)
    monday = generated("monday", 1, 5_000, MONDAY)
    tuesday = generated("tuesday", 1, 2_000, TUESDAY)
    thursday = generated("thursday", 1, 50, THURSDAY)
    told.monday = read_day(monday)

    loaded("fx_rates", None)
    loads["register of B"] = loaded("bank_customers", other_bank / "customers.csv", FRIDAY)
    loads["friday of B"] = loaded("bank_transactions", other_bank / "transactions.csv", FRIDAY)
    loads["monday"] = loaded("bank_transactions", monday / "transactions.csv", MONDAY)
    spoiled = [
        [*record[:2], "n/a" if number % 4 == 0 else record[2], *record[3:]]
        for number, record in enumerate(list(read_day(other_bank).clean.values())[:40])
    ]
    loads["spoiled"] = loaded(
        "bank_transactions",
        write_lines(folder / "spoiled.csv", header_of(monday), spoiled),
        FRIDAY,
    )
    build("held", leave_out=WITH_TESTS)

    run_sluss("withdraw", str(loads["spoiled"]), "--why", "a quarter of it has no amounts")
    loads["our register"] = loaded("bank_customers", monday / "customers.csv", MONDAY)
    build("register loaded", leave_out=WITH_TESTS)

    told.repeated = repeat_of_monday(told.monday, tuesday / "transactions.csv")
    # Its lines are repeated on Tuesday: both of a pair are rejected once the account is gone.
    senders = [
        told.monday.records[line][4] for kind, line in told.repeated.values() if kind == "same"
    ]
    told.dropped_account = next(sender for sender in senders if sender.startswith("SE8902"))
    loads["tuesday"] = loaded("bank_transactions", tuesday / "transactions.csv", TUESDAY)
    build("repeated")

    register = corrected_register(monday / "customers.csv", folder / "corrected.csv", told)
    loads["corrected register"] = loaded("bank_customers", register, MONDAY)
    build("register corrected")

    run_sluss("withdraw", str(loads["monday"]), "--why", "the file of another system")
    build("withdrawn")

    loads["monday again"] = loaded(
        "bank_transactions", monday / "transactions.csv", MONDAY, again=True
    )
    loads["thursday"] = loaded("bank_transactions", thursday / "transactions.csv", THURSDAY)
    nothing = write_lines(folder / "nothing.csv", header_of(monday), [])
    loads["nothing"] = loaded("bank_transactions", nothing, THURSDAY)
    build("again", leave_out=WITH_TESTS)

    build("nothing new", leave_out=WITH_TESTS)
    build("from scratch", "--full-refresh")
    return told


def header_of(folder: Path) -> list[str]:
    with (folder / "transactions.csv").open(encoding="utf-8") as file:
        return file.readline().strip().split(",")
