"""The commands that append one event to a case: one table, one way."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from plaint.access import REPORTER
from plaint.cli.bodies import complete_bodies, read_bodies
from plaint.cli.common import common_options, complete_case, complete_member, complete_words, format_option, parse_time, print_json, session
from plaint.desk import Entry, Recorded, record
from plaint.errors import UsageError
from plaint.i18n import _, pick
from plaint.model.machine import CaseState, fold, transitions_for
from plaint.model.policy import Policy, Transition
from plaint.model.words import local

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from plaint.actor import Actor
    from plaint.model.record import Record

Words = Callable[[Policy, CaseState], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Code:
    """An open code as an option: the words it may take are fixed, or come from the policy; `many` may be repeated."""

    name: str
    help: str
    words: tuple[str, ...] | Words | None = None
    required: bool = False
    many: bool = False
    metavar: str | None = None


@dataclass(frozen=True, slots=True)
class EventCommand:
    """An event as a command; `main` is the compartment that a body without compartments belongs to."""

    kind: str
    help: str
    main: str
    codes: tuple[Code, ...] = field(default_factory=tuple)


def _reasons(kind: str) -> Words:
    return lambda policy, _state: {word: pick(text) for word, text in policy.reasons.get(kind, {}).items()}


def _outcomes(policy: Policy, _state: CaseState) -> Mapping[str, str]:
    return {word: pick(text) for word, text in policy.outcomes.items()}


def _running_clocks(policy: Policy, _state: CaseState) -> Mapping[str, str]:
    return {name: pick(clock.title) for name, clock in policy.clocks.items()}


def _categories(policy: Policy, _state: CaseState) -> Mapping[str, str]:
    return {word: pick(text) for word, text in policy.categories.items()}


def _unverified(policy: Policy, state: CaseState) -> Mapping[str, str]:
    return {m.id: f"{pick(policy.measures.get(m.code, {}))} {m.due}" for m in state.measures if m.settled is None}


DELIVERY = ("delivered", "unreachable")


def _table() -> list[EventCommand]:
    reason = _("Why, in a word of the policy.")
    result = Code("result", _("Whether it reached the reporter."), DELIVERY)
    return [
        EventCommand("acknowledge", _("The reporter was told that the report arrived."), "report", (result,)),
        EventCommand("accept", _("The case is taken on."), "report"),
        EventCommand("decline", _("The case is declined."), "report", (Code("reason", reason, _reasons("decline"), required=True),)),
        EventCommand("notify", _("The reporter was told of a decision or a delay."), "report", (result,)),
        EventCommand(
            "assign",
            _("Appoints the inquiry team and lets it open the case."),
            "inquiry",
            (Code("team", _("A member of the team; give it once for each."), required=True, many=True, metavar="MEMBER"),),
        ),
        EventCommand(
            "interview",
            _("Records an interview."),
            "inquiry",
            (Code("person", _("Who was interviewed."), ("reporter", "witness", "respondent", "expert")),),
        ),
        EventCommand(
            "hear",
            _("The person the report is about was heard, or waived it."),
            "inquiry",
            (Code("result", _("Heard or waived."), ("heard", "waived"), required=True),),
        ),
        EventCommand(
            "extend",
            _("Extends a running clock."),
            "inquiry",
            (
                Code("clock", _("Which clock."), _running_clocks, required=True),
                Code("until", _("Its new due time."), required=True, metavar="TIME"),
                Code("reason", reason, _reasons("extend")),
            ),
        ),
        EventCommand(
            "suspend",
            _("Stops the clocks that the policy lets stop."),
            "inquiry",
            (Code("reason", reason, _reasons("suspend"), required=True),),
        ),
        EventCommand("resume", _("Lets the clocks run again."), "inquiry"),
        EventCommand(
            "conclude",
            _("Concludes the inquiry; the report (course, findings, recommendation) is sealed."),
            "inquiry",
            (Code("outcome", _("The outcome, in a word of the policy."), _outcomes, required=True),),
        ),
        EventCommand(
            "decide",
            _("Decides the measures, each with its due date."),
            "inquiry",
            (Code("measures", _("A measure and its due date, as rectification:2026-12-31; once for each."), many=True, metavar="MEASURE:DATE"),),
        ),
        EventCommand("answer", _("The reporter was given the result."), "report", (result,)),
        EventCommand(
            "verify",
            _("A measure was checked."),
            "inquiry",
            (
                Code("measure", _("Which one, as m1."), _unverified, required=True),
                Code("result", _("What was found."), ("fulfilled", "partly", "unfulfilled", "dropped"), required=True),
            ),
        ),
        EventCommand(
            "close",
            _("Closes the case; the retention period begins."),
            "inquiry",
            (Code("satisfaction", _("What the reporter said of the result."), ("satisfied", "dissatisfied", "unknown")),),
        ),
        EventCommand("reopen", _("Opens the case again."), "report", (Code("reason", reason, _reasons("reopen"), required=True),)),
        EventCommand("hold", _("Stops the disposal of the case's records."), "inquiry", (Code("reason", reason, _reasons("hold"), required=True),)),
        EventCommand("release-hold", _("Ends a hold."), "inquiry"),
        EventCommand(
            "dispose",
            _("Ends the records of a case: proposed by one, confirmed by another, whereupon its keys are destroyed."),
            "inquiry",
            (Code("step", _("Propose, confirm or withdraw."), ("propose", "confirm", "withdraw"), required=True),),
        ),
        EventCommand(
            "correct",
            _("Corrects or completes an earlier event; the earlier one stays on record."),
            "report",
            (
                Code("corrects", _("The event's id; the registration if not given."), metavar="EVENT"),
                Code("category", _("The right category."), _categories),
            ),
        ),
        EventCommand(
            "link",
            _("Links two cases."),
            "report",
            (
                Code("other", _("The other case."), required=True, metavar="CASE"),
                Code("relation", _("How they belong together."), ("duplicate", "related"), required=True),
            ),
        ),
        EventCommand(
            "message",
            _("Records a message to or from the reporter."),
            "report",
            (Code("direction", _("Which way it went."), ("to-reporter", "from-reporter"), required=True),),
        ),
        EventCommand(
            "disclose",
            _("The reporter's identity: a request, granted or refused by a custodian, of which the reporter is informed."),
            "identity",
            (
                Code("step", _("Request, grant, refuse or inform."), ("request", "grant", "refuse", "inform"), required=True),
                Code("request", _("The id of the request."), metavar="EVENT"),
            ),
        ),
    ]


def _command(spec: EventCommand) -> click.Command:
    def run(case: str, body: str | None, at: str | None, fmt: str, **given: Any) -> None:
        call = session()
        organisation = call.organisation
        before = organisation.case(case)
        policy = organisation.policy_of(before)
        state = fold(policy, before.events)
        codes = _codes(spec, policy, state, given)
        if spec.kind == "correct":
            codes.setdefault("corrects", before.events[0].id)
        if spec.kind == "link":
            codes["other"] = organisation.case(codes["other"]).id
        found = transitions_for(policy, state, spec.kind, codes)
        bodies = read_bodies(body, _main(spec, found))
        bodies = complete_bodies(spec.kind, bodies, found[0].seals if found else ())
        if spec.kind == "correct" and not bodies and "category" not in codes and codes["corrects"] in state.event_ids:
            bodies = _correction(call.actor, before, codes["corrects"])
        if _tells_reporter(spec.kind, codes) and REPORTER in before.header["seals"] and REPORTER not in bodies:
            bodies = _ask_for_reporter(bodies)
        zone = organisation.config.timezone
        moment = parse_time(at, "--at", zone) if at else call.local_now
        if moment > call.now:
            raise UsageError(_("{time} is still to come").format(time=local(moment, zone)), where="--at", hint=_("events are recorded once they have happened"))
        entry = Entry(spec.kind, codes, bodies, moment.astimezone(zone))
        done = record(call.actor, before.id, entry, call.local_now)
        print_recorded(done, fmt)
        if fmt == "text" and spec.kind == "disclose":
            _tell_next(done, codes)
        if policy.states[done.state].final:
            _tell_of_remnants(done.case)

    command: Callable[..., None] = common_options(format_option("text", "json")(run))
    for code in reversed(spec.codes):
        choices = click.Choice(code.words) if isinstance(code.words, tuple) else None
        option = "measure" if code.name == "measures" else code.name
        command = click.option(
            f"--{option}", code.name, multiple=code.many, type=choices, metavar=code.metavar, shell_complete=_completion(code), help=code.help
        )(command)
    command = click.option("--at", metavar="TIME", help=_("When it happened; now if not given."))(command)
    command = click.option("--body", metavar="FILE", help=_("The texts to seal, as YAML; - is standard input."))(command)
    command = click.argument("case", shell_complete=complete_case)(command)
    return click.command(spec.kind, help=spec.help)(command)


def _main(spec: EventCommand, found: Sequence[Transition]) -> str:
    """The compartment of a body without compartments: the event's own, or the first that this step of it takes.

    A request for the identity is addressed to its custodians, and their answer to the inquiry, which asked.
    """
    taken = [compartment for each in found[:1] for compartment in (*each.seals, *each.may_seal)]
    return spec.main if spec.main in taken or not taken else taken[0]


def _correction(actor: Actor, before: Record, event: str) -> dict[str, dict[str, Any]]:
    """What is right instead: asked for in a terminal."""
    if not sys.stdin.isatty():
        raise UsageError(_("nothing is corrected"), hint=_("give what is right with --body FILE (YAML), or --category"))
    from plaint.cli.correcting import converse

    return converse(actor, before, event)


def _tell_next(done: Recorded, codes: Mapping[str, Any]) -> None:
    """What follows a step of a disclosure, and who takes it."""
    if codes["step"] == "request":
        click.echo(
            _("  next: a custodian, who is somebody else: plaint disclose {case} --step grant --request {id}, or refuse").format(case=done.case, id=done.event)
        )
    if codes["step"] == "grant":
        line = _("  next: tell the reporter, unless that would endanger the inquiry: plaint disclose {case} --step inform --request {id}")
        click.echo(line.format(case=done.case, id=codes.get("request", "")))


def _tell_of_remnants(case: str) -> None:
    """What could not be destroyed here, and what is left to do elsewhere."""
    for each in session().organisation.repository.forgetter.remnants([case]):
        click.echo(_("note: a part of the keyring of {case} is still here: {why}").format(case=case, why=each.why), err=True)
    click.echo(
        _("note: plaint sync destroys its keyring elsewhere; plaint export {case} then makes the certificate of destruction").format(case=case), err=True
    )


def _tells_reporter(kind: str, codes: Mapping[str, Any]) -> bool:
    """Whether an event tells the reporter something, who then reads it with the receipt."""
    return kind in ("acknowledge", "notify", "answer") or codes.get("direction") == "to-reporter" or codes.get("step") == "inform"


def _ask_for_reporter(bodies: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The bodies with what the reporter is to read on the site; in a script there is a reminder."""
    if not sys.stdin.isatty():
        click.echo(_("note: the reporter has a receipt and reads nothing of this on the site: give a text under `reporter:`"), err=True)
        return bodies
    text = click.prompt(_("What is the reporter to read on the site? (Enter for nothing)"), default="", show_default=False, err=True)
    return {**bodies, REPORTER: {"text": text}} if text.strip() else bodies


def _completion(code: Code) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]] | None:
    """What a shell may offer for a code: cases, members, or the words that the policy in force has for it."""
    if code.metavar in {"CASE", "MEMBER"}:
        return complete_case if code.metavar == "CASE" else complete_member
    words = code.words
    if not callable(words):
        return None  # click knows those that are fixed

    def complete(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        # an option without its value keeps click from reading the rest of the line: which case it is about is not known here
        return complete_words(context, lambda organisation: words(organisation.policy_in_force(datetime.now(UTC)), CaseState()), incomplete)

    return complete


def _codes(spec: EventCommand, policy: Policy, state: CaseState, given: Mapping[str, Any]) -> dict[str, Any]:
    codes: dict[str, Any] = {}
    for code in spec.codes:
        value = given[code.name]
        if code.many:
            value = [part.strip() for each in value for part in each.split(",") if part.strip()]
        words = code.words(policy, state) if callable(code.words) else None
        if not value and words is not None and code.required and len(words) == 1:
            value = next(iter(words))
        if not value and code.required:
            value = _ask(code, words)
        if words is not None and value and value not in words:
            raise UsageError(_("{word} is none of: {words}").format(word=value, words=", ".join(words) or "-"), where=f"--{code.name}")
        if code.name == "measures":
            value = _measures(value, policy, state)
        if code.name == "until" and value:
            value = parse_time(value, "--until", policy.timezone).astimezone(policy.timezone).isoformat()
        if value or code.name == "measures":
            codes[code.name] = value
    return codes


def _ask(code: Code, words: Mapping[str, str] | None) -> Any:
    choices = words or (dict.fromkeys(code.words, "") if isinstance(code.words, tuple) else {})
    if not sys.stdin.isatty():
        among = _("one of: {words}").format(words=", ".join(choices)) if choices else code.metavar or ""
        raise UsageError(_("--{option} is missing").format(option=code.name), hint=f"{code.help} {among}".strip())
    for word, text in choices.items():
        click.echo(f"  {word}  {text}", err=True)
    answer = click.prompt(code.help.rstrip(".。"), type=click.Choice(list(choices)) if choices else str, show_choices=False, err=True)
    return [part.strip() for part in answer.split(",")] if code.many else answer


def _measures(given: list[str], policy: Policy, state: CaseState) -> list[dict[str, str]]:
    from datetime import date

    measures = []
    for i, item in enumerate(given, len(state.measures) + 1):
        word, _sep, due = item.partition(":")
        try:
            date.fromisoformat(due)
        except ValueError:
            raise UsageError(
                _("{text} is no measure with a due date").format(text=item), where="--measure", hint=_("write it like rectification:2026-12-31")
            ) from None
        if word not in policy.measures:
            raise UsageError(_("{word} is none of: {words}").format(word=word, words=", ".join(policy.measures)), where="--measure")
        measures.append({"id": f"m{i}", "measure": word, "due": due})
    return measures


def print_recorded(done: Recorded, fmt: str, more: Mapping[str, Any] = MappingProxyType({})) -> None:
    """Tells what was recorded; `more` goes into the JSON."""
    if fmt == "json":
        print_json({"case": done.case, "event": done.event, "state": done.state, "commit": done.commit, **more})
    else:
        line = _("case {case}  event {event}  state {state}  commit {commit}")
        click.echo(line.format(case=done.case, event=done.event, state=pick(done.title), commit=done.commit[:10]))


COMMANDS = {spec.kind: _command(spec) for spec in _table()}
