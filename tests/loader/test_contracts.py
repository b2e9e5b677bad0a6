"""Contracts are validated, agree with the migrations, and are all that a new feed needs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from loaders.contract import (
    CONTRACTS_DIR,
    Contract,
    ContractError,
    feeds,
    load_contract,
    parse_contract,
)
from tests.loader.conftest import DAY, query

PROJECT = Path(__file__).parents[2] / "dbt_project"
SOURCES = PROJECT / "models/staging"

# The start of a migration of a feed that the loader has never heard of.
BRANCHES = """
feed: test_branches
description: The bank's branches.
grain: One line a branch.
target: staging.raw_test_branches
columns:
  - {header: Branch No, name: branch_no, description: Its number.}
  - {header: City, name: city, description: Where it is.}
dialect: {delimiter: ";", quote: "'"}
encoding: cp1252
"""


def database_columns(table: str) -> list[tuple[str, str]]:
    found = query(
        "select column_name, data_type from information_schema.columns "
        "where table_schema = 'staging' and table_name = %s order by ordinal_position",
        (table,),
    )
    return [(str(name), str(kind)) for name, kind in found]


@pytest.mark.parametrize("feed", feeds())
def test_contract_and_migration_have_the_same_columns(module_database: object, feed: str) -> None:
    contract = load_contract(feed)
    assert database_columns(contract.table) == [
        ("_load_id", "integer"),
        ("_line_no", "integer"),
        *((column.name, "text") for column in contract.columns),
        ("_extra", "jsonb"),
    ]


def test_every_raw_table_has_a_contract(module_database: object) -> None:
    found = query(
        "select relname from pg_class where relkind = 'p' "
        "and relnamespace = 'staging'::regnamespace"
    )
    assert {str(name) for (name,) in found} == {load_contract(feed).table for feed in feeds()}


def dbt_sources() -> dict[str, list[str]]:
    """The columns of every table in the schema staging that dbt reads, by the table's name."""
    tables: dict[str, list[str]] = {}
    for path in SOURCES.glob("*/_*__sources.yml"):
        for source in yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]:
            if source.get("schema", source["name"]) == "staging":
                for table in source["tables"]:
                    name = table.get("identifier", table["name"])
                    tables[name] = [column["name"] for column in table.get("columns", [])]
    return tables


@pytest.mark.parametrize("feed", feeds())
def test_contract_and_dbt_source_have_the_same_columns(feed: str) -> None:
    contract = load_contract(feed)
    assert dbt_sources()[contract.table] == [
        "_load_id",
        "_line_no",
        *(column.name for column in contract.columns),
        "_extra",
    ]


def test_every_raw_table_that_dbt_reads_has_a_contract() -> None:
    assert dbt_sources().keys() == {load_contract(feed).table for feed in feeds()}


@pytest.mark.parametrize("feed", feeds())
def test_a_staging_model_takes_every_column_of_its_contract(feed: str) -> None:
    """Or a column that a feed gains would go nowhere, and no test would say so."""
    contract = load_contract(feed)
    (model,) = [
        text
        for path in SOURCES.glob("*/stg_*.sql")
        if f"'{contract.table}')" in (text := path.read_text(encoding="utf-8"))
    ]
    if called := re.fullmatch(r"\{\{ (\w+)\(.*\) \}\}\s*", model):  # all of it stands in a macro
        model = (PROJECT / f"macros/{called[1]}.sql").read_text(encoding="utf-8")
    kept = re.findall(r"'(\w+)'", model.split("json_object([")[1].split("])")[0])
    assert kept == [*(column.name for column in contract.columns), "_extra"]


def test_the_bank_feeds_mark_personal_data() -> None:
    customers = load_contract("bank_customers")
    assert {column.name for column in customers.columns if column.personal} == {
        "customer",
        "address",
        "phone",
        "personnummer",
        "bank_account",
    }


def changed(**changes: Any) -> dict[str, Any]:
    content = yaml.safe_load((CONTRACTS_DIR / "bank_customers.yml").read_text(encoding="utf-8"))
    return {**content, **changes}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"feed": "Bank"}, "feed: String should match pattern"),
        ({"target": "staging.customers"}, "target must be staging.raw_bank_customers"),
        ({"columns": []}, "columns: Tuple should have at least 1 item"),
        ({"colunms": []}, "colunms: Extra inputs are not permitted"),
        ({"dialect": {"delimiter": "::"}}, "dialect.delimiter: Value error, the delimiter must be"),
        ({"dialect": {"quote": ","}}, "delimiter and quote are the same"),
        ({"encoding": "martian"}, "unknown encoding 'martian'"),
        ({"encoding": "base64"}, "unknown encoding 'base64'"),
        ({"limits": {"max_malformed_share": 2}}, "limits.max_malformed_share"),
        ({"limits": {"max_line_bytes": 100}}, "limits.max_line_bytes"),
        ({"business_date": ["tomorrow"]}, "business_date.0"),
        ({"landing": {"folder": "/data/landing"}}, "a path below the landing root"),
        ({"landing": {"archive_folder": "../archive"}}, "a path below the landing root"),
        ({"landing": {"folder": "s3://bucket"}}, "a path below the landing root"),
        ({"landing": {"archive_folder": "bank_customers"}}, "must be a folder of its own"),
        ({"landing": {"settle_seconds": -1}}, "landing.settle_seconds"),
        ({"landing": {"load_order": 0}}, "landing.load_order"),
        ({"landing": {"expected_within_hours": 0}}, "landing.expected_within_hours"),
        ({"reader": "ecb"}, "landing.archive_compression must be none for the reader ecb"),
        (
            {"columns": [{"header": "a", "name": "a", "description": "x"}] * 2},
            "the same header twice: a",
        ),
        (
            {"columns": [{"header": "a", "name": "a", "description": "x"}]},
            "line_breaks_in_quotes needs at least two columns",
        ),
    ],
)
def test_a_contract_that_makes_no_sense_says_where(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    path = tmp_path / "bank_customers.yml"
    path.write_text(yaml.safe_dump(changed(**changes)), encoding="utf-8")
    with pytest.raises(ContractError) as error:
        parse_contract(path)
    assert said in str(error.value)


def test_landing_folders_are_named_after_the_feed_unless_they_are_named() -> None:
    customers = Contract.model_validate(changed(landing={}))
    assert customers.landing_folder == "bank_customers"
    assert customers.archive_folder == "bank_customers/archive"
    assert customers.refused_folder == "bank_customers/refused"
    moved = Contract.model_validate(
        changed(landing={"folder": "in/customers", "archive_folder": "kept/customers"})
    )
    assert moved.landing_folder == "in/customers"
    assert moved.archive_folder == "kept/customers"
    assert moved.refused_folder == "in/customers/refused"


def test_what_transactions_are_judged_by_is_loaded_before_them() -> None:
    order = {feed: load_contract(feed).landing.load_order for feed in feeds()}
    assert order["bank_customers"] < order["bank_transactions"]
    assert order["fx_rates"] < order["bank_transactions"]


def test_a_contract_is_named_after_its_feed(tmp_path: Path) -> None:
    path = tmp_path / "other.yml"
    path.write_text(yaml.safe_dump(changed()), encoding="utf-8")
    with pytest.raises(ContractError, match="says feed: bank_customers"):
        parse_contract(path)
    path.write_text("a: [", encoding="utf-8")
    with pytest.raises(ContractError, match="is not YAML"):
        parse_contract(path)


def test_a_new_feed_needs_a_contract_and_a_table_and_no_python(
    database: object, tmp_path: Path
) -> None:
    from loaders.load import load_file

    query(
        "create table staging.raw_test_branches (_load_id integer not null, "
        "_line_no integer not null, branch_no text, city text, _extra jsonb) "
        "partition by list (_load_id); "
        "alter table staging.raw_test_branches owner to sluss_owner"
    )
    path = tmp_path / "branches.csv"
    path.write_bytes("City;Branch No\r\n'Malmö; centrum';1\r\nÖrebro;2\r\n".encode("cp1252"))
    contract = Contract.model_validate(yaml.safe_load(BRANCHES))
    result = load_file(contract, path, business_date=DAY)
    assert (result.status, result.loaded_count) == ("loaded", 2)
    assert query("select _line_no, branch_no, city from staging.raw_test_branches") == [
        (2, "1", "Malmö; centrum"),
        (3, "2", "Örebro"),
    ]
