"""The conversation that registers a report: one question after the other, a summary, and any answer can still be changed.

Nothing is recorded before the summary is agreed to. It shows all that was answered, the reporter's details too: a digit that is wrong in a telephone
number is found here or never, for once they are sealed whoever wrote them down may not be one who can open them.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from plaint.cli import scans
from plaint.cli.asking import BETWEEN as LIST
from plaint.cli.asking import ask, ask_optional, ask_text, ask_time, ask_word, ask_yes, prepare, tell
from plaint.desk import Entry, plan_case
from plaint.errors import PlaintError, UsageError
from plaint.evidence.adding import check_files
from plaint.i18n import _, listed, pick
from plaint.model.policy import Policy
from plaint.model.words import local
from plaint.organisation import Organisation


class Conversation:
    """The answers so far; those in `given` (from flags) are not asked for."""

    def __init__(self, organisation: Organisation, policy: Policy, now: datetime, given: Mapping[str, Any]) -> None:
        self.organisation = organisation
        self.policy = policy
        self.now = now
        self.zone = organisation.config.timezone
        self.answers: dict[str, Any] = {name: value for name, value in given.items() if value or value is False}
        self.questions: dict[str, tuple[str, Callable[[], Any]]] = {
            "channel": (_("How it came"), lambda: ask_word(_("How did it reach us?"), _titles(policy.channels))),
            "received": (_("When it arrived"), lambda: ask_time(_("When did it arrive?"), now, self.zone)),
            "reporter": (_("The reporter"), _ask_reporter),
            "category": (_("Category"), lambda: ask_word(_("What is it about?"), _titles(policy.categories))),
            **{name: (label, partial(ask_optional, question)) for name, label, question in asked()},
            "narrative": (_("The whole story"), lambda: ask_text(_("what happened, in full"), "receive", optional=True)),
            "attach": (_("Files"), self._ask_files),
            "excluded": (_("Shut out"), self._ask_excluded),
        }

    def hold(self) -> tuple[Entry, tuple[str, ...]]:
        """Asks until the summary is agreed to: the entry, and who must not open it. click.Abort where the person stops."""
        prepare()
        name = pick(self.organisation.config.name)
        click.echo(_("A new report for {name}. Ctrl-C stops; nothing is recorded before you agree to the summary.").format(name=name), err=True)
        for key, (_label, question) in self.questions.items():
            if key == "attach" and self.answers["channel"] not in scans.BY_MAIL:
                self.answers.setdefault(key, ())
            if key not in self.answers:
                self.answers[key] = question()
        while True:
            self._tell()
            problem = self._problem()
            if problem:
                click.secho(f"  ✗ {problem}", fg="red", err=True)
                self._change()
                continue
            choices = {"yes": _("register it"), "change": _("change an answer"), "no": _("stop; nothing is recorded")}
            match ask_word(_("Is this right?"), choices, "yes"):
                case "yes":
                    return self.entry(), tuple(self.answers["excluded"])
                case "no":
                    raise click.Abort
                case _:
                    self._change()

    def _change(self) -> None:
        key = ask_word(_("Which answer is to be changed?"), {key: label for key, (label, _question) in self.questions.items()})
        self.answers[key] = self.questions[key][1]()

    def entry(self) -> Entry:
        """What is to be recorded."""
        report = {name: self.answers[name] for name in (*(name for name, _label, _question in asked()), "narrative") if self.answers[name]}
        bodies = {"identity": self.answers["reporter"], "report": report}
        codes = {"channel": self.answers["channel"], "category": self.answers["category"]}
        return Entry("receive", codes, {name: body for name, body in bodies.items() if body}, self.answers["received"].astimezone(self.zone))

    def _problem(self) -> str:
        """Why it could not be registered as it stands, as with nobody left to open it; empty if it can."""
        try:
            plan_case(self.organisation, self.answers["by"], self.entry(), self.answers["excluded"])
        except PlaintError as error:
            return str(error)
        return ""

    def _tell(self) -> None:
        answers, policy = self.answers, self.policy
        shown = {
            "channel": pick(policy.channels[answers["channel"]]),
            "received": local(answers["received"], self.zone),
            "reporter": answers["reporter"].get("name") or _("anonymous"),
            "category": pick(policy.categories[answers["category"]]),
            "attach": self._tell_files(),
            "excluded": ", ".join(answers["excluded"]) or _("nobody"),
        }
        click.echo(err=True)
        rows = [(label, shown.get(key, answers[key]) or "-") for key, (label, _question) in self.questions.items()]
        at = list(self.questions).index("reporter") + 1
        tell(rows[:at] + _given(answers["reporter"]) + rows[at:])
        click.echo(err=True)

    def files(self) -> tuple[tuple[Path, ...], bool | None]:
        """What came with it, and whether it shows who the reporter is."""
        return tuple(self.answers["attach"]), self.answers.get("shows")

    def _ask_files(self) -> tuple[Path, ...]:
        def read(text: str) -> tuple[Path, ...]:
            try:
                found = tuple(Path(part).expanduser() for part in shlex.split(text))
            except ValueError:
                raise UsageError(_("a quotation mark is missing")) from None
            check_files(found)
            return found

        found = ask(_("Which files came with it: scans, documents? (names with spaces between; empty for none)"), read, "")
        if found:
            named = bool(self.answers.get("reporter"))
            self.answers["shows"] = ask_yes(_("Do they show who the reporter is? Then they are for the custodians alone."), default=named)
        return found

    def _tell_files(self) -> str:
        names = ", ".join(path.name for path in self.answers["attach"])
        return _("{names} (for the custodians alone)").format(names=names) if names and self.answers.get("shows") else names

    def _ask_excluded(self) -> tuple[str, ...]:
        if not ask_yes(_("Is a member of staff concerned, who must not read it?"), default=False):
            return ()
        roster = self.organisation.roster
        roles = {m: listed(pick(self.policy.roles[r]) for r in sorted(now.roles) if r in self.policy.roles) for m in roster.active() if (now := roster.now(m))}
        tell([(member, roles[member]) for member in roles])

        def read(text: str) -> tuple[str, ...]:
            members = tuple(part for part in LIST.split(text) if part)
            for member in members:
                if member not in roles:
                    raise UsageError(_("{member} is no member of this organisation").format(member=member))
            return members

        return ask(_("Who? (member ids, with commas between)"), read)


def _titles(words: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {word: pick(text) for word, text in words.items()}


def asked() -> list[tuple[str, str, str]]:
    """Field of the report, its name in the summary, the question."""
    return [
        ("title", _("What"), _("In one line: what happened?")),
        ("who", _("Who"), _("Who is it about?")),
        ("when", _("When"), _("When did it happen?")),
        ("where", _("Where"), _("Where?")),
        ("witnesses", _("Witnesses"), _("Who else knows of it?")),
        ("evidence", _("Evidence"), _("Is there evidence?")),
        ("earlier", _("Reported before"), _("Was it reported before, and to whom?")),
        ("risks", _("Risks"), _("Does the reporter fear any detriment?")),
        ("wishes", _("Wishes"), _("What does the reporter hope for?")),
    ]


def _details() -> dict[str, str]:
    return {
        "name": _("Name"),
        "phone": _("Telephone"),
        "email": _("Email"),
        "relation": _("Relation to us"),
    }


def _ask_reporter() -> dict[str, Any]:
    questions = {**_details(), "relation": _("Relation to us (staff, customer, supplier …)")}
    if ask_yes(_("Does the reporter wish to stay anonymous?"), default=False):
        del questions["name"]
    found = {name: answer for name, question in questions.items() if (answer := ask_optional(question))}
    contact = {name: found.pop(name) for name in ("phone", "email") if name in found}
    return {**found, **({"contact": contact} if contact else {})}


def _given(reporter: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was given of the reporter besides the name."""
    known = {**reporter, **reporter.get("contact", {})}
    return [(label, known[name]) for name, label in _details().items() if name in known and name != "name"]
