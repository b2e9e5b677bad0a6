"""What people would use instead, for the same file: pandas, dlt, DuckDB. Part of `make bench`.

Each runs in a process of its own, `python bench/peers.py NAME FILE CUSTOMERS DAY`, so that its
memory is its own, and prints what it read and accepted. What each covers:

- ``pandas``: reads the file, mends and checks it column by column, drops repeats, converts, and
  writes the accepted lines with ``to_sql``. In memory.
- ``dlt``: the load alone, into Postgres: no line is judged.
- ``duckdb``: reads the file and runs the cleaning as SQL in process, the limit of a single machine
  without a server. Nothing is written but the result.

pandas and DuckDB clean as one would write it for them, by the same rules where these are a rule of
one line: ids, the common forms of times and amounts, aliases of currencies and countries, shape
and check digits of accounts, the register, days to come, repeats, rates. Of 20,000 generated lines
both accept what the answer key accepts but for about ten. Left out, and done by Sluss: numbers of
lines, malformed lines (all three stop at them, so they get a file without), corrections and flags
with the rule of each, late lines, gates, reconciliation, restating.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

from psycopg2.extensions import parse_dsn

from loaders.contract import load_contract

ROOT = Path(__file__).resolve().parent.parent
SEEDS = ROOT / "seeds"
COLUMNS = tuple(column.name for column in load_contract("bank_transactions").columns)
CEILING = 1_000_000


def rates() -> list[tuple[str, str, float]]:
    """Returns (currency, day, kronor for one unit) of the rates that come along."""
    import csv
    import io

    from loaders.sources import open_source

    stream = open_source("ecb", None).open_content()
    content = b"".join(iter(lambda: stream.read(1 << 16), b""))
    records = list(csv.DictReader(io.StringIO(content.decode("utf-8"))))
    found = []
    for record in records:
        krona = _number(record.get("SEK"))
        if krona is None:
            continue
        found.append(("EUR", record["Date"], krona))
        for currency, value in record.items():
            units = _number(value) if currency not in ("Date", "SEK", "", None) else None
            if units:
                found.append((currency, record["Date"], krona / units))
    return found


def with_pandas(path: Path, customers: Path, day: date) -> dict[str, int]:
    """Cleans the file in memory and writes the accepted lines with to_sql."""
    import pandas as pd
    from sqlalchemy import create_engine

    from loaders.database import dsn

    lines = pd.read_csv(path, dtype=str, keep_default_na=False)
    count = len(lines)
    lines.columns = list(COLUMNS)
    for column in COLUMNS:
        lines[column] = lines[column].str.strip()

    lines["transaction_id"] = lines["transaction_id"].str.lower()
    good = lines["transaction_id"].str.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

    text = lines["timestamp"].str.replace("T", " ").str.replace("Z", "")
    compact = text.str.fullmatch(r"\d{8} .*")
    text = text.where(
        ~compact, text.str.replace(r"^(\d{4})(\d\d)(\d\d) ", r"\1-\2-\3 ", regex=True)
    )
    text = text.where(~text.str.fullmatch(r"\d\d-.*"), "20" + text)
    text = text.str.replace(r"(\d\d)[.](\d\d)[.](\d\d)$", r"\1:\2:\3", regex=True)
    booked = pd.to_datetime(text, errors="coerce", format="mixed", utc=True).dt.tz_localize(None)
    lines["booked_at"] = booked.dt.tz_localize(
        "Europe/Stockholm", ambiguous=False, nonexistent="shift_forward"
    )
    last = pd.Timestamp(day) + pd.Timedelta(days=2)
    good &= booked.notna() & (lines["booked_at"].dt.tz_localize(None) < last)

    amount = lines["amount"].str.replace(r"[\s\u00a0\u202f]", "", regex=True)
    decimal_comma = amount.str.fullmatch(r"-?[\d.]+,\d{1,2}")
    amount = amount.where(~decimal_comma, amount.str.replace(".", "").str.replace(",", ".")).where(
        ~amount.str.fullmatch(r"\d{1,3}(,\d{3})+\.\d{1,2}"), amount.str.replace(",", "")
    )
    lines["amount"] = pd.to_numeric(amount, errors="coerce")
    good &= (lines["amount"] > 0) & (lines["amount"] <= CEILING)

    known = pd.read_csv(SEEDS / "currencies.csv", dtype=str, keep_default_na=False)
    aliases = pd.read_csv(SEEDS / "currency_aliases.csv", dtype=str, keep_default_na=False)
    names = dict(zip(aliases["alias_key"], aliases["currency"], strict=True))
    names |= {code: code for code in known["currency"]}
    lines["currency"] = lines["currency"].str.upper().map(names)
    good &= lines["currency"].notna()

    countries = pd.read_csv(SEEDS / "countries.csv", dtype=str, keep_default_na=False)
    lengths = dict(zip(countries["country_code"], countries["iban_length"], strict=True))
    country_names = pd.read_csv(SEEDS / "country_aliases.csv", dtype=str, keep_default_na=False)
    codes = dict(zip(country_names["alias_key"], country_names["country_code"], strict=True))
    own_accounts = set(
        pd.read_csv(customers, dtype=str, keep_default_na=False)["BankAccount"].str.strip()
    )
    is_own = {}
    for side in ("sender", "receiver"):
        account = lines[f"{side}_account"].str.upper().str.replace(r"[\s-]", "", regex=True)
        lines[f"{side}_account"] = account
        own = account.str.startswith("SE8902") & (account.str.len() == 24)
        valid = own & account.isin(own_accounts)
        foreign = account[~own].drop_duplicates()
        checked = {one for one in foreign if _is_iban(one, lengths)}
        good &= valid | account.isin(checked)
        is_own[side] = own
        lines[f"{side}_country"] = lines[f"{side}_country"].str.lower().map(codes)
    good &= is_own["sender"] | is_own["receiver"]

    accepted = lines[good].copy()
    accepted = accepted.drop_duplicates(subset="transaction_id", keep="first")

    quoted = pd.DataFrame(rates(), columns=["currency", "rate_day", "sek_rate"])
    quoted["rate_day"] = pd.to_datetime(quoted["rate_day"])
    accepted["day"] = accepted["booked_at"].dt.tz_localize(None).dt.normalize()
    accepted = pd.merge_asof(
        accepted.sort_values("day"),
        quoted.sort_values("rate_day"),
        left_on="day",
        right_on="rate_day",
        by="currency",
    )
    krona = accepted["currency"] == "SEK"
    accepted["amount_sek"] = (
        accepted["amount"].where(krona, accepted["amount"] * accepted["sek_rate"]).round(2)
    )
    engine = create_engine("postgresql+psycopg2://", creator=lambda: _connect(dsn()))
    accepted.to_sql("peer_pandas", engine, schema="public", if_exists="replace", index=False)
    return {"lines": count, "accepted": len(accepted)}


def with_dlt(path: Path, customers: Path, day: date) -> dict[str, int]:
    """Loads the file with dlt the fastest way it has: Arrow tables, parquet, ADBC."""
    import tempfile

    import dlt
    import pyarrow as pa
    from pyarrow import csv as pacsv

    from loaders.database import dsn

    read = pacsv.read_csv(
        path,
        parse_options=pacsv.ParseOptions(newlines_in_values=True),
        convert_options=pacsv.ConvertOptions(
            column_types={name: pa.string() for name in COLUMNS}, strings_can_be_null=False
        ),
    )
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DLT_DATA_DIR"] = folder
        os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
        pipeline = dlt.pipeline(
            "peer",
            pipelines_dir=folder,
            destination=dlt.destinations.postgres(_url(dsn())),
            dataset_name="peer_dlt",
        )
        pipeline.run(read, table_name="lines", loader_file_format="parquet")
    return {"lines": read.num_rows}


def with_duckdb(path: Path, customers: Path, day: date) -> dict[str, int]:
    """Runs bench/duckdb.sql on the file, in process and in memory."""
    import duckdb

    statements = (ROOT / "bench" / "duckdb.sql").read_text(encoding="utf-8")
    with duckdb.connect() as connection:
        connection.execute("create table quoted (currency text, rate_day date, sek_rate double)")
        import pandas as pd

        frame = pd.DataFrame(rates(), columns=["currency", "rate_day", "sek_rate"])
        connection.register("frame", frame)
        connection.execute(
            "insert into quoted select currency, rate_day::date, sek_rate from frame"
        )
        for name, value in {
            "file": str(path),
            "customers": str(customers),
            "seeds": str(SEEDS),
            "ceiling": CEILING,
            "day": day,
        }.items():
            text = str(value).replace("'", "''")
            connection.execute(f"set variable {name} = '{text}'")
        connection.execute(statements)
        (lines,) = connection.execute("select count(*) from raw_lines").fetchone() or (0,)
        (accepted,) = connection.execute("select count(*) from accepted").fetchone() or (0,)
    return {"lines": lines, "accepted": accepted}


PEERS = {
    "pandas": ("pandas and `to_sql`, cleaned and written", with_pandas),
    "dlt": ("dlt (Arrow, parquet, ADBC) into Postgres, the load alone", with_dlt),
    "duckdb": ("DuckDB, cleaned in process, nothing written", with_duckdb),
}


def _is_iban(account: str, lengths: dict[str, str]) -> bool:
    if not (15 <= len(account) <= 34 and account.isascii() and account.isalnum()):
        return False
    if account[:2] not in lengths:
        return False
    length = lengths[account[:2]]
    if length and len(account) != int(float(length)):
        return False
    digits = "".join(str(int(letter, 36)) for letter in account[4:] + account[:4])
    return int(digits) % 97 == 1


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def _url(address: str) -> str:
    """Returns the address as dlt wants it: with a host, and a password even where none is asked."""
    parts = parse_dsn(address)
    host, port = quote(parts["host"], safe=""), parts.get("port", "5432")
    login = f"{parts.get('user', 'postgres')}:{parts.get('password', 'none')}"
    return f"postgresql://{login}@{host}:{port}/{parts['dbname']}"


def _connect(address: str) -> Any:
    import psycopg2

    return psycopg2.connect(address)


if __name__ == "__main__":
    _, peer, file, register, business_date = sys.argv
    clean = PEERS[peer][1]
    print(json.dumps(clean(Path(file), Path(register), date.fromisoformat(business_date))))
