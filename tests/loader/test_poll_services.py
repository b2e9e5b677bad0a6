"""Services that are not well: asked again within reason, then told as they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loaders import ledger
from loaders.polling.api import PollLimits
from loaders.polling.poll import PollResult, poll
from tests.cdm import answering
from tests.loader.polls import (
    COMPANIES,
    DAY,
    RATES,
    asked,
    of,
    outcomes,
    polled,
    raw,
    service,
)
from tests.support import row, rows


def test_it_asks_again_with_growing_pauses_and_then_gives_up(database: object) -> None:
    pauses: list[float] = []
    limits = PollLimits(retries=4, backoff_seconds=1, longest_backoff_seconds=3)
    with asked(answering({"/company_info": [(503, b"{}")], "/exchange_rates": [RATES]})):
        result = poll("cashflow", 2, DAY, limits, sleep=pauses.append)
    assert pauses[:4] == [1, 2, 3, 3]
    assert "answered 503. It was asked 5 times" in str(of(result, "companies").problem)
    assert outcomes("companies") == ["error"] * 5
    # The others are asked all the same.
    assert of(result, "rates").is_at_end
    assert "404" in str(of(result, "sepa").problem)
    assert not result.is_whole


def test_a_poll_has_a_budget(database: object) -> None:
    with asked(answering({"/company_info": [(500, b"")]})):
        limits = PollLimits(budget_seconds=0.3, retries=10**6, backoff_seconds=0.01)
        result = poll("cashflow", 2, DAY, limits)
    assert result.seconds < 20
    assert all("time for this poll (0.3 s)" in str(feed.problem) for feed in result.feeds)


def test_a_wrong_token_is_said_and_not_shown(database: object, stretch: Path) -> None:
    app = service(stretch, 1, token="r1ght")
    with asked(app, token="wr0ng"):
        result = polled(1)
    assert all("SLUSS_CDM_TOKEN" in str(feed.problem) for feed in result.feeds)
    assert "wr0ng" not in result.model_dump_json()
    assert result.requests == 4
    with asked(app, token="r1ght"):
        assert polled(1).is_whole
    assert row("select count(*) from ops.http_answers where asked_for::text like '%%r1ght%%'") == {
        "count": 0
    }


def test_the_second_generations_other_path_is_found(database: object) -> None:
    with asked(answering({"/companies": [COMPANIES], "/exchange_rates": [RATES]})):
        result = polled(2)
    assert of(result, "companies").loaded == 1
    assert rows("select company_id, ibans from staging.raw_cashflow_companies") == [
        {"company_id": "1", "ibans": "{NL58EQEN7258967872}"}
    ]


def page(*ids: int | str, **changed: Any) -> bytes:
    """A page of the second generation; an id that is a text stands for what is no record."""
    return json.dumps(
        [
            {"id": number, "payer": "NL58EQEN7258967872", "receiver": "DE1", "amount": 1.5}
            | {"currency": "EUR", "time": f"2025-01-02T00:00:{number:02d}Z"}
            | changed
            if isinstance(number, int)
            else number
            for number in ids
        ]
    ).encode()


Service = Callable[..., PollResult]


@pytest.fixture
def sepa(database: object) -> Service:
    """Returns ``sepa(page, …)``: polls a service whose /sepa gives these pages, then nothing."""

    def run(*pages: bytes) -> PollResult:
        bodies = {"/company_info": [COMPANIES], "/exchange_rates": [RATES], "/swift": [b"[]"]}
        with asked(answering({**bodies, "/sepa": [*pages, b"[]"]})):
            return polled(2, page_rows=4)

    return run


def test_lines_of_an_id_that_a_page_ends_in_are_not_lost(sepa: Service) -> None:
    pages = page(1, 2, 3, 3), page(3, 3, 3, 4), page(4)
    result = sepa(*pages)
    assert result.is_whole
    assert [line[0] for line in raw("sepa")] == ["1", "2", "3", "3", "3", "4"]
    asked_for = rows("select asked_for from ops.http_answers where feed = 'cashflow_sepa'")
    assert [one["asked_for"].get("after-id") for one in asked_for] == [None, 2, 3, 4]


def test_a_record_that_is_none_is_set_aside_with_its_number(sepa: Service) -> None:
    result = sepa(page(1, "oops", 2), page(2))
    assert of(result, "sepa").malformed == 1
    (malformed,) = rows(
        "select line_no, convert_from(raw_line, 'UTF8') as line from ops.malformed_lines"
    )
    assert malformed["line_no"] == 3
    assert malformed["line"].startswith("oops")


def test_fields_that_the_contract_does_not_name_are_kept(sepa: Service) -> None:
    result = sepa(page(1, purpose="rent"))
    assert any("purpose" in warning for warning in of(result, "sepa").warnings)
    assert rows("select _extra from staging.raw_cashflow_sepa") == [{"_extra": {"purpose": "rent"}}]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (page(2, 1), "not in the order of their ids"),
        (page(5, 5, 5, 5), "fills a whole page"),
        (page(*"abcd"), "7 answers in a row"),
        (b"<html>maintenance</html>", "7 answers in a row"),
        (b'[{"id":1', "7 answers in a row"),
        (page(1, "a", "b", "c", *"defghijklmnop"), "malformed"),
    ],
)
def test_answers_that_cannot_be_used_end_the_feed_and_are_kept(
    sepa: Service, body: bytes, said: str
) -> None:
    result = sepa(*[body] * 20)
    assert said in str(of(result, "sepa").problem)
    assert not result.is_whole
    assert raw("sepa") == []
    kept = rows("select body from ops.http_answers where feed = 'cashflow_sepa'")
    assert all(bytes(one["body"]) == body for one in kept)
    # Nothing stands in the way of the next poll, once the service is mended.
    assert sepa(page(1)).is_whole
    assert len(raw("sepa")) == 1


def test_a_withdrawn_answer_is_not_loaded_again(sepa: Service) -> None:
    sepa(page(1))
    load_id = row("select load_id from ops.loads where feed = 'cashflow_sepa'")["load_id"]
    ledger.withdraw(load_id, "of another bank")
    assert sepa(page(2)).is_whole
    assert row("select count(*) from ops.loads where feed = 'cashflow_sepa'")["count"] == 2
