"""Services that are asked for their lines: a job each, to poll, build, and say what is lost."""

import os
from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject

from loaders.polling.poll import APIS, poll
from orchestration.build import Build, build
from orchestration.notifications import NotifierResource
from orchestration.schedules import poll_schedule
from orchestration.translator import Translator


def poll_jobs(project: DbtProject) -> list[dg.JobDefinition]:
    """Returns the job of each service, in the order of their names."""
    return [_poll_job(name, project) for name in sorted(APIS)]


def poll_schedules(jobs: list[dg.JobDefinition]) -> list[dg.ScheduleDefinition]:
    """Returns the schedule of each job; it runs by itself where the service's address is set."""
    return [_poll_schedule(job) for job in jobs]


def _poll_job(name: str, project: DbtProject) -> dg.JobDefinition:
    @dg.op(
        name=f"ask_{name}",
        description="Asks the service for everything that is new, and loads each answer.",
    )
    def ask(context: dg.OpExecutionContext) -> list[str]:
        result = poll(name, on_message=context.log.info)
        missing = []
        for feed in result.feeds:
            context.log.info(f"{feed.feed}: {feed.model_dump_json()}")
            if feed.problem:
                missing.append(f"{feed.feed}: {feed.problem}")
            elif feed.gaps or feed.refused:
                missing.append(f"{feed.feed}: lines were lost or refused, see ops.http_gaps")
        return missing

    @dg.op(
        name=f"build_{name}",
        pool="build",
        description="Builds what was loaded, also where a part of it is missing.",
    )
    def build_polled(
        context: dg.OpExecutionContext,
        missing: list[str],
        dbt: DbtCliResource,
        notifier: NotifierResource,
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
        yield dg.Output(missing)

    @dg.op(
        name=f"missing_of_{name}",
        description="Makes the run red if the service did not give everything.",
    )
    def tell(missing: list[str]) -> None:
        if missing:
            raise dg.Failure("\n".join(missing), allow_retries=False)

    @dg.job(
        name=f"poll_{name}",
        description=f"Asks the service of {name} for what is new, loads it, builds, and is red if "
        "something was lost. The service's address is in the environment: see docs/polling.md.",
    )
    def poll_service() -> None:
        tell(build_polled(ask()))

    return poll_service


def _poll_schedule(job: dg.JobDefinition) -> dg.ScheduleDefinition:
    name = job.name.removeprefix("poll_")
    is_set = bool(os.environ.get(f"{APIS[name](1).environment}_URL"))
    return poll_schedule(job, is_set)
