"""The pages of an organisation's site, for one audience, in each of its languages.

The public site says nothing that a change of an open case could change: what it publishes comes from the policy in force and from frozen
releases. The internal one shows the work as it stands, by opaque ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from plaint.i18n import set_language
from plaint.organisation import Organisation
from plaint.publish import internal, online, public
from plaint.publish.page import Page


class Audience(StrEnum):
    """Who reads the site."""

    PUBLIC = "public"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages are made from."""

    organisation: Organisation
    now: datetime
    audience: Audience = Audience.PUBLIC
    drop: str = ""
    """Where reporters' browsers may put sealed files; nowhere if empty."""

    @property
    def languages(self) -> tuple[str, ...]:
        """The organisation's languages, the first one first."""
        return self.organisation.config.languages

    @property
    def online(self) -> bool:
        """Whether reports are taken on the site."""
        return online.available(self.organisation.policy_in_force(self.now))

    def pages(self, language: str) -> Iterator[Page]:
        """Every page in one language, in the order of the navigation; the language is in force while they are made."""
        set_language(language)
        yield from public.pages(self.organisation, self.now, language, online=self.online)
        if self.online:
            yield from online.pages(self.organisation, self.organisation.policy_in_force(self.now), self.drop)
        if self.audience is Audience.INTERNAL:
            yield from internal.pages(self.organisation, self.now)
