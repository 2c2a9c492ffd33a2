"""GitHub's and GitLab's REST API for issues, as their documentation has it, kept by a real HTTP server on this machine.

https://docs.github.com/rest/issues/issues · https://docs.gitlab.com/api/issues. Anything that plaint asks and that is not there is answered
as the forges do: 404, or 400 where a field is unknown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

Plain = dict[str, Any]


@dataclass
class Hub:
    """What a forge keeps: issues, oldest first, and every request that was made."""

    issues: list[Plain] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    token: str = "the-token-of-the-job"
    fail: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Method -> what it answers once instead."""
    url: str = ""

    @property
    def writes(self) -> list[str]:
        """The requests that changed something."""
        return [f"{method} {path}" for method, path in self.asked if method != "GET"]

    def next_id(self) -> int:
        return max((each.get("number") or each["iid"] for each in self.issues), default=0) + 1


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def _any(self) -> None:
        parts = urlsplit(self.path)
        self.hub.asked.append((self.command, parts.path))
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if self.command in self.hub.fail:
            status, text = self.hub.fail.pop(self.command)
            self._answer(status, text.encode(), "application/json" if text.startswith("{") else "text/html")
            return
        status, found = self.answer(self.command, parts.path, query, body)
        self._answer(status, json.dumps(found).encode(), "application/json; charset=utf-8")

    do_GET = do_POST = do_PATCH = do_PUT = _any

    def answer(self, method: str, path: str, query: dict[str, str], body: Plain) -> tuple[int, Any]:
        raise NotImplementedError

    def page(self, items: list[Plain], query: dict[str, str]) -> list[Plain]:
        size, number = int(query.get("per_page", 30)), int(query.get("page", 1))
        return items[(number - 1) * size : number * size]

    def _answer(self, status: int, data: bytes, kind: str) -> None:
        self.send_response(status)
        if status in (301, 302, 307):
            self.send_header("Location", data.decode())
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_args: Any) -> None:
        """Says nothing."""


class GitHubApi(_Handler):
    """`OWNER/NAME` is acme/complaints; the token is that of a job, so it may not ask who it is."""

    JOB = {"login": "github-actions[bot]", "id": 41898282, "type": "Bot"}
    BASE = "/repos/acme/complaints/issues"
    login: str | None = None
    """Whose token it is, where it is a person's."""

    def answer(self, method: str, path: str, query: dict[str, str], body: Plain) -> tuple[int, Any]:
        if self.headers["Authorization"] != f"Bearer {self.hub.token}":
            return 401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest", "status": "401"}
        if not self.headers["User-Agent"] or self.headers["X-GitHub-Api-Version"] != "2022-11-28" or self.headers["Accept"] != "application/vnd.github+json":
            return 400, {"message": "headers"}
        if (method, path) == ("GET", "/user"):
            return (200, {"login": self.login, "type": "User"}) if self.login else (403, {"message": "Resource not accessible by integration"})
        if (method, path) == ("GET", self.BASE):
            assert query["sort"] == "created"
            wanted = query.get("state", "open")
            found = [each for each in self.hub.issues if wanted in ("all", each["state"])]
            return 200, self.page(found if query["direction"] == "asc" else found[::-1], query)
        if (method, path) == ("POST", self.BASE):
            assert set(body) <= {"title", "body", "assignees", "milestone", "labels", "type"}
            number = self.hub.next_id()
            user = {"login": self.login, "type": "User"} if self.login else self.JOB
            made = {"number": number, "state": "open", "user": user, "html_url": f"https://github.example/acme/complaints/issues/{number}", **body}
            self.hub.issues.append(made)
            return (201, made) if len(body["body"]) <= 65536 else (422, {"message": "Validation Failed"})
        match = re.fullmatch(rf"{self.BASE}/(\d+)", path)
        if method == "PATCH" and match:
            assert set(body) <= {"title", "body", "state", "state_reason", "labels", "assignees", "milestone"}
            assert body.get("state", "open") in ("open", "closed")
            (found_one,) = [each for each in self.hub.issues if each["number"] == int(match[1])]
            found_one.update(body)
            return 200, found_one
        return 404, {"message": "Not Found"}


class GitLabApi(_Handler):
    """Project 17; the token is a project access token, which is a user of its own. A job's token may do nothing here."""

    BASE = "/projects/17/issues"
    ME = 4711

    def answer(self, method: str, path: str, query: dict[str, str], body: Plain) -> tuple[int, Any]:
        if self.headers["PRIVATE-TOKEN"] != self.hub.token:
            return 401, {"message": "401 Unauthorized"}
        if (method, path) == ("GET", "/user"):
            return 200, {"id": self.ME, "username": "project_17_bot_1", "bot": True}
        if (method, path) == ("GET", self.BASE):
            assert query["scope"] == "all"
            assert query["order_by"] == "created_at"
            found = [each for each in self.hub.issues if int(query.get("author_id", each["author"]["id"])) == each["author"]["id"]]
            return 200, self.page(found if query["sort"] == "asc" else found[::-1], query)
        if (method, path) == ("POST", self.BASE):
            assert set(body) <= {"title", "description", "confidential", "labels"}
            iid = self.hub.next_id()
            made = {"id": 1000 + iid, "iid": iid, "state": "opened", "author": {"id": self.ME}, "web_url": f"https://gitlab.example/-/issues/{iid}", **body}
            self.hub.issues.append(made)
            return 201, made
        match = re.fullmatch(rf"{self.BASE}/(\d+)", path)
        if method == "PUT" and match:
            assert set(body) <= {"title", "description", "state_event", "labels"}
            (found_one,) = [each for each in self.hub.issues if each["iid"] == int(match[1])]
            event = body.pop("state_event", None)
            found_one.update(body)
            found_one["state"] = {"close": "closed", "reopen": "opened", None: found_one["state"]}[event]
            return 200, found_one
        return 404, {"error": "404 Not Found"}


@contextmanager
def serve(kind: type[_Handler], hub: Hub | None = None, **more: Any) -> Iterator[Hub]:
    """A forge on this machine, as long as the block."""
    hub = hub or Hub()
    handler = type("Handler", (kind,), {"hub": hub, **more})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, daemon=True).start()
        yield hub
        server.shutdown()
