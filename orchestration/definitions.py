"""What Dagster loads: assets, checks, jobs, schedules and sensors, put together.

Everything follows from the contracts and from the dbt project: a new feed appears here by itself.
"""

from __future__ import annotations

import dagster as dg

from orchestration import checks, jobs, polling, schedules, sensors
from orchestration.assets import docs, models, raw, report
from orchestration.notifications import NotifierResource
from orchestration.project import dbt_project, dbt_resource
from sluss.idle import DETECTION, DOMAINS


def definitions() -> dg.Definitions:
    """Returns the definitions; on a fresh clone dbt parses its project first (some seconds)."""
    project = dbt_project()
    dbt_models = models.models_asset(project)
    marts = sorted(key for key in dbt_models.keys if key.path[0] == "marts")
    # A step waits in vain for tables that a build leaves out; the day's report needs none of them.
    idle = {f"marts_{domain}" for domain in (*DOMAINS, *DETECTION)}
    groups = dbt_models.group_names_by_key
    day_report = report.report_asset([key for key in marts if groups[key] not in idle])
    dbt_docs = docs.docs_asset(marts)
    contracts = raw.contracts()
    raw_tables = {one.feed: raw.raw_asset(one) for one in contracts}
    looked_at = checks.checks([(one, raw.raw_key(one)) for one in contracts])

    built = [dbt_models, day_report]
    of_days = [raw_tables[one.feed] for one in contracts if raw.is_of_a_day(one)]
    histories = [raw_tables[one.feed] for one in contracts if not raw.is_of_a_day(one)]
    bank_day = jobs.bank_day_job(dg.AssetSelection.assets(*of_days, *built))
    exchange_rates = jobs.exchange_rates_job(dg.AssetSelection.assets(*histories, *built))
    watch = jobs.watch_job(dg.AssetSelection.checks(*looked_at))
    documentation = jobs.docs_job(dg.AssetSelection.assets(dbt_docs))
    retention = jobs.retention_job()
    polls = polling.poll_jobs(project)
    return dg.Definitions(
        assets=[
            *(raw.landing_asset(one) for one in contracts),
            *raw_tables.values(),
            dbt_models,
            day_report,
            dbt_docs,
            checks.database_asset(),
            *models.source_assets(project, {table.key for table in raw_tables.values()}),
        ],
        asset_checks=looked_at,
        jobs=[
            bank_day,
            exchange_rates,
            jobs.full_refresh_job(dg.AssetSelection.assets(*built)),
            jobs.withdraw_load_job(project),
            watch,
            documentation,
            retention,
            *polls,
        ],
        schedules=[
            schedules.exchange_rates_schedule(exchange_rates),
            schedules.night_watch_schedule(watch),
            schedules.docs_schedule(documentation),
            schedules.retention_schedule(retention),
            *polling.poll_schedules(polls),
        ],
        sensors=[
            sensors.landing_sensor(
                [bank_day, exchange_rates], sorted([*dbt_models.keys, *day_report.keys])
            ),
            sensors.failed_runs_sensor(),
            sensors.watch_sensor(watch),
        ],
        resources={"dbt": dbt_resource(project), "notifier": NotifierResource()},
        # A process a step would start dbt's interpreter, and parse, for each: three times as long.
        executor=dg.in_process_executor,
    )


defs = definitions()
