"""Telling people: a run that failed, a load that is held, a file that did not come.

A :class:`Notifier` takes a :class:`Notice`. There are two: the log, always, and a webhook, where
``SLUSS_WEBHOOK_URL`` names one. Another one is a class with ``send`` and a line in
:func:`notifiers`.
"""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from logging import Logger
from pathlib import Path
from typing import Any, Literal, Protocol

import dagster as dg

from sluss.settings import home

Event = Literal["run_failed", "load_held", "check_failed"]

_TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class Notice:
    """What people are told. It holds no personal data: it leaves the house."""

    event: Event
    title: str
    text: str
    # The run's page.
    link: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


class Notifier(Protocol):
    """Somewhere to send a notice to; raises OSError if it did not arrive."""

    def send(self, notice: Notice) -> None: ...


@dataclass(frozen=True)
class LogNotifier:
    """Appends each notice as a line of JSON to a file that only its owner may read."""

    path: Path

    def send(self, notice: Notice) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(notice), ensure_ascii=False) + "\n")


@dataclass(frozen=True)
class WebhookNotifier:
    """POSTs each notice as JSON. ``text`` alone is what chat programs show."""

    url: str

    def send(self, notice: Notice) -> None:
        body = asdict(notice) | {"text": f"{notice.title}. {notice.text}"}
        try:
            request = urllib.request.Request(
                self.url,
                data=json.dumps(body, ensure_ascii=False).encode(),
                headers={"Content-Type": "application/json; charset=utf-8"},
                method="POST",
            )
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):
                pass
        except urllib.error.HTTPError as error:
            # Not the URL: whoever has it may write to it.
            raise OSError(f"the webhook answered {error.code} {error.reason}") from None
        except (urllib.error.URLError, http.client.HTTPException, ValueError) as error:
            raise OSError(f"the webhook cannot be reached ({type(error).__name__})") from None


def notifiers() -> list[Notifier]:
    """Returns where notices go, by the environment of now."""
    found: list[Notifier] = [LogNotifier(home().path / "notifications.jsonl")]
    if url := os.environ.get("SLUSS_WEBHOOK_URL"):
        found.append(WebhookNotifier(url))
    return found


class NotifierResource(dg.ConfigurableResource):
    """Sends a notice to every notifier. One that fails is logged; it never fails a run."""

    def send(self, log: Logger | dg.DagsterLogManager, notice: Notice) -> None:
        log.warning(f"{notice.title}. {notice.text}")
        for notifier in notifiers():
            try:
                notifier.send(notice)
            except OSError as error:
                log.error(f"A notice was not sent by {type(notifier).__name__}: {error}.")
