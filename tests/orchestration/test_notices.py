"""Notices: where they go, and what happens where nobody takes them."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from orchestration.notifications import Notice, NotifierResource
from orchestration.sensors import failed_runs_sensor
from tests.orchestration.webhook import webhook

NOTICE = Notice("load_held", "Load 7 is held", "Åtta av tio rader har fel konto.", facts={"n": 7})
ACCOUNT = "SE8902ABCD12345678901234"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SLUSS_HOME", str(tmp_path))
    return tmp_path


@contextmanager
def speaks_nonsense() -> Iterator[str]:
    """A server that answers no HTTP."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"what did you say?\r\n\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/secret-of-the-hook"
        thread.join(10)


def send(caplog: pytest.LogCaptureFixture) -> str:
    """Sends NOTICE, and returns what was said about that in the run's log."""
    with caplog.at_level(logging.INFO):
        NotifierResource().send(logging.getLogger("run"), NOTICE)
    return caplog.text


def test_without_a_webhook_a_notice_is_in_the_log(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said = send(caplog)
    assert "Load 7 is held. Åtta av tio" in said
    send(caplog)
    lines = (home / "notifications.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 2
    kept = json.loads(lines[0])
    assert {name: kept[name] for name in ("event", "title", "text", "facts")} == {
        "event": "load_held",
        "title": NOTICE.title,
        "text": NOTICE.text,
        "facts": {"n": 7},
    }


def test_a_chat_program_finds_the_whole_notice_in_its_text(
    home: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with webhook() as hook:
        monkeypatch.setenv("SLUSS_WEBHOOK_URL", hook.url)
        said = send(caplog)
    (sent,) = hook.notices
    assert sent["text"] == "Load 7 is held. Åtta av tio rader har fel konto."
    assert sent["facts"] == {"n": 7}
    assert "was not sent" not in said


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/secret-of-the-hook",
        "http://no such host/secret-of-the-hook",
        "secret-of-the-hook",
        "http://127.0.0.1:port/secret-of-the-hook",
    ],
)
def test_a_webhook_that_cannot_be_reached_stops_nothing_and_its_address_stays_secret(
    home: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("SLUSS_WEBHOOK_URL", url)
    said = send(caplog)
    assert "A notice was not sent by WebhookNotifier: the webhook cannot be reached" in said
    assert "secret-of-the-hook" not in said
    assert (home / "notifications.jsonl").exists()


def test_a_webhook_that_answers_nonsense_stops_nothing(
    home: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with speaks_nonsense() as url:
        monkeypatch.setenv("SLUSS_WEBHOOK_URL", url)
        said = send(caplog)
    assert "the webhook cannot be reached" in said
    assert "secret-of-the-hook" not in said


def test_a_log_that_cannot_be_written_stops_no_webhook(
    home: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "notifications.jsonl").mkdir()
    with webhook() as hook:
        monkeypatch.setenv("SLUSS_WEBHOOK_URL", hook.url)
        said = send(caplog)
    assert "A notice was not sent by LogNotifier" in said
    assert len(hook.notices) == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        # Nobody foresaw it, so nobody knows what its words quote.
        (ValueError(f"cannot read {ACCOUNT}"), "step: ValueError."),
        (dg.Failure("the disk is full"), "the disk is full"),
    ],
)
def test_of_an_unforeseen_error_only_the_kind_is_told(
    home: Path, error: Exception, told: str
) -> None:
    @dg.op
    def step() -> None:
        raise error

    @dg.job
    def job() -> None:
        step()

    with dg.DagsterInstance.ephemeral() as instance:
        done = job.execute_in_process(instance=instance, raise_on_error=False)
        (event,) = (one for one in done.all_events if one.event_type_value == "PIPELINE_FAILURE")
        run = instance.get_run_by_id(done.run_id)
        assert run
        context = dg.build_run_status_sensor_context("failed_runs", event, instance, run)
        failed_runs_sensor()(context.for_run_failure(), notifier=NotifierResource())
    (line,) = (home / "notifications.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["text"] == told
    assert ACCOUNT not in line
