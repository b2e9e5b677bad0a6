"""What happens by the clock: rates, polls, retention, the night watch, the documentation."""

import dagster as dg

from orchestration.jobs import AssetJob


def exchange_rates_schedule(job: AssetJob) -> dg.ScheduleDefinition:
    """Returns the schedule that loads new rates on every banking day."""
    # The European Central Bank publishes at about 16:00.
    return _schedule(
        "exchange_rates_of_the_day",
        job,
        "30 16 * * 1-5",
        "Loads the rates of the day (SLUSS_FX_URL, or those that come with Sluss).",
    )


def retention_schedule(job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """Returns the schedule that purges what is old enough, every night."""
    # After most files of the night, before the watch.
    return _schedule(
        "nightly_retention",
        job,
        "30 4 * * *",
        "Purges the loads that are older than their feed's contract allows.",
    )


def docs_schedule(job: AssetJob) -> dg.ScheduleDefinition:
    """Returns the schedule that refreshes the documentation."""
    return _schedule("documentation", job, "30 5 * * *", "Writes the dbt docs site anew.")


def night_watch_schedule(job: AssetJob) -> dg.ScheduleDefinition:
    """Returns the schedule that asks in the morning what did not come in the night."""
    return _schedule(
        "night_watch",
        job,
        "0 6 * * *",
        "Looks, also after a night without a file, whether every feed came, the rates are new, no "
        "load is held and the disk has room; tells people what is not as it should be.",
    )


def poll_schedule(job: dg.JobDefinition, is_on: bool) -> dg.ScheduleDefinition:
    """Returns the schedule that polls a service every night; off until somebody switches it on."""
    # The service gives five days ahead: a night that is missed is made up for by the next.
    return _schedule(
        f"{job.name}_daily",
        job,
        "0 4 * * *",
        "Polls every night; switched on by itself where the service's address is set.",
        is_on,
    )


def _schedule(
    name: str,
    job: AssetJob | dg.JobDefinition,
    cron: str,
    description: str,
    is_on: bool = True,
) -> dg.ScheduleDefinition:
    """By the clock of the bank, and from the first start on if ``is_on``."""
    status = dg.DefaultScheduleStatus
    return dg.ScheduleDefinition(
        name=name,
        job=job,
        cron_schedule=cron,
        execution_timezone="Europe/Stockholm",
        default_status=status.RUNNING if is_on else status.STOPPED,
        description=description,
    )
