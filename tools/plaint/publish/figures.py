"""The pages of published figures, and the same as open data. Everything here comes from the release records, and nothing else."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence

from plaint.i18n import _, pick
from plaint.model.policy import Policy
from plaint.organisation import Organisation
from plaint.publish.charts import bars
from plaint.publish.page import Page, escape, heading, large, link, table
from plaint.statistics.definitions import Table, group_title, tables
from plaint.statistics.publish import releases
from plaint.statistics.release import Release

FOLDER = "figures"


def pages(organisation: Organisation, policy: Policy) -> Iterator[Page]:
    """The list of releases, a page for each, and the open data."""
    found = releases(organisation)[::-1]
    yield index(found)
    known = tables(policy)
    for release in found:
        yield one(release, known)
    yield data_page(found)


def key_figures(found: Sequence[Release]) -> str:
    """The newest release in a few numbers."""
    if not found:
        return _("No figures have been published yet.") + "\n\n"
    newest = found[-1]
    pairs = [(_("cases closed, {period}").format(period=newest.period), str(newest.cases))]
    if newest.received:
        pairs.append((_("reports received, {period}").format(period=newest.period), str(newest.received)))
    pairs += [(_("cases closed, since {since}").format(since=found[0].since), str(sum(release.cases for release in found if not release.parts)))]
    return large(pairs)


def index(found: Sequence[Release]) -> Page:
    """Every release, the newest first."""
    rows = [
        (link(f"{FOLDER}/{release.period}.html", release.period), str(release.since), str(release.cases), str(release.received or "·")) for release in found
    ]
    body = _("A release is made once, when its period is over, signed, and never changed. It counts the cases that were closed; each counts once.") + "\n\n"
    body += table(_("Every release"), (_("period"), _("counted since"), _("cases closed"), _("reports received")), rows, (2, 3)) if rows else key_figures(())
    body += _protection(found[0].threshold if found else 10)
    return Page(FOLDER, _("Figures"), body)


def one(release: Release, known: Mapping[str, Table]) -> Page:
    """One release: a chart and a table for each of its tables, with what they count."""
    told = [(_("cases closed"), str(release.cases))]
    if release.received:
        told.append((_("reports received"), str(release.received)))
    parts = [large(told), _("Counted since {since}.").format(since=release.since) + "\n\n"]
    if release.parts:
        parts.append(_("This is the sum of {parts}.").format(parts=", ".join(release.parts)) + "\n\n")
    for number, (name, groups) in enumerate(release.tables.items()):
        mine = known.get(name)
        title = pick(mine.title) if mine else name
        rows = [(group_title(mine, group), n) for group, n in groups.items()]
        total = sum(groups.values())
        lines = [(escape(text), str(n), f"{100 * n / total:.0f} %") for text, n in rows]
        parts += [
            heading(title),
            (escape(pick(mine.definition)) if mine else "") + "\n\n",
            bars(f"c{number}", title, rows),
            table(title, (_("what"), _("number"), _("share")), lines, (1, 2), titled=True),
        ]
    for name, cross in (release.cross or {}).items():
        first, second = (known.get(each) for each in name.split("*"))
        title = " × ".join(pick(each.title) if each else "" for each in (first, second))
        head = (_("what"), *(escape(group_title(second, column)) for column in cross["columns"]))
        crossed = [
            (escape(group_title(first, row)), *("·" if n is None else str(n) for n in line)) for row, line in zip(cross["rows"], cross["cells"], strict=True)
        ]
        parts += [heading(title), table(title, head, crossed, range(1, len(head)), titled=True)]
    if release.medians:
        hours_of = [(escape(pick(known[f"clock.{name}"].title) if f"clock.{name}" in known else name), str(hours)) for name, hours in release.medians.items()]
        parts += [heading(_("How long it took")), table(_("Half of the cases took no longer than this"), (_("what"), _("hours")), hours_of, (1,))]
    withheld = [escape(pick(each.title)) for name, each in known.items() if name not in release.tables]
    if withheld:
        parts += [heading(_("Withheld")), "\n".join(f"- {title}" for title in withheld) + "\n\n"]
    parts.append(_protection(release.threshold))
    return Page(f"{FOLDER}/{release.period}", _("Figures of {period}").format(period=release.period), "".join(parts), listed=False)


def data_page(found: Sequence[Release]) -> Page:
    """Where the figures are for programs, and what the columns mean."""
    rows = [(link(f"../data/{r.period}.csv", f"{r.period}.csv"), link(f"../data/{r.period}.json", f"{r.period}.json")) for r in found]
    body = [
        _("Every published figure, for spreadsheets and programs, to be used freely."),
        table(_("Files"), ("CSV", "JSON"), rows) if rows else key_figures(()),
        _("The columns of the CSV: period, table, group, count. A group is a word of the policy, or several joined by + whose counts were put together. "
          "The JSON is the head of the release's record; its schema is [release.schema.json](../data/release.schema.json)."),
    ]  # fmt: skip
    return Page("data", _("Open data"), "\n\n".join(body) + "\n")


def data_files(organisation: Organisation, schema: bytes) -> Iterator[tuple[str, str]]:
    """Path and content of every file of open data."""
    for release in releases(organisation):
        yield f"data/{release.period}.csv", as_csv(release)
        yield f"data/{release.period}.json", json.dumps(release.header(), ensure_ascii=False, indent=2) + "\n"
    yield "data/release.schema.json", schema.decode("utf-8")


def as_csv(release: Release) -> str:
    """One release as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("period", "table", "group", "count"))
    writer.writerow((release.period, "cases", "", release.cases))
    if release.received:
        writer.writerow((release.period, "received", "", release.received))
    writer.writerows((release.period, name, group, n) for name, groups in release.tables.items() for group, n in groups.items())
    writer.writerows((release.period, "median-hours", name, hours) for name, hours in (release.medians or {}).items())
    return out.getvalue()


def _protection(threshold: int) -> str:
    """Why some of it is put together or left out."""
    text = _(
        "No count below {k} is published: smaller groups are put together, and a table that would still give one away is left out. So nobody can tell from these figures what a single person reported."
    )
    return text.format(k=threshold) + "\n\n"
