"""By hand, and at the moment a test chooses, what Dagster's daemon does by the clock."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
from psycopg2 import sql

from loaders import database
from loaders.generators.bank import generate_bank
from tests.support import row, rows
from tests.unit.generated_day import Day, read_day

REGISTERS, TRANSACTIONS, RATES = "bank_customers", "bank_transactions", "fx_rates"
RAW_TRANSACTIONS = dg.AssetKey(["staging", "raw_bank_transactions"])
REPORT = dg.AssetKey(["reports", "bank_day"])
RECONCILIATION = dg.AssetKey(["marts", "rpt_load_reconciliation"])

# What the tests of one process share: it is read once, and dbt parses its project where need be.
Definitions = dg.Definitions


@dataclass
class Desk:
    """Landing folders, a Dagster instance, and the hands of a daemon."""

    definitions: Definitions
    instance: dg.DagsterInstance
    landing: Path
    cursor: str | None = None
    _run_keys: set[str] = field(default_factory=set)

    def drop(
        self, feed: str, name: str, content: bytes | Path, *, whole: bool | None = True
    ) -> Path:
        """Puts a file into the feed's folder, by default with the marker that it is whole."""
        folder = self.landing / feed
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_bytes(content.read_bytes() if isinstance(content, Path) else content)
        if whole:
            path.with_name(f"{name}.done").touch()
        return path

    def look(self) -> dg.SensorExecutionData:
        """One look of the landing sensor, with the cursor of the look before."""
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, definitions=self.definitions
        )
        seen = self.definitions.resolve_sensor_def("landing").evaluate_tick(context)
        self.cursor = seen.cursor
        return seen

    def requests(self) -> list[dg.RunRequest]:
        """The runs that a look starts, in the order of the queue; a run key starts one only."""
        found = []
        for request in self.look().run_requests or []:
            if request.run_key not in self._run_keys:
                self._run_keys.add(request.run_key or "")
                found.append(request)
        return sorted(found, key=lambda one: -int(one.tags["dagster/priority"]))

    def start(self, request: dg.RunRequest) -> Run:
        """Runs what the sensor asked for, to its end."""
        return self.run(
            request.job_name or "",
            asset_selection=request.asset_selection,
            partition_key=request.partition_key,
            run_config=request.run_config,
            tags=request.tags,
        )

    def run(self, job: str, **how: Any) -> Run:
        """Runs a job to its end, be that a failure."""
        found = self.definitions.resolve_job_def(job)
        done = found.execute_in_process(instance=self.instance, raise_on_error=False, **how)
        run = self.instance.get_run_by_id(done.run_id)
        assert run
        return Run(done, run)

    def tell_of_failure(self, run: Run) -> None:
        """Lets the sensor of failed runs see one."""
        (event,) = (one for one in run.events("PIPELINE_FAILURE"))
        context = dg.build_run_status_sensor_context(
            "failed_runs", event, self.instance, run.run
        ).for_run_failure()
        self._tell("failed_runs", context)

    def tell_of_watch(self, run: Run) -> None:
        """Lets the sensor of the night watch see what that found."""
        (event,) = (one for one in run.events("PIPELINE_SUCCESS"))
        context = dg.build_run_status_sensor_context(
            "watch_findings", event, self.instance, run.run
        )
        self._tell("watch_findings", context)

    def _tell(self, sensor: str, context: dg.RunStatusSensorContext) -> None:
        from orchestration.notifications import NotifierResource

        self.definitions.resolve_sensor_def(sensor)(context, notifier=NotifierResource())

    def left(self, feed: str = TRANSACTIONS) -> dict[str, list[str]]:
        """The names of the files in a feed's folder, by where they lie."""
        folder = self.landing / feed
        found: dict[str, list[str]] = {"incoming": [], "archive": [], "refused": []}
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                parts = path.relative_to(folder).parts
                found[parts[0] if len(parts) > 1 else "incoming"].append(path.name)
        return found

    def messages(self, run: Run) -> list[str]:
        """What the run said, as its page shows it."""
        return [entry.message for entry in self.instance.all_logs(run.run.run_id)]

    def kept_by_dagster(self) -> Iterator[tuple[Path, bytes]]:
        """Every file of the instance: events, metadata, tags, ticks, and what steps printed."""
        for path in sorted(Path(self.instance.root_directory).rglob("*")):
            if path.is_file():
                yield path, path.read_bytes()


@dataclass(frozen=True)
class Run:
    """A run that ended, and the events that it left in the instance."""

    result: dg.ExecuteInProcessResult
    run: dg.DagsterRun

    @property
    def success(self) -> bool:
        return self.result.success

    @property
    def tags(self) -> Mapping[str, str]:
        return self.run.tags

    def events(self, kind: str) -> list[dg.DagsterEvent]:
        return [one for one in self.result.all_events if one.event_type_value == kind]

    def failures(self) -> dict[str, str]:
        """What a person reads of each step that failed."""
        found = {}
        for event in self.events("STEP_FAILURE"):
            data = event.step_failure_data
            said = data.user_failure_data.description if data.user_failure_data else None
            found[event.step_key or ""] = said or str(data.error)
        return found

    def metadata(self, key: dg.AssetKey) -> list[dict[str, Any]]:
        """The metadata of each materialization of an asset."""
        return [
            plain(one.materialization.metadata)
            for one in self.events("ASSET_MATERIALIZATION")
            if one.asset_key == key
        ]

    def checks(self) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
        """The checks that were evaluated, by the table's name and the check's."""
        found: dict[tuple[str, str], Any] = {}
        for event in self.events("ASSET_CHECK_EVALUATION"):
            check: Any = event.event_specific_data
            found[check.asset_key.path[-1], check.check_name] = check
        return found


def plain(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata as Python's own values; of a table, its records."""
    found = {}
    for name, value in metadata.items():
        if isinstance(value, dg.TableMetadataValue):
            found[name] = [dict(record.data) for record in value.records]
        else:
            found[name] = value.value
    return found


def generated(folder: Path, day: date, rows: int = 300, seed: int = 7, accounts: int = 50) -> Day:
    """A day by the generator: its files in ``folder``, its key, and what is in it."""
    generate_bank(rows, seed, folder, day=day, accounts=accounts)
    return read_day(folder)


def persons_in(*days: Day) -> set[bytes]:
    """What days say about persons: names, addresses, phones, personnummer, accounts."""
    found = set()
    for day in days:
        found |= {value for customer in day.customers for value in customer}
        found |= set(
            re.findall(r"\b[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\b", day.transactions_bytes.decode())
        )
    return {value.encode() for value in found if len(value) > 9}


def clear_home(home: Path) -> None:
    """Removes what runs of another database left in the session's home; dbt's parse may stay."""
    shutil.rmtree(home / "site", ignore_errors=True)
    (home / "notifications.jsonl").unlink(missing_ok=True)


def change(statement: str | sql.Composable, values: Sequence[Any] = ()) -> int:
    """Changes the database as its superuser, past every rule; returns how many rows."""
    with (
        database.connected(database.connect("sluss tests")) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, values or None)
        return cursor.rowcount


def contents(schema: str) -> dict[str, tuple[int, str]]:
    """How many rows each table and view of a schema has, and a hash over all of them."""
    found = {}
    for table in rows(
        "select relname as name from pg_class where relnamespace = %s::regnamespace and"
        " relkind in ('r', 'p', 'v')",
        (schema,),
    ):
        statement = sql.SQL(
            "select count(*) as count, md5(coalesce(string_agg(line, ',' order by line), '')) as"
            " hash from (select md5(each::text) as line from {} as each) as hashed"
        ).format(sql.Identifier(schema, table["name"]))
        counted = row(statement)
        found[table["name"]] = (counted["count"], counted["hash"])
    return found
