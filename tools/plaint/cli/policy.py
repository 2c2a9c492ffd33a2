"""`plaint policy`: read a policy as people do, as a table or a picture, and prove it sound."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plaint.cli.common import common_options, format_option, print_json, session, table, width
from plaint.cli.revising import COMMANDS as REVISING
from plaint.errors import EnvironmentFaultError, InputError, PlaintError, UsageError
from plaint.files import read_plain
from plaint.i18n import _, comma, ngettext, pick, reason
from plaint.model.policy import Policy, policy_from, preset_names, preset_text
from plaint.model.policy_tables import about, rules, sections

if TYPE_CHECKING:
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
            data = read_plain(Path(name))
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
    _pairs(about(policy))
    for section in sections(policy):
        click.secho(f"\n{section.heading}", bold=True)
        table([line for row in section.rows for line in _folded(row)], section.header)
    click.secho("\n" + _("Rules"), bold=True)
    _pairs(rules(policy))


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


for _command in REVISING:
    policy.add_command(_command)

COMMANDS = {"policy": policy}
