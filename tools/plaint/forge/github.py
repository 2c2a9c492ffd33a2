"""Issues on GitHub, with the token that a job of GitHub Actions has (`issues: write`).

https://docs.github.com/rest/issues/issues
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plaint.errors import EnvironmentFaultError
from plaint.forge.api import Api, RefusedError
from plaint.forge.tracker import Issue
from plaint.i18n import _

VERSION = "2022-11-28"
NEEDED = ("GITHUB_TOKEN", "GITHUB_REPOSITORY")


@dataclass(frozen=True, slots=True)
class GitHub:
    """One repository, `OWNER/NAME`."""

    api: Api
    repository: str

    @classmethod
    def of(cls, env: Mapping[str, str]) -> GitHub:
        """By the variables of a job; EnvironmentFaultError where one is missing."""
        missing = [name for name in NEEDED if not env.get(name)]
        if missing:
            raise EnvironmentFaultError(
                _("{variables} is not set").format(variables=", ".join(missing)), hint=_("GitHub Actions has them; the token: env: GITHUB_TOKEN: github.token")
            )
        headers = {"Authorization": f"Bearer {env['GITHUB_TOKEN']}", "Accept": "application/vnd.github+json", "X-GitHub-Api-Version": VERSION}
        return cls(Api(env.get("GITHUB_API_URL") or "https://api.github.com", headers), env["GITHUB_REPOSITORY"])

    def find(self, mark: str) -> Issue | None:
        """The oldest issue of ours with the mark; pull requests are in GitHub's list too, and are none."""
        me = self._login()
        for item in self.api.pages(f"/repos/{self.repository}/issues", state="all", sort="created", direction="asc"):
            if "pull_request" not in item and mark in (item["body"] or "") and _is_by(item["user"], me):
                return _issue(item)
        return None

    def _login(self) -> str | None:
        """Whose token this is; None for a job's own, which may not ask that."""
        try:
            return str(self.api.get("/user").data["login"])
        except RefusedError as error:
            if error.status == 403:
                return None
            raise

    def open(self, title: str, body: str) -> Issue:
        """A new issue."""
        return _issue(self.api.send("POST", f"/repos/{self.repository}/issues", {"title": title, "body": body}).data)

    def change(self, number: int, title: str, body: str, *, is_open: bool) -> Issue:
        """Another title and body, open or closed."""
        wanted = {"title": title, "body": body, "state": "open" if is_open else "closed"}
        return _issue(self.api.send("PATCH", f"/repos/{self.repository}/issues/{number}", wanted).data)


def _is_by(user: Mapping[str, Any] | None, me: str | None) -> bool:
    """Whether an issue is of this token; a job's own token opens issues as the app of GitHub Actions, and outsiders are no apps."""
    return user is not None and bool(user["login"] == me if me else user["type"] == "Bot")


def _issue(plain: Mapping[str, Any]) -> Issue:
    return Issue(plain["number"], plain["title"], plain["body"] or "", plain["state"] == "open", plain["html_url"])
