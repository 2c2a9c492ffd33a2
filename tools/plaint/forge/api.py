"""A forge's REST API over HTTPS, by the standard library: one request, its JSON, and an error in one line.

Rules:
- The token goes to the forge alone: only over HTTPS (or to this very machine), and never along a redirect.
- What only reads is asked again where the forge is busy or the line breaks; what writes is not, for it may have been done.
- Nothing that the forge answers is shown but the first words of its own message.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from plaint.check.findings import printable
from plaint.errors import EnvironmentFaultError
from plaint.i18n import _

TIMEOUT = 20.0
"""Seconds that a forge has to answer."""
WAITS = (1.0, 4.0)
"""Seconds before a reading request is made again."""
BUSY = frozenset({429, 500, 502, 503, 504})
MOST_PAGES = 200
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class Answer(NamedTuple):
    """What a request gave: its JSON, and the headers by small letters."""

    data: Any
    headers: Mapping[str, str]


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Api:
    """The API at `base`, with the headers that every request has."""

    base: str
    headers: Mapping[str, str]

    def __post_init__(self) -> None:
        address = urlsplit(self.base)
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in _LOCAL):
            raise EnvironmentFaultError(_("a token is sent over https only"), where=self.base)

    def get(self, path: str, **query: str | int) -> Answer:
        """Reads."""
        url = f"{self.base}{path}" + (f"?{urlencode(query)}" if query else "")
        for wait in WAITS:
            try:
                return self._ask("GET", url, None)
            except _BusyError:
                time.sleep(wait)
        return self._ask("GET", url, None)

    def pages(self, path: str, **query: str | int) -> Iterator[Any]:
        """Every item of a list that comes in pages of 100, in order; both forges number them."""
        for page in range(1, MOST_PAGES + 1):
            items = self.get(path, **query, per_page=100, page=page).data
            if not isinstance(items, list):
                raise self._strange(f"{self.base}{path}")
            yield from items
            if len(items) < 100:
                return

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> Answer:
        """Writes."""
        return self._ask(method, f"{self.base}{path}", json.dumps(body, ensure_ascii=False).encode())

    def _ask(self, method: str, url: str, body: bytes | None) -> Answer:
        headers = {**self.headers, "User-Agent": "plaint", **({"Content-Type": "application/json"} if body else {})}
        request = Request(url, body, headers, method=method)  # noqa: S310 - the scheme was looked at above
        try:
            with build_opener(_NoRedirects).open(request, timeout=TIMEOUT) as response:
                return Answer(json.loads(response.read()), {name.lower(): value for name, value in response.headers.items()})
        except HTTPError as error:
            kind = _BusyError if error.code in BUSY else RefusedError
            raise kind(error.code, _message(error), url.partition("?")[0]) from error
        except (OSError, HTTPException) as error:
            raise _BusyError(0, str(getattr(error, "reason", error)), url.partition("?")[0]) from error
        except ValueError as error:
            raise self._strange(url.partition("?")[0]) from error

    def _strange(self, url: str) -> EnvironmentFaultError:
        return EnvironmentFaultError(_("the forge answered something that is not of its API"), where=url)


class RefusedError(EnvironmentFaultError):
    """The forge says no; `status` is its HTTP status, 0 where it could not be reached."""

    def __init__(self, status: int, message: str, url: str) -> None:
        self.status = status
        said = f"{status} {message}".strip() if status else message
        hints = {
            401: _("is the token right, and not expired?"),
            403: _("may the token write issues? GitHub: permissions: issues: write; GitLab: a project access token, role Reporter, scope api"),
            404: _("are there issues in this repository, and may the token see it?"),
            410: _("issues are switched off in this repository"),
        }
        what = _("the forge refused: {said}") if status else _("the forge cannot be reached: {said}")
        super().__init__(what.format(said=printable(said)), where=url, hint=hints.get(status, ""))


class _BusyError(RefusedError):
    """The same, and it may be otherwise in a moment."""


def _message(error: HTTPError) -> str:
    """GitHub's and GitLab's `message` (GitLab's `error`), or the reason of HTTP."""
    try:
        plain = json.loads(error.read(10_000))
    except (OSError, ValueError, HTTPException):
        plain = None
    said = (plain.get("message") or plain.get("error")) if isinstance(plain, dict) else None
    return " ".join(str(said or error.reason).split())[:200]
