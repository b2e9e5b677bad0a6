"""The scanner against an oracle that shares no code with it, and against arbitrary bytes."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from loaders.blocks import BLOCK_BYTES, LineBlocks, LongLine
from loaders.contract import Contract
from loaders.copier import Outcome, _after_header, _copy_text
from loaders.scan import Counts, ScanLimits, Scanner

COLUMNS = 4
HEADER = "a,b,c,d"
CONTRACT = Contract.model_validate(
    {
        "feed": "test",
        "description": "x",
        "grain": "x",
        "target": "staging.raw_test",
        "columns": [{"header": name, "name": name, "description": "x"} for name in "abcd"],
        "line_breaks_in_quotes": True,
        "landing": {"folder": "x"},
    }
)


@dataclass
class Read:
    """What the scanner made of a file."""

    records: list[tuple[int, list[str]]]
    malformed: dict[int, bytes]
    counts: Counts
    physical: int
    pieces: list[bytes] = field(default_factory=list)


class Pieces:
    """A stream that gives its content in pieces of a size that is not the reader's choice."""

    def __init__(self, content: bytes, size: int) -> None:
        self._stream = io.BytesIO(content)
        self._size = size

    def read(self, size: int, /) -> bytes:
        return self._stream.read(min(size, self._size))


def read(content: bytes, piece: int = BLOCK_BYTES, max_line_bytes: int = BLOCK_BYTES) -> Read:
    """Returns what the scanner makes of ``content``, header included, read in pieces."""
    outcome = Outcome()
    blocks = LineBlocks(Pieces(content, piece), max_line_bytes)
    layout, events = _after_header(blocks, CONTRACT, ",", outcome)
    malformed: dict[int, bytes] = {}

    def set_aside(line_no: int, reason: str, raw: bytes) -> None:
        assert line_no not in malformed
        assert reason
        malformed[line_no] = raw

    limits = ScanLimits(True, max_line_bytes, 100)
    scanner = Scanner(layout, limits, set_aside, outcome.counts, outcome.counts.physical + 1)
    pieces = list(_copy_text(events, scanner))
    rows = csv.reader(io.StringIO(b"".join(pieces).decode(), newline=""), strict=True)
    records = [(int(row[0]), row[1:]) for row in rows]
    return Read(records, malformed, outcome.counts, blocks.lines, pieces)


# Values with all that is special in a csv file; ordinary letters often enough to find their way.
VALUES = st.text(st.sampled_from('ab å,";\n\r\\.\t') | st.characters(codec="utf-8"), max_size=12)
RECORDS = st.lists(st.lists(VALUES, min_size=COLUMNS, max_size=COLUMNS), max_size=12)


@settings(max_examples=300, deadline=None)
@given(RECORDS, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.integers(1, 60))
@example([["a", "b\nc", "", "d"]], "\r\n", True, 1)
@example([["", "", "", '"']], "\n", False, 7)
def test_well_formed_files_read_as_the_csv_module_reads_them(
    records: list[list[str]], end: str, quote_all: bool, piece: int
) -> None:
    assume(all("\0" not in value for record in records for value in record))
    # The csv module leaves a lone CR unquoted where lines end in LF: then it is no part of a value.
    assume(quote_all or end == "\r\n" or not any("\r" in v for record in records for v in record))
    # Our rule for doubt: a line inside quotes that looks like a record ends the record before it.
    # Such values, and COPY's end-of-data mark, are the subject of tests of their own.
    for record in records:
        for value in record:
            inside = value.split("\n")[1:]
            assume(all(part.count(",") < COLUMNS - 1 for part in inside))
            assume(all(part.removesuffix("\r") != "\\." for part in inside))
    written = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    writer = csv.writer(written, lineterminator=end, quoting=quoting)
    numbers, at = [], 2
    for record in records:
        writer.writerow(record)
        numbers.append(at)
        at = 2 + written.getvalue().count("\n")
    content = f"{HEADER}{end}{written.getvalue()}"
    # A quote closed on a later line may make that line look like a record of its own.
    for line in content.split("\n")[1:]:
        assume('"' not in line or line.count('"') % 2 == 0 or line.count(",") < COLUMNS - 1)
    assume(HEADER not in written.getvalue())

    done = read(content.encode(), piece)

    assert done.malformed == {}
    assert done.records == list(zip(numbers, records, strict=True))
    assert done.counts.physical == done.physical == content.count("\n")


SPECIAL = [b",", b",,,", b"\n", b"\r\n", b"\r", b'"', b'""', b"\0", b"\xff", b"a", b"b,c,d,e\n"]
RUBBISH = st.lists(st.sampled_from(SPECIAL) | st.binary(max_size=6), max_size=60).map(b"".join)


@settings(max_examples=500, deadline=None)
@given(RUBBISH, st.integers(1, 40))
def test_every_physical_line_is_accounted_for(content: bytes, piece: int) -> None:
    raw = HEADER.encode() + b"\n" + content
    physical = raw.split(b"\n")
    if physical[-1] == b"":
        physical.pop()

    done = read(raw, piece)

    assert done.counts.physical == done.physical == len(physical)
    assert done.counts.good == len(done.records)
    assert done.counts.malformed == len(done.malformed)
    for number, line in done.malformed.items():
        assert line == physical[number - 1].removesuffix(b"\r")
    numbers = [number for number, _ in done.records]
    assert numbers == sorted(set(numbers))
    assert not set(numbers) & set(done.malformed)
    for _, values in done.records:
        assert len(values) == COLUMNS


@settings(max_examples=200, deadline=None)
@given(RUBBISH, st.integers(1, 40))
def test_the_size_of_the_pieces_changes_nothing(content: bytes, piece: int) -> None:
    raw = HEADER.encode() + b"\n" + content
    whole, cut = read(raw), read(raw, piece)
    assert (cut.records, cut.malformed, cut.counts) == (
        whole.records,
        whole.malformed,
        whole.counts,
    )


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from([5, 100, 65_535, 65_536, 65_537, 70_000, 200_000]), max_size=6),
    st.sampled_from([1000, 4096, 65_536]),
    st.booleans(),
)
def test_lines_are_too_long_by_their_length_and_not_by_their_place(
    sizes: list[int], piece: int, ended: bool
) -> None:
    lines = [b"x" * (size - 3) + b",,," for size in sizes]
    raw = HEADER.encode() + b"\n" + b"\n".join(lines) + (b"\n" if ended and lines else b"")
    done = read(raw, piece)
    assert sorted(done.malformed) == [n for n, size in enumerate(sizes, 2) if size > BLOCK_BYTES]
    assert [number for number, _ in done.records] == [
        n for n, size in enumerate(sizes, 2) if size <= BLOCK_BYTES
    ]
    assert all(raw == b"x" * 1000 for raw in done.malformed.values())


def test_a_long_line_is_never_held_whole() -> None:
    class Endless:
        """A gigabyte without a line end, made as it is read."""

        left = 1_000_000_000

        def read(self, size: int, /) -> bytes:
            size = min(size, self.left)
            self.left -= size
            return b"x" * size

    events = list(LineBlocks(Endless(), BLOCK_BYTES))
    assert events == [LongLine(b"x" * 1000, 1_000_000_000)]
