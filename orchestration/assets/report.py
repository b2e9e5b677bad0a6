"""The day report as an asset: a page for each load, and its numbers for Dagster to plot."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from loaders import ledger
from loaders.errors import UserError
from orchestration import tags
from orchestration.database import connection
from orchestration.links import page_url
from orchestration.translator import OWNERS
from sluss.day import Day, day
from sluss.outcomes import Standing, standings
from sluss.report import report_version, write_report
from sluss.settings import home

KEY = dg.AssetKey(["reports", "bank_day"])
FEED = "bank_transactions"


# New rates can restate two years of days: the newest get their pages now, the next builds and
# `sluss report` make the others.
MOST_REPORTS = 10


class ReportConfig(dg.Config):
    """How much one run writes."""

    most_reports: int = MOST_REPORTS


def report_asset(marts: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """Returns the asset of the day reports, downstream of the marts that they show."""

    @dg.asset(
        key=KEY,
        deps=marts,
        output_required=False,
        group_name="site",
        kinds={"jupyter", "html"},
        owners=OWNERS,
        description="One page a load of transactions, from raw lines to marts; written for each "
        "load that a build changed. `sluss site` serves them, `sluss report LOAD_ID` writes one.",
    )
    def bank_day(
        context: dg.AssetExecutionContext, config: ReportConfig
    ) -> Iterator[dg.AssetMaterialization]:
        yield from write_reports(context, config.most_reports)

    return bank_day


def write_reports(
    context: dg.AssetExecutionContext | dg.OpExecutionContext, most_reports: int
) -> Iterator[dg.AssetMaterialization]:
    """Writes the pages of the loads that changed, newest day first, and yields each's numbers.

    Raises Failure if a page could not be written, or if the load of this run is held: what was only
    logged by then, Dagster would forget.
    """
    folder = home().site / "reports"
    with connection("day reports") as opened:
        found = standings(opened)
    due = _due(found, folder)
    failures = []
    for load_id in due[:most_reports]:
        try:
            yield _reported(load_id, folder)
        except UserError as error:
            failures.append(f"Load {load_id}: {error}")
    if len(due) > most_reports:
        context.log.info(
            f"{len(due) - most_reports} older days have no current page yet: the next run's."
        )
    _remove_pages_of_what_is_gone(found, folder)
    if failures:
        raise dg.Failure("\n".join(failures), allow_retries=False)
    _raise_if_held(context, found)


def _due(found: dict[int, Standing], folder: Path) -> list[int]:
    """Returns the loads whose page is not of what stands in the marts, newest day first."""
    loads = [
        standing
        for standing in found.values()
        if standing.outcome.feed == FEED
        and report_version(_page(folder, standing.outcome.load_id)) != standing.version
    ]
    loads.sort(key=lambda one: (one.outcome.business_date, one.outcome.load_id), reverse=True)
    return [standing.outcome.load_id for standing in loads]


def _reported(load_id: int, folder: Path) -> dg.AssetMaterialization:
    page = _page(folder, load_id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = write_report(load_id, page)
    shown = day(load_id)
    metadata = day_metadata(shown)
    metadata["seconds for the report"] = written.seconds
    metadata["report"] = dg.MetadataValue.path(str(page))
    if url := page_url(f"reports/{page.name}"):
        metadata["page"] = dg.MetadataValue.url(url)
    return dg.AssetMaterialization(
        KEY,
        description=f"Load {load_id}: {shown.load.gate}."
        + (f" {shown.load.reason}" if shown.load.reason else ""),
        metadata=metadata,
    )


def day_metadata(shown: Day) -> dict[str, Any]:
    """Returns a day's numbers: lines by outcome, sums by currency, how fast it was loaded."""
    load = shown.load
    (row,) = [one for one in ledger.loads(load.feed) if one.load_id == load.load_id]
    metadata: dict[str, Any] = {
        "load": load.load_id,
        "file": load.file_name,
        "business date": load.business_date.isoformat(),
        "gate": load.gate,
        "lines": load.line_count,
        "accepted": load.accepted_count,
        "corrected": load.corrected_count,
        "rejected": load.rejected_count,
        "duplicates": load.duplicate_count,
        "malformed": load.malformed_count,
        "difference": load.difference_count,
    }
    if row.finished_at and load.line_count:
        seconds = max((row.finished_at - row.started_at).total_seconds(), 0.001)
        metadata["seconds to load"] = round(seconds, 2)
        metadata["lines loaded a second"] = round(load.line_count / seconds)
    in_sek = [one.accepted_amount_sek for one in shown.currencies if one.accepted_amount_sek]
    # Floats, for Dagster plots nothing else; the exact sums are in the table below and the marts.
    metadata["accepted, all in SEK"] = float(sum(in_sek))
    for one in shown.currencies:
        if one.accepted_amount is not None:
            metadata[f"accepted {one.currency}"] = float(one.accepted_amount)
    if shown.currencies:
        metadata["sums"] = dg.MetadataValue.table(
            [
                dg.TableRecord(
                    {
                        "currency": one.currency,
                        "lines": one.accepted_count,
                        "read": str(one.read_amount),
                        "accepted": str(one.accepted_amount),
                        "accepted in SEK": str(one.accepted_amount_sek or "no rate"),
                    }
                )
                for one in shown.currencies
            ]
        )
    if shown.rules:
        metadata["rules"] = dg.MetadataValue.table(
            [
                dg.TableRecord(
                    {"lines": rule.line_count, "outcome": rule.outcome, "rule": rule.title}
                )
                for rule in shown.rules
            ]
        )
    return {name: value for name, value in metadata.items() if value is not None}


def _remove_pages_of_what_is_gone(found: dict[int, Standing], folder: Path) -> None:
    """A withdrawn load is in no mart: a page that says otherwise must not be found."""
    standing = {_page(folder, load_id).name for load_id in found}
    for page in folder.glob("load_*.html"):
        if page.name not in standing:
            page.unlink(missing_ok=True)


def _raise_if_held(
    context: dg.AssetExecutionContext | dg.OpExecutionContext, found: dict[int, Standing]
) -> None:
    """Makes the run red that loaded a file which is held; its report is written by now."""
    loaded = tags.of(context).get(tags.LOAD)
    standing = found.get(int(loaded)) if loaded else None
    if standing is None:
        return
    load = standing.outcome
    tags.add(context, **{tags.GATE: str(load.gate)})
    if load.gate == "held":
        raise dg.Failure(
            f"Load {load.load_id} is held: {load.reason}. All other loads are published.",
            metadata={"load": load.load_id, "reason": dg.MetadataValue.text(load.reason or "")},
            allow_retries=False,
        )


def _page(folder: Path, load_id: int) -> Path:
    return folder / f"load_{load_id}.html"
