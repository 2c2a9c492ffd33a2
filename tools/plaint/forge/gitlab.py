"""Issues on GitLab, with a project access token: the token of a job (CI_JOB_TOKEN) may not write issues.

The issue is confidential: only members of the project see it. https://docs.gitlab.com/api/issues
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plaint.errors import EnvironmentFaultError
from plaint.forge.api import Api
from plaint.forge.tracker import Issue
from plaint.i18n import _

NEEDED = ("PLAINT_GITLAB_TOKEN", "CI_API_V4_URL", "CI_PROJECT_ID")


@dataclass(frozen=True, slots=True)
class GitLab:
    """One project, by its number."""

    api: Api
    project: str

    @classmethod
    def of(cls, env: Mapping[str, str]) -> GitLab:
        """By the variables of a job; EnvironmentFaultError where one is missing."""
        missing = [name for name in NEEDED if not env.get(name)]
        if missing:
            raise EnvironmentFaultError(
                _("{variables} is not set").format(variables=", ".join(missing)),
                hint=_("GitLab CI has all but the token: a project access token, role Reporter, scope api"),
            )
        return cls(Api(env["CI_API_V4_URL"], {"PRIVATE-TOKEN": env["PLAINT_GITLAB_TOKEN"]}), env["CI_PROJECT_ID"])

    def find(self, mark: str) -> Issue | None:
        """The oldest issue of ours with the mark."""
        me = self.api.get("/user").data["id"]
        items = self.api.pages(f"/projects/{self.project}/issues", scope="all", author_id=me, order_by="created_at", sort="asc")
        return next((_issue(item) for item in items if mark in (item["description"] or "")), None)

    def open(self, title: str, body: str) -> Issue:
        """A new issue, confidential."""
        return _issue(self.api.send("POST", f"/projects/{self.project}/issues", {"title": title, "description": body, "confidential": True}).data)

    def change(self, number: int, title: str, body: str, *, is_open: bool) -> Issue:
        """Another title and body, open or closed."""
        path = f"/projects/{self.project}/issues/{number}"
        wanted = {"title": title, "description": body, "state_event": "reopen" if is_open else "close"}
        return _issue(self.api.send("PUT", path, wanted).data)


def _issue(plain: Mapping[str, Any]) -> Issue:
    return Issue(plain["iid"], plain["title"], plain["description"] or "", plain["state"] == "opened", plain["web_url"])
