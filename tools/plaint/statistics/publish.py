"""Publishes a release: releases/PERIOD.yaml in one signed commit, by those who keep or approve the policy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time

from plaint.actor import Actor
from plaint.errors import NotAllowedError, UsageError
from plaint.i18n import _, listed, pick
from plaint.model.clocks import parse_period
from plaint.model.record import Event, RecordKind, dump_event, dump_header, new_event_id, parse
from plaint.model.schema import check_record
from plaint.organisation import Organisation
from plaint.statistics.closed import closed_case
from plaint.statistics.release import Counted, Release, base_release, prove, release_of, sum_release


def releases(organisation: Organisation) -> list[Release]:
    """Every release published, the oldest period first."""
    found = [release_of(record) for record in organisation.releases()]
    return sorted(found, key=lambda release: (parse_period(release.period).end, release.period))


def plan(organisation: Organisation, period_id: str, now: datetime, cross: Sequence[tuple[str, str]] = ()) -> Release:
    """The release of a period, proven safe together with all before it; UsageError where it may not be made."""
    period = parse_period(period_id)
    policy = organisation.policy_in_force(now)
    if now < datetime.combine(period.end, time(), policy.timezone):
        raise UsageError(_("{period} is not over yet").format(period=period.id), where="--period", hint=_("only closed periods are published"))
    earlier = releases(organisation)
    if any(release.period == period.id for release in earlier):
        raise UsageError(_("{period} was published already").format(period=period.id), where="--period", hint=_("a release is never changed"))
    if any(period.start <= other.start and other.end <= period.end for other in (parse_period(release.period) for release in earlier)):
        if cross:
            raise UsageError(_("a sum of releases has no cross tables"), where="--cross")
        made = sum_release(policy, period, earlier)
    else:
        made = base_release(policy, period, counted_cases(organisation), earlier, cross)
    prove([*earlier, made])
    return made


def counted_cases(organisation: Organisation) -> Iterator[Counted]:
    """Every case, as the statistics see it."""
    for record in organisation.cases():
        yield Counted(record.events[0].at, closed_case(organisation.policy_of(record), record.events))


def may_publish(actor: Actor, now: datetime) -> None:
    """NotAllowedError where publishing is not the actor's."""
    policy = actor.organisation.policy_in_force(now)
    membership = actor.organisation.roster.now(actor.member)
    allowed = {*policy.stewards, *policy.approvers}
    if membership is None or membership.roles.isdisjoint(allowed):
        names = listed(pick(policy.roles[role]) for role in policy.roles if role in allowed)
        raise NotAllowedError(_("{member} may not publish: it takes the role {roles}").format(member=actor.member, roles=names))


def publish(actor: Actor, release: Release, now: datetime) -> str:
    """Commits the record of a release; its commit. NotAllowedError where it is not the actor's to publish."""
    may_publish(actor, now)
    organisation = actor.organisation
    path = f"{RecordKind.RELEASE.value}s/{release.period}.yaml"
    event = Event("publish", new_event_id(), now, actor.member, {}, {})
    data = dump_header(release.header()) + dump_event(event)
    check_record(parse(data, path))
    repository = organisation.repository
    with repository.lock():
        return repository.commit({path: data}, f"publish: {release.period}\n", actor.signing_key, actor.member, base=organisation.revision)
