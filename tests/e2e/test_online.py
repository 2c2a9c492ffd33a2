"""Report online and follow up, in Debian's Chromium: fill in the form, register the sealed file, answer, come back with the receipt, write back.

No web server and no network: the site is opened from its folder, and everything that is asked for lies in it.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from conftest import Plaint, copy_of
from playwright.sync_api import Browser, Page, sync_playwright

from plaint.seal.receipt import digits_of, keys_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync")
NOW, LATER, LAST = "2026-11-23T12:00:00+08:00", "2026-11-23T15:00:00+08:00", "2026-11-23T18:00:00+08:00"
SECRET = "仓库主管向供应商收取回扣。Kickbacks at the warehouse gate"
VECTORS = yaml.safe_load((Path(__file__).parents[1] / "vectors" / "receipts.yaml").read_text())
ANSWER = "我们已收到。Thank you: 'quotes', #hash & <b>"
PHOTO = bytes(range(256)) * 40
FILM = bytes(range(256)) * 12_000

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed (Debian: apt-get install chromium)")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield found
        found.close()


@pytest.fixture
def org(demo_once: Plaint, tmp_path: Path) -> Plaint:
    made = copy_of(demo_once, tmp_path)
    return Plaint(made.folder, made.home, now=NOW)


@pytest.fixture(scope="module")
def site_once(demo_once: Plaint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(demo_once, tmp_path_factory.mktemp("online") / "site")


class Reporter:
    """Somebody with a browser, and what it asked for and said."""

    def __init__(self, browser: Browser, site: Path, language: str, folder: Path) -> None:
        self.context = browser.new_context(accept_downloads=True)
        self.page: Page = self.context.new_page()
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.site, self.language, self.folder = site, language, folder

    def open(self, name: str) -> None:
        self.page.goto((self.site / self.language / f"{name}.html").as_uri())
        self.context.set_offline(True)  # loaded is loaded

    def save(self, place: str) -> Path:
        with self.page.expect_download() as started:
            self.page.click(f"#{place} [data-download]")
        file = self.folder / started.value.suggested_filename
        started.value.save_as(file)
        return file

    def report(
        self, *, exclude: tuple[str, ...] = (), name: str = "", attach: Any = None, title: str = "回扣 kickback", text: str = SECRET
    ) -> tuple[Path, str]:
        """The sealed file and the receipt."""
        page = self.page
        self.open("online")
        page.select_option("#category", "ethics")
        page.fill("#title", title)
        page.fill("#narrative", text)
        page.fill("#where", "东门 east gate")
        if name:
            page.check("input[name=anonymous][value=no]")
            page.fill("#name", name)
            page.fill("#email", "someone@example.org")
        for member in exclude:
            page.check(f"input[name=exclude][value='{member}']")
        if attach:
            page.set_input_files("#files", attach)
        page.click("#report-form [type=submit]")
        page.wait_for_selector("#report-done:not([hidden])")
        return self.save("report-done"), page.text_content("[data-receipt]") or ""

    def follow(self, receipt: str) -> str:
        """What the page shows for a receipt."""
        self.open("follow")
        self.page.fill("#receipt", receipt)
        self.page.click("#follow-form button")
        self.page.wait_for_selector("#follow-box:not([hidden]), #follow-problem:not([hidden])")
        return self.page.inner_text("#follow-box:not([hidden]), #follow-problem:not([hidden])")

    def write_back(self, text: str) -> Path:
        self.page.fill("#follow-reply textarea", text)
        self.page.click("#follow-reply button")
        self.page.wait_for_selector("#follow-done:not([hidden])")
        return self.save("follow-done")

    def kept_nothing(self) -> None:
        assert self.said == []
        assert [url for url in self.asked if not url.startswith((self.site.as_uri(), "blob:"))] == []
        assert self.page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


def built(org: Plaint, folder: Path) -> Path:
    org.good("site", "build", "--audience", "public", "-o", folder)
    return folder


def opens(org: Plaint, member: str, file: Path) -> bool:
    return org.age(org.identity(member), file.read_bytes()).returncode == 0


def petitions() -> list[Mapping[str, str]]:
    """The longest of the real petitions, where PLAINT_TEST_DATA has them; else one of our own."""
    file = Path(os.environ.get("PLAINT_TEST_DATA", "")) / "petitions-zh.csv"
    if not file.is_file():
        return [{"留言主题": "回扣 kickback", "留言详情": text} for text in (SECRET, SECRET[::-1])]
    with file.open(encoding="utf-8-sig", newline="") as table:
        return sorted(csv.DictReader(table), key=lambda row: -len(row["留言详情"]))[:2]


@pytest.mark.long
def test_the_whole_loop(browser: Browser, org: Plaint, tmp_path: Path) -> None:
    """Two people report, one in each language, with small and large files; both are answered, come back with the receipt, and write again."""
    site = built(org, tmp_path / "site")
    texts = dict(zip(("en", "zh"), petitions(), strict=True))
    handed, receipts = tmp_path / "handed in", {}
    handed.mkdir()
    (tmp_path / "film.mp4").write_bytes(FILM)
    for language, row in texts.items():
        reporter = Reporter(browser, site, language, handed)
        files = [{"name": "照片 photo.jpg", "mimeType": "image/jpeg", "buffer": PHOTO}] if language == "en" else str(tmp_path / "film.mp4")
        file, receipts[language] = reporter.report(name="举报人 Somebody", attach=files, title=row["留言主题"], text=row["留言详情"])
        reporter.kept_nothing()
        assert re.fullmatch(r"(\d{4} ){6}\d{2}", receipts[language])
        assert file.read_bytes().startswith(b"age-encryption.org/v1\n")
        assert any(word in reporter.follow(receipts[language]) for word in ("nothing for this receipt", "还没有"))  # it is not registered yet

    done = org.data("inbox", "import", handed, member="li.wei")
    assert (done["registered"], done["known"], done["set_aside"]) == (2, 0, [])
    again = org.data("inbox", "import", handed, member="chen.jie")
    assert (again["registered"], again["known"]) == (0, 2)
    cases = {}
    for each in done["cases"]:
        (bodies,) = [{body["compartment"]: body["body"]} for body in org.data("open", each["case"], member="li.wei") if body["kind"] == "receive"]
        language = next(
            word for word, row in texts.items() if "".join(row["留言详情"].split()) == "".join(bodies["report"]["narrative"].split()) and word not in cases
        )
        cases[language] = each["case"]
        assert "identity" not in bodies  # the custodian's
        (identity,) = org.data("open", each["case"], member="he.ping")
        assert identity["body"]["name"] == "举报人 Somebody"
        assert f"reporter: {keys_of(digits_of(receipts[language])).recipient}".encode() in org.record(each["case"])
        sealed = (b"Somebody", base64.b64encode(PHOTO)[:40], bodies["report"]["narrative"][:12].encode())
        assert all(part not in org.record(each["case"]) for part in sealed)
    org.good("open", cases["en"], "--attachments", tmp_path / "files", member="li.wei")
    (kept,) = (tmp_path / "files").iterdir()
    assert kept.read_bytes() == PHOTO
    (piece,) = org.data("evidence", "list", cases["zh"], member="li.wei")
    assert (piece["kind"], piece["sealed"]["name"], piece["sealed"]["bytes"]) == ("recording", "film.mp4", len(FILM))
    org.good("evidence", "get", cases["zh"], piece["event"], "-o", tmp_path / "film", member="li.wei")
    assert (tmp_path / "film").read_bytes() == FILM

    answer = tmp_path / "answer.yaml"
    answer.write_text(yaml.safe_dump({"report": {"note": "told"}, "reporter": {"text": ANSWER}}, allow_unicode=True))
    for case in cases.values():
        org.good("acknowledge", case, "--body", answer, member="li.wei", now=LATER)
    site = built(Plaint(org.folder, org.home, now=LATER), tmp_path / "site2")
    written = tmp_path / "written back"
    written.mkdir()
    for language, case in cases.items():
        back = Reporter(browser, site, language, written)
        shown = back.follow(receipts[language].replace(" ", "-"))
        assert case in shown
        assert ANSWER in shown
        other = next(each for each in cases.values() if each != case)
        assert other not in shown
        back.write_back("门卫也知道。The guard knows, too.")
        back.kept_nothing()

    done = org.data("inbox", "import", written, member="chen.jie", now=LAST)
    assert {each["case"] for each in done["cases"]} == set(cases.values())
    assert org.data("inbox", "import", written, member="li.wei", now=LAST)["known"] == 2
    for case in cases.values():
        last = org.data("open", case, "--compartment", "report", member="li.wei")[-1]
        assert last["body"]["reply"] == "门卫也知道。The guard knows, too."
        assert "from the reporter" in org.good("--lang", "en", "show", case)
    assert org.run("check", now=LAST).returncode == 0
    assert org.run("audit").returncode == 0


@pytest.mark.long
def test_who_is_shut_out_opens_neither_file_nor_case(browser: Browser, org: Plaint, tmp_path: Path) -> None:
    site = built(org, tmp_path / "site")
    open_file, _receipt = Reporter(browser, site, "en", tmp_path).report()
    assert opens(org, "li.wei", open_file)
    assert opens(org, "chen.jie", open_file)
    file, receipt = Reporter(browser, site, "en", tmp_path).report(exclude=("li.wei",))
    assert not opens(org, "li.wei", file)
    assert opens(org, "chen.jie", file)
    assert file.stat().st_size == open_file.stat().st_size  # and the file does not tell
    refused = json.loads(org.run("inbox", "import", file, "--format", "json", member="li.wei").stdout)
    assert refused["registered"] == 0
    assert "nothing that li.wei has opens it" in refused["set_aside"][0]["reason"]
    case = org.data("inbox", "import", file, "--format", "json", member="chen.jie")["cases"][0]["case"]
    assert org.run("open", case, member="li.wei").returncode == 2
    back = Reporter(browser, built(org, tmp_path / "site2"), "en", tmp_path)
    assert case in back.follow(receipt)
    message = back.write_back("for chen.jie alone")
    assert not opens(org, "li.wei", message)
    assert json.loads(org.run("inbox", "import", message, "--format", "json", member="li.wei").stdout)["registered"] == 0
    assert org.data("inbox", "import", message, "--format", "json", member="chen.jie")["registered"] == 1


@pytest.mark.parametrize(("language", "scheme", "width"), [("en", "light", 390), ("zh", "dark", 1280)])
def test_what_is_wrong_is_said_at_its_place_and_everybody_can_read_it(
    browser: Browser, site_once: Path, tmp_path: Path, language: str, scheme: Any, width: int
) -> None:
    """Every state of the pages, with the accessibility checker, which reads style sheets in a way that the pages' policy forbids."""
    page = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 844}, bypass_csp=True, accept_downloads=True).new_page()

    def shown(selector: str) -> str:
        page.wait_for_selector(f"{selector}:not([hidden])")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        return page.evaluate("document.activeElement.id") or ""

    page.goto((site_once / language / "online.html").as_uri())
    seal = "#report-form [type=submit]"
    page.click(seal)
    assert shown("#report-problem") == "category"
    page.select_option("#category", "ethics")
    page.click(seal)
    assert shown("#report-problem") == "narrative"
    page.fill("#narrative", "It happened.")
    (tmp_path / "large").write_bytes(b"")
    for size in (0, 32_000_001):  # empty, and too large by a byte
        os.truncate(tmp_path / "large", size)
        page.set_input_files("#files", str(tmp_path / "large"))
        page.click(seal)
        assert shown("#report-problem") == "files"
    page.set_input_files("#files", [])
    page.check("[value='he.ping']")  # the only custodian: nobody could be asked who reported
    page.click(seal)
    assert shown("#report-problem") == "report-problem"
    page.uncheck("[value='he.ping']")
    page.check("[name=anonymous][value=no]")
    page.click(seal)
    assert shown("#report-done") == "report-done"
    page.emulate_media(media="print")
    printed = page.inner_text("body").split("\n")
    assert [line for line in printed if line.strip()] == [page.text_content("[data-receipt]"), page.inner_text("[data-address]")]
    page.emulate_media(media="screen")
    page.goto((site_once / language / "follow.html").as_uri())
    page.click("#follow-form button")
    assert shown("#follow-problem") == "receipt"


def test_the_pages_reach_no_other_origin(browser: Browser, site_once: Path) -> None:
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    for name in ("online", "follow"):
        page.goto((site_once / "en" / f"{name}.html").as_uri())
        policy = page.get_attribute("meta[http-equiv]", "content") or ""
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;")
        assert "connect-src" not in policy  # no drop is named here
        assert page.evaluate("fetch('https://example.org/', {method: 'PUT', body: 'x'}).then(() => 'sent', () => 'stopped')") == "stopped"
        assert page.evaluate("navigator.sendBeacon('https://example.org/', 'x') && false") is False
    assert len(said) >= 2
    assert all("Content Security Policy" in each for each in said)


def test_without_scripts_the_page_says_what_to_do(browser: Browser, site_once: Path) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    for name in ("online", "follow"):
        page.goto((site_once / "en" / f"{name}.html").as_uri())
        assert "choose the security level" in page.inner_text("noscript")
        assert page.locator("form:visible").count() == 0  # nothing to fill in that could not be sealed


def test_a_wrong_receipt_opens_nothing_and_says_so_kindly(browser: Browser, site_once: Path, tmp_path: Path) -> None:
    reporter = Reporter(browser, site_once, "en", tmp_path)
    assert "Please look at it again" in reporter.follow("1234 5678")
    assert "Please look at it again" in reporter.follow("0000 0000 0000 0000 0000 0001 96")
    assert "nothing for this receipt yet" in reporter.follow("0000 0000 0000 0000 0000 0001 95")
    reporter.kept_nothing()


def test_a_forged_message_is_set_aside(browser: Browser, org: Plaint, tmp_path: Path) -> None:
    """Whoever knows the case and its key, a member say, cannot write as the reporter."""
    org.good("register", "--channel", "phone", "--category", "ethics", "--body", _body(tmp_path), "--receipt", "--format", "json", member="li.wei")
    case = org.data("list", "--format", "json")[-1]["case"]
    key = re.search(rb"report: (age1\w+)", org.record(case))
    assert key
    content = {"plaint": 1, "kind": "message", "id": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "made": "2026-11-23T04:00:00Z", "language": "en"}
    content |= {"case": case, "token": "A" * 43, "text": "it was all a mistake", "attachments": [], "pad": ""}
    forged = tmp_path / "forged.age"
    subprocess.run(["age", "-a", "-r", key[1], "-o", forged], input=json.dumps(content).encode(), check=True)
    done = org.run("inbox", "import", forged, "--format", "json", member="li.wei")
    assert done.returncode == 1
    assert "does not prove to come from the reporter" in json.loads(done.stdout)["set_aside"][0]["reason"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["receipt"])
def test_the_browser_stretches_a_receipt_as_the_vectors_say(browser: Browser, site_once: Path, tmp_path: Path, vector: dict[str, str]) -> None:
    """A bundle made by hand, by the words of publish/mailboxes.py and the age command: the page opens it, so it found tag and key."""
    mailbox = {"case": "ABCD-2345", "received": "today", "state": {"en": "Received"}, "proof": "", "readers": "", "messages": []}
    cell = json.dumps({"part": json.dumps(mailbox), "pad": ""}).encode()
    sealed = subprocess.run(["age", "-r", vector["recipient"]], input=cell, capture_output=True, check=True).stdout
    tag = hashlib.sha256(f"plaint mailbox 1\nsalt\n{vector['recipient']}\n0".encode()).hexdigest()[:32]
    site = tmp_path / "site"
    shutil.copytree(site_once, site)
    bundle = {"salt": "salt", "cells": [[tag, base64.b64encode(sealed).decode()]]}
    (site / "js" / "mailboxes.js").write_text(f"window.plaintMailboxes = {json.dumps(bundle)};")
    reporter = Reporter(browser, site, "en", tmp_path)
    assert "ABCD-2345" in reporter.follow(vector["receipt"])
    others = [other["receipt"] for other in VECTORS if other is not vector]
    assert "nothing for this receipt" in reporter.follow(others[0])


def _body(folder: Path) -> Path:
    body = folder / "body.yaml"
    body.write_text("report: {narrative: by phone}\n")
    return body


@pytest.mark.long
def test_a_receipt_read_out_at_the_phone_opens_the_answer(browser: Browser, org: Plaint, tmp_path: Path) -> None:
    done = org.data("register", "--channel", "phone", "--category", "ethics", "--body", _body(tmp_path), "--receipt", "--format", "json", member="li.wei")
    told = tmp_path / "told.yaml"
    told.write_text("report: {note: told}\nreporter: {text: 'The inquiry goes on until May.'}\n")
    small = built(org, tmp_path / "one")
    org.good("message", done["case"], "--direction", "to-reporter", "--body", told, member="li.wei")
    _tell_of_a_disclosure(org, done["case"])
    large = built(org, tmp_path / "two")
    reporter = Reporter(browser, large, "en", tmp_path)
    shown = reporter.follow(done["receipt"])
    assert "until May" in shown
    _prove_the_filing(org, reporter, shown, done["commit"])
    assert re.search(r"About your identity\s+The decision maker was told your name", shown)
    bundles = [(site / "js" / "mailboxes.js").read_text() for site in (small, large)]
    cells = [dict(json.loads(text.removeprefix("window.plaintMailboxes = ").rstrip(";\n"))["cells"]) for text in bundles]
    assert [len(each) for each in cells] == [128, 128]  # two messages more do not show
    assert not cells[0].keys() & cells[1].keys()  # nor can a mailbox be followed from one edition to the next
    assert not set(cells[0].values()) & set(cells[1].values())
    sizes = [len(base64.b64decode(cell)) for bundle in cells for cell in bundle.values()]
    assert min(sizes) >= 2048 + 200  # of plaintext, and what age puts around it
    assert max(sizes) < 2048 + 1000
    assert hashlib.sha256(done["receipt"].encode()).hexdigest() not in bundles[1]


def _tell_of_a_disclosure(org: Plaint, case: str) -> None:
    """The custodian reads why, and is told what comes next once it is granted: that the reporter learns of it."""
    asked = org.good("--lang", "en", "disclose", case, "--step", "request", "--body", "-", input="note: The receipts must be compared.", member="liu.yang")
    request = re.search(r"event (\w+)", asked)
    assert request
    assert "next: a custodian, who is somebody else" in asked
    assert "The receipts must be compared." in org.good("open", case, "--compartment", "identity", member="he.ping")
    told = org.good("--lang", "en", "disclose", case, "--step", "grant", "--request", request[1], member="he.ping")
    following = re.search(r"next: tell the reporter, .*: plaint (disclose .*)\n", told)
    assert following
    body = "report: {note: told by the site}\nreporter: {text: The decision maker was told your name.}\n"
    org.good(*following[1].split(), "--body", "-", input=body, member="li.wei")


def _prove_the_filing(org: Plaint, reporter: Reporter, shown: str, commit: str) -> None:
    """Shown when it is asked for, and not before; the command beside it finds it in the history, and would find another one missing."""
    assert commit not in shown
    reporter.page.click("[data-proof]")
    assert reporter.page.inner_text("[data-proven] code") == commit
    command = reporter.page.inner_text("[data-proven] pre").split()
    assert command[0] == "plaint"
    assert org.run(*command[1:]).returncode == 0
    assert org.run(*command[1:-1], commit[::-1]).returncode == 1
