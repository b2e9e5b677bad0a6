"""Lines that are no records: set aside with number and bytes, at the cost of no other line."""

from __future__ import annotations

import pytest

from loaders.blocks import BLOCK_BYTES
from tests.loader.conftest import HEADER, Load, line, lines, text

GOOD = line(5)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param(GOOD.encode() + b",more", "13 fields, expected 12", id="a field too many"),
        pytest.param(GOOD.rpartition(",")[0].encode(), "11 fields", id="a field too few"),
        pytest.param(line(5, '"open').encode(), "field 12 opens a quote", id="unclosed quote"),
        pytest.param(line(5, 'a"b').encode(), "field 12 has a quote in the middle", id="stray"),
        pytest.param(line(5, '"a"b').encode(), "field 12 has text after", id="text after quote"),
        pytest.param(line(5, '"a" ').encode(), "text after its closing", id="blank after quote"),
        pytest.param(line(5, ' "a"').encode(), "in the middle", id="blank before quote"),
        pytest.param(line(5, "a\0b").encode(), "a NUL byte at position", id="NUL"),
        pytest.param(GOOD.encode("cp1252"), "not UTF-8: byte 0xF6", id="not UTF-8"),
        pytest.param(
            line(5, "x").encode() + b"\xed\xa0\x80", "not UTF-8: byte 0xED", id="surrogate"
        ),
        pytest.param(line(5, "a\rb").encode(), "carriage return outside quotes", id="stray CR"),
        pytest.param(HEADER.encode(), "the header again", id="header again"),
        pytest.param(b"\xef\xbb\xbf" + HEADER.encode(), "the header again", id="header and mark"),
        pytest.param(b"x" * 100_000, "bytes, at most 65,536", id="too long"),
        pytest.param(b"\x00\xff\xfe", "not UTF-8", id="rubbish"),
        pytest.param(b"\\.", "1 field", id="end of data for COPY"),
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_a_malformed_line_costs_only_itself(
    load: Load, bad: bytes, reason: str, end: bytes
) -> None:
    before, after = lines(20), lines(20, 100)
    content = [HEADER, *before, bad, *after]
    raw = end.join(one if isinstance(one, bytes) else one.encode() for one in content) + end
    done = load(raw)
    assert (done.result.loaded_count, done.result.malformed_count) == (40, 1)
    assert [row["_line_no"] for row in done.rows] == [*range(2, 22), *range(23, 43)]
    said, kept = done.malformed[22]
    assert reason in said
    assert kept == (bad if len(bad) < 5000 else bad[:1000])


def test_a_malformed_line_is_found_at_every_edge_of_a_block(load: Load) -> None:
    good = text(*lines(2000))
    for number in (1, BLOCK_BYTES // len(lines(1)[0]), 1999):
        content = good.split(b"\n")
        content[number] = b"broken"
        done = load(b"\n".join(content))
        assert list(done.malformed) == [number + 1]
        assert done.result.loaded_count == 1999
        assert [row["_line_no"] for row in done.rows] == [
            n for n in range(2, 2002) if n != number + 1
        ]


def test_a_line_break_inside_quotes_is_one_record(load: Load) -> None:
    done = load(text(line(1, '"one\ntwo\n\nfour"'), line(2, '"a, ""b""\nc"'), line(3)))
    assert done.notes == [(2, "one\ntwo\n\nfour"), (6, 'a, "b"\nc'), (8, "Rent")]
    assert not done.malformed
    assert done.result.line_count == 3


def test_a_line_break_inside_quotes_keeps_its_kind(load: Load) -> None:
    done = load(text(line(1, '"one\r\ntwo\rthree"'), line(2), end="\r\n"))
    assert done.notes == [(2, "one\r\ntwo\rthree"), (4, "Rent")]


def test_a_record_may_cross_the_edge_of_a_block(load: Load) -> None:
    note = '"' + "ab\n" * 60 + '"'
    many = [line(number, note) for number in range(1, 1000)]
    done = load(text(*many))
    assert not done.malformed
    assert [row["_line_no"] for row in done.rows] == [2 + 61 * n for n in range(999)]
    assert {row["notes"] for row in done.rows} == {"ab\n" * 60}


def test_an_unclosed_quote_does_not_swallow_the_lines_after_it(load: Load) -> None:
    done = load(text(line(1), line(2, '"open'), line(3), line(4, '"closed"'), line(5)))
    assert [number for number, _ in done.notes] == [2, 4, 5, 6]
    assert list(done.malformed) == [3]


def test_good_lines_between_two_stray_quotes_are_not_joined(load: Load) -> None:
    # Read to the letter of RFC 4180 these are one record, and two lines of money are a note's text.
    done = load(text(line(1, '"open'), line(2), line(3), 'closed"', line(4)))
    assert [number for number, _ in done.notes] == [3, 4, 6]
    assert list(done.malformed) == [2, 5]


def test_an_unclosed_quote_at_the_end_of_the_file_costs_one_line(load: Load) -> None:
    done = load(text(line(1), line(2, '"open')).removesuffix(b"\n"))
    assert [number for number, _ in done.notes] == [2]
    assert list(done.malformed) == [3]


def test_an_open_quote_is_followed_for_a_hundred_lines_at_most(load: Load) -> None:
    inside = load(text(line(1, '"' + "x\n" * 99 + '"'), line(2)))
    assert [number for number, _ in inside.notes] == [2, 102]
    beyond = load(text(line(1, '"' + "\n" * 100 + '"'), *lines(500, 10)))
    assert (beyond.result.loaded_count, beyond.result.malformed_count) == (500, 2)
    assert beyond.result.blank_count == 99


def test_line_breaks_in_quotes_can_be_forbidden_by_the_contract(load: Load) -> None:
    from loaders.contract import load_contract

    strict = load_contract("bank_transactions").model_copy(update={"line_breaks_in_quotes": False})
    done = load(text(line(1, '"one\ntwo"'), line(2, '"a\rb"'), *lines(5, 10)), contract=strict)
    assert {number: reason for number, (reason, _) in done.malformed.items()} == {
        2: "field 12 opens a quote that is never closed",
        3: "field 1 has a quote in the middle of unquoted text",
        4: "a carriage return inside quotes",
    }
    assert done.result.loaded_count == 5


def test_the_end_of_data_mark_inside_quotes_is_set_aside(load: Load) -> None:
    # PostgreSQL up to 17 would take it for the end of the file, and lose what follows.
    done = load(text(line(1, '"one\n\\.\ntwo"'), *lines(5, 10)))
    assert list(done.malformed) == [2, 3, 4]
    assert done.result.loaded_count == 5


def test_lines_of_empty_fields_are_records(load: Load) -> None:
    done = load(text("," * 11))
    assert set(done.rows[0].values()) == {done.result.load_id, 2, None}
