"""Polling a service: everything arrives once, whatever goes wrong, and what is lost is said."""

from __future__ import annotations

import hashlib
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from psycopg2 import errors

from loaders import ledger
from loaders.errors import UnusableInputError
from loaders.load import load_file
from loaders.polling import answers
from loaders.polling.api import PollLimits
from loaders.polling.poll import poll
from loaders.simulators.cdm import Faults
from tests.cdm import FEEDS, Script, write_stretch
from tests.loader.conftest import query
from tests.loader.polls import (
    DAY,
    asked,
    gaps,
    in_file,
    of,
    outcomes,
    polled,
    raw,
    service,
)
from tests.support import row, rows


@pytest.mark.parametrize("seed", [None, 15, 30, 43])
@pytest.mark.parametrize("generation", [1, 2])
def test_everything_arrives_once_with_and_without_faults(
    database: object, stretch: Path, generation: int, seed: int | None
) -> None:
    faults = Faults(seed) if seed else None
    with asked(service(stretch, generation, faults)):
        result = polled(generation, page_rows=40)
    assert result.is_whole, result
    for feed in FEEDS:
        if generation == 1:
            assert raw(feed) == in_file(stretch, feed)
        else:
            # It serves by id: the same lines, each as often, in another order.
            assert Counter(raw(feed)) == Counter(in_file(stretch, feed))
        assert of(result, feed).loaded >= 3
        assert of(result, feed).lines == len(in_file(stretch, feed))
    assert gaps() == []
    met = row(
        "select count(*) from ops.http_answers "
        "where outcome in ('repeated', 'superseded') or outcome = 'error' and http_status <> 504"
    )
    assert bool(met["count"]) == bool(seed)
    # Each load is the answer that was kept before it, byte for byte.
    kept = rows(
        "select a.sha256, a.body, l.sha256 as of_load, l.byte_count, l.file_name, a.sequence "
        "from ops.http_answers as a join ops.loads as l using (load_id) "
        "where a.outcome = 'loaded' and l.status = 'loaded'"
    )
    assert len(kept) == sum(feed.loaded for feed in result.feeds)
    for one in kept:
        assert one["sha256"] == one["of_load"] == hashlib.sha256(one["body"]).hexdigest()
        assert one["byte_count"] == len(one["body"])
        assert f"{one['sequence']:06d}" in one["file_name"]
    assert row("select count(*) from ops.http_answers where outcome in ('received', 'cut')") == {
        "count": 0
    }


@pytest.mark.parametrize("generation", [1, 2])
def test_companies_and_rates_are_those_of_the_files(
    database: object, stretch: Path, generation: int
) -> None:
    with asked(service(stretch, generation)):
        polled(generation)
    from_service = _registers()
    assert load_file("cashflow_companies", stretch / "companies.csv", DAY).status == "loaded"
    assert load_file("cashflow_rates", stretch / "rates.csv", DAY).status == "loaded"
    from_files = _registers()
    assert len(from_service["companies"]) == 20
    assert from_files == {name: found * 2 for name, found in from_service.items()}


def _registers() -> dict[str, list[Any]]:
    companies = rows(
        "select company_id, name, owner, address, ibans, balance "
        "from staging.raw_cashflow_companies order by _load_id, _line_no"
    )
    rates = rows(
        "select currency, usd_rate::numeric, eur_rate::numeric "
        "from staging.raw_cashflow_rates order by _load_id, _line_no"
    )
    return {"companies": companies, "rates": rates}


def test_a_second_poll_brings_what_is_new_and_no_more(
    database: object, stretch: Path, tmp_path: Path
) -> None:
    """The first generation's server goes on, the second is asked after the last id."""
    with asked(service(stretch, 2)):
        first = polled(2)
        second = polled(2)
    assert first.is_whole
    assert second.is_whole
    assert [feed.loaded for feed in second.feeds] == [0, 0, 0, 0]
    longer = tmp_path / "longer"
    write_stretch(longer, seed=4, until="2025-01-30")
    with asked(service(longer, 2)):
        polled(2)
    for feed in FEEDS:
        # Ids that came before are not asked for again: a late half among them does not come.
        assert set(raw(feed)) <= set(in_file(longer, feed))
        assert set(in_file(stretch, feed)) < set(raw(feed))
        assert raw(feed)[-1][0] == max(
            (line[0] for line in in_file(longer, feed)), key=lambda number: int(number)
        )


def test_a_server_that_starts_anew_brings_nothing_twice(database: object, stretch: Path) -> None:
    for _ in range(2):
        with asked(service(stretch, 1)):
            result = polled(1)
    assert result.is_whole
    assert of(result, "swift").repeated == 5
    assert raw("swift") == in_file(stretch, "swift")
    assert gaps() == []


def test_each_load_bears_the_newest_day_of_its_answer(database: object, stretch: Path) -> None:
    with asked(service(stretch, 1)):
        polled(1)
    found = rows(
        "select business_date, (select max(time)::date from staging.raw_cashflow_swift "
        "where _load_id = load_id) as newest from ops.loads where feed = 'cashflow_swift'"
    )
    assert len({one["business_date"] for one in found}) == 5
    assert all(one["business_date"] == one["newest"] for one in found)
    assert row("select business_date from ops.loads where feed = 'cashflow_rates'") == {
        "business_date": DAY
    }


def test_a_call_that_is_never_answered_is_the_end(database: object, stretch: Path) -> None:
    limits = PollLimits(timeout_seconds=1.5, backoff_seconds=0, end_after=1)
    with asked(service(stretch, 1, hang_seconds=600)):
        assert polled(1, limits).is_whole
    assert raw("sepa") == in_file(stretch, "sepa")
    assert "error" not in outcomes("sepa")


def test_settings_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnusableInputError, match="SLUSS_CDM_URL is not set"):
        poll("cashflow")
    monkeypatch.setenv("SLUSS_CDM_GENERATION", "three")
    with pytest.raises(UnusableInputError, match="expected is 1 or 2"):
        poll("cashflow")
    monkeypatch.setenv("SLUSS_CDM_GENERATION", "3")
    with pytest.raises(UnusableInputError, match="no generation 3"):
        poll("cashflow")
    with pytest.raises(UnusableInputError, match="known: cashflow"):
        poll("bank")


def test_answers_can_be_changed_by_the_one_who_polls_only(module_database: object) -> None:
    keep = (
        "select * from ops.keep_answer('cdm1', 'cashflow_sepa', '/sepa', '{}', now(), now(), 200, "
        "true, 'x')"
    )
    with closing(ledger.connect("sluss tests")) as one, closing(ledger.connect("sluss")) as other:
        answers.lock(one, "cdm1")
        with one.cursor() as cursor:
            cursor.execute(keep)
            ((answer_id, _),) = cursor.fetchall()
        one.commit()
        for statement in (
            keep,
            f"select ops.settle_answer({answer_id}, 'loaded', null, null, null, null)",
            f"select ops.report_gap({answer_id}, null, null, 'x')",
            "select ops.forget_answers(now())",
            "update ops.http_answers set outcome = 'loaded'",
            "delete from ops.http_answers",
            "insert into ops.http_gaps (service) values ('x')",
        ):
            with other.cursor() as cursor, pytest.raises(errors.InsufficientPrivilege):
                cursor.execute(statement)
            other.rollback()
        with pytest.raises(errors.InsufficientPrivilege):
            query("select body from ops.http_answers", role="sluss_transformer")
        assert query("select sha256 from ops.http_answers", role="sluss_transformer")
        assert query("select * from ops.http_gaps", role="sluss_transformer") == []
        # What still waits keeps its body; what is settled may be forgotten.
        assert query("select ops.forget_answers(now())") == [(0,)]
        with one.cursor() as cursor:
            cursor.execute(
                f"select ops.settle_answer({answer_id}, 'empty', null, null, null, null)"
            )
        one.commit()
        assert query("select ops.forget_answers(now())") == [(1,)]
        assert query("select body from ops.http_answers") == [(None,)]


def test_the_command_says_what_it_brought_and_what_is_lost(
    database: object, stretch: Path, run_sluss: Any
) -> None:
    with asked(service(stretch, 1, Script(None, "hang", is_lossy=True, only="sepa"))):
        arguments = ("--generation", "1", "--business-date", "2025-12-31")
        done = run_sluss("poll", "cashflow", *arguments, check=1)
    assert "cdm1 at http://127.0.0.1" in done.stdout
    assert "lost: cashflow_sepa: 2025-01-0" in done.stderr
    assert "sluss build" in done.stdout
