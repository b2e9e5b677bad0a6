"""The house rules of `dbt_project`, held against dbt's manifest and the files themselves.

dbt-postgres takes a misspelled config key in silence, and nothing in dbt asks for layers, keys or
descriptions. What the project departs from on purpose stands here with its reason.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.adapters.postgres.impl import PostgresConfig
from dbt.artifacts.resources import ModelConfig, SeedConfig, SnapshotConfig, TestConfig
from jinja2 import Environment

from tests.conftest import REPOSITORY, RunDbt

PROJECT = REPOSITORY / "dbt_project"
Node = dict[str, Any]

# Models without a key of their own that a test or a constraint holds.
KEYED_ELSEWHERE = {
    "stg_bank__transactions": "one row a raw line: the loader numbers them (tests/loader)",
    "stg_bank__customers": "one row a raw line, as above",
    "stg_fx__rates": "one row a raw line, as above",
    "stg_ops__loads": "primary key of its source, by migration 0001",
    "stg_ops__malformed_lines": "primary key of its source, by migration 0001",
    "stg_ops__settings": "primary key of its source, by migration 0001",
    "stg_ops__alert_dispositions": "primary key of its source, by migration 0008",
    "stg_ops__rule_suppressions": "primary key of its source, by migration 0008",
    "int_transactions__judged": "a line more or less is a difference in the reconciliation, which "
    "holds the load; a test over a day's million lines would say the same for a second",
    "int_customers__judged": "as int_transactions__judged, for registers",
    "int_transactions__identified": "as int_transactions__judged; an index of it by id",
    "int_accounts__current": "a view of int_accounts__listed, which has the key",
    "int_transactions__excluded": "a view; its rows are those of fct_rejections, which has the key",
    "int_transactions__held": "a view of int_transactions__excluded, as above",
    "fct_account_daily": "a view that groups by its key",
    "stg_cashflow__companies": "one row a raw line, as above",
    "stg_cashflow__rates": "one row a raw line, as above",
    "stg_cashflow__sepa": "one row a raw line, as above",
    "stg_cashflow__swift": "one row a raw line, as above",
    "int_cash_transactions__judged": "as int_transactions__judged",
    "int_cash_load_days__counted": "groups by its key, of which lines without a day have a null",
    "fct_company_balance_daily": "a view of companies and days, each of them once",
    "rpt_company_position": "a view of companies and windows, each of them once",
    "rpt_company_reference_balance": "a view that groups by its key",
    "rpt_company_projection": "a view that groups by its key",
    "int_aml_edges__keyed": "its rows are those of fct_transactions, which has the key",
    "fct_transaction_scores": "a view with a row a row of int_aml_edges__keyed",
    "int_aml_edges__dense": "some of the rows of int_aml_edges__keyed",
    "int_aml_edges__small_foreign": "some of the rows of int_aml_edges__keyed",
    "int_aml_loads__dated": "a view of int_aml_loads__profiled, which has the key",
    "int_aml_hits__high_risk_jurisdiction": "a view of int_aml_payments__listed, which has the key",
    "int_aml_hits__united": "a view; each of the tables it unites has the key",
    "int_aml_hits__grouped": "a view of int_aml_hits__united",
    "int_aml_alerts__described": "a view of int_aml_hits__grouped",
    "fct_alerts": "a view; the tests of detection ask for its key",
    "fct_shadow_alerts": "as fct_alerts",
    "bridge_alert_transactions": "as fct_alerts",
    "int_aml_evidence__compared": "a view with a row a row of bridge_alert_transactions",
    "rpt_alert_transactions": "as int_aml_evidence__compared",
    "rpt_alert_day": "a view that groups by its key",
    "rpt_aml_rule_quality": "a view with a row a row of its seed",
    "int_aml_rules__judged": "as rpt_aml_rule_quality",
}

# Marts that show a line as it stood in its file need the raw text, which no later layer carries.
MARTS_THAT_SHOW_RAW_LINES = {"fct_corrections", "fct_rejections", "fct_cash_quarantine"}

# What stands in the fact is added up once, for several reports.
SUMS_OF_THE_FACT = {"int_load_currency_totals__summed", "int_load_rules__met"}

# Detection begins where the bank's day ends: with published payments, which are a mart.
READS_A_MART = {
    "int_aml_edges__keyed": {"fct_transactions"},
    "int_aml_payments__listed": {"fct_transactions"},
    "int_aml_loads__profiled": {"fct_transactions"},
    "int_aml_load_sizes__measured": {"fct_account_movements"},
    "int_aml_account_days__heavy": {"fct_account_movements"},
    "int_aml_hits__dormant_account": {"fct_account_movements"},
    "int_aml_hits__fan": {"fct_account_movements"},
    "int_aml_hits__new_account": {"fct_account_movements"},
    "int_aml_alerts__described": {"fct_transactions", "fct_account_movements"},
    "int_aml_evidence__compared": {
        "bridge_alert_transactions",
        "fct_transactions",
        "fct_account_movements",
    },
}

# Our own keys, which stand under config.meta and nowhere else; dagster: is dagster-dbt's.
META_OF_MODELS = {
    "adds",
    "counts",
    "dagster",
    "follows",
    "looked_up_by",
    "logs",
    "partitioned",
    "touched_by",
    "units",
    "wanted",
}
META_OF_COLUMNS = {"personal"}

# What a properties file may say, by kind of entry.
COLUMN = {"name", "description", "data_type", "constraints", "data_tests", "config"}
PROPERTIES = {
    "models": {"name", "description", "config", "columns", "constraints", "data_tests"},
    "seeds": {"name", "description", "config", "columns", "data_tests"},
    "snapshots": {"name", "description", "relation", "config", "columns", "data_tests"},
    "sources": {"name", "description", "schema", "tables"},
    "unit_tests": {"name", "description", "model", "given", "expect", "overrides", "config"},
    "data_tests": {"name", "description", "config"},
    "exposures": {"name", "label", "type", "maturity", "description", "owner", "depends_on"},
}

# Postgres's own dialect; architecture.md wants it in macros behind adapter.dispatch.
DIALECT = {
    "a cast by ::": r"::",
    "a regular expression operator": r"(?<![<>=])!?~\*?(?!=)",
    "a function of regular expressions": r"\bregexp_\w+\s*\(",
    "a json function": r"\bjsonb?_\w+\s*\(|\bto_jsonb?\s*\(|->>?|@>",
    "an array": r"\barray\s*\[|\bunnest\s*\(|\bany\s*\(|\barray_\w+\s*\(|\bstring_to_array\b",
    "an aggregate of its own": r"\bstring_agg\s*\(",
    "an upsert": r"\bon\s+conflict\b",
    "distinct on": r"\bdistinct\s+on\b",
    "ilike": r"\bilike\b",
    "a way to write dates": r"\bto_(char|date|timestamp)\s*\(|\bat\s+time\s+zone\b",
    "an input check": r"\bpg_\w+\s*\(",
    "a hash": r"\b(md5|sha256|hashtext|encode|digest)\s*\(",
    "a fenced step": r"\bmaterialized\s*\(|\boffset\s+0\b",
    "a series": r"\bgenerate_series\s*\(",
}

QUOTED_RULE_ID = re.compile(r"'([a-z]+\.[a-z0-9_]+)'")


@pytest.fixture(scope="module")
def manifest(run_dbt: RunDbt, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    target = tmp_path_factory.mktemp("parsed")
    run_dbt("parse", target=target)
    found: dict[str, Any] = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    return found


def nodes(manifest: dict[str, Any], *kinds: str) -> list[Node]:
    """The project's own nodes of these kinds."""
    return [
        node
        for node in manifest["nodes"].values()
        if node["package_name"] == "sluss" and node["resource_type"] in kinds
    ]


def models(manifest: dict[str, Any], layer: str | None = None) -> list[Node]:
    return [node for node in nodes(manifest, "model") if layer in (None, layer_of(node))]


def layer_of(node: Node) -> str:
    """staging, intermediate or marts for a model; else what kind of thing it is."""
    if node["resource_type"] != "model":
        return str(node["resource_type"])
    return Path(node["path"]).parts[0]


def parents(manifest: dict[str, Any], node: Node) -> list[Node]:
    known = {**manifest["nodes"], **manifest["sources"]}
    return [known[name] for name in node["depends_on"].get("nodes", [])]


def properties() -> Iterator[tuple[Path, dict[str, Any]]]:
    folders = [PROJECT / name for name in ("models", "snapshots", "tests")]
    for folder in [*folders, REPOSITORY / "seeds"]:
        for path in sorted(folder.rglob("*.yml")):
            yield path, yaml.safe_load(path.read_text(encoding="utf-8"))


def test_there_is_something_to_look_at(manifest: dict[str, Any]) -> None:
    assert {layer_of(node) for node in models(manifest)} == {"staging", "intermediate", "marts"}
    assert len(models(manifest)) > 30
    assert len(list(properties())) > 8


# --- keys that dbt would take in silence ----------------------------------------------------------


def keys_of(*configs: type) -> set[str]:
    """The names that dbt and its adapter know, as the manifest writes them."""
    return {
        str(field.metadata.get("alias", field.name))
        for config in configs
        for field in dataclasses.fields(config)
        if not field.name.startswith("_")
    }


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        ("model", keys_of(ModelConfig, PostgresConfig)),
        ("seed", keys_of(SeedConfig, PostgresConfig)),
        # hard_deletes is asked for by the materialization, and is in no class.
        ("snapshot", keys_of(SnapshotConfig, PostgresConfig) | {"hard_deletes"}),
        ("test", keys_of(TestConfig)),
    ],
)
def test_every_config_key_is_one_that_dbt_knows(
    manifest: dict[str, Any], kind: str, known: set[str]
) -> None:
    found = nodes(manifest, kind)
    assert found
    unknown = {node["name"]: set(node["config"]) - known for node in found}
    assert {name: keys for name, keys in unknown.items() if keys} == {}


def test_own_keys_stand_under_meta_and_are_spelled_right(manifest: dict[str, Any]) -> None:
    wrong = {}
    for node in nodes(manifest, "model", "seed", "snapshot", "test"):
        if unknown := set(node["config"]["meta"]) - META_OF_MODELS:
            wrong[node["name"]] = unknown
        for name, column in node.get("columns", {}).items():
            config = column.get("config", {})
            if unknown := set(config) - {"meta", "tags"}:
                wrong[f"{node['name']}.{name}"] = unknown
            if unknown := set(config.get("meta", {})) - META_OF_COLUMNS:
                wrong[f"{node['name']}.{name}"] = unknown
    assert wrong == {}


def test_every_index_is_described_in_words_that_dbt_knows(manifest: dict[str, Any]) -> None:
    for node in models(manifest):
        for index in node["config"].get("indexes") or []:
            assert set(index) <= {"columns", "type", "unique"}, node["name"]


def test_every_property_is_one_that_dbt_knows() -> None:
    wrong = []
    for path, content in properties():
        wrong += [f"{path.name}: {key}" for key in content.keys() - PROPERTIES.keys() - {"version"}]
        for kind, known in PROPERTIES.items():
            for entry in content.get(kind, []):
                wrong += [f"{entry['name']}: {key}" for key in entry.keys() - known]
                if kind == "unit_tests":
                    continue
                for table in entry.get("tables", []):
                    wrong += [
                        f"{table['name']}: {key}"
                        for key in table.keys() - {"name", "description", "columns", "data_tests"}
                    ]
                for holder in (entry, *entry.get("tables", [])):
                    wrong += [
                        f"{holder['name']}.{column['name']}: {key}"
                        for column in holder.get("columns", [])
                        for key in column.keys() - COLUMN
                    ]
    assert wrong == []


# --- layers and names -----------------------------------------------------------------------------


def test_a_staging_model_reads_exactly_one_source(manifest: dict[str, Any]) -> None:
    for node in models(manifest, "staging"):
        read = [each["resource_type"] for each in parents(manifest, node)]
        assert read == ["source"], node["name"]


def test_nothing_but_staging_reads_sources(manifest: dict[str, Any]) -> None:
    readers = {
        node["name"]
        for node in nodes(manifest, "model", "snapshot", "test", "seed")
        for each in parents(manifest, node)
        if each["resource_type"] == "source" and layer_of(node) != "staging"
    }
    assert readers == set()


def test_every_source_is_read_once(manifest: dict[str, Any]) -> None:
    read = [
        each["unique_id"]
        for node in models(manifest, "staging")
        for each in parents(manifest, node)
    ]
    assert sorted(read) == sorted(manifest["sources"])


def test_each_layer_reads_the_one_below_it(manifest: dict[str, Any]) -> None:
    below = {
        "staging": {"source"},
        "intermediate": {"staging", "intermediate", "seed"},
        "snapshot": {"intermediate"},
        # The snapshot of customers stands where an intermediate model would.
        "marts": {"intermediate", "marts", "snapshot"},
    }
    wrong = set()
    for node in nodes(manifest, "model", "snapshot"):
        for each in parents(manifest, node):
            layer = layer_of(each)
            is_raw_line = layer == "staging" and node["name"] in MARTS_THAT_SHOW_RAW_LINES
            is_summed = each["name"] == "fct_transactions" and node["name"] in SUMS_OF_THE_FACT
            is_read_on_purpose = each["name"] in READS_A_MART.get(node["name"], set())
            is_exempt = is_raw_line or is_summed or is_read_on_purpose
            if layer not in below[layer_of(node)] and not is_exempt:
                wrong.add((node["name"], each["name"]))
    assert wrong == set()


def test_names_say_the_layer(manifest: dict[str, Any]) -> None:
    for node in models(manifest):
        layer, folder, *deeper = Path(node["path"]).parent.parts
        assert not deeper, node["path"]
        pattern = {
            "staging": rf"stg_{folder}__[a-z_]+",
            "intermediate": r"int_[a-z_]+?__[a-z_]+",
            "marts": r"(dim|fct|rpt|bridge)_[a-z_]+",
        }[layer]
        assert re.fullmatch(pattern, node["name"]), node["path"]
        assert node["schema"] == layer, node["name"]


def test_properties_stand_beside_their_models_under_a_name_that_says_so(
    manifest: dict[str, Any],
) -> None:
    for node in models(manifest):
        path = Path(node["patch_path"].removeprefix("sluss://"))
        folder = Path(node["original_file_path"]).parent
        assert path.parent == folder, node["name"]
        kind = {"staging": "models"}.get(layer_of(node), layer_of(node))
        assert path.name == f"_{folder.name}__{kind}.yml", node["name"]
    for source in manifest["sources"].values():
        folder = Path(source["original_file_path"]).parent
        assert Path(source["original_file_path"]).name == f"_{folder.name}__sources.yml"


def test_a_singular_test_claims_something(manifest: dict[str, Any]) -> None:
    singular = [node for node in nodes(manifest, "test") if "test_metadata" not in node]
    assert singular
    for node in singular:
        assert node["name"].startswith("assert_"), node["name"]
        assert re.match(r"--\s*A row is ", node["raw_code"]), f"{node['name']}: what is a row?"
        assert node["description"].strip(), node["name"]


def test_one_macro_a_file_named_as_it_is_called(manifest: dict[str, Any]) -> None:
    wrong = set()
    for macro in manifest["macros"].values():
        path = Path(macro["original_file_path"])
        if macro["package_name"] != "sluss" or path.parts[0] != "macros":
            continue
        own = {path.stem, *(f"{how}_{path.stem}" for how in ("default_", "postgres_", "test"))}
        # What belongs to one materialization stands together.
        if macro["name"] not in own and path.parts[1] != "loads":
            wrong.add((str(path), macro["name"]))
    assert wrong == set()


def test_seeds_are_found_from_wherever_the_checkout_is() -> None:
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    assert project["seed-paths"] == ["../seeds"]
    for key in ("model-paths", "macro-paths", "snapshot-paths", "test-paths"):
        assert not any(Path(each).is_absolute() for each in project[key]), key
    for key in ("target-path", "packages-install-path", "log-path"):
        assert not Path(project.get(key, "")).is_absolute(), key


# --- descriptions, keys, contracts ----------------------------------------------------------------


def test_every_model_is_described_by_its_grain(manifest: dict[str, Any]) -> None:
    for node in nodes(manifest, "model", "snapshot"):
        assert re.match(r"One row\b", node["description"].strip()), node["name"]
    for node in [*nodes(manifest, "seed"), *manifest["sources"].values()]:
        assert node["description"].strip(), node["name"]


def test_every_column_of_a_mart_is_described(manifest: dict[str, Any]) -> None:
    bare = [
        f"{node['name']}.{name}"
        for node in models(manifest, "marts")
        for name, column in node["columns"].items()
        if len(column["description"].split()) < 2
    ]
    assert bare == []


def test_every_mart_has_a_contract(manifest: dict[str, Any]) -> None:
    for node in models(manifest, "marts"):
        assert node["config"]["contract"]["enforced"] is True, node["name"]
        assert node["columns"], node["name"]
        untyped = [name for name, each in node["columns"].items() if not each["data_type"]]
        assert untyped == [], node["name"]


def key_holders(manifest: dict[str, Any], node: Node) -> list[str]:
    """What holds a model's key: a constraint, a unique index, a test."""
    held = [each["type"] for each in node["constraints"] if each["type"] == "primary_key"]
    held += ["index" for each in node["config"].get("indexes") or [] if each.get("unique")]
    for test in nodes(manifest, "test"):
        if test.get("attached_node") == node["unique_id"] and test["config"]["severity"] == "ERROR":
            name = test["test_metadata"]["name"]
            if name in ("unique", "expect_compound_columns_to_be_unique"):
                held.append(name)
    return held


def test_every_model_has_a_key_that_something_holds(manifest: dict[str, Any]) -> None:
    without = {node["name"] for node in models(manifest) if not key_holders(manifest, node)}
    assert without - KEYED_ELSEWHERE.keys() == set()
    assert KEYED_ELSEWHERE.keys() - without == set(), "exceptions that are none any more"


def test_a_model_kept_by_load_is_filtered_by_the_loads_it_waits_for(
    manifest: dict[str, Any],
) -> None:
    kept = [node for node in models(manifest) if node["config"]["materialized"] == "by_load"]
    assert kept
    for node in kept:
        meta = node["config"]["meta"]
        code = without_comments(node["raw_code"])
        for name in ("wanted", "adds"):
            if name in meta:
                assert f"model.sluss.{meta[name]}" in node["depends_on"]["nodes"], node["name"]
        found = re.findall(r"in_loads_to_build\(\s*ref\('(\w+)'\)", code)
        for source, wanted in re.findall(
            r"rows_to_add\(\s*ref\('(\w+)'\)(?:,\s*ref\('(\w+)'\))?\s*\)", code
        ):
            assert source == meta["adds"], node["name"]
            found.append(wanted)
        assert set(found) == {meta.get("wanted", "")}, node["name"]
        assert "counts" in meta if "adds" in meta else "counts" not in meta, node["name"]
        assert node["config"]["unique_key"], node["name"]


# --- the SQL itself -------------------------------------------------------------------------------


def without_comments(code: str) -> str:
    return re.sub(r"--[^\n]*", "", re.sub(r"\{#.*?#\}", "", code, flags=re.DOTALL))


def plain_sql(code: str) -> str:
    """SQL without comments and Jinja; of the latter only the texts remain, which are SQL too."""
    parts = []
    depth = 0
    for _, kind, value in Environment().lex(re.sub(r"\{#.*?#\}", "", code, flags=re.DOTALL)):
        if kind in ("variable_begin", "block_begin"):
            depth += 1
        elif kind in ("variable_end", "block_end"):
            depth -= 1
            parts.append(" ")
        elif depth == 0:
            parts.append(re.sub(r"--[^\n]*", "", value))
        elif kind == "string":
            parts.append(f" {value[1:-1]} ")
    return "".join(parts)


def files_of_plain_sql() -> list[Path]:
    """Where SQL has to be anybody's: all of the project but the macros that hold the dialect."""
    found = [path for name in ("models", "tests") for path in (PROJECT / name).rglob("*.sql")]
    macros = PROJECT / "macros"
    return sorted([*found, *(macros / "cleaning").glob("*.sql"), *macros.glob("*.sql")])


@pytest.mark.parametrize("path", files_of_plain_sql(), ids=lambda path: path.stem)
def test_no_dialect_stands_in_a_model(path: Path) -> None:
    code = plain_sql(path.read_text(encoding="utf-8")).lower()
    # Within quotes of SQL stand regular expressions and words for people, not SQL.
    code = re.sub(r"'(''|[^'])*'", "''", code)
    found = {what: re.findall(form, code) for what, form in DIALECT.items()}
    assert {what: each for what, each in found.items() if each} == {}


def test_the_dialect_is_dispatched() -> None:
    found = sorted((PROJECT / "macros" / "dialect").glob("*.sql"))
    assert found
    for path in found:
        assert "adapter.dispatch(" in path.read_text(encoding="utf-8"), path.name


# --- rules are data -------------------------------------------------------------------------------


def rules() -> dict[str, dict[str, str]]:
    with (REPOSITORY / "seeds" / "rules.csv").open(encoding="utf-8", newline="") as file:
        return {row["rule_id"]: row for row in csv.DictReader(file)}


def emitted_rules() -> set[str]:
    found = set()
    for folder in ("models", "macros"):
        for path in (PROJECT / folder).rglob("*.sql"):
            # Text in SQL's quotes; what stands in Jinja's quotes alone is the name of a column.
            code = plain_sql(path.read_text(encoding="utf-8"))
            # A setting has a dot in its name too.
            found |= set(QUOTED_RULE_ID.findall(code.replace("current_setting('", "")))
    return found


def test_every_rule_that_a_model_emits_is_in_the_list_of_rules() -> None:
    assert emitted_rules() - rules().keys() == set()


def test_every_rule_of_the_list_is_emitted_by_a_model() -> None:
    assert rules().keys() - emitted_rules() == set()


# Not seen on the line alone: they need other lines, the register, or the rates.
NOT_LINE_LOCAL = {"id.conflict", "duplicate.exact", "account.unknown_own", "fx.no_rate"}
# Judged as is_future: whether the line still waits is for the calendar to say.
SHOWN_AS = {"ts.future": ("is_future", "True")}


def test_every_rule_of_a_line_has_a_unit_test(manifest: dict[str, Any]) -> None:
    judged = {
        test["name"]: test["expect"]["rows"]
        for test in manifest["unit_tests"].values()
        if test["model"] == "int_transactions__judged"
    }
    local = {
        rule_id
        for rule_id, rule in rules().items()
        if rule["field"] not in ("line", "register") and not rule_id.startswith(("rate.", "fx."))
    }
    assert len(local) > 45
    missing = set()
    for rule_id in local - NOT_LINE_LOCAL:
        expected = judged.get(f"judges_{rule_id.replace('.', '_')}", [])
        column, shown = SHOWN_AS.get(rule_id, (None, rule_id))
        if not any(
            shown in str(value).split()
            for row in expected
            for name, value in row.items()
            if column in (None, name)
        ):
            missing.add(rule_id)
    assert missing == set()


# These need other lines, the companies, the rates or the mode.
CASH_NOT_LINE_LOCAL = {
    "cash.no_rate",
    "cash.batch_payment",
    "cash.batch_included",
    "cash.redelivery",
    "cash.id_collision",
    "cash.sepa_unknown_account",
    "cash.one_leg",
}


def test_every_rule_of_a_payment_of_cashflow_has_a_unit_test(manifest: dict[str, Any]) -> None:
    judged = {
        test["name"]
        for test in manifest["unit_tests"].values()
        if test["model"] == "int_cash_transactions__judged"
    }
    local = {rule_id for rule_id in rules() if rule_id.startswith("cash.")} - CASH_NOT_LINE_LOCAL
    assert len(local) > 7
    assert {f"judges_{rule_id.replace('.', '_')}" for rule_id in local} - judged == set()
