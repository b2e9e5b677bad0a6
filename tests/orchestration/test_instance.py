"""dagster.yaml: what it makes of an instance."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.run_coordinator import QueuedRunCoordinator

from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    folder = tmp_path_factory.mktemp("dagster")
    shutil.copyfile(REPOSITORY / "dagster.yaml", folder / "dagster.yaml")
    with dg.DagsterInstance.from_config(str(folder)) as made:
        yield made


def test_all_steps_that_build_share_a_pool_with_room_for_one_run(
    instance: dg.DagsterInstance, definitions: dg.Definitions
) -> None:
    pools = {
        (job.name, node.name): set(node.definition.pools)
        for job in definitions.resolve_all_job_defs()
        for node in job.graph.nodes
    }
    building = {name for name, pool in pools.items() if pool == {"build"}}
    assert {job for job, _ in building} >= {
        "bank_day",
        "exchange_rates",
        "full_refresh",
        "withdraw_load",
        "retention",
    }
    assert {step for _, step in building} == {"models", "build_without", "purge", "build_cashflow"}
    assert [name for name, pool in pools.items() if pool - {"build"}] == []
    config = instance.get_concurrency_config()
    assert config.pool_config.default_pool_limit == 1
    assert config.pool_config.pool_granularity.value == "run"
    assert isinstance(instance.run_coordinator, QueuedRunCoordinator)


def test_a_look_has_room_beside_a_build(instance: dg.DagsterInstance) -> None:
    config = instance.get_concurrency_config()
    assert config.run_queue_config is not None
    assert config.run_queue_config.max_concurrent_runs == 2


def test_a_process_that_died_is_found_out_and_run_again_but_no_step_that_failed(
    instance: dg.DagsterInstance,
) -> None:
    assert instance.run_monitoring_enabled
    assert instance.run_retries_enabled
    assert instance.run_retries_max_retries == 2
    assert instance.run_retries_retry_on_asset_or_op_failure is False


def test_nothing_is_sent_to_anybody(instance: dg.DagsterInstance) -> None:
    assert instance.telemetry_enabled is False
