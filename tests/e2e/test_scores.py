"""Scores over a history of loads: late ones, single late lines, a withdrawn one, a busy day.

After every step the features in the database are those that a second implementation finds in the
payments that are published then; in the end a full refresh gives the same rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pandas as pd
import pytest

from loaders.ledger import withdraw
from sluss.aml import evaluate, scorecard
from tests.conftest import Database
from tests.e2e.dbt_in_process import ALL_BUT_MODELS, MODELS_AND_SEEDS_ONLY, Builder
from tests.e2e.labelled_set import (
    FIRST_DAY,
    Payment,
    accounts,
    payments,
    write_payments,
    write_register,
)
from tests.support import Row, loaded, rows

DAYS = 40
FEATURES = (
    "sender_new_out_1d",
    "sender_new_out_14d",
    "sender_new_in_60d",
    "receiver_new_in_7d",
    "receiver_new_out_60d",
    "co_payer_path_3d",
    "co_payer_path_14d",
    "square_7d",
    "square_14d",
    "co_payee_path_14d",
    "sender_path_in_14d",
)
TABLES = ("int_aml_pairs__new", "int_aml_features__of_pairs", "int_aml_pairs__scored")
MODELS = ("+fct_transaction_scores", "+int_aml_accounts__keyed")
Found = dict[tuple[str, str, date], tuple[float, ...]]


@dataclass(frozen=True)
class Step:
    """What was published after a step, and what the database held then."""

    published: list[Payment]
    features: Found
    tables: dict[str, list[Row]]


@pytest.fixture(scope="module")
def steps(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Step]:
    folder = tmp_path_factory.mktemp("scores")
    build = Builder(module_database, folder, with_detection=True)
    random = Random(6)
    own = accounts(80, random)
    lines = payments(own, DAYS, random) + busy_day(own)
    late = [each for each in lines if each.day.day % 7 == 3 and random.random() < 0.2]
    late += [each for each in lines if each.amount == "77.00"][15:]
    rest = [each for each in lines if each not in late]
    until = [FIRST_DAY + timedelta(days=day) for day in (20, 30, DAYS)]
    files = {
        "first": [each for each in rest if each.day < until[0]],
        "last": [each for each in rest if each.day >= until[1]],
        "middle": [each for each in rest if until[0] <= each.day < until[1]],
        "late": late,
    }
    days = {"first": until[0], "last": until[2], "middle": until[1], "late": until[2]}
    loaded("bank_customers", write_register(folder / "customers.csv", own), FIRST_DAY)
    loads: dict[str, int] = {}
    found: dict[str, Step] = {}

    def load(*names: str) -> None:
        for name in names:
            path = write_payments(folder / f"{name}.csv", files[name])
            loads[name] = loaded("bank_transactions", path, days[name])

    def built(step: str, names: Iterable[str], *flags: str) -> None:
        # Seeds once: they never change here.
        without = MODELS_AND_SEEDS_ONLY if not found else ALL_BUT_MODELS
        build("--select", *MODELS, *flags, leave_out=without)
        published = [each for name in names for each in files[name]]
        found[step] = Step(published, features_now(), {name: table(name) for name in TABLES})

    load("first", "last")
    built("in order", ("first", "last"))
    load("middle", "late")
    built("late", files)
    withdraw(loads["first"], "test")
    left = ("last", "middle", "late")
    built("withdrawn", left)
    built("refreshed", left, "--full-refresh")
    return found


def busy_day(own: list[str]) -> list[Payment]:
    """One account pays 24 others on a day; no load alone has more than 20 of it."""
    day = FIRST_DAY + timedelta(days=12)
    return [
        Payment(f"00000000-0000-4000-8000-{n:012d}", day, "77.00", own[0], own[n])
        for n in range(1, 25)
    ]


def features_now() -> Found:
    names = ", ".join(f"features.{name}" for name in FEATURES)
    found = rows(
        f"""
        select payer.account as payer, payee.account as payee, features.met_date, {names}
        from intermediate.int_aml_features__of_pairs as features
        inner join intermediate.int_aml_accounts__keyed as payer
            on features.sender_key = payer.account_key
        inner join intermediate.int_aml_accounts__keyed as payee
            on features.receiver_key = payee.account_key
        """  # noqa: S608
    )
    return {
        (each["payer"], each["payee"], each["met_date"]): tuple(
            float(each[name]) for name in FEATURES
        )
        for each in found
    }


def table(name: str) -> list[Row]:
    return rows(f"select * from intermediate.{name} order by 1, 2, 3")  # noqa: S608


def expected(published: list[Payment]) -> Found:
    """The same features, found by looking at every pair of payments."""
    a_day = Counter(
        (account, each.day) for each in published for account in (each.sender, each.receiver)
    )
    met = Counter((each.sender, each.receiver, each.day) for each in published)
    days: dict[tuple[str, str], list[date]] = defaultdict(list)
    for payer, payee, day in met:
        days[payer, payee].append(day)
    new = {
        (payer, payee, day)
        for payer, payee, day in met
        if a_day[payer, day] <= 20
        and a_day[payee, day] <= 20
        and not any(timedelta(0) < day - other <= timedelta(90) for other in days[payer, payee])
    }

    def within(day: date, window: int) -> set[tuple[str, str]]:
        first = day - timedelta(window - 1)
        return {(payer, payee) for payer, payee, met_on in new if first <= met_on <= day}

    found: Found = {}
    pairs = {
        (day, window): within(day, window)
        for day in {d for *_, d in new}
        for window in (1, 3, 7, 14, 60)
    }
    for payer, payee, day in new:
        of = {window: pairs[day, window] for window in (1, 3, 7, 14, 60)}

        def co_payers(window: int, of=of, payer=payer, payee=payee) -> list[tuple[str, str]]:
            others = {a for a, b in of[window] if b == payee and a != payer}
            return [(a, b) for a, b in of[window] if a in others and b != payee]

        def squares(window: int, of=of, payer=payer) -> int:
            return sum((payer, b) in of[window] for _, b in co_payers(window))

        others = {b for a, b in of[14] if a == payer and b != payee}
        out_14 = sum(a == payer for a, _ in of[14])
        before = {a for a, b in of[14] if b == payer}
        found[payer, payee, day] = (
            sum(a == payer for a, _ in of[1]),
            out_14,
            sum(b == payer for _, b in of[60]),
            sum(b == payee for _, b in of[7]),
            sum(a == payee for a, _ in of[60]),
            len(co_payers(3)),
            len(co_payers(14)),
            squares(7),
            squares(14),
            sum(b in others and a != payer for a, b in of[14]),
            sum(b in before for _, b in of[14]),
        )
    return found


@pytest.mark.parametrize("step", ["in order", "late", "withdrawn"])
def test_features_are_those_of_the_payments_published_then(
    steps: dict[str, Step], step: str
) -> None:
    assert steps[step].features == expected(steps[step].published)


def test_every_load_of_the_history_changed_something(steps: dict[str, Step]) -> None:
    found = [steps[name].features for name in ("in order", "late", "withdrawn")]
    assert found[0] != found[1] != found[2]
    busy = FIRST_DAY + timedelta(days=12)
    in_order = [each for each in steps["in order"].published if each.amount == "77.00"]
    assert len(in_order) == 15
    payer = in_order[0].sender
    assert any(key[0] == payer and key[2] == busy for key in found[0])
    assert not any(key[0] == payer and key[2] == busy for key in found[1])


@pytest.mark.parametrize("name", TABLES)
def test_a_full_refresh_gives_the_same_rows(steps: dict[str, Step], name: str) -> None:
    assert steps["refreshed"].tables[name] == steps["withdrawn"].tables[name]


def test_every_payment_has_the_points_of_the_card(steps: dict[str, Step]) -> None:
    names = evaluate.features()
    columns = ", ".join(f"cast(features.{name} as double precision) as {name}" for name in names)
    found = pd.DataFrame(
        rows(
            f"""
            select scores.points, scores.top_reasons, features.met_date is not null as is_meeting,
                {columns}
            from marts.fct_transactions as transactions
            left join marts.fct_transaction_scores as scores using (transaction_id)
            left join intermediate.int_aml_edges__keyed as edges using (transaction_id)
            left join intermediate.int_aml_features__of_pairs as features
                on edges.sender_key = features.sender_key
                and edges.receiver_key = features.receiver_key
                and edges.booked_date = features.met_date
            """  # noqa: S608
        )
    )
    assert len(found) == len(steps["refreshed"].published)
    card = scorecard.read(evaluate.POINTS_SEED)
    assert found["points"].tolist() == card.score(found).tolist()
    assert (found["points"] > 0).sum() > 100
    assert (found["top_reasons"].map(len) > 0).tolist() == (found["points"] > 0).tolist()
    assert found["top_reasons"].map(len).max() <= 3


def test_the_seeds_and_the_models_name_the_same_features(module_database: Database) -> None:
    card = scorecard.read(Path(evaluate.POINTS_SEED))
    assert set(card.features) <= set(evaluate.features())
