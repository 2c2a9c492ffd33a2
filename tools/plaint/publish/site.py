"""The pages of an organisation's site, for one audience, in each of its languages.

The public site says nothing that a change of an open case could change: what it publishes comes from the policy in force and from frozen
releases. The internal one shows the work as it stands, by opaque ids.
"""

from __future__ import annotations

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

    def pages(self) -> dict[str, list[Page]]:
        """Every page by language, in the order of the navigation; each language is in force while its pages are made."""
        policy = self.organisation.policy_in_force(self.now)
        made: dict[str, list[Page]] = {}
        work: internal.Work | None = None
        for language in self.languages:
            set_language(language)
            mine = made[language] = list(public.pages(self.organisation, self.now, language, online=self.online))
            if self.online:
                mine += online.pages(self.organisation, policy, self.drop)
            if self.audience is Audience.INTERNAL:
                work = work.in_this_language(self.organisation, self.now) if work else internal.work(self.organisation, self.now)
                mine += internal.pages(self.organisation, self.now, work)
        return made
