"""Supervision reviews: begun with a sample that nobody picks, concluded with a result and sealed findings; reviews/PERIOD.yaml, by those who approve.

The findings are sealed to everybody who holds a role that approves or keeps the policy, and to the recovery key. Who joins later does not read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from plaint.access import recipients
from plaint.actor import Actor
from plaint.errors import InputError, NotAllowedError, UsageError
from plaint.i18n import _, listed, pick
from plaint.model.clocks import Period, parse_period
from plaint.model.policy import Policy
from plaint.model.record import Event, Record, RecordKind, append, dump_event, dump_header, new_event_id, parse
from plaint.model.sampling import candidates, draw
from plaint.model.schema import check_record, validate
from plaint.organisation import Organisation
from plaint.seal.envelope import open_body, seal_body_to

RESULTS = ("sound", "improvable", "unsound")
"""What a review can come to."""


def begin(actor: Actor, period_id: str, size: int, now: datetime) -> Record:
    """Draws the sample and commits the record. UsageError where the period is not over or has its review, NotAllowedError for other roles."""
    repository = actor.organisation.repository
    with repository.lock():
        organisation = Organisation(repository)
        period, policy = parse_period(period_id), organisation.policy_in_force(now)
        _allow(actor, organisation, policy)
        if now < datetime.combine(period.end, time(), policy.timezone):
            raise UsageError(_("{period} is not over yet").format(period=period.id), where="PERIOD", hint=_("only closed periods are reviewed"))
        if any(record.id == period.id for record in organisation.reviews()):
            raise UsageError(_("the review of {period} was begun already").format(period=period.id), hint=f"plaint review show {period.id}")
        head = organisation.revision or ""
        cases = draw(head, period.id, candidates(organisation.cases(), period, policy.timezone), size)
        events = [Event("open", new_event_id(), now, actor.member, {}, {})]
        if cases:
            events.append(Event("sample", new_event_id(), now, actor.member, {"head": head, "cases": cases}, {}))
        path = _path(period)
        data = dump_header({"plaint": 1, "review": period.id, "policy": policy.revision}) + b"".join(map(dump_event, events))
        record = parse(data, path)
        check_record(record)
        repository.commit({path: data}, f"review: {period.id}\n", actor.signing_key, actor.member, base=head)
    return record


def conclude(actor: Actor, period_id: str, result: str, body: Mapping[str, Any], now: datetime) -> str:
    """Commits result and sealed findings; the commit. UsageError where the review was not begun or is concluded."""
    repository = actor.organisation.repository
    with repository.lock():
        organisation = Organisation(repository)
        policy = organisation.policy_in_force(now)
        _allow(actor, organisation, policy)
        before = find(organisation, period_id)
        if any(event.kind == "conclude" for event in before.events):
            raise UsageError(_("the review of {period} is concluded already").format(period=before.id))
        problems = validate(body, "sealed/review")
        if problems:
            raise InputError(problems[0].message, where="--body")
        strange = sorted(set(body.get("cases", ())) - set(sample_of(before)))
        if strange:
            raise InputError(_("{cases} is not in the sample of this review").format(cases=listed(strange)), where="--body")
        event_id = new_event_id()
        readers = recipients(organisation.roster, organisation.roster.with_roles(_roles(policy)), organisation.config.recovery)
        sealed = {"inquiry": seal_body_to(before.id, event_id, "inquiry", body, sorted(readers))}
        event = Event("conclude", event_id, now, actor.member, {"result": result}, sealed)
        old = repository.read(before.path, organisation.revision)
        assert old is not None
        data = append(old, event)
        check_record(parse(data, before.path))
        return repository.commit({before.path: data}, f"review: {before.id}\n", actor.signing_key, actor.member, base=organisation.revision)


def find(organisation: Organisation, period_id: str) -> Record:
    """The review of a period; UsageError where there is none."""
    period = parse_period(period_id)
    for record in organisation.reviews():
        if record.id == period.id:
            return record
    raise UsageError(_("there is no review of {period}").format(period=period.id), hint=f"plaint review begin {period.id}")


def sample_of(record: Record) -> list[str]:
    """The cases that a review looks at."""
    return [case for event in record.events for case in event.codes.get("cases", ())]


def drawn_again(organisation: Organisation, record: Record) -> bool:
    """Whether every sample of a review is what the draw from its entry of the history gives."""
    period = parse_period(record.id)
    for event in record.events:
        if event.kind != "sample":
            continue
        head = event.codes.get("head", "")
        if organisation.repository.objects.get(head) is None:
            return False
        then = Organisation(organisation.repository, head)
        cases = list(event.codes["cases"])
        if draw(head, record.id, candidates(then.cases(), period, then.config.timezone), len(cases)) != cases:
            return False
    return True


def findings(actor: Actor, record: Record) -> Mapping[str, Any] | None:
    """What a concluded review found; None where nothing is sealed. NotAllowedError where the actor's key does not open it."""
    for event in record.events:
        if "inquiry" in event.sealed:
            return open_body(event.sealed["inquiry"], actor.identity, record.id, event.id, "inquiry")
    return None


def _path(period: Period) -> str:
    return f"{RecordKind.REVIEW.value}s/{period.id}.yaml"


def _roles(policy: Policy) -> set[str]:
    return {*policy.approvers, *policy.stewards}


def _allow(actor: Actor, organisation: Organisation, policy: Policy) -> None:
    membership = organisation.roster.now(actor.member)
    if membership is None or membership.roles.isdisjoint(_roles(policy)):
        names = listed(pick(policy.roles[role]) for role in policy.roles if role in _roles(policy))
        raise NotAllowedError(_("{member} may not review: it takes the role {roles}").format(member=actor.member, roles=names))
