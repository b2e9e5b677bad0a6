"""One load of transactions, summed up for a person: its sums, its rules, examples of corrections.

Read from the marts; for a load that is held they have its counts and rules, but no sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from psycopg2.extensions import connection as Connection
from psycopg2.extras import RealDictCursor

from loaders import database
from loaders.errors import UnusableInputError
from sluss.outcomes import LoadOutcome, standings

# Of these fields a correction is shown, in this order: they say nothing about a person, as an
# account or a place may.
_EXAMPLE_FIELDS = ("amount", "timestamp", "currency")

# Corrections worth showing first: where the plain reading would have been another value.
_TELLING_RULES = ("amount.space_as_point", "amount.grouped", "ts.two_digit_year", "currency.alias")


@dataclass(frozen=True)
class CurrencySum:
    """One currency of a load; amounts are in it, but for ``accepted_amount_sek``.

    ``read_amount`` is what a plain reader adds up: lines whose amount and currency are both
    exactly as the feed promises, whatever else is wrong with them.
    """

    currency: str
    read_amount: Decimal
    accepted_count: int
    accepted_amount: Decimal | None
    # None where the currency has no rate.
    accepted_amount_sek: Decimal | None


@dataclass(frozen=True)
class RuleCount:
    """How many lines met a rule, and what it did to them."""

    rule_id: str
    title: str
    outcome: str
    line_count: int


@dataclass(frozen=True)
class Correction:
    """One corrected field, as the file had it and as it is now."""

    line_no: int
    field: str
    raw_value: str
    clean_value: str
    rule_id: str


@dataclass(frozen=True)
class Day:
    """A load of transactions, summed up."""

    load: LoadOutcome
    currencies: list[CurrencySum]
    rules: list[RuleCount]
    corrections: list[Correction]


def day(load_id: int, rule_count: int = 10) -> Day:
    """Returns the load summed up, with its ``rule_count`` most frequent rules.

    Raises UnusableInputError if the load is not built.
    """
    with database.connected(database.connect("sluss day", role="sluss_transformer")) as connection:
        standing = standings(connection).get(load_id)
        if standing is None:
            raise UnusableInputError(
                f"Load {load_id} is in no mart: `sluss loads` lists the loads, `sluss build` "
                "builds them."
            )
        return Day(
            load=standing.outcome,
            currencies=currency_sums(connection, load_id),
            rules=frequent_rules(connection, load_id, rule_count),
            corrections=telling_corrections(connection, load_id),
        )


def currency_sums(connection: Connection, load_id: int) -> list[CurrencySum]:
    """Returns what was read and what was accepted for each currency, most lines first."""
    rows = _rows(
        connection,
        """
        select
            currency, coalesce(read_amount, 0) as read_amount,
            coalesce(accepted_count, 0) as accepted_count, accepted_amount, accepted_amount_sek
        from (
            select currency, read_amount from intermediate.int_load_currencies__reconciled
            where _load_id = %(load_id)s
        ) as read
        full join (
            select currency, accepted_count, accepted_amount, accepted_amount_sek
            from marts.rpt_load_currency_totals
            where _load_id = %(load_id)s
        ) as accepted using (currency)
        order by accepted_count desc, currency
        """,
        load_id=load_id,
    )
    return [CurrencySum(**row) for row in rows]


def frequent_rules(connection: Connection, load_id: int, limit: int) -> list[RuleCount]:
    """Returns the rules that most lines met, one row a rule and what it did.

    A rule that corrects and flags the same lines is named once, as a correction.
    """
    rows = _rows(
        connection,
        """
        select summary.rule_id, rules.title, summary.outcome, summary.line_count
        from marts.rpt_rule_summary as summary
        inner join reference.rules as rules
            on summary.rule_id = rules.rule_id
        where
            summary._load_id = %(load_id)s
            and not (
                summary.outcome = 'flagged'
                and exists (
                    select 1 from marts.rpt_rule_summary as stronger
                    where
                        stronger._load_id = summary._load_id
                        and stronger.rule_id = summary.rule_id
                        and stronger.outcome = 'corrected'
                )
            )
        order by summary.line_count desc, summary.rule_id, summary.outcome
        limit %(limit)s
        """,
        load_id=load_id,
        limit=limit,
    )
    return [RuleCount(**row) for row in rows]


def telling_corrections(connection: Connection, load_id: int) -> list[Correction]:
    """Returns one correction for each of a few fields that tell nothing about a person."""
    rows = _rows(
        connection,
        """
        select distinct on (array_position(%(fields)s, field))
            _line_no as line_no, field, raw_value, clean_value, rule_id
        from marts.fct_corrections
        where _load_id = %(load_id)s and field = any (%(fields)s) and raw_value is not null
        order by
            array_position(%(fields)s, field), array_position(%(telling)s, rule_id), _line_no
        """,
        load_id=load_id,
        fields=list(_EXAMPLE_FIELDS),
        telling=list(_TELLING_RULES),
    )
    return [Correction(**row) for row in rows]


def _rows(connection: Connection, query: str, **values: Any) -> list[dict[str, Any]]:
    with connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(query, values)
        return [dict(row) for row in cursor.fetchall()]
