"""The site as others see it: by `mkdocs serve` while somebody works on it, and below a path of a plain web server."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import NOW, SCRIPTS, Plaint, environment
from playwright.sync_api import Page, sync_playwright
from test_site import CHROMIUM, QUIET

pytestmark = [pytest.mark.long, pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed (Debian: apt-get install chromium)")]


@contextmanager
def running(folder: Path, home: Path, *command: str) -> Iterator[str]:
    """A server on a free port; its address once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [each.replace("PORT", str(port)) for each in command]
    process = subprocess.Popen(
        words,
        cwd=folder,
        env=environment(home, {"PLAINT_NOW": NOW, "PLAINT_AUDIENCE": "internal"}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for _wait in range(600):
            assert process.poll() is None, f"{command}: it ended by itself"
            with socket.socket() as line:
                if line.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser.new_page()
        browser.close()


def watched(page: Page) -> tuple[list[str], list[str]]:
    """What the page asks for, and what it complains of."""
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    return asked, said


def test_serve_shows_what_was_just_committed(demo: Plaint, page: Page) -> None:
    asked, said = watched(page)
    with running(demo.folder, demo.home, str(SCRIPTS / "mkdocs"), "serve", "-q", "-f", "site/mkdocs.yml", "-a", "127.0.0.1:PORT") as address:
        page.goto(f"{address}/en/internal/queue.html")
        before = page.locator(".figures b").first.inner_text()
        case = demo.register(member="li.wei")
        page.get_by_role("link", name=case).first.wait_for(timeout=60_000)  # it loads itself anew
        assert int(page.locator(".figures b").first.inner_text()) == int(before) + 1
    assert [url for url in asked if not url.startswith(address)] == []
    assert [each for each in said if "Content Security" in each] == []


def test_it_works_below_a_path(demo_once: Plaint, page: Page, tmp_path: Path) -> None:
    demo_once.good("site", "build", "--audience", "public", "-o", tmp_path / "a/reports")
    asked, said = watched(page)
    with running(tmp_path, demo_once.home, sys.executable, "-m", "http.server", "PORT", "--bind", "127.0.0.1") as address:
        below = f"{address}/a/reports/"
        page.goto(below)
        page.get_by_role("link", name="English").click()
        page.get_by_role("link", name="How to verify").first.click()
        page.locator("a.other").click()
        assert page.url == f"{below}zh/verify.html"
        page.locator("a.search").click()
        page.fill("#query", "受理")
        page.locator("#found a").first.click()
        assert page.locator("h1").count() == 1
    assert [url for url in asked if not url.startswith(below)] == []
    assert said == []
