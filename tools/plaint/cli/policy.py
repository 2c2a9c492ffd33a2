"""`plaint policy`: read a policy as people do, as a table or a picture, and prove it sound."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plaint.cli.common import common_options, format_option, print_json, session, table, width
from plaint.cli.revising import COMMANDS as REVISING
from plaint.errors import EnvironmentFaultError, InputError, PlaintError, UsageError
from plaint.i18n import _, comma, listed, ngettext, pick, reason
from plaint.model.course import event_names
from plaint.model.policy import TEAM, Policy, Transition, policy_from, preset_names, preset_text
from plaint.model.words import event_title

if TYPE_CHECKING:
    from plaint.model.clocks import Duration, Every
    from plaint.model.roster import Roster

WIDEST = 34
"""Columns of a cell, before it is folded into lines."""


@dataclass(frozen=True, slots=True)
class FoundPolicy:
    """A policy with its document and where it stands; the roster of the organisation that works by it, if there is one."""

    where: str
    document: Mapping[str, Any]
    policy: Policy
    roster: Roster | None = None


@click.group("policy", help=_("Read and prove the policy."))
@common_options
def policy() -> None:
    """See `help` above."""


@policy.command("lint", help=_("Prove that a policy is sound: nothing unreachable, no dead end, clocks that stop, duties that can be kept apart."))
@click.argument("name", required=False, metavar="[FILE|PRESET|REVISION]")
@format_option("text", "json")
@common_options
def lint_command(name: str | None, fmt: str) -> None:
    """Without an argument, every revision of the repository, with the members it has. Ends with 1 where something is found."""
    from plaint.model.lint import lint

    found = [find_policy(name)] if name else _revisions()
    problems = [(each.where, problem) for each in found for problem in lint(each.policy, each.roster)]
    if fmt == "json":
        print_json([{"policy": where, "code": problem.code, "message": problem.message} for where, problem in problems])
    else:
        for where, problem in problems:
            click.echo(f"{where}: {click.style(problem.code, fg='red')}: {problem.message}")
        names = ", ".join(each.where for each in found)
        if problems:
            click.echo(ngettext("{n} problem in {names}", "{n} problems in {names}", len(problems)).format(n=len(problems), names=names))
        else:
            click.secho(_("{names}: sound").format(names=names), fg="green")
    if problems:
        click.get_current_context().exit(1)


@policy.command("show", help=_("Show a policy: its states, events, clocks and rules, or its state diagram."))
@click.argument("name", required=False, metavar="[FILE|PRESET|REVISION]")
@click.option("--diagram", type=click.Choice(["text", "svg"]), help=_("Draw the course of a case instead."))
@click.option("-o", "output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help=_("Write it to this file."))
@format_option("text", "json")
@common_options
def show_command(name: str | None, diagram: str | None, output: Path | None, fmt: str) -> None:
    """Without an argument, the revision in force."""
    if diagram and fmt == "json":
        raise UsageError(_("a diagram is text or SVG, not JSON"), hint=_("leave out --format, or --diagram"))
    found = find_policy(name) if name else _in_force()
    written = io.StringIO()
    with redirect_stdout(written) if output else nullcontext():
        if diagram:
            from plaint.model.diagram import svg_diagram, text_diagram

            click.echo((svg_diagram if diagram == "svg" else text_diagram)(found.policy), nl=False)
        elif fmt == "json":
            print_json({key: value for key, value in found.document.items() if key != "events"})
        else:
            _print(found.policy)
    if output:
        try:
            output.write_text(written.getvalue(), encoding="utf-8")
        except OSError as error:
            raise EnvironmentFaultError(_("cannot write the file: {error}").format(error=reason(error)), where=str(output)) from error


def find_policy(name: str) -> FoundPolicy:
    """A policy by file, preset or revision."""
    from plaint.model.schema import validate
    from plaint.model.yamlio import load_yaml

    roster: Roster | None = None
    if Path(name).is_file():
        try:
            data = Path(name).read_bytes()
        except OSError as error:
            raise EnvironmentFaultError(_("cannot read the file: {error}").format(error=reason(error)), where=name) from error
        try:  # a file in an organisation is read for the people of that organisation: a draft of its next revision, say
            roster = session().organisation.roster
        except PlaintError:
            roster = None
    elif name in preset_names():
        data = preset_text(name)
    elif name.isdecimal():
        return _revision(int(name))
    else:
        known = _("presets: {names}").format(names=", ".join(preset_names()))
        raise UsageError(_("{name} is no file, preset or revision").format(name=name), hint=known)
    document = load_yaml(data, name)
    problems = validate(document, "policy", data)
    if problems:
        more = ngettext("{n} more like it", "{n} more like it", len(problems) - 1).format(n=len(problems) - 1) if len(problems) > 1 else ""
        raise InputError(problems[0].message, where=f"{name}:{problems[0].line}", hint=more)
    return FoundPolicy(name, document, policy_from(document, name), roster)


def _revisions() -> list[FoundPolicy]:
    organisation = session().organisation
    return [FoundPolicy(f"policy/{n}.yaml", r.record.header, r.policy, organisation.roster) for n, r in sorted(organisation.revisions.items())]


def _revision(number: int) -> FoundPolicy:
    for found in _revisions():
        if found.policy.revision == number:
            return found
    raise UsageError(_("there is no policy revision {revision}").format(revision=number), where="policy/")


def _in_force() -> FoundPolicy:
    return _revision(session().organisation.policy_in_force(session().now).revision)


# --- the table -------------------------------------------------------------------------------------------------------------------------


def _print(policy: Policy) -> None:
    """Every part of a policy, in the language in force."""
    click.secho(pick(policy.title), bold=True)
    if policy.source:
        click.echo(pick(policy.source))
    _pairs(
        [
            (_("Revision"), str(policy.revision)),
            (_("Effective"), policy.effective.isoformat()),
            (_("Calendar"), f"{policy.country}, {policy.timezone}"),
        ]
    )
    for heading, words in (
        (_("Channels"), policy.channels),
        (_("Categories"), policy.categories),
        (_("Outcomes"), policy.outcomes),
        (_("Measures"), policy.measures),
        (_("Expertise"), policy.expertise),
        (_("Roles"), policy.roles),
    ):
        _section(heading, (_("word"), _("meaning")), [(word, pick(text)) for word, text in words.items()])
    _section(_("Reasons"), (_("event"), _("words")), [(kind, listed(f"{w} {pick(t)}" for w, t in ws.items())) for kind, ws in policy.reasons.items()])
    states = [(name, pick(state.title), _("final") if state.final else "") for name, state in policy.states.items()]
    _section(_("States"), (_("state"), _("meaning"), ""), states)
    header = (_("event"), _("meaning"), _("from"), _("to"), _("who"), _("sealed"), _("only if"))
    _section(_("Events"), header, [_transition(policy, t) for options in policy.transitions.values() for t in options])
    _section(_("Clocks"), (_("clock"), _("meaning"), _("within"), _("from"), _("until"), ""), _clocks(policy))
    recurring = [(r.name, pick(r.title), _("every {period}").format(period=_period(r.every)), duration(r.within)) for r in policy.recurring.values()]
    _section(_("Recurring duties"), (_("duty"), _("meaning"), _("how often"), _("within")), recurring)
    compartments = [(name, pick(c.title), _roles(policy, c.holders)) for name, c in policy.compartments.items()]
    _section(_("What is sealed, and who opens it"), (_("compartment"), _("meaning"), _("who")), compartments)
    _section(_("Never one person for both"), (_("event"), _("event")), [(event_title(a), event_title(b)) for a, b in policy.apart])
    click.secho("\n" + _("Rules"), bold=True)
    fields = [
        (
            _("Expertise for {category}").format(category=pick(policy.categories.get(c, {"en": c}))),
            listed(pick(policy.expertise.get(f, {"en": f})) for f in fs),
        )
        for c, fs in policy.team.expertise.items()
    ]
    _pairs(
        [
            (_("Inquiry team"), _("at least {n}, each: {roles}").format(n=policy.team.least, roles=_roles(policy, policy.team.roles))),
            *fields,
            (_("New revision"), _("{n} approvals by: {roles}").format(n=policy.approvals, roles=_roles(policy, policy.approvers))),
            (_("Members are kept by"), _roles(policy, policy.stewards)),
            (_("Counts are published from"), str(policy.threshold)),
        ]
    )


def _section(heading: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        click.secho(f"\n{heading}", bold=True)
        table([line for row in rows for line in _folded(row)], header)


def _pairs(rows: Sequence[tuple[str, str]]) -> None:
    size = max(width(name) for name, _value in rows)
    for name, value in rows:
        click.echo(f"{name}{' ' * (size - width(name))}  {value}")


def _folded(row: Sequence[str]) -> list[list[str]]:
    """A row as lines, long cells folded at their commas."""
    cells = [_lines(cell) for cell in row]
    return [[lines[i] if i < len(lines) else "" for lines in cells] for i in range(max(map(len, cells)))]


def _lines(cell: str) -> list[str]:
    separator = comma()
    lines: list[str] = []
    for part in cell.split(separator):
        if lines and width(lines[-1] + separator + part) <= WIDEST:
            lines[-1] += separator + part
        else:
            lines = [*lines[:-1], lines[-1] + separator.rstrip(), part] if lines else [part]
    return lines


def _roles(policy: Policy, roles: Iterable[str]) -> str:
    return listed(_("inquiry team") if r == TEAM else pick(policy.roles.get(r, {"en": r})) for r in roles)


def _transition(policy: Policy, t: Transition) -> tuple[str, ...]:
    name = event_names(t)[0] if t.when else t.event
    conditions = [_("{clock} is over").format(clock=pick(policy.clocks[c].title) if c in policy.clocks else c) for c in t.elapsed]
    if t.after:
        conditions.append(_("after {events}").format(events=" → ".join(map(event_title, t.after))))
    conditions += [
        words
        for words, holds in (
            (_("suspended"), t.during == "suspended" or t.unless == "running"),
            (_("not suspended"), t.during == "running" or t.unless == "suspended"),
            (_("on hold"), t.during == "held"),
            (_("not on hold"), t.unless == "held"),
            (_("not done before"), t.once),
            (_("every measure verified"), t.measures_verified),
        )
        if holds
    ]
    sealed = listed(pick(policy.compartments[c].title) if c in policy.compartments else c for c in t.seals)
    target = pick(policy.states[t.target].title) if t.target and t.target in policy.states else t.target or ""
    return name, event_title(name), _sources(policy, t), target, _roles(policy, t.roles), sealed, listed(conditions)


def _sources(policy: Policy, t: Transition) -> str:
    """Where an event starts; if that is nearly everywhere, what is left out."""
    open_states = [name for name, state in policy.states.items() if not state.final]
    left_out = [s for s in open_states if s not in t.sources]
    titles = {name: pick(state.title) for name, state in policy.states.items()}
    if t.sources and len(left_out) < len(t.sources) / 2:
        return _("any but {states}").format(states=listed(titles[s] for s in left_out)) if left_out else _("any")
    return listed(titles.get(s, s) for s in t.sources)


def _clocks(policy: Policy) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for clock in policy.clocks.values():
        notes = [
            words
            for words, holds in (
                (_("one for each measure"), clock.per == "measure"),
                (_("one for each request"), clock.per == "request"),
                (_("stands still while suspended"), clock.suspends),
                (_("keeps running when started again"), not clock.restarts),
                (_("kept at least so long"), clock.kind.value == "retention"),
            )
            if holds
        ]
        starts = [event_title(s) for s in clock.starts]
        if clock.or_after and clock.or_after in policy.clocks:
            starts.append(_("{clock} missed").format(clock=pick(policy.clocks[clock.or_after].title)))
        within = duration(clock.within) if clock.within else _("its own date")
        rows.append((clock.name, pick(clock.title), within, listed(starts), listed(map(event_title, clock.stops)), listed(notes)))
    return rows


def duration(length: Duration) -> str:
    """A length of time for people: "7 working days", "7 个工作日"."""
    words = {
        "hours": ngettext("{n} hour", "{n} hours", length.n),
        "days": ngettext("{n} day", "{n} days", length.n),
        "working days": ngettext("{n} working day", "{n} working days", length.n),
        "months": ngettext("{n} month", "{n} months", length.n),
        "years": ngettext("{n} year", "{n} years", length.n),
    }
    return words[length.unit.value].format(n=length.n)


def _period(every: Every) -> str:
    return {"year": _("year"), "half-year": _("half-year"), "quarter": _("quarter"), "month": _("month")}[every.value]


for _command in REVISING:
    policy.add_command(_command)

COMMANDS = {"policy": policy}
