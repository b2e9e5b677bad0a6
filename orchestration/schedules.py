"""What happens by the clock: new exchange rates, retention, the night watch, the documentation."""

import dagster as dg

from orchestration.jobs import AssetJob

_ZONE = "Europe/Stockholm"


def exchange_rates_schedule(job: AssetJob) -> dg.ScheduleDefinition:
    """Returns the schedule that loads new rates on every banking day."""
    return dg.ScheduleDefinition(
        name="exchange_rates_of_the_day",
        job=job,
        # The European Central Bank publishes at about 16:00.
        cron_schedule="30 16 * * 1-5",
        execution_timezone=_ZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Loads the rates of the day (SLUSS_FX_URL, or those that come with Sluss).",
    )


def night_watch_schedule(job: AssetJob) -> dg.ScheduleDefinition:
    """Returns the schedule that asks in the morning what did not come in the night."""
    return dg.ScheduleDefinition(
        name="night_watch",
        job=job,
        cron_schedule="0 6 * * *",
        execution_timezone=_ZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Looks, also after a night without a file, whether every feed came, the rates "
        "are new, no load is held and the disk has room; tells people what is not as it should be.",
    )


def docs_schedule(job: AssetJob) -> dg.ScheduleDefinition:
    """Returns the schedule that refreshes the documentation."""
    return dg.ScheduleDefinition(
        name="documentation",
        job=job,
        cron_schedule="30 5 * * *",
        execution_timezone=_ZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Writes the dbt docs site anew.",
    )


def retention_schedule(job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """Returns the schedule that purges what is old enough, every night."""
    return dg.ScheduleDefinition(
        name="nightly_retention",
        job=job,
        # After most files of the night, before the watch.
        cron_schedule="30 4 * * *",
        execution_timezone=_ZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Purges the loads that are older than their feed's contract allows.",
    )
