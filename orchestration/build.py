"""A build as Dagster runs it: dbt's events become Dagster's, and a held load says why.

The same lock, the same order and the same words as ``sluss build`` (see :mod:`sluss.build`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TextIO, cast

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject

from orchestration.columns import Columns
from orchestration.dbt_events import told
from orchestration.links import run_url
from orchestration.notifications import Notice, NotifierResource
from sluss.build import HELD_TEST, left_out, outcomes_since, prepared
from sluss.dbt import home_directory, without_data
from sluss.outcomes import LoadOutcome


@dataclass(frozen=True)
class Build:
    """What to build: everything that is not built yet, and, on demand, more."""

    full_refresh: bool = False
    # The loads of these business dates, the last included, are judged again from their raw lines.
    judge_again: tuple[date, date] | None = None

    def arguments(self, excluded: Sequence[str] = ()) -> list[str]:
        """What dbt is called with; ``excluded`` is a selection of nodes."""
        # As sluss.dbt.build() does: a debug log takes time, and quotes every statement.
        arguments = ["build", "--log-level-file", "info"]
        for selection in excluded:
            arguments += ["--exclude", selection]
        if self.full_refresh:
            arguments.append("--full-refresh")
        if self.judge_again:
            first, last = self.judge_again
            days = {"judge_again_from": first.isoformat(), "judge_again_to": last.isoformat()}
            arguments += ["--vars", json.dumps(days)]
        return arguments


def build(
    context: dg.AssetExecutionContext | dg.OpExecutionContext,
    dbt: DbtCliResource,
    dbt_project: DbtProject,
    notifier: NotifierResource,
    what: Build,
    **manifest: Any,
) -> Iterator[Any]:
    """Runs dbt, yields Dagster's events for its models and tests, and says what changed.

    Raises Failure if a model or a test failed, with dbt's words but none of the bank's data. A held
    load is no failure of the build: its check is red and says why, people are told, and all other
    loads are published.
    """
    target = home_directory() / "dagster"
    results = target / "run_results.json"
    with prepared(context.log.info) as before:
        # A build that dies before it has results must not show those of the last one.
        results.unlink(missing_ok=True)
        with redirect_stdout(cast(TextIO, _WithoutData(sys.stdout))):
            invocation = dbt.cli(
                what.arguments(left_out(what.full_refresh)),
                context=context,
                target_path=target,
                # What failed is read from the results below; dagster-dbt would quote dbt's output.
                raise_on_error=False,
                **manifest,
            )
            columns = Columns(
                invocation.manifest, dbt_project, invocation.dagster_dbt_translator, target
            )
            yield from told(invocation.stream(), invocation.manifest, columns)
        loads = outcomes_since(before)
    changed = [load for load in loads if load.change != "unchanged"]
    for load in changed:
        context.log.info(_sentence(load))
        if load.change == "held":
            notifier.send(context.log, held_notice(load, context.run.run_id))
    _raise_failures(results, any(load.gate == "held" for load in loads))


def held_notice(load: LoadOutcome, run_id: str) -> Notice:
    """Returns what to tell people about a load that a gate holds."""
    return Notice(
        event="load_held",
        title=f"Load {load.load_id} of {load.feed} is held",
        text=f"{load.file_name}, business date {load.business_date}: {load.reason}",
        link=run_url(run_id),
        facts={"load_id": load.load_id, "feed": load.feed, "line_count": load.line_count},
    )


def _sentence(load: LoadOutcome) -> str:
    words = f"Load {load.load_id} ({load.feed}, {load.business_date}): {load.change}"
    return f"{words}. {load.reason}" if load.reason else f"{words}."


def _raise_failures(results: Path, is_held: bool) -> None:
    """Raises Failure if dbt's results are missing, or tell of more than the held load."""
    if not results.exists():
        raise dg.Failure(
            f"dbt could not begin. Its log says why: {results.with_name('dbt.log')}",
            allow_retries=False,
        )
    failures = {
        result["unique_id"].split(".")[2]: without_data(result["message"] or result["status"])
        for result in json.loads(results.read_text())["results"]
        if result["status"] in ("error", "fail", "runtime error", "partial success")
    }
    if is_held:
        failures.pop(HELD_TEST, None)
    if failures:
        raise dg.Failure(
            f"{len(failures)} of dbt's steps failed: {', '.join(failures)}. What depends on them "
            "was not built.",
            metadata={name: dg.MetadataValue.text(why) for name, why in failures.items()},
            allow_retries=False,
        )


class _WithoutData:
    """Standard output for dbt's words: a database error may quote a row, and Dagster keeps it."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> int:
        said = without_data(text)
        if said:
            self._out.write(f"{said}\n")
        return len(text)

    def flush(self) -> None:
        self._out.flush()
