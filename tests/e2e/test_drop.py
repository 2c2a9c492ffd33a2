"""The drop: Debian's nginx with the configuration that is shipped takes a file once, gives nothing back, and keeps no log; the page hands in by it."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import Plaint, copy_of
from playwright.sync_api import Browser, sync_playwright
from test_online import CHROMIUM, NOW, QUIET

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
CONF = Path(__file__).parents[2] / "examples" / "drop.nginx.conf"
RECEIPTS = ("0000 0000 0000 0000 0000 0001 95", "1234 5678 9012 3456 7890 1234 98")
NAME = "/in/report-" + "a1" * 10 + ".age"

pytestmark = pytest.mark.skipif(not NGINX, reason="nginx is not installed (Debian: apt-get install nginx-light)")


@dataclass
class Drop:
    """A running nginx: the drop, and a plain server of files for the site, on another port and so another origin."""

    folder: Path
    site: Path
    port: int
    site_port: int

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    @property
    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.folder / "in").iterdir()}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def drop(tmp_path: Path) -> Iterator[Drop]:
    folder, site = tmp_path / "drop", tmp_path / "site"
    for each in (folder / "in", folder / "partial", site, tmp_path / "logs"):
        each.mkdir(parents=True)
    port, site_port = free_port(), free_port()
    text = CONF.read_text()
    for shipped, here in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        ("    ssl_certificate     /etc/letsencrypt/live/drop.example.org/fullchain.pem;\n", ""),
        ("    ssl_certificate_key /etc/letsencrypt/live/drop.example.org/privkey.pem;\n", ""),
        ("/srv/plaint-drop", str(folder)),
        ("https://reports.example.org", f"http://127.0.0.1:{site_port}"),
    ):
        assert shipped in text
        text = text.replace(shipped, here)
    (tmp_path / "drop.conf").write_text(text)
    user = "user root;\n" if os.getuid() == 0 else ""
    temporary = "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    (tmp_path / "nginx.conf").write_text(
        f"{user}daemon off; pid {tmp_path}/pid; worker_processes 1; error_log {tmp_path}/logs/error.log;\nevents {{}}\n"
        f"http {{ include /etc/nginx/mime.types; client_body_temp_path {tmp_path}/body; {temporary} access_log {tmp_path}/logs/access.log;\n"
        f"include {tmp_path}/drop.conf;\nserver {{ listen 127.0.0.1:{site_port}; root {site}; access_log off; }} }}\n"
    )
    running = subprocess.Popen([NGINX, "-p", tmp_path, "-c", tmp_path / "nginx.conf"], stderr=subprocess.PIPE)
    made = Drop(folder, site, port, site_port)
    try:
        for _try in range(100):
            try:
                made.ask("GET", "/")
                break
            except OSError:
                assert running.poll() is None, running.stderr.read() if running.stderr else ""
                time.sleep(0.05)
        yield made
    finally:
        running.terminate()
        running.wait(10)


def test_it_takes_once_and_gives_nothing(drop: Drop, tmp_path: Path) -> None:
    assert drop.ask("PUT", NAME, b"first")[0] == 201
    assert drop.ask("PUT", NAME, b"second")[0] == 409
    assert drop.files == {Path(NAME).name: b"first"}
    for method in ("GET", "HEAD", "POST", "DELETE", "PROPFIND", "MKCOL", "MOVE", "COPY"):
        status, body = drop.ask(method, NAME, **({"Destination": "/in/x"} if method in {"MOVE", "COPY"} else {}))
        assert status == 405, method
        assert b"first" not in body
    for path in ("/", "/in/", "/in", "/partial/", "/in/../partial/", "/etc/passwd"):
        assert drop.ask("GET", path)[0] in {404, 405}, path
    for path in ("/in/other.age", "/in/report-short.age", "/in/sub/" + Path(NAME).name, "/in/report-" + "A1" * 10 + ".age", NAME + "/x"):
        assert drop.ask("PUT", path, b"x")[0] in {404, 405, 409}, path
    assert drop.files == {Path(NAME).name: b"first"}
    assert not (tmp_path / "logs" / "access.log").read_bytes()


def test_what_is_too_large_is_refused(drop: Drop) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", drop.port, timeout=10)
    connection.putrequest("PUT", NAME)
    connection.putheader("Content-Length", str(49 * 1024 * 1024))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
    assert drop.files == {}


def test_another_page_may_not_send_here(drop: Drop) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", drop.port, timeout=10)
    connection.request("OPTIONS", NAME, headers={"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "PUT"})
    answer = connection.getresponse()
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == f"http://127.0.0.1:{drop.site_port}"
    connection.close()


def _downloads(browser: Browser, url: str, receipt: str) -> dict[str, bytes]:
    """Everything that a reporter's browser gets to look into their mailbox."""
    page = browser.new_context().new_page()
    found: dict[str, bytes] = {}
    page.on("response", lambda response: None if response.url.startswith("blob:") else found.update({response.url: response.body()}))  # its own worker
    page.goto(url)
    page.wait_for_load_state("networkidle")
    page.fill("#receipt", receipt)
    page.click("#follow-form button")
    page.wait_for_selector("#follow-problem:not([hidden])")
    assert page.context.cookies() == []
    return found


@pytest.mark.long
@pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed (Debian: apt-get install chromium)")
def test_the_page_hands_in_and_the_file_is_registered(drop: Drop, demo_once: Plaint, tmp_path: Path) -> None:
    org = copy_of(demo_once, tmp_path / "org")
    org = Plaint(org.folder, org.home, now=NOW)
    config = org.folder / "site" / "mkdocs.yml"
    text = config.read_text()
    assert "public]}" in text
    config.write_text(text.replace("public]}", f'public], drop: "http://127.0.0.1:{drop.port}/in"}}'))
    org.good("site", "build", "--audience", "public", "-o", tmp_path / "built")
    shutil.copytree(tmp_path / "built", drop.site, dirs_exist_ok=True)
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        page = browser.new_page()
        asked: list[tuple[str, str]] = []
        page.on("request", lambda request: asked.append((request.method, request.url)))
        page.goto(f"http://127.0.0.1:{drop.site_port}/en/online.html")
        policy = page.get_attribute("meta[http-equiv]", "content") or ""
        assert f"connect-src http://127.0.0.1:{drop.port}/in/" in policy
        page.select_option("#category", "service")
        page.fill("#narrative", "handed in through the drop")
        page.click("#report-form [type=submit]")
        page.wait_for_selector("#report-done:not([hidden])")
        assert not drop.files  # nothing is sent before the reporter says so
        page.click("#report-done [data-drop]")
        page.wait_for_function("document.querySelector('#report-done [data-dropped]').textContent === 'It is handed in.'")
        downloads = [_downloads(browser, f"http://127.0.0.1:{drop.site_port}/en/follow.html", receipt) for receipt in RECEIPTS]
        browser.close()
    assert downloads[0] == downloads[1]  # nobody learns by it who looked, or for what
    assert any(url.endswith("/js/mailboxes.js") for url in downloads[0])
    assert {url.split("/")[2] for _method, url in asked if not url.startswith("blob:")} == {f"127.0.0.1:{drop.port}", f"127.0.0.1:{drop.site_port}"}
    assert [method for method, url in asked if f":{drop.port}/" in url and method != "OPTIONS"] == ["PUT"]
    assert len(drop.files) == 1
    done = org.data("inbox", "import", drop.folder / "in", member="li.wei")
    assert (done["registered"], done["set_aside"]) == (1, [])
    assert "handed in through the drop" in org.good("open", done["cases"][0]["case"], member="li.wei")
