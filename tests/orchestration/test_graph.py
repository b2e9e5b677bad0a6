"""What Dagster shows before anything has run: the assets, their checks, the schedules."""

from __future__ import annotations

import json
from typing import Any

import dagster as dg
import pytest

from tests.orchestration.desk import RAW_TRANSACTIONS, REPORT

CASHFLOW = {"cashflow_companies", "cashflow_rates", "cashflow_sepa", "cashflow_swift"}
FEEDS = {"bank_customers", "bank_transactions", "fx_rates"} | CASHFLOW
# Whoever sends no cashflow is not told every morning that none came.
FEEDS_WITH_A_PACE = FEEDS - CASHFLOW
LAYERS = {"landing", "raw", "reference", "snapshots", "site", "operations"}


@pytest.fixture(scope="module")
def manifest(definitions: dg.Definitions) -> dict[str, Any]:
    """dbt's own list of what is in the project."""
    from orchestration.project import dbt_project

    found: dict[str, Any] = json.loads(dbt_project().manifest_path.read_text())
    return found


@pytest.fixture(scope="module")
def graph(definitions: dg.Definitions) -> Any:
    return definitions.resolve_asset_graph()


def nodes(manifest: dict[str, Any], *kinds: str) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] in kinds]


def test_every_model_seed_and_snapshot_is_an_asset_named_as_its_table(
    graph: Any, manifest: dict[str, Any]
) -> None:
    tables = {
        tuple(node["relation_name"].replace('"', "").split(".")[1:])
        for node in nodes(manifest, "model", "seed", "snapshot")
    }
    assert len(tables) > 50
    ours = {tuple(key.path) for key in graph.materializable_asset_keys}
    others = {("staging", f"raw_{feed}") for feed in FEEDS} | {
        ("reports", "bank_day"),
        ("site", "dbt_docs"),
    }
    assert ours == tables | others


@pytest.mark.parametrize("feed", sorted(FEEDS))
def test_lineage_runs_through_from_the_landing_folder_to_the_day_report(
    graph: Any, feed: str
) -> None:
    landing = dg.AssetKey(["landing", feed])
    raw = dg.AssetKey(["staging", f"raw_{feed}"])
    assert graph.get(landing).child_keys == {raw}
    assert graph.get(raw).parent_keys == {landing}
    # Each arm of the walk is a mart, and none is an end before the report.
    assert REPORT in downstream(graph, landing)
    assert dg.AssetKey(["site", "dbt_docs"]) in downstream(graph, landing)


@pytest.mark.parametrize(
    "step",
    [
        "staging/stg_bank__transactions",
        "intermediate/int_transactions__judged",
        "marts/fct_transactions",
        "marts/rpt_load_reconciliation",
    ],
)
def test_the_way_of_a_transaction_passes_every_layer(graph: Any, step: str) -> None:
    key = dg.AssetKey.from_user_string(step)
    assert key in downstream(graph, RAW_TRANSACTIONS)
    assert REPORT in downstream(graph, key)


def test_every_test_on_data_is_a_check_of_an_asset_and_no_unit_test_is_one(
    graph: Any, manifest: dict[str, Any]
) -> None:
    tests = {node["name"] for node in nodes(manifest, "test")}
    assert len(tests) > 30
    assert manifest["unit_tests"]
    own = {"reconciliation", "held_loads", "age_of_the_rates", "disk_growth", "freshness"}
    own.add("retention")
    checks = [key.name for key in graph.asset_check_keys]
    assert sorted(checks) == sorted(
        [*tests, *(own - {"freshness"}), *["freshness"] * len(FEEDS_WITH_A_PACE)]
    )


def test_every_asset_says_whose_it_is_what_it_is_and_where_it_belongs(graph: Any) -> None:
    groups = set()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        if key.path[0] == "ops":
            # The loader's ledger, which dbt reads: nothing here makes it.
            continue
        assert node.group_name != "default", key
        assert node.owners, key
        assert node.description, key
        assert node.kinds, key
        groups.add(node.group_name)
    assert groups >= LAYERS
    assert {"staging_bank", "staging_fx"} <= groups
    assert {group for group in groups if group.startswith("marts_")}


def test_only_what_is_of_a_day_has_the_days_as_partitions(graph: Any) -> None:
    partitioned = {key for key in graph.get_all_asset_keys() if graph.get(key).is_partitioned}
    assert partitioned == {dg.AssetKey(["staging", f"raw_{feed}"]) for feed in FEEDS - {"fx_rates"}}


def test_the_jobs_are_those_that_an_operator_needs(definitions: dg.Definitions) -> None:
    names = {job.name for job in definitions.resolve_all_job_defs()}
    assert {"bank_day", "exchange_rates", "full_refresh", "withdraw_load", "watch"} <= names
    assert "retention" in names
    assert "poll_cashflow" in names
    bank_day = definitions.resolve_job_def("bank_day")
    keys = set(bank_day.asset_layer.selected_asset_keys)
    assert {RAW_TRANSACTIONS, REPORT} <= keys
    assert dg.AssetKey(["staging", "raw_fx_rates"]) not in keys
    assert bank_day.partitions_def.has_partition_key("2021-02-03")


@pytest.mark.parametrize(
    ("name", "cron", "job"),
    [
        # After the European Central Bank has published, on its working days.
        ("exchange_rates_of_the_day", "30 16 * * 1-5", "exchange_rates"),
        ("night_watch", "0 6 * * *", "watch"),
        ("documentation", "30 5 * * *", "documentation"),
        ("nightly_retention", "30 4 * * *", "retention"),
    ],
)
def test_schedules_run_by_the_banks_clock_without_being_switched_on(
    definitions: dg.Definitions, name: str, cron: str, job: str
) -> None:
    schedule = definitions.resolve_schedule_def(name)
    assert (schedule.cron_schedule, schedule.job_name) == (cron, job)
    assert schedule.execution_timezone == "Europe/Stockholm"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING


def test_a_service_is_polled_by_itself_only_where_its_address_is_set(
    definitions: dg.Definitions,
) -> None:
    schedule = definitions.resolve_schedule_def("poll_cashflow_daily")
    assert schedule.job_name == "poll_cashflow"
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED


@pytest.mark.parametrize("name", ["landing", "failed_runs", "watch_findings"])
def test_sensors_look_without_being_switched_on(definitions: dg.Definitions, name: str) -> None:
    sensor = definitions.resolve_sensor_def(name)
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    # The landing folders are looked at every few seconds: a minute is what a day may take.
    assert sensor.minimum_interval_seconds <= 15


def downstream(graph: Any, key: dg.AssetKey) -> set[dg.AssetKey]:
    found = {key}
    while more := {child for one in found for child in graph.get(one).child_keys} - found:
        found |= more
    return found
