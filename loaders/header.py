"""Reads a file's header against its contract: where columns stand, or why it is refused."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from loaders.contract import Contract, feeds, load_contract
from loaders.encodings import UTF8_BOM
from loaders.errors import UnusableInputError
from loaders.records import RecordFormat

# Tried, to name the option that would read the file; never to read it so unasked.
OTHER_DELIMITERS = (",", ";", "\t", "|")


class RefusedFileError(UnusableInputError):
    """The file as a whole cannot be taken; the message is the ledger's reason."""


@dataclass(frozen=True)
class Layout:
    """Where a file's columns stand. ``known``, ``extra``: a field's index to a column's name."""

    line: bytes
    format: RecordFormat
    known: dict[int, str]
    extra: dict[int, str]


def read_header(line: bytes, contract: Contract, delimiter: str) -> Layout:
    """Returns the layout of a file whose header is ``line`` (without line end and byte order mark).

    Columns are found by name, in any order; columns that the contract does not name are extra.
    Raises RefusedFileError, which names what was found, what is expected and what would read the
    file.
    """
    names = _names(line, contract, delimiter)
    headers = contract.headers
    if not _looks_like_header(names, headers):
        raise RefusedFileError(_no_header(line, contract, delimiter, names))
    # Compared as they stand: `Amount` or ` amount` for `amount` is a misspelling to be mended, not
    # read.
    missing = [name for name in headers if name not in names]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if missing or twice:
        raise RefusedFileError(_misfit(names, contract, missing, twice))
    by_header = {column.header: column.name for column in contract.columns}
    known = {index: by_header[name] for index, name in enumerate(names) if name in by_header}
    extra = {
        index: name or f"column_{index + 1}"
        for index, name in enumerate(names)
        if name not in by_header
    }
    return Layout(line, record_format(contract, delimiter, len(names)), known, extra)


def record_format(contract: Contract, delimiter: str, fields: int) -> RecordFormat:
    """Returns the form of records of ``fields`` fields in the contract's dialect."""
    return RecordFormat(delimiter.encode(), contract.dialect.quote.encode(), fields)


def _names(line: bytes, contract: Contract, delimiter: str) -> list[str]:
    if b"\r" in line:
        raise RefusedFileError(
            "The lines end in a lone carriage return (old Macintosh), so the whole file is one "
            "line. Save it with Unix (LF) or Windows (CRLF) line ends."
        )
    if b"\0" in line:
        raise RefusedFileError(
            "The header holds NUL bytes: this is no text in UTF-8. If it is text in another "
            "encoding, name it, as in --encoding utf-16."
        )
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RefusedFileError(
            f"The header is not UTF-8: byte 0x{line[error.start]:02X} at position "
            f"{error.start + 1} of line 1. If the sending system writes Windows text, "
            "`--encoding cp1252` reads it; else name its encoding."
        ) from None
    fields = record_format(contract, delimiter, 1).split(line)
    form = record_format(contract, delimiter, len(fields))
    if not form.pattern.fullmatch(line):
        raise RefusedFileError(
            f"The header's quotes do not match: {form.diagnose(line).reason}. Expected is: "
            f"{delimiter.join(contract.headers)}"
        )
    return [form.value(field) or "" for field in fields]


def _alike(name: str, candidates: list[str]) -> str | None:
    """Returns the one of ``candidates`` that ``name`` seems to mean, or None."""
    plain = {candidate.strip().casefold(): candidate for candidate in candidates}
    close = difflib.get_close_matches(name.strip().casefold(), plain, n=1, cutoff=0.7)
    return plain[close[0]] if close else None


def _looks_like_header(names: list[str], headers: list[str]) -> bool:
    """True if at least half of ``headers`` are among ``names``, spelling aside.

    If not, the first line may be a record, and its fields must not be quoted in a message: the
    ledger holds no personal data.
    """
    found = [header for header in headers if header in names or _alike(header, names)]
    return 2 * len(found) >= len(headers)


def _misfit(names: list[str], contract: Contract, missing: list[str], twice: list[str]) -> str:
    unknown = [name for name in names if name not in contract.headers]
    parts = [f"The header does not fit the contract of {contract.feed}."]
    for name in missing:
        meant = _alike(name, unknown)
        parts.append(f"Missing: {name}" + (f" (found {meant!r}: misspelt?)." if meant else "."))
    if twice:
        parts.append(f"More than once: {', '.join(twice)}.")
    parts.append(f"Expected: {', '.join(contract.headers)}.")
    parts.append(f"Found: {', '.join(name or '(no name)' for name in names)}.")
    parts.append("Mend the header line, or ask the sender for the agreed format.")
    return " ".join(parts)


def _no_header(line: bytes, contract: Contract, delimiter: str, names: list[str]) -> str:
    for other in OTHER_DELIMITERS:
        if other == delimiter:
            continue
        try:
            if _looks_like_header(_names(line, contract, other), contract.headers):
                option = "'\\t'" if other == "\t" else f"'{other}'"
                return (
                    f"The delimiter is {_named(other)}, expected is {_named(delimiter)}. "
                    f"`--delimiter {option}` would read it."
                )
        except RefusedFileError:
            continue
    for feed in feeds():
        other_contract = load_contract(feed)
        same = set(other_contract.headers) & set(names)
        if feed != contract.feed and 2 * len(same) > len(other_contract.headers):
            return (
                f"The header is that of the feed {feed}, not of {contract.feed}. "
                f"`sluss load {feed} …` would read it."
            )
    hint = " It has a byte order mark twice." if line.startswith(UTF8_BOM) else ""
    count = f"{len(names)} field" + ("s" if len(names) != 1 else "")
    return (
        f"The first line is no header of {contract.feed}: it has {count} and too few of the "
        f"expected names.{hint} Expected: {delimiter.join(contract.headers)}. Add the header line, "
        "or check that this is the right file."
    )


def _named(delimiter: str) -> str:
    names = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}
    return names.get(delimiter, repr(delimiter))
