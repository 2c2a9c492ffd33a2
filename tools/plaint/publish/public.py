"""The public pages: what anybody may know. Nothing here depends on an open case."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from plaint.i18n import _, pick
from plaint.model.diagram import svg_diagram
from plaint.model.policy import Policy
from plaint.model.policy_tables import about, rules, sections
from plaint.organisation import Organisation
from plaint.publish import figures
from plaint.publish.guide import reporting
from plaint.publish.page import Page, escape, facts, heading, table
from plaint.statistics.publish import releases
from plaint.store.history import first_commit, history


def pages(organisation: Organisation, now: datetime, language: str, *, online: bool) -> Iterator[Page]:
    """In the order of the navigation; `online` where the site takes reports."""
    policy = organisation.policy_in_force(now)
    yield overview(organisation, policy)
    contact = Path(organisation.repository.top, "site", "docs", language, "contact.md").is_file()
    yield reporting(policy, online=online, contact=contact)
    yield handling(policy)
    yield from figures.pages(organisation, policy)
    yield verifying(organisation)


def overview(organisation: Organisation, policy: Policy) -> Page:
    """The first page: whom this is for and where to go."""
    name = escape(pick(organisation.config.name))
    body = [
        _("This is where {name} tells how it handles complaints and reports, and what became of them.").format(name=name),
        figures.key_figures(releases(organisation)).rstrip(),
        _("[How to report](report.md): the ways to reach us, and what happens when."),
        _("[Figures](figures.md): how many reports there were, and what became of them."),
        _("[How reports are handled](policy.md): the policy, word for word, and its course as a picture."),
        _("[How to verify](verify.md): how anybody can prove that nothing was changed or removed."),
        escape(pick(policy.source)),
    ]
    return Page("index", pick(organisation.config.name), "\n\n".join(body) + "\n")


def handling(policy: Policy) -> Page:
    """The policy in force in words, with the course of a case as a picture."""
    parts = [
        escape(pick(policy.title)),
        facts((name, escape(value)) for name, value in about(policy)),
        heading(_("The course of a case")).rstrip(),
        f'<figure class="diagram" tabindex="0">\n{svg_diagram(policy, styled=False)}</figure>\n',
    ]
    for section in sections(policy):
        rows = [[escape(cell) for cell in row] for row in section.rows]
        parts.append(heading(section.heading) + table(section.heading, [escape(name) for name in section.header], rows, titled=True))
    parts.append(heading(_("Rules")) + facts((name, escape(value)) for name, value in rules(policy)))
    return Page("policy", _("How reports are handled"), "\n\n".join(parts))


def verifying(organisation: Organisation) -> Page:
    """How anybody with a copy of the repository proves its history. The checkpoint is the newest release's commit: the newest of all would tell when somebody works."""
    root = first_commit(organisation.repository)
    published = [commit for release in organisation.releases() for commit in history(organisation.repository, release.path)]
    newest = max(published, key=lambda commit: commit.at, default=None)
    since = f" --since {newest.sha}" if newest else ""
    body = [
        _(
            "Every step of every case is a signed entry in the organisation's repository. Whoever has a copy of it, a court or an auditor say, can prove without any key that nothing was changed, removed, reordered or dated back:"
        ),
        f"```text\nplaint audit --root {root}{since}\n```",
        _("The long number is the organisation's first entry. Note it down: a repository that begins with another one is not this organisation's."),
        _(
            "It ends with what it found and the newest entry. Whoever notes that one too can ask for it the next time with `--since`: then nobody can go back behind it."
        ),
    ]
    return Page("verify", _("How to verify"), "\n\n".join(body) + "\n")
