"""Why a file is refused as a whole, and what a failure of the database means, in words."""

from __future__ import annotations

import psycopg2
from psycopg2 import errors

from loaders.contract import Contract
from loaders.copier import Outcome
from loaders.header import RefusedFileError

# One COPY of one file. At half a million lines a second, far more than any file that fits a disk.
LOAD_TIMEOUT_MS = 6 * 60 * 60 * 1000


def refuse_broken(contract: Contract, outcome: Outcome) -> None:
    """Raises RefusedFileError if too many lines are malformed, or not one is good."""
    counts, limits = outcome.counts, contract.limits
    if not counts.malformed:
        return
    share = counts.malformed / counts.records
    too_many = counts.malformed > limits.max_malformed_lines and share > limits.max_malformed_share
    if counts.good and not too_many:
        return
    found = f"{counts.malformed:,} of {counts.records:,} lines are malformed"
    if counts.good:
        found += (
            f" ({share:.1%}); at most {limits.max_malformed_share:.0%} or "
            f"{limits.max_malformed_lines} lines are taken"
        )
    else:
        found += ", not one is good"
    if outcome.first_undecodable:
        byte, line_no = outcome.first_undecodable
        found += (
            f". The first byte that is not UTF-8 is 0x{byte:02X} on line {line_no}: if the sending "
            "system writes Windows text, `--encoding cp1252` reads the file; else name its encoding"
        )
    raise RefusedFileError(
        f"{found}. Each is in ops.malformed_lines with its number and reason; mend them or ask the "
        "sender for the file again."
    )


def failure_in_words(error: psycopg2.Error) -> str:
    """Returns what a database error means for the load, in a sentence, with what to do next."""
    nothing = "Nothing of the file is visible; "
    if isinstance(error, errors.DiskFull):
        return (
            f"The database's disk is full. {nothing}free space on the server (`sluss status` shows "
            "the size), then load the file again."
        )
    if isinstance(error, errors.OutOfMemory):
        return f"The database ran out of memory. {nothing}load the file again when it is less busy."
    if isinstance(error, errors.QueryCanceled):
        hours = LOAD_TIMEOUT_MS // 3_600_000
        return f"The load was cancelled, or took over {hours} hours. {nothing}load the file again."
    if isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError) and (
        error.pgcode is None or error.pgcode.startswith(("57P", "08"))
    ):
        return (
            f"The connection to the database was lost. {nothing}see `sluss status`, then load the "
            "file again."
        )
    said = (error.diag.message_primary if error.diag else None) or type(error).__name__
    return f"The database refused: {said}. {nothing}report it with the load's id."
