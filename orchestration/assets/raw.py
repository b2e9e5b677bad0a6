"""The landing folders and the raw tables: an asset a feed each, made from the contracts."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg

from loaders.business_date import date_in_name
from loaders.contract import Contract, feeds, load_contract
from loaders.errors import UnusableInputError
from loaders.landing import (
    LandedFile,
    LandedResult,
    archived,
    business_date_of,
    landed_file,
    load_archived,
    load_landed,
    place_of,
    waiting,
)
from loaders.load import load_file
from loaders.sources import READERS
from orchestration import tags
from orchestration.partitions import business_days, days_of
from orchestration.rates import fetched_rates
from orchestration.translator import OWNERS


class FileConfig(dg.Config):
    """Which file to load. Without it: the files of the run's business dates, archived or new."""

    # Its key in the landing folder of the feed, and the hash of its content; the sensor has both.
    file: str | None = None
    sha256: str | None = None
    # The business date, where a person knows better than the file's name; YYYY-MM-DD.
    business_date: str | None = None
    # Loads a content that was withdrawn.
    again: bool = False


def contracts() -> list[Contract]:
    """Returns the contracts of all feeds in the order in which their files are loaded."""
    return sorted((load_contract(feed) for feed in feeds()), key=lambda one: one.landing.load_order)


def landing_key(contract: Contract) -> dg.AssetKey:
    return dg.AssetKey(["landing", contract.feed])


def raw_key(contract: Contract) -> dg.AssetKey:
    """Returns the key of the raw table; dbt's source has the same."""
    return dg.AssetKey(contract.target.split("."))


def is_of_a_day(contract: Contract) -> bool:
    """True if a file is the delivery of a business date; False if each one is a whole history."""
    return contract.business_date[0] != "content"


def landing_asset(contract: Contract) -> dg.AssetSpec:
    """Returns the asset of a landing folder, which nobody here makes: its sender does."""
    return dg.AssetSpec(
        landing_key(contract),
        group_name="landing",
        kinds={"file"},
        owners=OWNERS,
        description=f"Files of {contract.feed} that wait to be loaded, named like "
        f"{contract.landing.pattern}. {contract.description}",
        metadata={"folder": f"{contract.landing_folder}/, below data/landing or SLUSS_LANDING"},
    )


def raw_asset(contract: Contract) -> dg.AssetsDefinition:
    """Returns the asset of a feed's raw table: loads files, and says what became of them."""
    expected = contract.landing.expected_within_hours

    @dg.asset(
        key=raw_key(contract),
        deps=[landing_key(contract)],
        group_name="raw",
        kinds={"postgres", contract.reader},
        owners=OWNERS,
        description=f"{contract.description} {contract.grain} Every column as text, a partition a "
        "load; append-only.",
        metadata={
            "dagster/table_name": contract.target,
            "dagster/column_schema": _columns(contract),
        },
        partitions_def=business_days() if is_of_a_day(contract) else None,
        backfill_policy=dg.BackfillPolicy.single_run() if is_of_a_day(contract) else None,
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=expected))
        if expected
        else None,
        op_tags={"feed": contract.feed},
    )
    def raw(context: dg.AssetExecutionContext, config: FileConfig) -> Iterator[Any]:
        results = list(_offered(context, contract, config))
        for result in results:
            if result.problem:
                context.log.warning(result.problem)
        loaded = [one for one in results if one.load and one.status == "loaded"]
        days = days_of(context.run.tags)
        if len(loaded) == len(results) == 1 and not (days and days[0] < days[1]):
            yield dg.MaterializeResult(metadata=load_metadata(loaded[0]))
            return
        if not _lost(results):
            # Of every day of the run, also of one without a file; then each load's of its own day.
            yield dg.MaterializeResult(
                metadata={
                    "files of all days": len(loaded),
                    "lines of all days": sum(
                        one.load.line_count or 0 for one in loaded if one.load
                    ),
                    "skipped": sum(one.status == "skipped" for one in results),
                }
            )
        for one in loaded:
            yield _loaded(contract, one)
        _raise_if_lost(results)

    return raw


def _offered(
    context: dg.AssetExecutionContext, contract: Contract, config: FileConfig
) -> Iterator[LandedResult]:
    """Offers the file of the run, or the files of its days, to the loader; yields what it says."""
    day = date.fromisoformat(config.business_date) if config.business_date else None
    if config.file:
        file = landed_file(contract, config.file)
        result = load_landed(
            file,
            config.again,
            day or _day_of_run(context, file),
            config.sha256,
            on_message=context.log.info,
        )
        if result.load:
            tags.add(context, **{tags.LOAD: str(result.load.load_id)})
        if result.load and result.load.already_loaded:
            context.log.info(
                f"The content of {file.title} was loaded before, as load {result.load.load_id}: "
                "nothing is loaded twice."
            )
        yield result
        return
    days = days_of(context.run.tags) if is_of_a_day(contract) else None
    if days is None:
        yield from _newest(context, contract)
        return
    count = 0
    for result in _of_days(context, contract, *days, config.again):
        count += 1
        yield result
    if not count:
        context.log.info(
            f"No file of {contract.feed} for {days[0]} to {days[1]}, neither in the archive nor in "
            f"{place_of(contract).incoming}. What is loaded of these days stays as it is."
        )


def _day_of_run(context: dg.AssetExecutionContext, file: LandedFile) -> date | None:
    """Returns the run's business date for a file whose name has none, else None.

    Such a file is of the day on which the sensor saw it, also where the run begins after midnight.
    """
    days = days_of(context.run.tags) if is_of_a_day(file.contract) else None
    try:
        return days[0] if days and date_in_name(file.title) is None else None
    except UnusableInputError:
        return None


def _of_days(
    context: dg.AssetExecutionContext, contract: Contract, first: date, last: date, again: bool
) -> Iterator[LandedResult]:
    for number in range((last - first).days + 1):
        for filed in archived(contract, first + timedelta(days=number)):
            yield load_archived(filed, again, on_message=context.log.info)
    for file in _whole(contract):
        if first <= business_date_of(file) <= last:
            yield load_landed(file, again, on_message=context.log.info)


def _newest(context: dg.AssetExecutionContext, contract: Contract) -> Iterator[LandedResult]:
    """Loads what waits in the landing folder; of a feed that can be asked for, what is newest."""
    for file in _whole(contract):
        yield load_landed(file, on_message=context.log.info)
    if READERS[contract.reader].has_own_file:
        with fetched_rates() as path:
            result = load_file(contract, path, on_message=context.log.info)
        yield LandedResult(result.status, result, result.reason)


def _whole(contract: Contract) -> list[LandedFile]:
    """Returns the files of the landing folder that are whole, by two looks where one cannot tell.

    For a run that a person starts; the sensor has looked before.
    """
    found, state = waiting(contract, None, datetime.now(UTC))
    if any(one.status == "unfinished" for one in found):
        time.sleep(contract.landing.settle_seconds)
        found, _ = waiting(contract, state, datetime.now(UTC))
    return [one.file for one in found if one.status == "whole"]


def load_metadata(result: LandedResult) -> dict[str, Any]:
    """Returns what a load was and cost: lines, bytes, seconds, lines a second."""
    load = result.load
    assert load is not None
    metadata: dict[str, Any] = {
        "load": load.load_id,
        "file": load.file_name,
        "business date": load.business_date.isoformat(),
        "business date from": load.business_date_source,
        "lines": load.line_count,
        "malformed": load.malformed_count,
        "blank": load.blank_count,
        "size (bytes)": load.byte_count,
        "sha256": load.sha256,
        "archived as": result.filed_as,
        "loaded before": load.already_loaded,
    }
    if not load.already_loaded:
        metadata["seconds"] = round(load.seconds, 2)
        if load.line_count:
            metadata["lines a second"] = round(load.line_count / max(load.seconds, 0.001))
    if load.extra_columns:
        metadata["columns beyond the contract"] = ", ".join(load.extra_columns)
    return {name: value for name, value in metadata.items() if value is not None}


def _loaded(contract: Contract, result: LandedResult) -> dg.AssetMaterialization:
    metadata = load_metadata(result)
    return dg.AssetMaterialization(
        raw_key(contract),
        partition=metadata["business date"] if is_of_a_day(contract) else None,
        metadata=metadata,
    )


def _lost(results: list[LandedResult]) -> list[LandedResult]:
    return [result for result in results if result.status in ("refused", "failed", "gone")]


def _raise_if_lost(results: list[LandedResult]) -> None:
    """Makes the run red, with the reason, if a file could not be loaded."""
    lost = _lost(results)
    if lost:
        raise dg.Failure(
            "\n".join(f"{result.status.capitalize()}: {result.reason}" for result in lost),
            metadata={
                f"filed as ({number})": result.filed_as
                for number, result in enumerate(lost, 1)
                if result.filed_as
            },
            allow_retries=False,
        )


def _columns(contract: Contract) -> dg.TableSchema:
    return dg.TableSchema(
        [
            dg.TableColumn("_load_id", "integer", "Number of the load in ops.loads."),
            dg.TableColumn("_line_no", "integer", "Physical line of the file; its first is 1."),
            *(dg.TableColumn(one.name, "text", one.description) for one in contract.columns),
            dg.TableColumn("_extra", "jsonb", "Columns that the contract does not name."),
        ]
    )
