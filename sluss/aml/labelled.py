"""A labelled set: a folder with the bank feed's files, and labels apart from them.

``transactions.csv[.gz]`` and ``customers.csv[.gz]`` go through the pipeline like any day. The
labels (``labels.csv[.gz]``: transaction_id, is_suspicious, typology, attempt_id) are read here, and
here only: they are laid beside what the pipeline made of the payments, and never reach the
database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from loaders.errors import UnusableInputError

if TYPE_CHECKING:
    import pandas
    from psycopg2.extensions import connection as Connection

LABEL_COLUMNS = ("transaction_id", "is_suspicious", "typology", "attempt_id")
# Fit, choose, report: by days, for a model must not know tomorrow.
FIT_SHARE, CHOICE_SHARE = 0.6, 0.2
# Of a normal day's payments so many reach the floor of the rules about flows.
WATCHED_SHARE = 0.03


@dataclass(frozen=True)
class LabelledFiles:
    """The three files of a labelled set."""

    transactions: Path
    customers: Path
    labels: Path


@dataclass(frozen=True)
class Split:
    """A labelled set in three parts of whole days, and the last day of the first two."""

    fit: pandas.DataFrame
    choice: pandas.DataFrame
    report: pandas.DataFrame
    fit_until: date
    choice_until: date


def find(folder: Path) -> LabelledFiles:
    """Returns the files in ``folder``. Raises UnusableInputError that names what is missing."""
    found = {}
    for name in ("transactions", "customers", "labels"):
        here = [path for end in (".csv", ".csv.gz") if (path := folder / f"{name}{end}").is_file()]
        if not here:
            raise UnusableInputError(
                f"{folder} holds no {name}.csv or {name}.csv.gz. A labelled set is a folder with "
                "transactions, customers and labels, each as .csv or .csv.gz."
            )
        found[name] = here[0]
    return LabelledFiles(**found)


def read_labels(path: Path) -> pandas.DataFrame:
    """Returns one row a label. Raises UnusableInputError where the file is none of labels."""
    import pandas

    frame = pandas.read_csv(path, dtype=str, keep_default_na=False)
    missing = [name for name in LABEL_COLUMNS if name not in frame.columns]
    if missing:
        raise UnusableInputError(
            f"{path.name} lacks the columns {', '.join(missing)}; expected are "
            f"{', '.join(LABEL_COLUMNS)}, found {', '.join(frame.columns)}."
        )
    if (
        not frame["is_suspicious"].isin(["0", "1"]).all()
        or frame["transaction_id"].duplicated().any()
    ):
        raise UnusableInputError(
            f"{path.name}: is_suspicious must be 0 or 1, and every transaction_id stand once."
        )
    frame = frame[list(LABEL_COLUMNS)]
    return frame.assign(is_suspicious=frame["is_suspicious"].astype(int))


def floor_scale(transactions: Path, watched_floor_sek: float) -> float:
    """Returns what to multiply the rules' floors by, so that they watch as much as they should.

    The floors are set for a bank of whose payments 3 in 100 reach ``watched_floor_sek``; a set
    whose amounts are of another order of magnitude would meet none of them. Two significant digits.
    Only amounts are looked at, never labels. Raises UnusableInputError where the file has none.
    """
    import pandas

    amounts = pandas.to_numeric(
        pandas.read_csv(transactions, usecols=["amount"], dtype=str)["amount"], errors="coerce"
    ).dropna()
    if amounts.empty:
        raise UnusableInputError(f"{transactions.name} has no amount like 492.50 to go by.")
    scale = float(amounts.quantile(1 - WATCHED_SHARE)) / watched_floor_sek
    return float(f"{scale:.2g}")


def payments(connection: Connection, features: Sequence[str]) -> pandas.DataFrame:
    """Returns one row a published payment: what the models say of it, and no label.

    Columns: transaction_id, booked_date, points, is_meeting, and ``features`` (missing where the
    two accounts know each other).
    """
    import pandas
    from psycopg2 import sql

    query = sql.SQL(
        """
        select
            cast(edges.transaction_id as text) as transaction_id,
            edges.booked_date,
            scores.points,
            features.met_date is not null as is_meeting,
            {features}
        from intermediate.int_aml_edges__keyed as edges
        inner join marts.fct_transaction_scores as scores
            on edges.transaction_id = scores.transaction_id
        left join intermediate.int_aml_features__of_pairs as features
            on
                edges.sender_key = features.sender_key
                and edges.receiver_key = features.receiver_key
                and edges.booked_date = features.met_date
                and edges.is_timely
        order by edges.booked_date, edges.transaction_id
        """
    ).format(
        features=sql.SQL(", ").join(
            sql.SQL("cast({} as double precision)").format(sql.Identifier("features", name))
            + sql.SQL(" as ")
            + sql.Identifier(name)
            for name in features
        )
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        columns = [each.name for each in cursor.description or ()]
        return pandas.DataFrame(cursor.fetchall(), columns=columns)


def labelled(found: pandas.DataFrame, labels: pandas.DataFrame) -> pandas.DataFrame:
    """Lays labels beside payments. Payments without a label are left out, as unknown."""
    return found.merge(labels, on="transaction_id", how="inner", validate="one_to_one")


def split(frame: pandas.DataFrame) -> Split:
    """Cuts by days: the first 60 % of the days with payments, the next 20 %, the rest.

    Raises UnusableInputError where a part would be without suspicious payments.
    """
    days = sorted(frame["booked_date"].unique())
    fit_until = days[max(0, int(len(days) * FIT_SHARE) - 1)]
    choice_until = days[max(0, int(len(days) * (FIT_SHARE + CHOICE_SHARE)) - 1)]
    parts = {
        "first 60 %": frame[frame["booked_date"] <= fit_until],
        "next 20 %": frame[
            (frame["booked_date"] > fit_until) & (frame["booked_date"] <= choice_until)
        ],
        "last 20 %": frame[frame["booked_date"] > choice_until],
    }
    for name, part in parts.items():
        if not 0 < part["is_suspicious"].sum() < len(part):
            raise UnusableInputError(
                f"The {name} of the days hold {len(part)} payments, of which "
                f"{int(part['is_suspicious'].sum())} are suspicious. A set must have suspicious "
                "payments and others in each part: take more days."
            )
    fit, choice, report = (part.reset_index(drop=True) for part in parts.values())
    return Split(fit, choice, report, fit_until, choice_until)
