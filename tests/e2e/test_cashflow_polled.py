"""Cashflow from a service: generated, served, polled, built, and held against the answers.

Lines are told apart by what they say, not by where they stand: the second generation serves by id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from loaders.simulators.cdm import Faults
from tests.cdm import FEEDS
from tests.conftest import Database
from tests.e2e import cashflow_desk as desk
from tests.e2e.cashflow_books import keep_books
from tests.e2e.dbt_in_process import Builder
from tests.loader.polls import asked, gaps, in_file, of, plain, polled, service
from tests.support import row, rows

# Generator seed, generation, fault seed.
LEAN = (1, 2, 15)
ALL = [
    (seed, generation, faults)
    for seed, fault_seed in ((1, 15), (2, 30), (3, 43))
    for generation in (1, 2)
    for faults in (None, fault_seed)
]
# Of the second generation: a year in a handful of answers.
PAGE_ROWS = 400
FIELDS = ("id", "sender", "beneficiary", "amount", "currency", "time")

Line = tuple[str, tuple[str, ...], str, tuple[str, ...], tuple[str, ...]]


def _name(seed: int, generation: int, faults: int | None) -> str:
    return f"seed{seed}-cdm{generation}-{'faulty' if faults else 'well'}"


@pytest.mark.parametrize(
    ("seed", "generation", "faults"),
    [
        pytest.param(*each, marks=() if each == LEAN else pytest.mark.soak, id=_name(*each))
        for each in ALL
    ],
)
def test_what_a_service_gave_comes_out_as_the_key_says(
    make_database: Callable[[], AbstractContextManager[Database]],
    tmp_path: Path,
    seed: int,
    generation: int,
    faults: int | None,
) -> None:
    folder = tmp_path / "files"
    key = desk.generate(seed, folder)
    app = service(folder, generation, None if faults is None else Faults(faults))
    with make_database() as database:
        with asked(app):
            result = polled(generation, page_rows=PAGE_ROWS)
        assert result.is_whole, result
        for rail in FEEDS:
            assert of(result, rail).lines == key["counts"][rail]["lines"]
        assert gaps() == []
        met = row(
            "select count(*) from ops.http_answers where outcome in ('repeated', 'superseded') "
            "or outcome = 'error' and http_status <> 504"
        )
        assert bool(met["count"]) == (faults is not None)

        desk.build(Builder(database, tmp_path))

        assert _settled_lines() == _lines_of_the_key(key, folder)
        assert _quarantined_lines() == {
            line: count
            for line, count in _lines_of_the_key(key, folder).items()
            if line[2] != "accepted"
        }
        assert desk.built_balances(key, "strict") == desk.balances_of_the_key(key, "strict")
        books = keep_books(folder, [(rail, folder / f"{rail}.csv") for rail in FEEDS])
        assert desk.built_days() == books.daily()
        desk.assert_windows_equal(books, count=20, seed=seed)


def _lines_of_the_key(key: dict[str, Any], folder: Path) -> Counter[Line]:
    """Returns rail, fields, outcome, rules and flags of the lines that are not plainly accepted."""
    lines = {rail: in_file(folder, rail) for rail in FEEDS}
    return Counter(
        # The header is the first line of a file.
        (rail, lines[rail][number - 2], outcome, tuple(rules), tuple(flags))
        for (rail, number), (outcome, rules, flags) in desk.lines_of_the_key(key).items()
    )


def _settled_lines() -> Counter[Line]:
    """Returns the same of what was built."""
    return _found(
        """
        select loads.feed, to_jsonb(raw) as line, outcome, rule_ids, flags
        from intermediate.int_cash_transactions__settled
        inner join ops.loads on _load_id = load_id
        inner join (
            select * from staging.raw_cashflow_sepa
            union all
            select * from staging.raw_cashflow_swift
        ) as raw using (_load_id, _line_no)
        """
    )


def _quarantined_lines() -> Counter[Line]:
    """Returns what a reader sees, with the line as it stood."""
    return _found(
        "select 'cashflow_' || rail as feed, raw as line, outcome, rule_ids, '{}'::text[] as flags "
        "from marts.fct_cash_quarantine"
    )


def _found(query: str) -> Counter[Line]:
    return Counter(
        (
            each["feed"].removeprefix("cashflow_"),
            tuple(plain(name, each["line"][name]) for name in FIELDS),
            desk.OUTCOMES.get(each["outcome"], each["outcome"]),
            tuple(sorted(each["rule_ids"])),
            tuple(sorted(each["flags"])),
        )
        for each in rows(query)
    )
