"""What is watched besides dbt's tests: whether all is accounted for, came in time, and has room.

Each check reads the database and says its numbers; none decides anything about the data.
"""

import shutil
from collections.abc import Sequence
from datetime import UTC
from typing import Any

import dagster as dg
from psycopg2.extensions import connection as Connection

from loaders import database
from loaders.contract import Contract
from orchestration.database import connection, rows
from orchestration.translator import OWNERS
from sluss.settings import home

RECONCILIATION = dg.AssetKey(["marts", "rpt_load_reconciliation"])
RATES = dg.AssetKey(["staging", "raw_fx_rates"])
DATABASE = dg.AssetKey(["operations", "database"])

# Easter is five days without a rate; a sixth means that the file did not come.
OLDEST_RATE_DAYS = 5
# A night may be missed, and be made up for in the next.
MOST_HOURS_WITHOUT_PURGE = 48
# Time to buy a disk.
LEAST_DAYS_OF_ROOM = 30

_NOBODY_WRONG = dg.AssetCheckSeverity.WARN

# The watch goes on from the first night, before the first file.
_NOTHING_BUILT = dg.AssetCheckResult(passed=True, description="Nothing was built yet.")


def reconciliation_check() -> dg.AssetChecksDefinition:
    """Returns the check that every line of every load is accounted for."""

    @dg.asset_check(asset=RECONCILIATION, name="reconciliation")
    def reconciliation() -> dg.AssetCheckResult:
        """Lines = accepted + rejected + duplicates + malformed, for every load."""
        with connection("reconciliation") as opened:
            if not _is_built(opened):
                return _NOTHING_BUILT
            (found,) = rows(
                opened,
                """
                select
                    count(*) as loads, sum(line_count) as lines, sum(accepted_count) as accepted,
                    sum(corrected_count) as corrected, sum(rejected_count) as rejected,
                    sum(duplicate_count) as duplicates, sum(malformed_count) as malformed,
                    sum(abs(difference_count)) as difference,
                    count(*) filter (where difference_count <> 0) as loads_with_difference
                from marts.rpt_load_reconciliation
                """,
            )
        numbers = {name: int(value or 0) for name, value in found.items()}
        return dg.AssetCheckResult(
            passed=numbers["loads_with_difference"] == 0,
            description=f"{numbers['lines']:,} lines of {numbers['loads']:,} loads, "
            f"{numbers['difference']:,} not accounted for.",
            metadata=numbers,
        )

    return reconciliation


def held_loads_check() -> dg.AssetChecksDefinition:
    """Returns the check that no load is held; it lists those that are, with the reason."""

    @dg.asset_check(asset=RECONCILIATION, name="held_loads")
    def held_loads() -> dg.AssetCheckResult:
        """No load is held. A held one needs a hand; all others are published."""
        with connection("held loads") as opened:
            if not _is_built(opened):
                return _NOTHING_BUILT
            held = rows(
                opened,
                """
                select
                    _load_id as load_id, feed, file_name, business_date, line_count,
                    rejected_count, gate_reason as reason
                from marts.rpt_load_reconciliation
                where gate = 'held'
                order by _load_id
                """,
            )
        metadata: dict[str, Any] = {"held": len(held)}
        if held:
            metadata["loads"] = dg.MetadataValue.table([_record(load) for load in held])
        return dg.AssetCheckResult(
            passed=not held,
            description="\n".join(f"Load {load['load_id']}: {load['reason']}" for load in held)
            or "No load is held.",
            metadata=metadata,
        )

    return held_loads


def freshness_check(contract: Contract, asset: dg.AssetKey) -> dg.AssetChecksDefinition:
    """Returns the check that the newest load of a feed is as new as its contract promises."""
    expected = contract.landing.expected_within_hours

    @dg.asset_check(asset=asset, name="freshness")
    def freshness() -> dg.AssetCheckResult:
        with connection("freshness") as opened:
            (found,) = rows(
                opened,
                """
                select
                    max(business_date) as newest_business_date, max(finished_at) as loaded_at,
                    extract(epoch from now() - max(finished_at)) / 3600 as hours
                from ops.loads
                where feed = %(feed)s and status = 'loaded'
                """,
                feed=contract.feed,
            )
        if found["loaded_at"] is None:
            return dg.AssetCheckResult(
                passed=False,
                severity=_NOBODY_WRONG,
                description=f"Nothing of {contract.feed} was ever loaded.",
                metadata={"expected within (hours)": expected},
            )
        hours = round(float(found["hours"]), 1)
        return dg.AssetCheckResult(
            passed=expected is None or hours <= expected,
            severity=_NOBODY_WRONG,
            description=f"The newest load came {hours:,} hours ago, for business date "
            f"{found['newest_business_date']}; one is expected every {expected:,} hours.",
            metadata={
                "hours since the newest load": hours,
                "expected within (hours)": expected,
                "newest business date": str(found["newest_business_date"]),
                "loaded at": dg.MetadataValue.timestamp(found["loaded_at"].astimezone(UTC)),
            },
        )

    return freshness


def rate_age_check() -> dg.AssetChecksDefinition:
    """Returns the check that the newest exchange rate is not much older than the newest day."""

    @dg.asset_check(asset=RATES, name="age_of_the_rates")
    def age_of_the_rates() -> dg.AssetCheckResult:
        """Payments are converted at a rate of their day, or of the last banking day before."""
        with connection("age of the rates") as opened:
            (found,) = rows(
                opened,
                """
                select
                    max(business_date) filter (where feed = 'fx_rates') as newest_rate,
                    max(business_date) filter (where feed = 'bank_transactions') as newest_day
                from ops.loads
                where status = 'loaded'
                """,
            )
        rate, day = found["newest_rate"], found["newest_day"]
        if rate is None or day is None:
            return dg.AssetCheckResult(
                passed=rate is not None,
                severity=_NOBODY_WRONG,
                description="No rates are loaded: foreign payments have no amount in SEK."
                if rate is None
                else "No transactions are loaded that would need a rate.",
            )
        age = max((day - rate).days, 0)
        return dg.AssetCheckResult(
            passed=age <= OLDEST_RATE_DAYS,
            severity=_NOBODY_WRONG,
            description=f"The newest rates are of {rate}, {age} days before the newest business "
            f"date, {day}. More than {OLDEST_RATE_DAYS} days means that a file did not come.",
            metadata={
                "age (days)": age,
                "newest rate": str(rate),
                "newest business date": str(day),
            },
        )

    return age_of_the_rates


def disk_growth_check() -> dg.AssetChecksDefinition:
    """Returns the check that there is room for the days to come."""

    @dg.asset_check(asset=DATABASE, name="disk_growth")
    def disk_growth() -> dg.AssetCheckResult:
        """There is room for the next month, at the pace of the last one."""
        with connection("disk growth") as opened:
            (found,) = rows(
                opened,
                """
                select
                    pg_database_size(current_database()) as database_bytes,
                    coalesce(sum(byte_count), 0) as input_bytes,
                    coalesce(sum(line_count), 0) as lines,
                    coalesce(
                        sum(byte_count) filter (where finished_at > now() - interval '30 days'), 0
                    ) as input_bytes_of_30_days
                from ops.loads
                where status in ('loaded', 'withdrawn')
                """,
            )
        size, taken_in = int(found["database_bytes"]), int(found["input_bytes"])
        metadata: dict[str, Any] = {"database (bytes)": size, "input so far (bytes)": taken_in}
        if found["lines"]:
            metadata["bytes per line"] = round(size / int(found["lines"]), 1)
        daily = 0.0
        if taken_in:
            metadata["database bytes per input byte"] = round(size / taken_in, 2)
            daily = size / taken_in * int(found["input_bytes_of_30_days"]) / 30
            metadata["growth a day (bytes)"] = int(daily)
        free = _free_bytes()
        if free is None:
            return dg.AssetCheckResult(
                passed=True,
                description=f"The database has {size:,} bytes. How much room its server has "
                "cannot be seen from here.",
                metadata=metadata,
            )
        metadata["free (bytes)"] = free
        words = f"The database has {size:,} bytes; {free:,} are free"
        if not daily:
            return dg.AssetCheckResult(passed=True, description=f"{words}.", metadata=metadata)
        days = int(free / daily)
        metadata["days of room"] = days
        return dg.AssetCheckResult(
            passed=days >= LEAST_DAYS_OF_ROOM,
            severity=_NOBODY_WRONG,
            description=f"{words}: enough for {days:,} days at the pace of the last 30.",
            metadata=metadata,
        )

    return disk_growth


def retention_check(feeds: Sequence[str]) -> dg.AssetChecksDefinition:
    """Returns the check that the feeds with a retention are purged every night."""

    @dg.asset_check(asset=DATABASE, name="retention")
    def retention() -> dg.AssetCheckResult:
        """A purge of every feed with a retention came through lately, or had nothing to do."""
        with connection("retention") as opened:
            found = rows(
                opened,
                """
                select
                    feeds.feed,
                    done.purged_at,
                    greatest(done.purged_at, loads.first_at)
                        < now() - make_interval(hours => %(hours)s) as is_late
                from unnest(%(feeds)s) as feeds (feed)
                inner join (
                    select feed, min(started_at) as first_at from ops.loads group by feed
                ) as loads using (feed)
                left join (
                    select feed, max(purged_at) as purged_at from ops.purges group by feed
                ) as done using (feed)
                order by feeds.feed
                """,
                feeds=list(feeds),
                hours=MOST_HOURS_WITHOUT_PURGE,
            )
        late = [one["feed"] for one in found if one["is_late"]]
        times = {
            f"{one['feed']} purged at": dg.MetadataValue.timestamp(one["purged_at"].astimezone(UTC))
            for one in found
            if one["purged_at"]
        }
        return dg.AssetCheckResult(
            passed=not late,
            description=f"No purge of {', '.join(late)} came through within "
            f"{MOST_HOURS_WITHOUT_PURGE} hours: lines may be kept for longer than is allowed. "
            "Look at the last run of the job retention, or run `sluss purge`."
            if late
            else "Every feed with a retention was purged lately, or is too new to be.",
            metadata=times,
        )

    return retention


def database_asset() -> dg.AssetSpec:
    """Returns the database itself as an asset, to hang the watch over its size on."""
    return dg.AssetSpec(
        DATABASE,
        group_name="operations",
        kinds={"postgres"},
        owners=OWNERS,
        description="The Postgres server: what it takes of the disk, and for how long that lasts.",
    )


def checks(
    contracts: Sequence[tuple[Contract, dg.AssetKey]],
) -> list[dg.AssetChecksDefinition]:
    """Returns all checks of this module; one of freshness for each feed that promises a pace."""
    return [
        reconciliation_check(),
        held_loads_check(),
        rate_age_check(),
        disk_growth_check(),
        retention_check([contract.feed for contract, _ in contracts if contract.retention]),
        *(
            freshness_check(contract, asset)
            for contract, asset in contracts
            if contract.landing.expected_within_hours
        ),
    ]


def _is_built(opened: Connection) -> bool:
    (found,) = rows(opened, "select to_regclass('marts.rpt_load_reconciliation') as name")
    return found["name"] is not None


def _free_bytes() -> int | None:
    if not database.uses_embedded_server():
        return None
    return shutil.disk_usage(home().data_directory).free


def _record(load: dict[str, Any]) -> dg.TableRecord:
    plain = {
        name: value if isinstance(value, int | str) else str(value) for name, value in load.items()
    }
    return dg.TableRecord(plain)
