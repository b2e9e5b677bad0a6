"""The jobs: a day, everything anew, a load taken out again, and what is watched."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster_dbt import DbtCliResource, DbtProject

from loaders import ledger
from orchestration.assets.report import MOST_REPORTS, write_reports
from orchestration.build import Build, build
from orchestration.notifications import NotifierResource
from orchestration.partitions import business_days
from orchestration.translator import Translator
from sluss import purge as purging

# What define_asset_job returns; dagster gives it no public name.
AssetJob = UnresolvedAssetJobDefinition


def bank_day_job(selection: dg.AssetSelection) -> AssetJob:
    """Returns the job of a day: load its files, build, report."""
    return dg.define_asset_job(
        "bank_day",
        selection,
        description="Loads the files of a business date, builds what is new, writes the report. "
        "The landing sensor starts it, a run a file. As a backfill over a range of dates it offers "
        "what the archive has of them to the loader again, and judges their lines again.",
        partitions_def=business_days(),
    )


def exchange_rates_job(selection: dg.AssetSelection) -> AssetJob:
    """Returns the job that loads exchange rates and restates what they change."""
    return dg.define_asset_job(
        "exchange_rates",
        selection,
        description="Loads the newest exchange rates and restates the days that they change.",
    )


def full_refresh_job(selection: dg.AssetSelection) -> AssetJob:
    """Returns the job that builds every table anew."""
    return dg.define_asset_job(
        "full_refresh",
        selection,
        config={"ops": {"models": {"config": {"full_refresh": True}}}},
        description="Builds every table anew from the raw lines of all loads, for after a change "
        "of a rule. Takes as long as all loads together; if no rule changed, the result is the "
        "same.",
    )


def watch_job(selection: dg.AssetSelection) -> AssetJob:
    """Returns the job that looks and builds nothing."""
    return dg.define_asset_job(
        "watch",
        selection,
        description="Looks whether every feed came in time, the rates are new, all lines are "
        "accounted for, no load is held and the disk has room.",
    )


def docs_job(selection: dg.AssetSelection) -> AssetJob:
    """Returns the job that refreshes the documentation."""
    return dg.define_asset_job("documentation", selection, description="Writes the dbt docs anew.")


class WithdrawConfig(dg.Config):
    """What to take out, and why: both are kept in the ledger."""

    load_id: int
    why: str


def withdraw_load_job(project: DbtProject) -> dg.JobDefinition:
    """Returns the job that takes a load out of the marts."""

    @dg.op(out=dg.Out(dg.Nothing), description="Marks the load as withdrawn in the ledger.")
    def withdraw(context: dg.OpExecutionContext, config: WithdrawConfig) -> None:
        row = ledger.withdraw(config.load_id, config.why)
        context.log.info(f"Load {row.load_id} of {row.feed} is withdrawn: {row.reason}")

    @dg.op(
        ins={"withdrawn": dg.In(dg.Nothing)},
        out=dg.Out(dg.Nothing),
        pool="build",
        description="Builds without it: its lines leave the marts, what repeated them comes in.",
    )
    def build_without(
        context: dg.OpExecutionContext, dbt: DbtCliResource, notifier: NotifierResource
    ) -> Iterator[Any]:
        yield from build(
            context,
            dbt,
            project,
            notifier,
            Build(),
            manifest=project.manifest_path,
            dagster_dbt_translator=Translator(),
        )
        yield dg.Output(None)

    @dg.op(
        ins={"built": dg.In(dg.Nothing)},
        out=dg.Out(dg.Nothing),
        description="Writes the pages of the days that the build changed.",
    )
    def report_without(context: dg.OpExecutionContext) -> Iterator[Any]:
        yield from write_reports(context, MOST_REPORTS)
        yield dg.Output(None)

    @dg.job(
        name="withdraw_load",
        description="Takes a load out of the marts; its raw lines and its row in the ledger stay. "
        "Give load_id and why in the launchpad.",
    )
    def withdraw_load() -> None:
        report_without(build_without(withdraw()))

    return withdraw_load


def retention_job() -> dg.JobDefinition:
    """Returns the job that purges what is older than the feeds' contracts allow."""

    @dg.op(
        pool="build",
        description="Removes old loads from every layer and builds what has no rows by load.",
    )
    def purge(context: dg.OpExecutionContext) -> None:
        rules = purging.rules()
        for one in purging.purge(rules, context.log.info, context.log.debug):
            context.log.info(
                f"Purge {one.purge_id} of {one.feed} ({one.rule}): {len(one.loads)} loads up to "
                f"{one.through_date}."
            )

    @dg.job(
        name="retention",
        description="Purges, for good, the loads that are older than their feed's contract allows "
        "(`retention`). `sluss purge --dry-run` says what it would remove.",
    )
    def retention() -> None:
        purge()

    return retention
