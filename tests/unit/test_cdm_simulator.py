"""The stand-in for the CDM API: what it serves, in both generations, and how it goes wrong."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import IncompleteRead
from pathlib import Path
from typing import Any

import pytest

from loaders.errors import UnusableInputError
from loaders.generators.cashflow import Size, generate_cashflow
from loaders.simulators.cdm import Faults, build_app
from loaders.simulators.cdm.faults import Fault
from loaders.simulators.serving import served
from tests.cdm import Script
from tests.unit.cashflow_rules import Year

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "cashflow" / "wire_samples.json"


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    out = tmp_path_factory.mktemp("cash")
    generate_cashflow(Size(companies=30, sepa=300, swift=1_500), 5, out)
    return Year(out)


def get(address: str, timeout: float = 10, headers: dict[str, str] | None = None) -> bytes:
    with urllib.request.urlopen(
        urllib.request.Request(address, headers=headers or {}), timeout=timeout
    ) as response:
        return response.read()


def documents(body: bytes) -> Iterator[dict[str, Any]]:
    """Documents that are glued together, without blanks between them."""
    text, at = body.decode(), 0
    while at < len(text):
        found, at = json.JSONDecoder().raw_decode(text, at)
        yield found


def transactions(body: bytes, feed: str) -> list[dict[str, Any]]:
    found = []
    for document in documents(body):
        assert list(document) == [f"{feed}_transactions"]
        found += json.loads(document[f"{feed}_transactions"])
    return found


@pytest.mark.parametrize("generation", [1, 2])
def test_it_answers_a_ping(year: Year, generation: int) -> None:
    with served(build_app(year.folder, generation)) as address:
        assert json.loads(get(f"{address}/ping")) == {"message": "pong"}


def test_generation_1_gives_five_days_at_each_call_and_then_never_answers(year: Year) -> None:
    with served(build_app(year.folder, 1)) as address:
        seen: list[dict[str, Any]] = []
        spans = []
        for _ in range(73):
            body = get(f"{address}/swift")
            assert b"}{" in body
            rows = transactions(body, "swift")
            spans.append(max(row["time"] for row in rows))
            seen += rows
        with pytest.raises(TimeoutError):
            get(f"{address}/swift", timeout=0.5)
    lines = year.lines("swift").values()
    assert [
        (str(row["id"]), row["sender"], row["beneficiary"], row["currency"], row["time"])
        for row in seen
    ] == [(line[0], line[1], line[2], line[4], line[5]) for line in lines]
    assert [row["amount"] for row in seen] == [{"Float": float(line[3])} for line in lines]
    assert spans == sorted(spans)


def test_generation_1_wraps_lists_into_strings(year: Year) -> None:
    with served(build_app(year.folder, 1)) as address:
        rates = json.loads(json.loads(get(f"{address}/exchange_rates"))["exchange_rates"])
        companies = json.loads(json.loads(get(f"{address}/company_info"))["company_info"])
    assert {"currency": "EUR", "usd_rate": 1, "eur_rate": 0.8511} in rates
    assert companies[0]["companyID"] == 0
    assert [company["ibans"] for company in companies] == [
        row["ibans"] for row in year.read("companies.csv")
    ]


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples of the service are not here")
def test_answers_look_like_the_samples(year: Year) -> None:
    samples = json.loads(SAMPLES.read_text())
    with served(build_app(year.folder, 1)) as address:
        ours = json.loads(get(f"{address}/exchange_rates"))
        theirs = samples["v1_exchange_rates_response"]
        assert list(ours) == list(theirs)
        assert list(json.loads(ours["exchange_rates"])[0]) == list(
            json.loads(theirs["exchange_rates"])[0]
        )
        company = json.loads(json.loads(get(f"{address}/company_info"))["company_info"])[0]
        theirs = samples["v1_company_info_first_item_after_inner_json_decode"]
        assert company.keys() | {"address", "owner"} == theirs.keys() | {"address", "owner"}
        assert {type(company[name]) for name in ("companyID", "balance")} == {int}
    with served(build_app(year.folder, 2)) as address:
        company = json.loads(get(f"{address}/company_info"))[0]
        theirs = samples["v2_companies_rows_seen"][0]
        assert company.keys() >= theirs.keys() - {"address"}
        assert company["ibans"][:2] == theirs["ibans"][:2] == "['"


def test_generation_2_pages_by_id(year: Year) -> None:
    lines = sorted(year.lines("sepa").values(), key=lambda line: int(line[0]))
    with served(build_app(year.folder, 2)) as address:
        first = json.loads(get(f"{address}/sepa?limit=7"))
        assert [str(row["id"]) for row in first] == [line[0] for line in lines[:7]]
        assert list(first[0]) == ["id", "payer", "receiver", "amount", "currency", "time"]
        assert {type(row["amount"]) for row in first} == {str, float}
        after = first[-1]["id"]
        following = json.loads(get(f"{address}/sepa?limit=7&after-id={after}"))
        assert all(row["id"] > after for row in following)
        assert json.loads(get(f"{address}/sepa?after-id=100000")) == []
        later = json.loads(get(f"{address}/sepa?after-timestamp=2025-12-01T00:00:00Z"))
        assert later
        assert all(row["time"] > "2025-12-01" for row in later)
        assert list(json.loads(get(f"{address}/swift?limit=1"))[0])[1:3] == [
            "sender",
            "beneficiary",
        ]
        with pytest.raises(urllib.error.HTTPError, match="422"):
            get(f"{address}/sepa?after-id=x")


def outcome(address: str) -> str:
    """What a client meets who calls once."""
    try:
        json.loads(get(address, timeout=0.5))
    except urllib.error.HTTPError as error:
        return str(error.code)
    except (TimeoutError, urllib.error.URLError):
        return "nothing"
    except IncompleteRead:
        return "cut"
    except ValueError:
        return "short"
    return "whole"


def test_each_fault_is_what_it_says(year: Year) -> None:
    faults = Script("error", "hang", "cut", "short", "slow", None)
    with served(build_app(year.folder, 2, faults, slow_seconds=0.2)) as address:
        page = f"{address}/sepa?limit=20"
        assert [outcome(page) for _ in range(4)] == ["500", "nothing", "cut", "short"]
        started = time.monotonic()
        slow = get(page)
        assert time.monotonic() - started > 0.1
        assert get(page) == slow


def test_a_page_is_repeated_whatever_is_asked_for(year: Year) -> None:
    with served(build_app(year.folder, 2, Script(None, "repeat"))) as address:
        first = get(f"{address}/sepa?limit=3")
        assert get(f"{address}/sepa?limit=3&after-id=100") == first
        assert get(f"{address}/sepa?limit=3&after-id=100") != first


def test_who_does_not_wait_for_a_slow_answer_gets_it_again(year: Year) -> None:
    with served(build_app(year.folder, 1, Script("slow"), slow_seconds=3)) as address:
        assert outcome(f"{address}/sepa") == "nothing"
        assert transactions(get(f"{address}/sepa"), "sepa")[0]["time"] < "2025-01-03"


@pytest.mark.parametrize("fault", ["hang", "cut", "short"])
def test_what_is_lost_is_gone_only_where_that_is_asked_for(year: Year, fault: Fault) -> None:
    found = {}
    for is_lossy in (False, True):
        faults = Script(fault, is_lossy=is_lossy)
        with served(build_app(year.folder, 1, faults)) as address:
            assert outcome(f"{address}/sepa") != "whole"
            found[is_lossy] = transactions(get(f"{address}/sepa"), "sepa")[0]["time"]
    assert found[False] < "2025-01-03"
    assert found[True] > "2025-01-05"


def test_faults_come_from_their_seed_and_end(year: Year) -> None:
    def drawn(seed: int) -> list[Fault | None]:
        faults = Faults(seed)
        return [faults.next("sepa") for _ in range(300)]

    assert drawn(3) == drawn(3) != drawn(4)
    assert set(drawn(3)) == {"error", "repeat", "slow", "hang", "cut", "short", None}
    spoiled = "".join("x" if fault not in (None, "slow") else "." for fault in drawn(3))
    assert "xx" in spoiled
    assert "xxx" not in spoiled


def test_a_token_is_asked_for(year: Year) -> None:
    with served(build_app(year.folder, 1, token="s3cret")) as address:
        with pytest.raises(urllib.error.HTTPError, match="401"):
            get(f"{address}/sepa")
        assert get(f"{address}/sepa", headers={"Authorization": "Bearer s3cret"})
        assert get(f"{address}/ping")


def test_missing_files_and_taken_ports_are_said(tmp_path: Path, year: Year) -> None:
    with pytest.raises(UnusableInputError, match="sluss generate cashflow"):
        build_app(tmp_path, 1)
    with pytest.raises(UnusableInputError, match="give 1 or 2"):
        build_app(year.folder, 3)


def test_the_command_serves_until_it_is_ended(year: Year) -> None:
    import re
    import signal
    import subprocess
    import sys

    process = subprocess.Popen(
        [
            *(sys.executable, "-u", "-c", "from sluss.cli import main; main()", "simulate", "cdm"),
            *("--data", str(year.folder), "--generation", "2", "--port", "0"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert found
        assert json.loads(get(f"{found[0]}/ping")) == {"message": "pong"}
        with socket.create_connection(("127.0.0.1", int(found[1])), timeout=5):
            taken = subprocess.run(
                [
                    *(sys.executable, "-c", "from sluss.cli import main; main()", "simulate"),
                    *("cdm", "--data", str(year.folder), "--port", found[1]),
                ],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        assert taken.returncode == 2
        assert "Give another --port" in taken.stderr
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()
