"""Runs dbt on the project of this repository, and says in words what became of its nodes.

dbt runs in this process: its events drive a progress bar and its results come back as objects,
where a subprocess would need a second interpreter and a log to be read. It prints nothing; what it
says goes to ``dbt/dbt.log`` under ``SLUSS_HOME``.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loaders.errors import UnusableInputError, UserError
from sluss.settings import environment, home

if TYPE_CHECKING:
    from dbt.contracts.results import RunResult

# dbt's project, its profile and the seeds are used where they lie: Sluss is installed editable.
REPOSITORY = Path(__file__).resolve().parents[1]
PROJECT = REPOSITORY / "dbt_project"

# Steps done, steps in all, and the step that began last.
Progress = Callable[[int, int, str], None]

_MOST_MESSAGE_LINES = 15


class DbtError(UserError):
    """dbt did not come as far as running anything; the message says why."""


class SelectionError(UnusableInputError):
    """The selection names nothing in the project, or cannot be read."""


@dataclass(frozen=True)
class NodeProblem:
    """A model, seed, snapshot or test that did not end well; ``message`` quotes no data."""

    name: str
    kind: str
    status: str  # error, fail or warn
    message: str
    # Where a test keeps the rows that made it fail.
    table: str | None = None


@dataclass(frozen=True)
class DbtRun:
    """What one ``dbt build`` did."""

    seconds: float
    built_count: int
    passed_count: int
    skipped_count: int
    failures: list[NodeProblem]
    warnings: list[NodeProblem]
    log: Path


def build(
    selection: Sequence[str] = (),
    full_refresh: bool = False,
    threads: int | None = None,
    on_progress: Progress | None = None,
    without: Sequence[str] = (),
    variables: Mapping[str, object] | None = None,
    excluded: Sequence[str] = (),
) -> DbtRun:
    """Runs ``dbt build`` on all but unit tests, or on ``selection``, and returns what it did.

    ``without`` are kinds of nodes to leave out: test, seed; ``excluded`` is a selection of them,
    with the tests that look at nothing else. ``variables`` go before those of the project. Failing
    models and tests are in the
    result. Raises SelectionError for a selection that matches nothing, DbtError where dbt could not
    begin (a mistake in the project, no database).
    """
    arguments = ["build", *_places()]
    if selection:
        # A selection replaces the project's default selector, which leaves unit tests out.
        arguments += ["--select", *selection]
    if excluded:
        arguments += ["--exclude", *excluded]
    if selection or without or excluded:
        kinds = dict.fromkeys(["unit_test", *without])
        arguments += ["--exclude-resource-type", *kinds]
    if full_refresh:
        arguments.append("--full-refresh")
    if threads is not None:
        arguments += ["--threads", str(threads)]
    if variables:
        arguments += ["--vars", json.dumps(variables)]
    install_packages()
    started = time.monotonic()
    results = _invoke(arguments, selection, on_progress).results
    if selection and not results:
        raise SelectionError(_nothing_selected(" ".join(selection)))
    return _run(results, time.monotonic() - started)


def run_operation(macro: str) -> None:
    """Runs a macro of the project that is no part of a build; raises DbtError if it fails."""
    install_packages()
    results = _invoke(["run-operation", macro, *_places()], (), None).results
    for result in results:
        if str(result.status) not in ("success", "RunStatus.Success"):
            said = without_data(str(result.message or ""))
            raise DbtError(f"dbt could not run {macro}. {said}\nSee {_log_directory() / 'dbt.log'}")


def install_packages() -> None:
    """Runs ``dbt deps`` if the project's packages are not there; two at once do it one by one."""
    if not PROJECT.is_dir():
        raise DbtError(
            f"There is no dbt project at {PROJECT}. Sluss runs from its repository: install it "
            "there with `make setup`."
        )
    # Held on a file of the repository: the packages belong to the checkout, not to a home.
    with open(PROJECT / "packages.yml") as packages:
        fcntl.flock(packages, fcntl.LOCK_EX)
        if _has_packages():
            return
        _invoke(["deps", *_places(target=False)], (), None)


def home_directory() -> Path:
    """Returns ``dbt`` under SLUSS_HOME: the log, and what dbt keeps between runs."""
    from sluss.settings import home

    place = home().path
    # As `sluss up` makes it: started by root, the server runs as another user, who passes through.
    place.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    directory = place / "dbt"
    # dbt's log quotes what Postgres says, and that may quote a row.
    directory.mkdir(mode=0o700, exist_ok=True)
    return directory


def without_data(message: str) -> str:
    """Returns dbt's ``message`` without anything that may quote a row of the bank's data.

    Of a database error, the first line stays, without quoted values, and where the SQL is: the
    rest (DETAIL, CONTEXT, LINE, in the server's language) may hold whole rows.
    """
    lines = [line.rstrip() for line in message.strip().splitlines() if line.strip()]
    if not lines:
        return ""
    if lines[0].startswith("Database Error"):
        where = [line for line in lines[2:] if line.strip().startswith("compiled code at ")]
        kept = [lines[0], *map(_without_values, lines[1:2]), *where]
    else:
        cut = (i for i, line in enumerate(lines) if re.match(r"\s*(DETAIL|CONTEXT):", line))
        kept = [_without_values(line) for line in lines[: next(cut, None)]]
    if len(kept) > _MOST_MESSAGE_LINES:
        kept = [*kept[:_MOST_MESSAGE_LINES], "  …"]
    return "\n".join(kept)


def _without_values(line: str) -> str:
    # `invalid input syntax for type numeric: "…"`, `value "…" is out of range`. Names of relations,
    # columns and constraints are quoted too, but follow other words.
    line = re.sub(r': ".*$', ': "…"', line)
    return re.sub(r'\bvalue ".*"', 'value "…"', line)


def _has_packages() -> bool:
    installed = PROJECT / "dbt_packages"
    # A local package is a link, which dangles once the repository has moved.
    entries = list(installed.iterdir()) if installed.is_dir() else []
    return bool(entries) and all(entry.exists() for entry in entries)


def _places(target: bool = True) -> list[str]:
    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(REPOSITORY)]
    if target and not os.environ.get("DBT_TARGET_PATH"):
        # Not the project's own target: two homes do not disturb each other, nor a plain `dbt`.
        places += ["--target-path", str(home_directory() / "target")]
    return places


def _log_directory() -> Path:
    set_by_hand = os.environ.get("DBT_LOG_PATH")
    return Path(set_by_hand) if set_by_hand else home_directory()


def _invoke(arguments: list[str], selection: Sequence[str], on_progress: Progress | None) -> Any:
    """Runs dbt; returns its result also where nodes failed. Raises where it has none."""
    from dbt.cli.main import dbtRunner

    speech = ["--log-level", "none", "--log-level-file", "info", "--no-use-colors-file"]
    speech += ["--no-print", "--log-path", str(_log_directory())]
    callbacks = [_progress_callback(on_progress)] if on_progress else []
    with environment(**_absolute_home()):
        outcome = dbtRunner(callbacks=callbacks).invoke([*speech, *arguments])
    if outcome.exception is None:
        return outcome.result
    # Interrupted, dbt tries to stop what runs, which its role may not do, and reports only that.
    cause: BaseException | None = outcome.exception
    while cause is not None:
        if isinstance(cause, KeyboardInterrupt | SystemExit):
            raise cause
        cause = cause.__context__
    said = without_data(str(outcome.exception))
    unmatched = re.search(r"selection criterion '(.*)' does not match any", said)
    if unmatched:
        raise SelectionError(_nothing_selected(unmatched[1]))
    if selection and type(outcome.exception).__name__ == "InvalidSelectorError":
        why = said.splitlines()[-1].strip()
        raise SelectionError(
            f"The selection {' '.join(selection)!r} cannot be read: {why}. Give names, or dbt's "
            "own syntax: fct_transactions, +dim_account, path:models/marts."
        )
    raise DbtError(
        f"dbt could not build. {said}\nThe whole of it: {_log_directory() / 'dbt.log'}"
    ) from outcome.exception


def _absolute_home() -> dict[str, str]:
    """Returns an absolute SLUSS_HOME for profiles.yml: a relative one is no socket to a client."""
    return {"SLUSS_HOME": str(home().path)} if os.environ.get("SLUSS_HOME") else {}


def _progress_callback(on_progress: Progress) -> Callable[[Any], None]:
    done = 0

    def on_event(event: Any) -> None:
        nonlocal done
        if event.info.name == "LogStartLine":
            on_progress(done, event.data.total, event.data.description)
        elif event.info.name == "NodeFinished":
            done += 1

    return on_event


def _nothing_selected(criterion: str) -> str:
    message = f"The selection {criterion!r} matches nothing in the dbt project."
    near = _near_names(criterion)
    if near:
        return f"{message} Did you mean {' or '.join(near)}?"
    return f"{message} `dbt ls --project-dir dbt_project` lists what there is."


def _near_names(criterion: str) -> list[str]:
    from difflib import get_close_matches

    manifest = Path(os.environ.get("DBT_TARGET_PATH") or home_directory() / "target")
    try:
        nodes = json.loads((manifest / "manifest.json").read_text())["nodes"].values()
    except (OSError, ValueError, KeyError):
        return []
    names = {node["name"] for node in nodes if node["resource_type"] != "test"}
    return get_close_matches(criterion.strip("+@"), sorted(names), n=2)


def _run(results: Sequence[RunResult], seconds: float) -> DbtRun:
    kinds = [(str(result.status), str(result.node.resource_type)) for result in results]
    return DbtRun(
        seconds=seconds,
        built_count=sum(status == "success" and kind != "operation" for status, kind in kinds),
        passed_count=sum(status == "pass" for status, _ in kinds),
        skipped_count=sum(status == "skipped" for status, _ in kinds),
        failures=[
            _problem(result)
            for result, (status, _) in zip(results, kinds, strict=True)
            if status in ("error", "fail", "runtime error", "partial success")
        ],
        warnings=[
            _problem(result)
            for result, (status, _) in zip(results, kinds, strict=True)
            if status == "warn"
        ],
        log=_log_directory() / "dbt.log",
    )


def _problem(result: RunResult) -> NodeProblem:
    node, status = result.node, str(result.status)
    kept = status in ("fail", "warn") and getattr(node.config, "store_failures", False)
    return NodeProblem(
        name=node.name,
        kind=str(node.resource_type),
        status="error" if status not in ("fail", "warn") else status,
        message=without_data(result.message or ""),
        table=f"{node.schema}.{getattr(node, 'alias', node.name)}" if kept else None,
    )
