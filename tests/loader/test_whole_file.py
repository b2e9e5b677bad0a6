"""The loader's table of bank_feed.md, "Whole file": one case, one test."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import pytest

from loaders.errors import UnusableInputError
from loaders.load import WithdrawnContentError, load_file
from tests.loader.conftest import DAY, HEADER, Load, line, lines, query, text


def assert_refused(load: Load, content: bytes, *said: str, **options: object) -> None:
    """Refused with a reason that says all of ``said``; nothing changed but the ledger."""
    before = query("select count(*) from staging.raw_bank_transactions")
    done = load(content, **options)
    assert done.result.status == "refused"
    assert done.result.reason
    for words in said:
        assert words in done.result.reason
    assert query("select count(*) from staging.raw_bank_transactions") == before
    assert query(
        "select status, reason from ops.loads where load_id = %s", (done.result.load_id,)
    ) == [("refused", done.result.reason)]
    partition = f"staging.raw_bank_transactions_{done.result.load_id}"
    assert query("select to_regclass(%s)", (partition,)) == [(None,)]


def test_a_good_file_loads_with_the_numbers_of_its_lines(load: Load) -> None:
    done = load(text(line(1), line(2, note="")))
    assert done.result.status == "loaded"
    assert (done.result.line_count, done.result.loaded_count) == (2, 2)
    assert [row["_line_no"] for row in done.rows] == [2, 3]
    assert done.rows[0]["sender_municipality"] == "Malmö"
    assert done.rows[1]["notes"] is None
    assert done.rows[0]["_extra"] is None


def test_values_stand_as_in_the_file(load: Load) -> None:
    done = load(text(line(3, note='""', amount=" 1.00 "), line(4, note='"say ""hi"", you"')))
    assert [(row["amount"], row["notes"]) for row in done.rows] == [
        (" 1.00 ", ""),
        ("4.00", 'say "hi", you'),
    ]


def test_same_content_loads_once(load: Load) -> None:
    first = load(text(line(10)))
    again = load(text(line(10)), name="copy.csv")
    zipped = load(gzip.compress(text(line(10))), name="day.csv.gz")
    for later in (again.result, zipped.result):
        assert later.already_loaded
        assert later.load_id == first.result.load_id
        assert later.line_count == 1


def test_same_name_other_content_is_a_new_load(load: Load) -> None:
    first, second = load(text(line(11))), load(text(line(12)))
    assert first.result.load_id != second.result.load_id
    assert second.result.status == "loaded"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        pytest.param(HEADER.replace("amount,", ""), ["Missing: amount."], id="missing"),
        pytest.param(
            HEADER.replace("amount", "amuont"),
            ["Missing: amount (found 'amuont': misspelt?)", f"Expected: {HEADER.split(',')[0]}"],
            id="misspelt",
        ),
        pytest.param(HEADER.replace("amount", "Amount"), ["found 'Amount'"], id="other case"),
        pytest.param(HEADER.replace("amount", " amount"), ["found ' amount'"], id="with a blank"),
        pytest.param(HEADER + ",amount", ["More than once: amount."], id="duplicated"),
        pytest.param(HEADER + ",x,x", ["More than once: x."], id="extra column duplicated"),
        pytest.param(HEADER + ',"x', ["quotes do not match"], id="unclosed quote"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(load: Load, header: str, said: list[str]) -> None:
    assert_refused(load, text(line(1), header=header), *said)


def test_a_file_without_header_is_refused_without_quoting_it(load: Load) -> None:
    done = load(text(header=line(1, note="Kristina Blomberg")))
    assert done.result.status == "refused"
    assert "no header of bank_transactions" in (done.result.reason or "")
    assert "Kristina" not in (done.result.reason or "")


def test_the_header_of_another_feed_names_that_feed(load: Load) -> None:
    header = "Customer,Address,Phone,Personnummer,BankAccount"
    assert_refused(load, text(header=header), "`sluss load bank_customers …` would read it")


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", b" \r\n\t\n"])
def test_an_empty_file_is_refused(load: Load, content: bytes) -> None:
    assert_refused(load, content, "The file is empty", HEADER)


@pytest.mark.parametrize(
    ("delimiter", "named", "option"),
    [(";", "a semicolon", "';'"), ("\t", "a tab", r"'\t'"), ("|", "a vertical bar", "'|'")],
)
def test_another_delimiter_is_refused_by_name_and_read_when_named(
    load: Load, delimiter: str, named: str, option: str
) -> None:
    content = text(line(20)).replace(b",", delimiter.encode())
    assert_refused(load, content, f"The delimiter is {named}", f"--delimiter {option}")
    done = load(content, delimiter=option.strip("'"))
    assert done.result.status == "loaded"
    assert done.rows[0]["amount"] == "20.00"


def test_columns_in_another_order_are_read_by_name(load: Load) -> None:
    names = HEADER.split(",")
    content = text(",".join(line(30).split(",")[::-1]), header=",".join(names[::-1]))
    done = load(content)
    assert done.rows[0]["amount"] == "30.00"
    assert done.rows[0]["transaction_type"] == "outgoing"


def test_extra_columns_are_kept_and_reported(load: Load) -> None:
    header = HEADER.replace("amount", "branch,amount") + ",channel,"
    first = line(40, amount="B1,40.00") + ',"a ""quoted"" é",'
    second = line(41, amount=",41.00") + ',"",x'
    done = load(text(first, second, header=header))
    assert [row["amount"] for row in done.rows] == ["40.00", "41.00"]
    assert [row["_extra"] for row in done.rows] == [
        {"branch": "B1", "channel": 'a "quoted" é', "column_15": None},
        {"branch": None, "channel": "", "column_15": "x"},
    ]
    assert done.result.extra_columns == ["branch", "channel", "column_15"]
    assert "branch, channel" in done.result.warnings[0]
    assert query(
        "select extra_columns from ops.loads where load_id = %s", (done.result.load_id,)
    ) == [(["branch", "channel", "column_15"],)]


@pytest.mark.parametrize("content", [text(), HEADER.encode(), text() + b"\n\n"])
def test_header_only_is_a_load_of_no_lines_with_a_warning(load: Load, content: bytes) -> None:
    done = load(content)
    assert done.result.status == "loaded"
    assert done.result.line_count == 0
    assert "0 lines" in done.result.warnings[0]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xef\xbb\xbf" + text(*lines(3, 50)), id="byte order mark"),
        pytest.param(text(*lines(3, 51), end="\r\n"), id="CRLF"),
        pytest.param(gzip.compress(text(*lines(3, 52))), id="gzip"),
        pytest.param(text(*lines(3, 53)).removesuffix(b"\n"), id="no line end at the end"),
        pytest.param(text(*lines(2, 54), line(3, note='"a, b"'), end="\r\n"), id="CRLF and quotes"),
        pytest.param(
            text(*lines(3, 55)).replace(
                HEADER.encode(), b'"%b"' % HEADER.replace(",", '","').encode()
            ),
            id="quoted header",
        ),
    ],
)
def test_harmless_differences_are_read(load: Load, content: bytes) -> None:
    done = load(content)
    assert (done.result.status, done.result.loaded_count) == ("loaded", 3)
    assert not done.malformed
    assert [row["_line_no"] for row in done.rows] == [2, 3, 4]
    assert done.rows[1]["notes"] == "Rent"
    assert done.rows[1]["receiver_municipality"] == "Örebro"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf16_is_refused_by_name_and_read_when_named(load: Load, encoding: str) -> None:
    content = text(*lines(3, 60)).decode().encode(encoding)
    if encoding == "utf-32":
        assert_refused(load, content, "UTF-32", "--encoding utf-32")
    else:
        assert_refused(load, content, "UTF-16", "`--encoding utf-16")
    done = load(content, encoding=encoding)
    assert done.rows[2]["sender_municipality"] == "Malmö"
    assert [row["_line_no"] for row in done.rows] == [2, 3, 4]


def test_cp1252_throughout_is_refused_and_read_when_named(load: Load) -> None:
    content = text(*lines(20, 70)).decode().encode("cp1252")
    assert_refused(load, content, "0xF6 on line 2", "--encoding cp1252")
    done = load(content, encoding="cp1252")
    assert done.rows[0]["sender_municipality"] == "Malmö"


def test_a_byte_that_the_named_encoding_lacks_costs_one_line(load: Load) -> None:
    content = text(*lines(3, 80)).decode().encode("cp1252").replace(b"82.00", b"8\x81")
    done = load(content, encoding="cp1252")
    assert done.result.loaded_count == 2
    reason, raw = done.malformed[4]
    assert "cp1252 does not have" in reason
    assert raw == content.split(b"\n")[3]


def test_an_unknown_encoding_or_delimiter_is_no_input(load: Load) -> None:
    with pytest.raises(UnusableInputError, match="nknown encoding 'martian'"):
        load(text(), encoding="martian")
    with pytest.raises(UnusableInputError, match="delimiter must be one character"):
        load(text(), delimiter=";;")


def test_blank_lines_are_counted_and_skipped(load: Load) -> None:
    done = load(text("", line(90), "", "  \t", line(91), ""))
    assert [row["_line_no"] for row in done.rows] == [3, 6]
    assert (done.result.blank_count, done.result.line_count) == (4, 2)


def test_more_than_one_percent_and_ten_lines_malformed_is_refused(load: Load) -> None:
    bad = ["broken"] * 11
    assert_refused(load, text(*lines(1000, 100), *bad), "11 of 1,011 lines are malformed (1.1%)")
    assert load(text(*lines(1100, 100), *bad)).result.status == "loaded"
    assert load(text(*lines(10, 100), *bad[:10])).result.status == "loaded"


def test_a_refused_file_keeps_the_reasons_of_its_lines(load: Load) -> None:
    done = load(text(line(1), *["broken"] * 11))
    assert done.result.status == "refused"
    assert done.malformed[3] == ("1 field, expected 12", b"broken")
    assert (len(done.malformed), done.result.malformed_count) == (11, 11)
    assert query("select line_count from ops.loads where load_id = %s", (done.result.load_id,)) == [
        (12,)
    ]


def test_of_a_refused_file_no_more_than_ten_thousand_lines_are_kept(load: Load) -> None:
    done = load(text(*["x"] * 10_500))
    assert "10,500 of 10,500 lines are malformed, not one is good" in (done.result.reason or "")
    assert "first 10,000" in (done.result.reason or "")
    assert len(done.malformed) == 10_000


def test_a_file_without_one_good_line_is_refused(load: Load) -> None:
    assert_refused(load, text("broken"), "1 of 1 lines are malformed, not one is good")


def test_old_macintosh_line_ends_are_refused(load: Load) -> None:
    assert_refused(load, text(*lines(3), end="\r"), "lone carriage return")


def test_a_first_line_without_end_is_refused(load: Load) -> None:
    assert_refused(load, b"x" * 1_000_000, "1,000,000 bytes, at most 65,536")


def test_a_damaged_gzip_file_is_refused(load: Load) -> None:
    content = gzip.compress(text(*lines(2000)))
    assert_refused(load, content[:-100], "damaged or incomplete gzip")


def test_an_archive_a_folder_and_nothing_are_no_input(load: Load, tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match="zip archive or an Excel workbook"):
        load(b"PK\x03\x04rest", name="day.xlsx")
    with pytest.raises(UnusableInputError, match="not a file"):
        load_file("bank_transactions", tmp_path)
    with pytest.raises(UnusableInputError, match="There is no file"):
        load_file("bank_transactions", tmp_path / "absent.csv")
    with pytest.raises(UnusableInputError, match="Did you mean bank_transactions"):
        load_file("bank_transaction", tmp_path)


def test_the_business_date_comes_from_the_name_or_is_today(load: Load) -> None:
    def day(name: str, number: int, **options: object) -> tuple[date, str]:
        options = {"business_date": None, "today": date(2026, 1, 2), **options}
        result = load(text(line(number)), name=name, **options).result
        return result.business_date, result.business_date_source

    assert day("tx_2025-05-19.csv", 201) == (DAY, "from the file's name")
    assert day("20250519_tx.csv", 202) == (DAY, "from the file's name")
    assert day("tx_2025-05-19_again_20250519.csv", 203) == (DAY, "from the file's name")
    assert day("tx_2025-13-01_1202505190.csv", 204) == (date(2026, 1, 2), "today in Stockholm")
    assert day("tx_2025-05-19.csv", 205, business_date=date(2025, 1, 1))[0] == date(2025, 1, 1)
    with pytest.raises(UnusableInputError, match="2025-05-19 and 2025-05-20"):
        day("tx_2025-05-19_20250520.csv", 206)


def test_withdrawn_content_loads_again_only_on_purpose(load: Load) -> None:
    from loaders import ledger

    first = load(text(line(300))).result
    ledger.withdraw(first.load_id, "sent twice by the bank")
    with pytest.raises(WithdrawnContentError, match=f"load {first.load_id} .sent twice"):
        load(text(line(300)))
    second = load(text(line(300)), again=True).result
    assert second.status == "loaded"
    assert second.load_id != first.load_id
    assert load(text(line(300))).result.already_loaded
