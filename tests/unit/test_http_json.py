"""JSON as services write it, and the lines that are made of it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.polling.cdm import cdm_api
from loaders.sources.http_json import (
    NotJsonError,
    Wire,
    as_csv,
    list_text,
    records_of,
    text_of,
)

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "cashflow" / "wire_samples.json"
HEADERS = ["id", "sender", "amount"]


def rows(items: list[Any], headers: list[str] = HEADERS, wire: Wire | None = None) -> list[Any]:
    return list(csv.reader(io.StringIO(as_csv(items, headers, wire or Wire()).decode())))


@pytest.mark.parametrize(
    "body",
    [
        b'[{"id":1},{"id":2}]',
        b' [ {"id":1} , {"id":2} ] \n',
        b'\xef\xbb\xbf[{"id":1},{"id":2}]',
        b'{"sepa_transactions":"[{\\"id\\":1},{\\"id\\":2}]"}',
        b'{"sepa_transactions":[{"id":1},{"id":2}]}',
        b'{"a":"[{\\"id\\":1}]"}{"a":"[{\\"id\\":2}]"}',
        b'{"a":"[{\\"id\\":1}]"}\n{"a":"[]"}{"a":null}  {"a":"[{\\"id\\":2}] "}\n',
    ],
)
def test_records_are_found_however_they_are_wrapped(body: bytes) -> None:
    records = records_of(body)
    assert records.items == [{"id": "1"}, {"id": "2"}]
    assert records.is_whole


@pytest.mark.parametrize("body", [b"[]", b'{"a":"[]"}', b'{"a":null}'])
def test_nothing_is_no_record(body: bytes) -> None:
    assert records_of(body).items == []
    assert records_of(body).is_whole


def test_of_an_answer_that_is_cut_the_whole_documents_count() -> None:
    documents = b"".join(b'{"a":"[{\\"id\\":%d}]"}' % number for number in range(3))
    assert len(records_of(documents).items) == 3
    for end in range(1, len(documents)):
        records = records_of(documents[:end])
        whole, rest = divmod(end, len(documents) // 3)
        assert len(records.items) == whole
        assert records.is_whole == (rest == 0)


@pytest.mark.parametrize("end", [1, 5, 17])
def test_a_cut_array_has_no_record_to_trust(end: int) -> None:
    assert records_of(b'[{"id":1},{"id":2}]'[:end]).is_whole is False


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>down for maintenance</html>",
        b'"text"',
        b"7",
        b'{"a":"[]","b":"[]"}',
        b'{"error":{"code":7}}',
        b'{"a":"[] and more"}',
        b"[" * 100_000 + b"]" * 100_000,
    ],
)
def test_what_is_no_list_of_records_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(NotJsonError):
        records_of(body)


def test_a_number_keeps_its_digits() -> None:
    (item,) = records_of(b'[{"amount":12345678901234567890.10,"x":1e-7,"y":-0.0}]').items
    assert item == {"amount": "12345678901234567890.10", "x": "1e-7", "y": "-0.0"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", ""),
        ("12.5", "12.5"),
        (True, "true"),
        ({"Float": "12.5"}, "12.5"),
        ({"Float": None}, '{"Float": null}'),
        ({"Float": "1", "Valid": True}, '{"Float": "1", "Valid": true}'),
        (["a"], '["a"]'),
        ("['a']", "['a']"),
    ],
)
def test_values_become_the_text_of_a_field(value: Any, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("{A1,B2}", "{A1,B2}"),
        ("['A1', 'B2']", "{A1,B2}"),
        ('["A1","B2"]', "{A1,B2}"),
        (["A1", "B2"], "{A1,B2}"),
        ("[]", "{}"),
        (None, ""),
        # Whatever is no plain list of texts stays what it is. None of it is evaluated.
        ("['A1', __import__('os').getcwd()]", "['A1', __import__('os').getcwd()]"),
        ("['A1,B2']", "['A1,B2']"),
        ("['A1'", "['A1'"),
        (r"['A\x31']", r"['A\x31']"),
        ("[1, 2]", "[1, 2]"),
    ],
)
def test_lists_become_the_text_of_an_array(value: Any, text: str) -> None:
    assert list_text(value) == text


def test_names_are_those_of_the_feed() -> None:
    items = [{"payer": "A", "id": "1", "amount": None}, {"id": "2", "note": "x", "sender": "B"}]
    wire = Wire(aliases={"payer": "sender"})
    assert rows(items, wire=wire) == [
        ["id", "sender", "amount", "note"],
        ["1", "A", "", ""],
        ["2", "B", "", "x"],
    ]


@pytest.mark.parametrize(
    "item", ["oops", None, ["1", "2", "3"], True, ["a,b", "c"], [None, None, None], '"', 'a"b,c,d']
)
def test_what_is_no_object_can_pass_for_no_record(item: Any) -> None:
    from loaders.records import RecordFormat

    for fields in range(1, 8):
        line = as_csv([item], [f"c{n}" for n in range(fields)], Wire()).split(b"\n")[1]
        format = RecordFormat(b",", b'"', fields)
        assert not format.pattern.fullmatch(line)
        assert not format.diagnose(line).is_open


text = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(HEADERS, text)), max_size=5))
def test_any_text_comes_out_as_it_went_in(items: list[dict[str, str]]) -> None:
    body = json.dumps({"swift_transactions": json.dumps(items)}).encode()
    found = list(
        csv.reader(
            io.StringIO(as_csv(records_of(body).items, HEADERS, Wire()).decode(), newline="")
        )
    )
    assert found[1:] == [[item[name] for name in HEADERS] for item in items]


def test_a_carriage_return_at_the_end_of_a_field_is_kept() -> None:
    item = {"id": "1", "sender": "a\r", "amount": "b\r"}
    assert as_csv([item], HEADERS, Wire()).split(b"\n")[1] == b'1,"a\r","b\r"'


def test_half_a_character_makes_no_valid_utf8() -> None:
    for body in (rb'[{"id":"\ud800"}]', b'[{"id":"\xe5"}]'):
        made = as_csv(records_of(body).items, HEADERS, Wire())
        with pytest.raises(UnicodeDecodeError):
            made.decode()


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples of the service are not here")
def test_the_samples_of_both_generations_are_read() -> None:
    samples = json.loads(SAMPLES.read_text())
    companies, rates = cdm_api(1).endpoints[:2]
    body = json.dumps(samples["v1_exchange_rates_response"]).encode()
    found = rows(records_of(body).items, ["currency", "usd_rate", "eur_rate"], rates.wire)
    assert found[1] == ["EUR", "1", "0.92"]
    assert ["JPY", "133.18", "0.0082"] in found
    headers = ["companyID", "name", "owner", "address", "ibans", "balance"]
    first = samples["v1_company_info_first_item_after_inner_json_decode"]
    body = json.dumps({"company_info": json.dumps([first])}).encode()
    assert rows(records_of(body).items, headers, companies.wire)[1] == [
        "0",
        "Kemp and Sons",
        "",
        "17884 Nicholas Flat\nNorth Michael, MN 36663",
        "{GB91PIEX43597764800353}",
        "1814",
    ]
    companies = cdm_api(2).endpoints[0]
    body = json.dumps(samples["v2_companies_rows_seen"]).encode()
    found = rows(records_of(body).items, headers, companies.wire)
    assert found[0] == headers
    assert found[1][::4] == ["1", "{NL58EQEN7258967872}"]
    assert all(row[4].startswith("{") for row in found[1:])
