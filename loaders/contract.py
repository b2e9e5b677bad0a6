"""Contracts: what a feed's files look like, as data. One YAML file a feed in ``contracts/``.

The loader is driven by the contract alone: a new feed is a contract and a migration for its raw
table.
"""

from __future__ import annotations

import codecs
import difflib
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from loaders.errors import UnusableInputError
from loaders.retention import Period
from loaders.sources import READERS

CONTRACTS_DIR = Path(__file__).parent / "contracts"

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]


class ContractError(UnusableInputError):
    """A contract is missing or does not make sense."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Part):
    """One column: its name in the file's header, and in the raw table."""

    header: str = Field(min_length=1)
    name: Name
    description: str = Field(min_length=1)
    personal: bool = False


class Dialect(_Part):
    """How fields are told apart. A quote inside a quoted field is doubled, as RFC 4180 says."""

    delimiter: str = ","
    quote: str = '"'

    @field_validator("delimiter")
    @classmethod
    def _delimiter_fits_copy(cls, value: str) -> str:
        return checked_delimiter(value)

    @field_validator("quote")
    @classmethod
    def _quote_fits_copy(cls, value: str) -> str:
        if len(value) != 1 or not value.isascii() or value.isalnum() or value.isspace():
            raise ValueError("the quote must be one character, such as \" or '")
        return value


class Limits(_Part):
    """When a file is too broken: more malformed lines than the share and than the number."""

    max_malformed_share: float = Field(default=0.01, ge=0, le=1)
    max_malformed_lines: int = Field(default=10, ge=0)
    # At least a block of the scanner (see loaders.blocks), which relies on it.
    max_line_bytes: int = Field(default=1_048_576, ge=65_536, le=16_777_216)
    # An open quote is followed no further than this; see loaders.scan.
    max_record_lines: int = Field(default=100, ge=2, le=10_000)


class Landing(_Part):
    """Where the feed's files arrive, when they are whole, and where they go (loaders.landing).

    Folders are below the landing root: ``SLUSS_LANDING``, or data/landing of the repository.
    """

    # Default: named after the feed. Refused files go to ``refused`` in it.
    folder: str | None = None
    # Compared without regard to upper and lower case. Another name is reported, never loaded.
    pattern: str = "*"
    # Default: ``archive`` in the folder.
    archive_folder: str | None = None
    archive_compression: Literal["none", "gzip"] = "gzip"
    # A file is whole when its size and time stood still this long, or ``<name>.done`` is beside it.
    settle_seconds: float = Field(default=10, ge=0, le=86_400)
    # True: nothing but ``<name>.done`` makes a file whole; for senders that pause while they write.
    needs_marker: bool = False
    # When files of several feeds wait, the lower order goes first: 1 for what other feeds are
    # judged by (registers, rates), or their first build holds them for want of it.
    load_order: int = Field(default=2, ge=1)
    # Somebody should ask where the next file is once the newest load is older than this.
    expected_within_hours: int | None = Field(default=None, ge=1)

    @field_validator("folder", "archive_folder")
    @classmethod
    def _folder_is_below_the_root(cls, value: str | None) -> str | None:
        parts = value.split("/") if value is not None else ["x"]
        if any(part in ("", ".", "..") or ":" in part or "\\" in part for part in parts):
            raise ValueError(
                "the folder must be a path below the landing root such as bank/customers, "
                f"found {value!r}"
            )
        return value


class Contract(_Part):
    """What a feed's files look like, and what the loader does with them."""

    feed: Name
    description: str = Field(min_length=1)
    grain: str = Field(min_length=1)
    target: str
    # One of loaders.sources.READERS.
    reader: str = "csv"
    columns: tuple[Column, ...] = Field(min_length=1)
    # keep: columns that the contract does not name are kept in _extra and reported; expected: not
    # reported.
    extra_columns: Literal["keep", "expected"] = "keep"
    dialect: Dialect = Dialect()
    encoding: str = "utf-8"
    line_breaks_in_quotes: bool = False
    limits: Limits = Limits()
    # Tried in this order, after --business-date: a date in the file's name, a date that the reader
    # finds in the content, today's date in Stockholm.
    business_date: tuple[Literal["file_name", "content", "today"], ...] = ("file_name", "today")
    landing: Landing = Landing()
    # Loads of business dates older than this are purged every night: 2y, 24m, 90d. None: kept.
    retention: str | None = None

    @field_validator("retention")
    @classmethod
    def _retention_is_a_period(cls, value: str | None) -> str | None:
        return value if value is None else str(Period(value))

    @field_validator("reader")
    @classmethod
    def _reader_is_known(cls, value: str) -> str:
        if value not in READERS:
            raise ValueError(f"unknown reader {value!r}; known are {', '.join(READERS)}")
        return value

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, value: str) -> str:
        return checked_encoding(value)

    @model_validator(mode="after")
    def _parts_agree(self) -> Contract:
        if self.target != f"staging.raw_{self.feed}":
            raise ValueError(f"target must be staging.raw_{self.feed}, found {self.target}")
        for what, names in (
            ("header", [column.header for column in self.columns]),
            ("name", [column.name for column in self.columns]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"columns: the same {what} twice: {', '.join(twice)}")
        if self.line_breaks_in_quotes and len(self.columns) == 1:
            # Any text looks like a record of one field, so an open quote could never be followed.
            raise ValueError("line_breaks_in_quotes needs at least two columns")
        if self.dialect.delimiter == self.dialect.quote:
            raise ValueError("dialect: delimiter and quote are the same character")
        if not READERS[self.reader].takes_gzip and self.landing.archive_compression != "none":
            # What is archived must be loadable again.
            raise ValueError(
                f"landing.archive_compression must be none for the reader {self.reader}"
            )
        if self.archive_folder in (self.landing_folder, self.refused_folder):
            raise ValueError("landing.archive_folder must be a folder of its own")
        return self

    @property
    def landing_folder(self) -> str:
        """Where the feed's files arrive, below the landing root."""
        return self.landing.folder or self.feed

    @property
    def archive_folder(self) -> str:
        """Where loaded files go, in a folder a business date, below the landing root."""
        return self.landing.archive_folder or f"{self.landing_folder}/archive"

    @property
    def refused_folder(self) -> str:
        """Where files go that cannot be loaded, each with its reason, below the landing root."""
        return f"{self.landing_folder}/refused"

    @property
    def table(self) -> str:
        """The raw table's name without its schema."""
        return self.target.partition(".")[2]

    @property
    def headers(self) -> list[str]:
        """The column names that a file's header must have, in the contract's order."""
        return [column.header for column in self.columns]


def checked_delimiter(value: str) -> str:
    """Returns the delimiter that ``value`` means (``\\t``, ``tab``: a tab); raises ValueError."""
    value = {"\\t": "\t", "tab": "\t"}.get(value, value)
    unfit = len(value) != 1 or not value.isascii() or value.isalnum() or value in '\r\n\0"\\. '
    if unfit or (not value.isprintable() and value != "\t"):
        raise ValueError(
            f"the delimiter must be one character such as , ; | or \\t, found {value!r}"
        )
    return value


def checked_encoding(value: str) -> str:
    """Returns Python's name of the text encoding that ``value`` means; raises ValueError."""
    try:
        codecs.lookup(value)
        # Some codecs are no text encodings (base64, rot13); encode() refuses those.
        "".encode(value)
    except (LookupError, ValueError):
        raise ValueError(
            f"unknown encoding {value!r}; known are, among others, utf-8, cp1252 (Windows), "
            "iso-8859-1 and utf-16"
        ) from None
    name = codecs.lookup(value).name
    return "utf-8" if name == "utf-8-sig" else name


def feeds(folder: Path = CONTRACTS_DIR) -> list[str]:
    """Returns the names of all feeds that have a contract, sorted."""
    return sorted(path.stem for path in folder.glob("*.yml"))


def load_contract(feed: str, folder: Path = CONTRACTS_DIR) -> Contract:
    """Returns the contract of ``feed``; raises ContractError, which says what is wrong."""
    known = feeds(folder)
    if feed not in known:
        close = difflib.get_close_matches(feed, known, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise ContractError(f"There is no feed {feed!r}.{hint} Known feeds: {', '.join(known)}.")
    return parse_contract(folder / f"{feed}.yml")


def parse_contract(path: Path) -> Contract:
    """Returns the contract in the file ``path``, named after its feed; raises ContractError."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        contract = Contract.model_validate(content)
    except yaml.YAMLError as error:
        raise ContractError(f"The contract {path.name} is not YAML: {error}") from error
    except ValidationError as error:
        problems = "\n".join(
            f"  {'.'.join(map(str, one['loc'])) or 'contract'}: {one['msg']}"
            for one in error.errors()
        )
        raise ContractError(f"The contract {path.name} does not make sense:\n{problems}") from error
    if contract.feed != path.stem:
        raise ContractError(
            f"The contract {path.name} says feed: {contract.feed}; they must agree."
        )
    return contract
