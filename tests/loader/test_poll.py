"""Polling a service: everything arrives once, whatever goes wrong, and what is lost is said."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from psycopg2 import errors, sql
from starlette.types import ASGIApp

from loaders import ledger
from loaders.errors import UnusableInputError
from loaders.load import load_file
from loaders.polling import answers, taking
from loaders.polling.answers import ServiceIsPolledError
from loaders.polling.api import PollLimits
from loaders.polling.poll import PollResult, poll
from loaders.polling.taking import FeedPoll
from loaders.simulators.cdm import Faults, build_app
from loaders.simulators.serving import served
from tests.cdm import FEEDS, Script, answering, write_stretch
from tests.loader.conftest import query
from tests.support import row, rows

DAY = date(2025, 12, 31)
LIMITS = PollLimits(timeout_seconds=20, backoff_seconds=0, end_after=4)
COMPANIES = b'[{"id":1,"name":"A","ibans":"[\'NL58EQEN7258967872\']","balance":"5"}]'
RATES = b'[{"currency":"EUR","usd_rate":1,"eur_rate":0.85}]'


@pytest.fixture(scope="module")
def stretch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 24 days of a year: five answers of the first generation for each feed."""
    out = tmp_path_factory.mktemp("cash")
    write_stretch(out, seed=4, until="2025-01-24")
    return out


@contextmanager
def asked(app: ASGIApp, token: str | None = None) -> Iterator[None]:
    """Serves ``app``, and points the environment at it."""
    with served(app) as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLUSS_CDM_URL", address)
        if token:
            patch.setenv("SLUSS_CDM_TOKEN", token)
        yield


def service(folder: Path, generation: int, faults: Faults | None = None, **named: Any) -> ASGIApp:
    """The simulator, whose calls that are not answered are over at once, as behind a proxy."""
    return build_app(
        folder, generation, faults, **{"hang_seconds": 0.05, "slow_seconds": 0.05} | named
    )


def polled(generation: int, limits: PollLimits = LIMITS, **options: Any) -> PollResult:
    return poll("cashflow", generation, DAY, limits, sleep=lambda _: None, **options)


def of(result: PollResult, feed: str) -> FeedPoll:
    (found,) = (one for one in result.feeds if one.feed == f"cashflow_{feed}")
    return found


def raw(feed: str) -> list[tuple[str, ...]]:
    """The raw lines of all loads in the order they came; an amount counts by its value."""
    found = rows(
        sql.SQL(
            "select id, sender, beneficiary, amount, currency, time from {} "
            "order by _load_id, _line_no"
        ).format(sql.Identifier("staging", f"raw_cashflow_{feed}"))
    )
    return [tuple(_plain(name, value) for name, value in line.items()) for line in found]


def in_file(folder: Path, feed: str) -> list[tuple[str, ...]]:
    names, *lines = (folder / f"{feed}.csv").read_text().splitlines()
    return [
        tuple(_plain(name, value) for name, value in zip(names.split(","), fields, strict=True))
        for fields in (line.split(",") for line in lines)
    ]


def _plain(name: str, value: str | None) -> str:
    return str(Decimal(value or "0").normalize()) if name == "amount" else value or ""


def outcomes(feed: str) -> list[str]:
    found = rows(
        "select outcome from ops.http_answers where feed = %s order by sequence",
        (f"cashflow_{feed}",),
    )
    return [one["outcome"] for one in found]


def gaps() -> list[Any]:
    return rows("select * from ops.http_gaps order by gap_id")


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


# --- lost data ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["hang", "short", "cut"])
def test_an_answer_that_is_lost_is_reported_once(
    database: object, stretch: Path, fault: Any
) -> None:
    faults = Script(None, None, fault, is_lossy=True, only="swift")
    with asked(service(stretch, 1, faults)):
        result = polled(1)
        again = polled(1)
    assert not result.is_whole
    assert again.is_whole
    lost = Counter(in_file(stretch, "swift")) - Counter(raw("swift"))
    assert lost
    (gap,) = gaps()[-1:]
    times = [line[5] for line in lost]
    assert gap["after_at"].isoformat() < min(times)
    assert gap["before_at"].isoformat() > max(times)
    assert any("2025-01-1" in text and "lost" in text for text in of(result, "swift").gaps)
    assert of(result, "sepa").gaps == []
    assert raw("sepa") == in_file(stretch, "sepa")


def test_of_a_cut_answer_that_is_gone_the_whole_documents_are_loaded(
    database: object, stretch: Path
) -> None:
    with asked(service(stretch, 1, Script(None, "cut", is_lossy=True, only="swift"))):
        result = polled(1)
    window = [line for line in in_file(stretch, "swift") if "2025-01-06" <= line[5] < "2025-01-11"]
    saved = [line for line in raw("swift") if line in window]
    assert 0 < len(saved) < len(window)
    assert saved == window[: len(saved)]
    assert outcomes("swift")[:3] == ["loaded", "loaded", "loaded"]
    (gap,) = gaps()
    assert "cut" in gap["reason"]
    assert f"{len(saved)} whole records" in of(result, "swift").gaps[0]


def test_a_cut_answer_that_comes_again_loses_nothing(database: object, stretch: Path) -> None:
    with asked(service(stretch, 1, Script(None, "cut", "short", only="swift"))):
        result = polled(1)
    assert result.is_whole
    assert outcomes("swift")[:4] == ["loaded", "superseded", "superseded", "loaded"]
    assert raw("swift") == in_file(stretch, "swift")


def test_what_is_cut_at_the_very_end_is_loaded_as_far_as_it_came(
    database: object, stretch: Path
) -> None:
    with asked(service(stretch, 1, Script(*[None] * 4, "cut", is_lossy=True, only="swift"))):
        result = polled(1)
    (gap,) = gaps()
    assert gap["before_at"] is None
    assert "to the end" in of(result, "swift").gaps[0]
    assert raw("swift") == in_file(stretch, "swift")[: len(raw("swift"))]
    assert len(raw("swift")) > len(in_file(stretch, "swift")) * 0.8


# --- interrupted polls ----------------------------------------------------------------------------


class Killed(BaseException):
    """Stands for whatever ends a process between two statements."""


@pytest.mark.parametrize("generation", [1, 2])
@pytest.mark.parametrize("where", ["keep", "load", "settle"])
def test_a_poll_that_is_killed_goes_on_where_it_was(
    database: object,
    stretch: Path,
    monkeypatch: pytest.MonkeyPatch,
    generation: int,
    where: str,
) -> None:
    """Right after an answer was kept, was loaded, was settled: three times in a row."""
    owner: Any = taking if where == "load" else answers
    name = {"load": "load_source"}.get(where, where)
    work = getattr(owner, name)
    with asked(service(stretch, generation)):
        for count in (1, 5, 4):
            calls = []

            def dying(
                *arguments: Any, _count: int = count, _calls: Any = calls, **named: Any
            ) -> Any:
                found = work(*arguments, **named)
                _calls.append(1)
                if len(_calls) == _count:
                    raise Killed
                return found

            with monkeypatch.context() as patch:
                patch.setattr(owner, name, dying)
                with pytest.raises(Killed):
                    polled(generation, page_rows=40)
        result = polled(generation, page_rows=40)
    assert result.is_whole
    for feed in FEEDS:
        assert Counter(raw(feed)) == Counter(in_file(stretch, feed))
    assert gaps() == []
    loads = row("select count(*), count(distinct sha256) as contents from ops.loads")
    assert loads["count"] == loads["contents"]


def test_a_killed_process_leaves_nothing_half_done(
    database: object, stretch: Path, run_sluss: Any
) -> None:
    import os
    import signal
    import subprocess
    import sys
    import time

    command = [
        *(sys.executable, "-c", "from sluss.cli import main; main()", "poll", "cashflow"),
        *("--generation", "2", "--page-rows", "5", "--business-date", DAY.isoformat()),
    ]
    with asked(service(stretch, 2)):
        for loads in (3, 12):
            process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ
            )
            until = time.monotonic() + 60
            while row("select count(*) from ops.loads")["count"] < loads:
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            process.wait(10)
        done = run_sluss(*command[3:], "--json")
    assert json.loads(done.stdout)["is_whole"]
    for feed in FEEDS:
        assert Counter(raw(feed)) == Counter(in_file(stretch, feed))


def test_one_poll_at_a_time(database: object, stretch: Path) -> None:
    with asked(service(stretch, 1)), closing(ledger.connect("sluss tests")) as other:
        answers.lock(other, "cdm1")
        with pytest.raises(ServiceIsPolledError, match="Another poll of cdm1"):
            polled(1)
        assert row("select count(*) from ops.http_answers")["count"] == 0
        other.close()
        assert polled(1).is_whole


# --- services that are not well -------------------------------------------------------------------


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


# --- settings, rights, the command ----------------------------------------------------------------


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
