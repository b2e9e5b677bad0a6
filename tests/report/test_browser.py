"""Reports and the site in a real browser: drawn, quiet, and readable on a narrow screen."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sluss.site import make_server
from tests.report.conftest import Reports

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")


@dataclass
class Seen:
    """What a page did that a reader would not see."""

    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def watched(browser: Browser, width: int) -> tuple[Page, Seen]:
    """Returns a new page, and what is noted about it."""
    page, seen = browser.new_page(viewport={"width": width, "height": 900}), Seen()
    page.set_default_timeout(15_000)

    def dismiss(dialog: Any) -> None:
        seen.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("console", lambda message: seen.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: seen.complaints.append(f"error: {error}"))
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("dialog", dismiss)
    return page, seen


@pytest.mark.parametrize("width", [1280, pytest.param(400, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", ["sample", "held", "empty", "odd"])
def test_a_report_draws_itself_without_complaint_or_request(
    reports: Reports, browser: Browser, name: str, width: int
) -> None:
    expected = len(reports[name].figures)
    page, seen = watched(browser, width)
    url = reports.path(name).as_uri()
    page.goto(url)
    if expected:
        page.wait_for_function(
            "count => document.querySelectorAll('.canvas .subplot').length >= count",
            arg=expected,
        )
    assert seen.complaints == []
    assert seen.requests == [url]
    # Wide tables scroll by themselves, the page does not.
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()


def test_a_script_from_a_file_would_not_run_even_if_it_came_through(
    reports: Reports, browser: Browser, tmp_path: Path
) -> None:
    html = reports["empty"].html
    hurt = tmp_path / "hurt.html"
    hurt.write_text(html.replace("<main>", "<main><script>alert('through')</script>", 1))
    page, seen = watched(browser, 1280)
    page.goto(hurt.as_uri())
    page.wait_for_timeout(300)
    assert not [each for each in seen.complaints if each.startswith("dialog")]
    assert [each for each in seen.complaints if "Content Security Policy" in each]
    page.close()


def test_figures_are_as_wide_as_paper_when_printed(reports: Reports, browser: Browser) -> None:
    assert reports["sample"]
    page, _ = watched(browser, 1280)
    page.goto(reports.path("sample").as_uri())
    page.wait_for_selector(".canvas .subplot", state="attached")
    page.evaluate(
        "window.printed = null; window.addEventListener('beforeprint', () => { window.printed ="
        " document.querySelector('.canvas svg').getAttribute('width'); })"
    )
    page.pdf(format="A4", prefer_css_page_size=True)
    assert page.evaluate("window.printed") == "640"
    page.wait_for_function("document.querySelector('.canvas svg').getAttribute('width') > 640")
    # 180 mm between the margins of A4, where nothing scrolls.
    page.set_viewport_size({"width": 680, "height": 900})
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.scrollWidth") <= 680
    page.close()


def test_the_site_shows_a_report_without_complaint(
    reports: Reports, browser: Browser, tmp_path: Path
) -> None:
    load_id = reports.loads["sample"]
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / f"load_{load_id}.html").write_text(reports["sample"].html, encoding="utf-8")
    server = make_server(tmp_path, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page, seen = watched(browser, 1280)
    try:
        page.goto(server.url)
        page.click(f"text=Load {load_id}")
        page.wait_for_selector(".canvas .subplot", state="attached")
        assert page.title() == f"Bank day 2025-05-19, load {load_id}"
        assert seen.complaints == []
    finally:
        page.close()
        server.shutdown()
        server.server_close()
