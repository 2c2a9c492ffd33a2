"""`plaint stats` and `plaint publish`: live figures for members, and releases for everybody."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta
from itertools import dropwhile
from typing import Any

import click

from plaint.cli.common import common_options, format_option, print_json, session, table
from plaint.errors import UsageError
from plaint.i18n import _, pick
from plaint.model.clocks import Every, parse_period, period_of
from plaint.model.policy import Policy
from plaint.organisation import Organisation
from plaint.statistics.definitions import group_title, tables
from plaint.statistics.live import Figures
from plaint.statistics.release import Release
from plaint.statistics.shared import Question, count
from plaint.statistics.titles import columns, figure_definitions, figure_titles, in_order, part_titles, word_titles

BY = ("channel", "category", "month", "quarter", "half-year", "year")


@click.command("stats", help=_("Live figures, for members: what happened in a period, and how the clocks were kept. Not for the public."))
@click.option("--period", metavar="P", help=_("2026, 2026-H1, 2026-Q3 or 2026-07; everything so far if not given."))
@click.option("--by", type=click.Choice(BY), help=_("A line for each channel, category or shorter period."))
@format_option("text", "json", "csv")
@common_options
def stats(period: str | None, by: str | None, fmt: str) -> None:
    """Prints a table for each thing that is counted, or one with a line for each part."""
    call = session()
    organisation = call.organisation
    policy = organisation.policy_in_force(call.now)
    begin, end = None, call.now + timedelta(seconds=1)  # with what is recorded just now
    if period:
        chosen = parse_period(period)
        begin, last = (datetime.combine(day, time(), policy.timezone) for day in (chosen.start, chosen.end))
        end = min(last, end)
    if by:
        _print_parts(policy, by, _parts(organisation, by, begin, end), period, fmt)
        return
    found = count(organisation, Question(begin, end))[""]
    if fmt == "json":
        print_json({"period": period, **_as_data(found), "definitions": figure_definitions()})
    elif fmt == "csv":
        out = csv.writer(sys.stdout, lineterminator="\n")
        out.writerow(("table", "word", "count"))
        out.writerows(_rows(found))
    else:
        _print_figures(policy, found)


def _parts(organisation: Organisation, by: str, begin: datetime | None, end: datetime) -> dict[str, Figures]:
    """The figures of each channel, category or shorter period."""
    if by in ("channel", "category"):
        return dict(sorted(count(organisation, Question(begin, end, "category" if by == "category" else "channel")).items()))
    zone = organisation.config.timezone
    first = begin or datetime(min((int(path.split("/")[1]) for path in organisation.case_paths.values()), default=end.year), 1, 1, tzinfo=zone)
    spans: dict[str, tuple[datetime, datetime]] = {}
    period = period_of(first.astimezone(zone).date(), Every(by))
    while (since := datetime.combine(period.start, time(), zone)) < end:
        spans[period.id] = max(since, first), min(datetime.combine(period.end, time(), zone), end)
        period = period_of(period.end, Every(by))
    found = count(organisation, Question(begin, end, spans=spans))
    names = list(spans) if begin else list(dropwhile(lambda name: not found[name].tables["events"], spans))
    return {name: found[name] for name in names}


def _print_parts(policy: Policy, by: str, found: Mapping[str, Figures], period: str | None, fmt: str) -> None:
    shown = columns()
    if fmt == "json":
        parts = {word: {"figures": {c.name: c.value(each) for c in shown}, **_as_data(each)} for word, each in found.items()}
        print_json({"period": period, "by": by, "parts": parts, "definitions": {c.name: c.definition for c in shown}})
        return
    if fmt == "csv":
        out = csv.writer(sys.stdout, lineterminator="\n")
        out.writerow((by, "table", "word", "count"))
        for word, each in found.items():
            out.writerows((word, "figures", c.name, c.value(each)) for c in shown)
            out.writerows((word, *row) for row in _rows(each))
        return
    names = part_titles(policy, by)
    rows = [(names.get(word, word), *(str(c.value(each)) for c in shown)) for word, each in found.items()]
    table(rows, (_("what"), *(c.title for c in shown)))
    paces = [(names.get(word, word), *row) for word, each in found.items() for row in _pace_rows(policy, each)]
    if paces:
        click.echo()
        click.secho(_("How the clocks were kept"), bold=True)
        table(paces, (_("what"), *_pace_header()))
    click.echo()
    for column in shown:
        click.echo(f"{column.title}: {column.definition}")


def _as_data(found: Figures) -> dict[str, Any]:
    return {
        "tables": {name: dict(sorted(counts.items())) for name, counts in found.tables.items()},
        "clocks": {
            name: {"on_time": p.on_time, "late": p.late, "median_hours": p.median_hours, "running": p.running, "overdue": p.overdue}
            for name, p in found.clocks.items()
        },
    }


def _rows(found: Figures) -> Iterator[tuple[str, str, int]]:
    for name, counts in found.tables.items():
        for word, n in sorted(counts.items()):
            yield name, word, n
    for name, pace in found.clocks.items():
        yield f"clock.{name}", "on-time", pace.on_time
        yield f"clock.{name}", "late", pace.late
        yield f"clock.{name}", "overdue", pace.overdue


def _print_figures(policy: Policy, found: Figures) -> None:
    titles, words, meaning = figure_titles(), word_titles(policy), figure_definitions()
    for name, counts in found.tables.items():
        if counts:
            click.secho(titles[name], bold=True)
            click.echo(meaning[name])
            table([(words[name].get(word, word), str(n)) for word, n in counts.most_common()], (_("what"), _("number")))
            click.echo()
    rows = _pace_rows(policy, found)
    if rows:
        click.secho(_("How the clocks were kept"), bold=True)
        click.echo(meaning["clocks"])
        table(rows, _pace_header())


def _pace_header() -> tuple[str, ...]:
    return _("clock"), _("stopped"), _("late"), _("on time"), _("median, hours"), _("overdue")


def _pace_rows(policy: Policy, found: Figures) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name, pace in in_order(policy, found.clocks):
        title = pick(policy.clocks[name].title) if name in policy.clocks else name
        stopped = pace.on_time + pace.late
        share = f"{100 * pace.on_time / stopped:.0f} %" if stopped else "–"
        rows.append((title, str(stopped), str(pace.late), share, "–" if pace.median_hours is None else str(pace.median_hours), str(pace.overdue)))
    return rows


@click.command("publish", help=_("Publish the figures of a closed period: frozen, signed, and so that no small count can be computed from them."))
@click.option("--period", metavar="P", required=True, help=_("2026, 2026-H1, 2026-Q3 or 2026-07."))
@click.option("--cross", "crossed", multiple=True, metavar="A*B", help=_("Also a cross table of two tables, as channel*category."))
@click.option("--dry-run", is_flag=True, help=_("Only show it."))
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@format_option("text", "json")
@common_options
def publish_command(period: str, crossed: tuple[str, ...], dry_run: bool, yes: bool, fmt: str) -> None:
    """Shows the release, and commits it once that is confirmed."""
    from plaint.statistics.publish import may_publish, plan, publish

    call = session()
    pairs = [_pair(each) for each in crossed]
    if not dry_run:
        may_publish(call.actor, call.now)
    made = plan(call.organisation, period, call.now, pairs)
    if fmt == "text":
        _print_release(call.organisation.policy_in_force(call.now), made)
    if dry_run:
        if fmt == "json":
            print_json(made.header())
        return
    if not yes and sys.stdin.isatty() and not click.confirm(_("Publish this? It can never be changed."), err=True):
        return
    commit = publish(call.actor, made, call.local_now)
    if fmt == "json":
        print_json({**made.header(), "commit": commit})
    else:
        click.echo(_("{period} is published in commit {commit}.").format(period=made.period, commit=commit[:10]))


def _pair(text: str) -> tuple[str, str]:
    first, star, second = text.partition("*")
    if not star or not first or not second or first == second:
        raise UsageError(_("{text} names no two tables").format(text=text), where="--cross", hint="channel*category")
    return first, second


def _print_release(policy: Policy, made: Release) -> None:
    known = tables(policy)
    click.secho(_("{period}: {n} cases closed since {since}").format(period=made.period, n=made.cases, since=made.since), bold=True)
    if made.received:
        click.echo(_("{n} reports came in.").format(n=made.received))
    if made.parts:
        click.echo(_("The sum of {parts}.").format(parts=", ".join(made.parts)))
    for name, groups in made.tables.items():
        click.echo()
        click.secho(pick(known[name].title) if name in known else name, bold=True)
        table([(group_title(known.get(name), group), str(n)) for group, n in groups.items()], (_("what"), _("number")))
    withheld = [pick(each.title) for name, each in known.items() if name not in made.tables]
    if withheld:
        click.echo()
        click.echo(_("Withheld, for a count below {k} would show: {tables}").format(k=made.threshold, tables=", ".join(withheld)))
    for name, cross in (made.cross or {}).items():
        first, second = name.split("*")
        click.echo()
        click.secho(name, bold=True)
        rows = [
            (group_title(known.get(first), row), *("·" if n is None else str(n) for n in line)) for row, line in zip(cross["rows"], cross["cells"], strict=True)
        ]
        table(rows, ("", *(group_title(known.get(second), column) for column in cross["columns"])))


COMMANDS = {"stats": stats, "publish": publish_command}
