"""A database of its own for an evaluation, on the server that is used anyway."""

from __future__ import annotations

import csv
import gzip
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

from loaders.errors import UnusableInputError, UserError
from sluss.aml.labelled import LabelledFiles

Remark = Callable[[str], None]
Variables = Mapping[str, object]


@contextmanager
def database(remark: Remark) -> Iterator[str]:
    """Makes a fresh, migrated database, which this process works in, and drops it at the end.

    Raises UnusableInputError where DATABASE_URL names the one database there is.
    """
    from psycopg2 import sql
    from psycopg2.extensions import make_dsn, parse_dsn

    from loaders.database import connect, dsn
    from sluss import server

    if os.environ.get("DATABASE_URL"):
        raise UnusableInputError(
            "An evaluation makes a database of its own, and DATABASE_URL names one to be used: "
            "unset it, and name the server by PGHOST, PGPORT and PGUSER, or use the embedded one."
        )
    before = os.environ.get("PGDATABASE")
    name = f"sluss_evaluate_{uuid.uuid4().hex[:8]}"
    os.environ["PGDATABASE"] = name
    try:
        server.up(remark)
        yield name
    finally:
        if before is None:
            del os.environ["PGDATABASE"]
        else:
            os.environ["PGDATABASE"] = before
        address = make_dsn(**{**parse_dsn(dsn()), "dbname": "postgres"})
        with closing(connect("sluss evaluate", address=address)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                drop = sql.SQL("drop database if exists {} with (force)")
                cursor.execute(drop.format(sql.Identifier(name)))


def publish(
    files: LabelledFiles, selection: list[str], remark: Remark, variables: Variables | None = None
) -> None:
    """Takes the files through the ordinary pipeline: register, rates and payments, then a build.

    Labels stay outside; ``variables`` are dbt's. Raises UserError where a file is not loaded or a
    load not published.
    """
    from loaders.load import load_file

    first, last = booked_days(files.transactions)
    for feed, path, day in (
        ("bank_customers", files.customers, first),
        ("fx_rates", None, None),
        ("bank_transactions", files.transactions, last),
    ):
        remark(f"loading {path.name if path else feed}")
        result = load_file(feed, path, business_date=day)
        if result.status != "loaded":
            raise UserError(f"{path} is not loaded: {result.reason}")
    rebuild(selection, remark, variables)


def rebuild(selection: list[str], remark: Remark, variables: Variables | None = None) -> None:
    """Builds ``selection``. Raises UserError with the reason where it is not published."""
    from sluss.build import build

    remark(f"building {' '.join(selection)}")
    # Tests of tables that the selection leaves out would ask for them.
    result = build(selection, without=["test"], variables=variables)
    if result.status == "failed":
        problems = "; ".join(f"{each.name}: {each.message}" for each in result.failures[:3])
        raise UserError(f"The build failed: {problems}. Its log: {result.log}")
    if result.status == "held":
        reasons = "; ".join(str(each.reason) for each in result.held)
        raise UserError(f"The labelled set is held by the gate, and cannot be measured: {reasons}")


def booked_days(transactions: Path) -> tuple[date, date]:
    """Returns the first and last day in the file, of the timestamps that are written plainly."""
    opener = gzip.open if transactions.suffix == ".gz" else open
    days = set()
    with opener(transactions, "rt", encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            days.add((row.get("timestamp") or "")[:10])
    found = []
    for text in days:
        try:
            found.append(date.fromisoformat(text))
        except ValueError:
            continue
    if not found:
        raise UnusableInputError(
            f"{transactions.name} has no timestamp like 2025-05-19 14:03:00 to take its days from."
        )
    return min(found), max(found)
