"""The site, built by the installed command and read in Debian's Chromium: from a folder, without a web server."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import Plaint, copy_of
from playwright.sync_api import Browser, Page, sync_playwright

from plaint.model.record import Event, dump_event, dump_header

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# No sandbox, for tests often run as root; and nothing that looks for another host by itself.
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync")
MAILBOXES = "js/mailboxes.js"
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}

pytestmark = [pytest.mark.long, pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed (Debian: apt-get install chromium)")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield found
        found.close()


@pytest.fixture(scope="module")
def organisation(demo_once: Plaint, tmp_path_factory: pytest.TempPathFactory) -> Plaint:
    return copy_of(demo_once, tmp_path_factory.mktemp("site"))


def built(org: Plaint, audience: str, folder: Path) -> Path:
    org.good("site", "build", "--audience", audience, "-o", folder)
    return folder


@pytest.fixture(scope="module")
def internal(organisation: Plaint) -> Path:
    return built(organisation, "internal", organisation.home / "internal")


@pytest.fixture(scope="module")
def public(organisation: Plaint) -> Path:
    return built(organisation, "public", organisation.home / "public")


def pages(site: Path) -> list[str]:
    """Every page, the timelines of two cases among them."""
    found = sorted(str(path.relative_to(site)) for path in site.rglob("*.html"))
    cases = [path for path in found if "/cases/" in path]
    return [path for path in found if path not in cases[2:]]


def opened(page: Page, site: Path, path: str) -> None:
    page.goto((site / path).as_uri())


def test_no_page_has_an_accessibility_fault(browser: Browser, internal: Path) -> None:
    for scheme, size in (("light", DESK), ("dark", PHONE)):
        # the checker reads style sheets by itself, which the pages' own policy would forbid it
        page = browser.new_context(color_scheme=scheme, viewport=size, bypass_csp=True).new_page()  # type: ignore[arg-type]
        for path in pages(internal):
            if path == "404.html":
                continue  # its links begin at the server's root
            opened(page, internal, path)
            found = Axe().run(page)
            assert found.violations_count == 0, (path, scheme, found.generate_report())
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{path} is wider than the screen"


def test_nothing_is_asked_of_another_host_and_nothing_breaks_the_policy(browser: Browser, internal: Path) -> None:
    page = browser.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    for path in pages(internal):
        if path != "404.html":
            opened(page, internal, path)
    assert len(asked) > len(pages(internal))
    assert [url for url in asked if not url.startswith(internal.as_uri())] == []
    assert said == []


def test_the_policy_of_the_pages_stops_what_it_forbids(browser: Browser, public: Path) -> None:
    """The proof that the test above can fail."""
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    opened(page, public, "en/index.html")
    page.evaluate("() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s); }")
    page.evaluate("() => { document.body.append(Object.assign(new Image(), {src: 'https://example.org/spy.png'})); }")
    page.wait_for_timeout(50)
    assert page.evaluate("window.ran") is None
    assert len(said) == 2
    assert all("Content Security Policy" in each for each in said)


@pytest.mark.parametrize(("language", "query", "title"), [("zh", "受理审查", "如何办理"), ("en", "retention", "How reports are handled")])
def test_the_search_finds_in_both_languages(browser: Browser, public: Path, language: str, query: str, title: str) -> None:
    page = browser.new_page()
    opened(page, public, f"{language}/search.html")
    page.fill("#query", query)
    assert title in page.locator("#found a").all_inner_texts()
    page.fill("#query", "qqqqqq")
    assert page.locator("#found a").count() == 0
    page.fill("#query", query)
    page.locator("#found a", has_text=title).first.click()
    assert page.locator("h1").inner_text() == title


def test_every_page_stands_in_both_languages_and_says_which(browser: Browser, internal: Path) -> None:
    page = browser.new_page()
    for path in pages(internal):
        if not path.startswith("en/"):
            continue
        opened(page, internal, path)
        assert page.locator("html").get_attribute("lang") == "en"
        page.locator("a.other").click()
        assert page.url == (internal / ("zh" + path[2:])).as_uri()
        assert page.locator("html").get_attribute("lang") == "zh-Hans"
        title = page.locator("h1").inner_text()
        assert re.search(r"[\u4e00-\u9fff]", title) or "/cases/" in path, title


def test_the_queue_is_what_todo_says(browser: Browser, organisation: Plaint, internal: Path) -> None:
    page = browser.new_page()
    opened(page, internal, "en/internal/queue.html")
    shown = page.locator("tbody tr td:nth-child(4)").all_inner_texts()
    due = organisation.data("todo")
    assert shown == [item["case"] or "" for item in due]
    first = next(case for case in shown if case)
    page.get_by_role("link", name=first).first.click()
    events = organisation.data("show", first)["events"]
    assert page.locator("table").first.locator("tbody tr").count() == len(events)


def tree(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def test_the_public_site_does_not_change_with_the_cases(demo: Plaint, tmp_path: Path) -> None:
    """Byte for byte: whoever watches the site learns nothing of the work. The bundle of mailboxes is new each time, whatever happened."""
    before = tree(built(demo, "public", tmp_path / "before"))
    internal_before = tree(built(demo, "internal", tmp_path / "internal-before"))
    demo.register(member="li.wei")
    after = tree(built(demo, "public", tmp_path / "after"))
    assert before.pop(MAILBOXES) != after.pop(MAILBOXES)
    assert before == after
    assert internal_before != tree(built(demo, "internal", tmp_path / "internal-after"))


def test_published_figures_stand_on_the_site_as_tables_charts_and_data(browser: Browser, organisation: Plaint, tmp_path: Path) -> None:
    """A release record as `plaint publish` writes it; every number of it, and no other, is on the page and in the files."""
    org = copy_of(organisation, tmp_path)
    header = {
        "plaint": 1, "release": "2025", "policy": 1, "since": "2025-01-01", "threshold": 10, "cases": 48,
        "tables": {"channel": {"phone": 30, "email+letter+online+visit": 18}, "screening": {"accepted": 36, "declined+none": 12}}, "medians": {"acknowledgement": 11},
    }  # fmt: skip
    event = Event("publish", "g7q2m0xz", datetime.fromisoformat("2026-01-09T09:12:00+08:00"), "zhou.ning", {}, {})
    (org.folder / "releases").mkdir()
    (org.folder / "releases/2025.yaml").write_bytes(dump_header(header) + dump_event(event))
    org.git("add", "releases")
    org.git("-c", "user.name=zhou.ning", "-c", "user.email=zhou.ning@example.org", "commit", "-q", "-m", "publish")
    site = built(org, "public", tmp_path / "figures")
    page = browser.new_page()
    opened(page, site, "zh/figures/2025.html")
    assert page.locator("main td.n").all_inner_texts() == ["30", "62 %", "18", "38 %", "36", "75 %", "12", "25 %", "11"]
    assert page.get_by_role("img").count() == 2
    assert page.get_by_role("img").first.locator("desc").text_content() == "电话: 30; 电子邮件 + 信函 + 在线平台 + 来访: 18"
    rows = list(csv.DictReader((site / "data/2025.csv").open()))
    assert {(row["table"], row["group"]): int(row["count"]) for row in rows if row["table"] == "channel"} == {
        ("channel", group): n for group, n in header["tables"]["channel"].items()
    }
    assert json.loads((site / "data/2025.json").read_text()) == header
    opened(page, site, "en/index.html")
    assert page.locator(".figures b").all_inner_texts() == ["48", "48"]
    page.get_by_role("link", name="Figures").first.click()
    page.get_by_role("link", name="2025").click()
    assert page.locator("h1").inner_text() == "Figures of 2025"


SHIFTS = "new Promise(done => { let sum = 0; new PerformanceObserver(list => { for (const e of list.getEntries()) sum += e.value; }).observe({type: 'layout-shift', buffered: true}); setTimeout(() => done(sum), 60); })"  # fmt: skip


def test_nothing_moves_while_a_page_loads_and_none_is_heavy(browser: Browser, internal: Path) -> None:
    """Every file that a page asks for counts, but for the search's index and the sealed answers to reporters, which grow with what is in them."""
    for size in (PHONE, DESK):
        page = browser.new_context(viewport=size).new_page()  # type: ignore[arg-type]
        asked: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        for path in pages(internal):
            if path == "404.html":
                continue
            asked.clear()
            opened(page, internal, path)
            made_by_script = Path(path).stem in ("online", "follow")  # their forms are there once the script runs; below 0.1 is good by Lighthouse
            assert page.evaluate(SHIFTS) <= (0.1 if made_by_script else 0), path
            there = [Path(url2pathname(urlsplit(url).path)) for url in dict.fromkeys(asked) if url.startswith("file:")]
            weight = sum(each.stat().st_size for each in there if each.parent.name != "search" and each.name != "mailboxes.js")
            assert (internal / path) in there
            assert weight <= 200_000, (path, weight)


def test_what_moves_is_seen(browser: Browser, tmp_path: Path) -> None:
    """The proof that the test above can fail: a picture without a size."""
    moving = tmp_path / "moving.html"
    moving.write_text("<body><div id='a'></div><p>Text</p><script>requestAnimationFrame(() => setTimeout(() => a.style.height = '300px', 20))</script>")
    page = browser.new_page()
    page.goto(moving.as_uri())
    page.wait_for_timeout(100)
    assert page.evaluate(SHIFTS) > 0


def test_a_page_of_ones_own_takes_the_place_of_a_made_one(demo: Plaint, tmp_path: Path) -> None:
    (demo.folder / "site/docs/en/report.md").write_text("# Come and see us\n\nRoom 3.\n")
    (demo.folder / "site/docs/zh/about.md").write_text("# 关于我们\n\n地址。\n")
    site = built(demo, "public", tmp_path / "site")
    assert "Room 3." in (site / "en/report.html").read_text()
    assert "关于我们" in (site / "zh/index.html").read_text()


def test_without_a_site_it_says_so(demo: Plaint) -> None:
    (demo.folder / "site/mkdocs.yml").unlink()
    assert "site/mkdocs.yml" in demo.refused("site", "build")
