"""Answers that are lost and polls that are ended: neither in silence, and nothing comes twice."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from loaders import ledger
from loaders.polling import answers, taking
from loaders.polling.answers import ServiceIsPolledError
from tests.cdm import FEEDS, Script
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
from tests.support import row


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
