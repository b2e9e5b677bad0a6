"""What starts runs, and what tells people of those that went wrong."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import dagster as dg
from pydantic import TypeAdapter, ValidationError

from loaders.contract import Contract
from loaders.errors import UnusableInputError, UserError
from loaders.landing import (
    LandedFile,
    State,
    WaitingFile,
    business_date_of,
    content_hash,
    refuse,
    waiting,
)
from orchestration import tags
from orchestration.assets.raw import contracts, is_of_a_day, landing_key, raw_key
from orchestration.jobs import AssetJob
from orchestration.links import run_url
from orchestration.notifications import Notice, NotifierResource
from orchestration.partitions import business_days

# How often the landing folders are looked at.
LOOK_SECONDS = 5

# A file whose load did not come through is offered again: after one minute, two, four, at most:
_LONGEST_PAUSE = timedelta(hours=1)


@dataclass
class Cursor:
    """What one look leaves to the next. Lost, it costs a look and a hash."""

    # By feed: what loaders.landing.waiting() remembers.
    seen: dict[str, State] = field(default_factory=dict)
    # By feed and file: the state of the file, and the hash of its content in that state.
    hashes: dict[str, tuple[str, str]] = field(default_factory=dict)
    # By feed: what was shown of its folder last.
    shown: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str | None) -> "Cursor":
        try:
            return TypeAdapter(cls).validate_json(text or "{}")
        except ValidationError:
            return cls()

    def text(self) -> str:
        return json.dumps(asdict(self))


def landing_sensor(
    jobs: Sequence[AssetJob], downstream: Sequence[dg.AssetKey]
) -> dg.SensorDefinition:
    """Returns the sensor of the landing folders: a run a file, in the order of the contracts.

    A run loads its file, and builds and reports all that is ``downstream``.
    """

    @dg.sensor(
        name="landing",
        jobs=jobs,
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Looks for files that are whole, and starts a run for each: registers and "
        "rates before transactions. A file that is still being written waits.",
    )
    def landing(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        cursor = Cursor.read(context.cursor)
        before, cursor.hashes = cursor.hashes, {}
        requests: list[dg.RunRequest] = []
        events: list[dg.AssetObservation] = []
        remarks: list[str] = []
        for contract in contracts():
            try:
                found, cursor.seen[contract.feed] = waiting(
                    contract, cursor.seen.get(contract.feed), datetime.now(UTC)
                )
            except UserError as error:
                remarks.append(str(error))
                continue
            for one in found:
                if one.status != "whole":
                    remarks.append(f"{one.file.title}: {one.why}")
                    continue
                outcome = _request(context, one, cursor, before, downstream)
                if isinstance(outcome, dg.RunRequest):
                    requests.append(outcome)
                else:
                    remarks.append(outcome)
            shown = _shown(found)
            if cursor.shown.get(contract.feed, "[]") != shown:
                cursor.shown[contract.feed] = shown
                events.append(_observation(contract, found))
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else "\n".join(remarks) or "No file waits.",
            cursor=cursor.text(),
            asset_events=events,
        )

    return landing


def _request(
    context: dg.SensorEvaluationContext,
    one: WaitingFile,
    cursor: Cursor,
    hashes: dict[str, tuple[str, str]],
    downstream: Sequence[dg.AssetKey],
) -> dg.RunRequest | str:
    """Returns the run that loads a whole file, or in words why there is none now."""
    file, contract = one.file, one.file.contract
    state = cursor.seen[contract.feed][file.key]["seen"]
    known = hashes.get(f"{contract.feed}/{file.key}")
    try:
        sha256 = known[1] if known and known[0] == state else content_hash(file)
    except UserError as error:
        return str(error)
    cursor.hashes[f"{contract.feed}/{file.key}"] = (state, sha256)
    attempt = _attempt(context, file, sha256)
    if isinstance(attempt, str):
        return attempt
    partition = None
    if is_of_a_day(contract):
        try:
            partition = _partition(file)
        except UnusableInputError as error:
            return _refused(file, str(error))
        except UserError as error:
            return str(error)
    return dg.RunRequest(
        # The content's hash: the same delivery under two names is one run at a time.
        run_key=f"{contract.feed}:{sha256}" + (f":{attempt}" if attempt > 1 else ""),
        job_name="bank_day" if partition else "exchange_rates",
        partition_key=partition,
        asset_selection=[raw_key(contract), *downstream],
        run_config={
            "ops": {
                raw_key(contract).to_python_identifier(): {
                    "config": {"file": file.key, "sha256": sha256}
                }
            }
        },
        tags={
            tags.FEED: contract.feed,
            tags.FILE: file.key,
            tags.CONTENT: sha256,
            # In the queue a register overtakes the transactions that are judged by it.
            "dagster/priority": str(-contract.landing.load_order),
        },
    )


def _attempt(context: dg.SensorEvaluationContext, file: LandedFile, sha256: str) -> int | str:
    """Returns the number of the attempt to make now, or in words why none is made."""
    records = context.instance.get_run_records(
        dg.RunsFilter(tags={tags.FEED: file.contract.feed, tags.CONTENT: sha256}),
        order_by="create_timestamp",
        ascending=False,
    )
    if not records:
        return 1
    newest = records[0]
    run = newest.dagster_run
    if not run.is_finished:
        return f"{file.title} is being loaded by run {run.run_id[:8]}."
    is_same_file = run.tags.get(tags.FILE) == file.key
    if is_same_file and newest.end_time:
        pause = min(timedelta(minutes=2 ** (len(records) - 1)), _LONGEST_PAUSE)
        at = datetime.fromtimestamp(newest.end_time, UTC) + pause
        if datetime.now(UTC) < at:
            return f"{file.title} was not loaded; it is offered again at {at:%H:%M} UTC."
    return len(records) + 1


def _partition(file: LandedFile) -> str:
    """Returns the business date of a file; raises UnusableInputError if no run can have it."""
    day = business_date_of(file).isoformat()
    days = business_days()
    if not days.has_partition_key(day):
        first, last = days.get_first_partition_key(), days.get_last_partition_key()
        raise UnusableInputError(
            f"Its business date is {day}; the days that are run go from {first} to {last}. An "
            "earlier first day is set by SLUSS_FIRST_BUSINESS_DATE."
        )
    return day


def _refused(file: LandedFile, reason: str) -> str:
    try:
        return f"{file.title} is refused: {reason} It is now {refuse(file, reason)}."
    except UserError as error:
        return f"{file.title} is refused: {reason} {error}"


def _shown(found: Sequence[WaitingFile]) -> str:
    """Returns what must differ for a folder to be shown anew; not how many seconds it stood."""
    return json.dumps([[one.file.key, one.status] for one in found])


def _observation(contract: Contract, found: Sequence[WaitingFile]) -> dg.AssetObservation:
    counts = {
        status: sum(one.status == status for one in found)
        for status in ("whole", "unfinished", "stray")
    }
    metadata: dict[str, Any] = dict(counts)
    metadata["waiting (bytes)"] = sum(one.size for one in found)
    if found:
        metadata["files"] = dg.MetadataValue.table(
            [
                dg.TableRecord(
                    {
                        "file": one.file.title,
                        "bytes": one.size,
                        "status": one.status,
                        "why": one.why or "",
                    }
                )
                for one in found
            ]
        )
    return dg.AssetObservation(
        landing_key(contract),
        description=", ".join(f"{count} {status}" for status, count in counts.items() if count)
        or "empty",
        metadata=metadata,
    )


def failed_runs_sensor() -> dg.SensorDefinition:
    """Returns the sensor that tells people of runs that failed."""

    @dg.run_failure_sensor(
        name="failed_runs",
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=15,
        description="Tells people of runs that failed. Of a load that is held, its build does.",
    )
    def failed_runs(context: dg.RunFailureSensorContext, notifier: NotifierResource) -> None:
        run = context.dagster_run
        if run.tags.get(tags.GATE) == "held":
            return
        notifier.send(
            context.log,
            Notice(
                event="run_failed",
                title=f"The run {run.run_id[:8]} of {run.job_name} failed",
                text=_why_failed(context),
                link=run_url(run.run_id),
                facts={
                    name: run.tags[tag]
                    for name, tag in (("feed", tags.FEED), ("load_id", tags.LOAD))
                    if tag in run.tags
                },
            ),
        )

    return failed_runs


def _why_failed(context: dg.RunFailureSensorContext) -> str:
    """Returns the words of the steps that failed; of an unforeseen error only its kind.

    Its own words might quote a row.
    """
    words = []
    for event in context.get_step_failure_events():
        data = event.step_failure_data
        if data.user_failure_data and data.user_failure_data.description:
            words.append(data.user_failure_data.description)
        else:
            kind = data.error.cause.cls_name if data.error and data.error.cause else None
            words.append(f"{event.step_key}: {kind or 'it ended in an error'}.")
    return "\n".join(words) or "Its process died; see the run's events."


def watch_sensor(job: AssetJob) -> dg.SensorDefinition:
    """Returns the sensor that tells people what the night watch found."""

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        name="watch_findings",
        monitored_jobs=[job],
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=15,
        description="Tells people which checks of the night watch are not as they should be.",
    )
    def watch_findings(context: dg.RunStatusSensorContext, notifier: NotifierResource) -> None:
        run_id = context.dagster_run.run_id
        records = context.instance.get_records_for_run(
            run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
        ).records
        found = [
            cast(dg.AssetCheckEvaluation, event.event_specific_data)
            for event in (record.event_log_entry.dagster_event for record in records)
            if event
        ]
        failed = [check for check in found if not check.passed]
        if failed:
            notifier.send(
                context.log,
                Notice(
                    event="check_failed",
                    title=f"The watch found {len(failed)} of {len(found)} checks not in order",
                    text="\n".join(
                        f"{check.asset_key.to_user_string()}, {check.check_name}: "
                        f"{check.description}"
                        for check in failed
                    ),
                    link=run_url(run_id),
                ),
            )

    return watch_findings
