"""How the accepted payments of one load are spread: their sizes, hours, days and countries.

All counting is done in the database. A held load has no payments in the marts, so every frame is
empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loaders.business_date import BANK_TIME
from sluss.report.data import setting
from sluss.report.load import Load, frame

if TYPE_CHECKING:
    import pandas as pd

# Amounts are counted between these, in kronor: about equally far apart on a logarithmic scale, and
# numbers that people think in.
AMOUNT_EDGES = [step * 10**power for power in range(7) for step in (1, 2, 5)]


def amount_bins(load: Load) -> pd.DataFrame:
    """Returns how many accepted payments lie below, between and above :data:`AMOUNT_EDGES`.

    By their amount in kronor; payments without a rate are not among them. ``bin`` 0 is below the
    first edge.
    """
    return frame(
        """
        select width_bucket(cast(amount_sek as float8), %(edges)s) as bin, count(*) as line_count
        from marts.fct_transactions
        where _load_id = %(id)s and amount_sek is not null
        group by bin
        order by bin
        """,
        id=load.load_id,
        edges=[float(edge) for edge in AMOUNT_EDGES],
    )


def amount_spread(load: Load, currencies: int = 8) -> pd.DataFrame:
    """Returns the spread of amounts in the most used currencies, in the currency itself.

    ``p05`` to ``p95``: so many per cent of the payments are of that amount or less.
    """
    return frame(
        """
        with amounts as (
            select currency, cast(amount as float8) as amount
            from marts.fct_transactions
            where _load_id = %(id)s
        ),

        spread as (
            select
                currency, count(*) as line_count,
                percentile_disc(array[0.05, 0.25, 0.5, 0.75, 0.95])
                within group (order by amount) as points
            from amounts
            group by currency
        )

        select
            currency, line_count, points[1] as p05, points[2] as p25, points[3] as p50,
            points[4] as p75, points[5] as p95
        from spread
        order by line_count desc, currency
        limit %(currencies)s
        """,
        id=load.load_id,
        currencies=currencies,
    )


def hours(load: Load) -> pd.DataFrame:
    """Returns the accepted payments of each hour of the day, in the bank's time."""
    return frame(
        """
        select
            cast(extract(hour from booked_at at time zone %(zone)s) as integer) as hour,
            count(*) as line_count
        from marts.fct_transactions
        where _load_id = %(id)s
        group by hour
        order by hour
        """,
        id=load.load_id,
        zone=str(BANK_TIME),
    )


def booking_days(load: Load) -> pd.DataFrame:
    """Returns how far from the bank day the accepted payments are booked.

    ``place`` is 1 for the day itself, 2 for days before it, 3 for days so long before it that the
    payment is flagged as stale, 4 for days after it.
    """
    return frame(
        """
        select place, line_count, amount_sek
        from (
            select
                case
                    when booked_date > %(day)s then 4
                    when booked_date = %(day)s then 1
                    when booked_date >= %(day)s - %(stale_days)s then 2
                    else 3
                end as place,
                count(*) as line_count, sum(amount_sek) as amount_sek
            from marts.fct_transactions
            where _load_id = %(id)s
            group by place
        ) as placed
        order by place
        """,
        id=load.load_id,
        day=load.business_date,
        stale_days=int(setting("stale_after_days")),
    )


def directions(load: Load) -> pd.DataFrame:
    """Returns payments and kronor in each direction, by who owns the accounts."""
    return frame(
        """
        select direction, count(*) as line_count, sum(amount_sek) as amount_sek
        from marts.fct_transactions
        where _load_id = %(id)s
        group by direction
        order by line_count desc
        """,
        id=load.load_id,
    )


def flows(load: Load) -> pd.DataFrame:
    """Returns payments and kronor from country to country, most payments first."""
    return frame(
        """
        with countries as (
            select sender_country, receiver_country, count(*) as line_count,
                sum(amount_sek) as amount_sek
            from marts.fct_transactions
            where _load_id = %(id)s
            group by sender_country, receiver_country
        )

        select
            sender_country, receiver_country,
            coalesce(sender.name, 'unknown') as sender_name,
            coalesce(receiver.name, 'unknown') as receiver_name,
            line_count, amount_sek
        from countries
        left join reference.countries as sender
            on countries.sender_country = sender.country_code
        left join reference.countries as receiver
            on countries.receiver_country = receiver.country_code
        order by line_count desc, sender_country, receiver_country
        """,
        id=load.load_id,
    )
