"""`plaint list`, `show`, `open` and `log`: reading cases. Only `open` needs a secret."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from plaint.access import REPORTER
from plaint.agenda import status_word, time_left
from plaint.cli.common import common_options, complete_case, format_option, print_json, session, table, width
from plaint.cli.todo import COLOURS
from plaint.conflicts import acts, warning
from plaint.errors import InputError, NotAllowedError, UsageError
from plaint.i18n import _, listed, ngettext, pick, reason
from plaint.model.deadlines import Status, open_readings, readings
from plaint.model.legality import legal_kinds
from plaint.model.machine import event_name, fold
from plaint.model.policy import TEAM
from plaint.model.timeline import codes_said, sealed_parts
from plaint.model.words import event_title, local
from plaint.opening import case_secrets, open_case


@click.command("list", help=_("The cases, newest last."))
@click.option("--state", metavar="STATE", help=_("Only cases in this state."))
@click.option("--category", metavar="WORD", help=_("Only cases of this category."))
@format_option("text", "json")
@common_options
def list_cases(state: str | None, category: str | None, fmt: str) -> None:
    """Prints one line a case."""
    call = session()
    organisation, now = call.organisation, call.now
    policies = [revision.policy for revision in organisation.revisions.values()]
    _known("--state", state, [word for policy in policies for word in policy.states])
    _known("--category", category, [word for policy in policies for word in policy.categories])
    found: list[dict[str, Any]] = []
    rows, colours = [], []
    for record in sorted(organisation.cases(), key=lambda r: (r.events[0].at, r.id)):
        policy = organisation.policy_of(record)
        at = fold(policy, record.events)
        if (state and at.state != state) or (category and at.category != category):
            continue
        running = [r for r in open_readings(policy, record.events, now, at) if not r.suspended]
        following = running[0] if running else None
        status = following.status(now) if following else None
        found.append(
            {
                "case": record.id,
                "state": at.state,
                "channel": at.channel,
                "category": at.category,
                "received": record.events[0].at.isoformat(),
                "due": following.due.isoformat() if following else None,
                "clock": following.clock.name if following else None,
                "status": status.value if status else None,
            }
        )
        zone = policy.timezone
        due = f"{local(following.due, zone)} {pick(following.clock.title)}" if following else ""
        words = (pick(policy.states[at.state].title), pick(policy.channels.get(at.channel, {})), pick(policy.categories.get(at.category, {})))
        rows.append((record.id, local(record.events[0].at, zone), *words, due))
        colours.append(COLOURS.get(status) if status else None)
    if fmt == "json":
        print_json(found)
        return
    table(rows, (_("case"), _("received"), _("state"), _("channel"), _("category"), _("due next")), colours)
    click.echo(ngettext("{n} case.", "{n} cases.", len(rows)).format(n=len(rows)))


def _known(option: str, word: str | None, words: Sequence[str]) -> None:
    if word and word not in words:
        raise UsageError(_("{word} is none of: {words}").format(word=word, words=", ".join(dict.fromkeys(words))), where=option)


@click.command("show", help=_("One case: its course, its clocks, and what can come next."))
@click.argument("case", shell_complete=complete_case)
@format_option("text", "json")
@common_options
def show(case: str, fmt: str) -> None:
    """Prints the timeline of a case."""
    call = session()
    organisation, now = call.organisation, call.now
    record = organisation.case(case)
    policy = organisation.policy_of(record)
    state = fold(policy, record.events)
    clocks = readings(policy, record.events, now, state)
    everyone = frozenset(policy.roles) | {TEAM}
    following = legal_kinds(policy, state, everyone)
    if fmt == "json":
        print_json(
            {
                "case": record.id,
                "policy": policy.revision,
                "state": state.state,
                "channel": state.channel,
                "category": state.category,
                "suspended": state.suspended,
                "held": state.held,
                "team": list(state.team),
                "events": [
                    {"event": e.kind, "id": e.id, "at": e.at.isoformat(), "by": e.by, "codes": dict(e.codes), "sealed": sorted(e.sealed)} for e in record.events
                ],
                "clocks": [
                    {
                        "clock": r.clock.name,
                        "subject": r.subject,
                        "started": r.started.isoformat(),
                        "due": r.due.isoformat(),
                        "provisional": r.provisional,
                        "stopped": r.stopped.isoformat() if r.stopped else None,
                        "status": r.status(now).value,
                    }
                    for r in clocks
                ],
                "next": following,
            }
        )
        return
    zone = policy.timezone
    title = " · ".join((pick(policy.states[state.state].title), pick(policy.categories.get(state.category, {})), pick(policy.channels.get(state.channel, {}))))
    click.secho(f"{record.id}  {title}", bold=True)
    flags = [word for word, on in ((_("suspended"), state.suspended), (_("on hold"), state.held)) if on]
    if flags:
        click.secho("  " + listed(flags), fg="blue")
    for event in record.events:
        words = "  ".join(f"{name}={value}" for name, value in codes_said(policy, event))
        sealed = "🔒 " + sealed_parts(policy, event) if event.sealed else ""
        title = event_title(event_name(event))
        click.echo(f"  {local(event.at, zone)}  {title}{' ' * (22 - width(title))} {event.by:<14} {words}  {sealed}".rstrip())
    click.echo()
    for reading in clocks:
        status = reading.status(now)
        when = local(reading.stopped, zone) if reading.stopped else time_left(status, reading.due, now)
        mark = "?" if reading.provisional else ""
        subject = f" {reading.subject}" if reading.clock.per == "measure" else ""
        click.secho(
            _("  due {due}  {clock}: {status}, {when}").format(
                due=local(reading.due, zone) + mark, clock=pick(reading.clock.title) + subject, status=status_word(status, reading.due, now), when=when
            ),
            fg=COLOURS.get(status) or ("green" if status is Status.DONE else None),
        )
    click.echo()
    click.echo(_("Next: {events}").format(events=", ".join(following) or _("nothing, the case is at its end")))


@click.command("open", help=_("The sealed texts of a case that you may read."))
@click.argument("case", shell_complete=complete_case)
@click.option("--compartment", metavar="C", help=_("Only this one: identity, report, inquiry."))
@click.option("--attachments", "folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help=_("Write the attachments into this folder."))
@format_option("text", "json")
@common_options
def open_command(case: str, compartment: str | None, folder: Path | None, fmt: str) -> None:
    """Prints what the actor's identity opens."""
    from plaint.model.yamlio import dump_yaml

    call = session()
    record = call.organisation.case(case)
    if compartment == REPORTER:
        raise UsageError(_("only the reporter's receipt opens what was written to the reporter"), hint=_("they read it on the site's page"))
    texts = list(open_case(call.actor, record, compartment))
    for event in acts(call.organisation, record, case_secrets(call.actor, record)):
        click.secho(warning(record, event), fg="red", err=True)
    if not texts:
        raise NotAllowedError(
            _("{member} can open nothing of case {case}").format(member=call.actor.member, case=record.id)
            if compartment is None
            else _("{member} cannot open {compartment} of case {case}").format(member=call.actor.member, compartment=compartment, case=record.id),
            hint=_("after a new role or key, somebody who can open it runs plaint rekey {case}").format(case=record.id),
        )
    if fmt == "json":
        print_json([{"event": event.id, "kind": event.kind, "compartment": name, "body": body} for event, name, body in texts])
        return
    if folder:
        _write_attachments(folder, ((event.id, each) for event, _name, body in texts for each in body.get("attachments", ())))
    said = [(event, name, shown) for event, name, body in texts if (shown := {k: v for k, v in body.items() if v not in ([], {})})]
    if not said:
        click.echo(_("Nothing was written in the parts that you may read."), err=True)
    for event, name, shown in said:
        of = " · " + _("redacted copy of {event}").format(event=event.codes["redacts"]) if "redacts" in event.codes else ""
        click.secho(f"{event_name(event)} {event.id} · {name}{of}", bold=True)
        if "attachments" in shown:
            shown["attachments"] = [f"{each['name']} ({-(-len(each['data']) * 3 // 4000)} kB)" for each in shown["attachments"]]
        click.echo(dump_yaml(shown))


def _write_attachments(folder: Path, found: Iterable[tuple[str, Mapping[str, str]]]) -> None:
    """Each under its event's id and its own name, less what a name may do to a path; nothing is written over."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (event, each) in enumerate(found, 1):
        name = re.sub(r"[^\w.() -]", "_", each["name"]).lstrip(".") or "file"
        path = folder / f"{event}-{number}-{name[-100:]}"
        try:
            with path.open("xb") as file:
                file.write(base64.b64decode(each["data"]))
        except OSError as error:
            raise InputError(_("cannot write the file: {error}").format(error=reason(error)), where=str(path)) from error
        click.echo(_("{file} is written").format(file=path), err=True)


@click.command("log", help=_("The signed commits of a case."))
@click.argument("case", shell_complete=complete_case)
@format_option("text", "json")
@common_options
def log(case: str, fmt: str) -> None:
    """Prints commit, time, member and event of each commit that touched the case."""
    from plaint.store.history import history

    call = session()
    organisation = call.organisation
    record = organisation.case(case)
    commits = history(organisation.repository, record.path)
    found = [{"commit": c.sha, "at": c.at.isoformat(), "by": c.author, "subject": c.subject, "signed": c.signed} for c in commits]
    if fmt == "json":
        print_json(found)
        return
    zone = organisation.config.timezone
    for commit in commits:
        mark = _("signed") if commit.signed else _("NOT SIGNED")
        click.echo(f"{commit.sha[:10]}  {local(commit.at, zone)}  {commit.author:<14} {mark}  {commit.subject}")


COMMANDS = {"list": list_cases, "show": show, "open": open_command, "log": log}
