"""The desk: records events in cases, each as one signed commit, with the keyring that goes with it.

Every event goes the same way: read the committed state under the lock, ask the machine, seal the texts, re-seal the keyring where the
event changes who may open what, check the grown record against its schema, commit record and keyring in one atomic step.
Nothing is written before all of that is known to be right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from plaint.access import REPORTER, Exceptions, check_access_words, first_openers, openers
from plaint.actor import Actor
from plaint.errors import EnvironmentFaultError, InputError, NotAllowedError, PlaintError, UsageError
from plaint.i18n import _, semicolon
from plaint.model.legality import refusals
from plaint.model.machine import CaseState, apply, fold
from plaint.model.policy import Policy, Text
from plaint.model.record import Event, Record, append, dump_event, dump_header, new_case_id, new_event_id, parse
from plaint.model.schema import check_record, check_sealed
from plaint.opening import case_secrets
from plaint.organisation import Organisation, case_path
from plaint.resealing import Bodies, changes_access, resealed
from plaint.seal.envelope import seal_body
from plaint.seal.keyring import Keyring, keyring_hash, new_case_keys, seal_keyring
from plaint.store import lfs
from plaint.store.commits import Change
from plaint.store.keyrings import keyring_ref

FIRST_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Ids:
    """Ids chosen beforehand."""

    case: str
    event: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody wants to record: the event's kind, its open codes, its texts, and when it happened."""

    kind: str
    codes: Mapping[str, Any] = field(default_factory=dict)
    bodies: Bodies = field(default_factory=dict)
    at: datetime | None = None
    ids: Ids | None = None
    """Where ids come from: chance, unless a demo wants the same ones each time."""
    receipt: str = ""
    """The recipient of the reporter's receipt, for a new case that has one (see `seal.receipt`)."""
    beside: Mapping[str, str] = field(default_factory=dict)
    """Files that come into the case's folder with it: name -> id of the blob in git."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded."""

    case: str
    event: str
    state: str
    title: Text
    """What people call the state."""
    commit: str


@dataclass(frozen=True, slots=True)
class SealJob:
    """What it takes to seal a new case: its ids, the body and the recipients of each compartment. Plain data, for another process."""

    case: str
    event: str
    bodies: Bodies
    recipients: Mapping[str, frozenset[str]]
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class SealedCase:
    """A new case's public keys, sealed texts and keyring."""

    seals: Mapping[str, str]
    sealed: Mapping[str, str]
    keyring: Keyring


Sealer = Callable[[Sequence[SealJob]], Sequence[SealedCase | PlaintError]]
Refuse = Callable[[int, PlaintError], None]
"""Told the number of an entry and why it is refused."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A new case that the policy allows, to be sealed."""

    policy: Policy
    event: Event
    job: SealJob


@dataclass(frozen=True, slots=True)
class Draft:
    """A new case, sealed and ready to be committed."""

    case: str
    path: str
    data: bytes
    keyring: Keyring
    event: Event
    policy: Policy
    state: CaseState


def plan_case(organisation: Organisation, by: str, entry: Entry, excluded: Sequence[str] = ()) -> Plan:
    """A new case as it will be, less the sealing; NotAllowedError where the policy forbids it."""
    if entry.at is None:
        raise UsageError(_("the time it was received is missing"))
    policy = organisation.policy_in_force(entry.at)
    ids = entry.ids or Ids(new_case_id(), new_event_id())
    while ids.case in organisation.case_paths:
        ids = Ids(new_case_id(), ids.event)
    bodies = {c: {**entry.bodies.get(c, {}), "excluded": sorted(excluded)} for c in sorted(policy.compartments)}
    for compartment, body in bodies.items():
        check_sealed(body, compartment, entry.kind)
        check_access_words(entry.kind, body, compartment)
    event = Event(entry.kind, ids.event, entry.at, by, dict(entry.codes), dict.fromkeys(bodies, ""))
    _allow(policy, CaseState(), event, organisation, ())
    return Plan(policy, event, SealJob(ids.case, ids.event, bodies, first_openers(organisation, policy, excluded), entry.receipt))


def seal_case(job: SealJob) -> SealedCase:
    """Makes a new case's keys, seals its texts to them and the keys to the recipients. Needs nothing but the job: it may run in another process."""
    keys = new_case_keys(sorted(job.recipients))
    keyring = seal_keyring({c: secret for c, (_recipient, secret) in keys.items()}, job.recipients)
    sealed = {c: seal_body(job.case, job.event, c, job.bodies[c], recipient) for c, (recipient, _secret) in keys.items()}
    seals = {c: recipient for c, (recipient, _secret) in keys.items()}
    return SealedCase({**seals, REPORTER: job.receipt} if job.receipt else seals, sealed, keyring)


def seal_here(jobs: Sequence[SealJob]) -> list[SealedCase | PlaintError]:
    """Seals new cases one after the other; an error in the place of each that cannot be sealed."""
    done: list[SealedCase | PlaintError] = []
    for job in jobs:
        try:
            done.append(seal_case(job))
        except PlaintError as error:
            done.append(error)
    return done


def _draft(plan: Plan, sealing: SealedCase | PlaintError) -> Draft:
    """The record of a new case, checked."""
    if isinstance(sealing, PlaintError):
        raise sealing
    case, policy = plan.job.case, plan.policy
    codes = {"keyring": keyring_hash(sealing.keyring)}
    if "source" in plan.event.codes:  # last, in the order of the event's kind
        codes["source"] = plan.event.codes["source"]
    event = replace(plan.event, codes={**{k: v for k, v in plan.event.codes.items() if k not in codes}, **codes}, sealed=sealing.sealed)
    data = dump_header({"plaint": FIRST_FORMAT, "case": case, "policy": policy.revision, "seals": sealing.seals}) + dump_event(event)
    draft = Draft(case, case_path(case, event.at), data, sealing.keyring, event, policy, apply(policy, CaseState(), event))
    check_record(parse(data, draft.path))
    return draft


def register(actor: Actor, entry: Entry, excluded: Sequence[str] = ()) -> Recorded:
    """Registers one case."""
    return register_many(actor, [(entry, excluded)])[0]


def register_many(
    actor: Actor,
    entries: Sequence[tuple[Entry, Sequence[str]]],
    when: datetime | None = None,
    *,
    seal: Sealer = seal_here,
    refuse: Refuse | None = None,
) -> list[Recorded]:
    """Registers cases in one signed commit; several receive events may share one.

    An entry that is not as it should be stops them all, unless there is `refuse`: it is told which one and why, and the others go on.
    """
    repository = actor.organisation.repository
    with repository.lock():
        organisation = actor.up_to_date().organisation
        plans: list[tuple[int, Plan]] = []
        drafts: dict[str, Draft] = {}
        for index, (entry, excluded) in enumerate(entries):
            with _refusing(refuse, index):
                plans.append((index, plan_case(organisation, actor.member, entry, excluded)))
        for (index, plan), sealing in zip(plans, seal([plan.job for _index, plan in plans]), strict=True):
            with _refusing(refuse, index):
                draft = _draft(plan, sealing)
                if draft.case in drafts:
                    raise EnvironmentFaultError(_("two new cases were given the same id by chance"), hint=_("nothing was recorded: run it again"))
                drafts[draft.case] = draft
        if not drafts:
            return []
        done = list(drafts.values())
        refs = repository.write_keyrings([(d.case, d.keyring) for d in done], actor.signing_key, actor.member, when)
        if len(done) == 1:
            message = _message(done[0].case, done[0].event)
        else:
            message = f"receive: {len(done)} cases\n\n" + "".join(f"Case: {d.case}\nEvent: {d.event.id}\n" for d in done)
        commit = repository.commit({d.path: d.data for d in done}, message, actor.signing_key, actor.member, when, refs=refs)
    return [_recorded(d.policy, d.case, d.event, d.state, commit) for d in done]


@contextmanager
def _refusing(refuse: Refuse | None, index: int) -> Iterator[None]:
    try:
        yield
    except PlaintError as error:
        if refuse is None or isinstance(error, EnvironmentFaultError):
            raise
        refuse(index, error)


def refuse_early(actor: Actor, case: str, entry: Entry, now: datetime) -> None:
    """NotAllowedError where `record` would refuse the event as things stand: before a long preparation."""
    organisation = actor.organisation
    before = organisation.case(case)
    policy = organisation.policy_of(before)
    state = fold(policy, before.events)
    _allow(policy, state, _event_of(actor, entry, now), organisation, before.events)
    _refuse_shut_out(actor, policy, state, before)


def record(actor: Actor, case: str, entry: Entry, now: datetime, when: datetime | None = None) -> Recorded:
    """Appends one event to a case. `now` is the time it happened where the entry names none; `when` dates the commit (tests, demos)."""
    return record_series(actor, case, [entry], now, when)[0]


def record_series(actor: Actor, case: str, entries: Sequence[Entry], now: datetime, when: datetime | None = None) -> list[Recorded]:
    """Appends events to a case, one commit each: all of them, or none."""
    repository = actor.organisation.repository
    with repository.lock():
        actor = actor.up_to_date()
        organisation = actor.organisation
        before = organisation.case(case)
        policy = organisation.policy_of(before)
        state = fold(policy, before.events)
        data, keyring = organisation.read_case(before), None
        changes: list[Change] = []
        done: list[tuple[Event, CaseState]] = []
        for entry in entries:
            event, bodies = _event_of(actor, entry, now), {c: dict(b) for c, b in entry.bodies.items()}
            _allow(policy, state, event, organisation, before.events)
            _refuse_shut_out(actor, policy, state, before)
            if changes_access(event):
                keyring = resealed(actor, organisation, policy, before, event, bodies, keyring)
                event = replace(event, codes={**event.codes, "keyring": keyring_hash(keyring)})
            event = replace(event, sealed=_seal(before, event, bodies))
            state = apply(policy, state, event)
            data = append(data, event)
            before = parse(data, before.path)
            check_record(before)
            blobs = {f"{before.path.removesuffix('.yaml')}/{name}": sha for name, sha in entry.beside.items()}
            changes.append(Change({before.path: data}, _message(before.id, event), actor.member, when, blobs))
            done.append((event, state))
        refs = repository.write_keyrings([(before.id, keyring)], actor.signing_key, actor.member, when) if keyring else {}
        gone = [keyring_ref(before.id)] if policy.states[state.state].final else []
        commits = repository.commit_series(changes, actor.signing_key, refs, gone)
        if gone:
            drop_large_files(organisation, before)
    return [_recorded(policy, before.id, event, after, commit) for (event, after), commit in zip(done, commits, strict=True)]


def _event_of(actor: Actor, entry: Entry, now: datetime) -> Event:
    """An entry as an event that is not sealed yet."""
    event_id = entry.ids.event if entry.ids else new_event_id()
    return Event(entry.kind, event_id, entry.at or now, actor.member, dict(entry.codes), dict.fromkeys(entry.bodies, ""))


def drop_large_files(organisation: Organisation, record: Record) -> None:
    """Removes the sealed files that git-lfs keeps here for a case that was disposed of: what nobody can open needs no room."""
    lfs.drop(organisation.repository.lfs_folder, (str(event.codes["digest"]) for event in record.events if event.kind == "evidence"))


def cases_with_keyring(organisation: Organisation) -> list[str]:
    """The cases that can be opened here by whoever may: not those that were disposed of."""
    return sorted({*organisation.case_paths} & {*organisation.repository.keyring_refs()})


def rekey_many(actor: Actor, cases: Sequence[str], now: datetime, when: datetime | None = None, *, each: bool = False) -> list[Recorded]:
    """Seals the keyrings of several cases anew, in one commit.

    Cases that the actor may not or cannot are passed over; with `each`, NotAllowedError says why, and nothing is done.
    """
    repository = actor.organisation.repository
    with repository.lock():
        actor = actor.up_to_date()
        organisation = actor.organisation
        changes: dict[str, bytes] = {}
        keyrings: list[tuple[str, Keyring]] = []
        done: list[tuple[Policy, str, Event, CaseState]] = []
        for case in cases:
            before = organisation.case(case)
            policy = organisation.policy_of(before)
            state = fold(policy, before.events)
            event = Event("rekey", new_event_id(), now, actor.member, {}, {})
            if each:
                _allow(policy, state, event, organisation, before.events)
                _refuse_without(case_secrets(actor, before), actor, before)
            elif refusals(policy, state, event, organisation.roster, before.events) or not case_secrets(actor, before):
                continue
            keyring = resealed(actor, organisation, policy, before, event, {})
            event = replace(event, codes={"keyring": keyring_hash(keyring)})
            changes[before.path] = append(organisation.read_case(before), event)
            check_record(parse(changes[before.path], before.path))
            keyrings.append((before.id, keyring))
            done.append((policy, before.id, event, state))
        if not done:
            return []
        refs = repository.write_keyrings(keyrings, actor.signing_key, actor.member, when)
        message = f"rekey: {len(done)} cases\n\n" + "".join(f"Case: {case}\nEvent: {event.id}\n" for _policy, case, event, _state in done)
        commit = repository.commit(changes, message, actor.signing_key, actor.member, when, refs=refs)
    return [_recorded(policy, case, event, state, commit) for policy, case, event, state in done]


def _recorded(policy: Policy, case: str, event: Event, state: CaseState, commit: str) -> Recorded:
    return Recorded(case, event.id, state.state, policy.states[state.state].title, commit)


def _allow(policy: Policy, state: CaseState, event: Event, organisation: Organisation, events: Sequence[Event]) -> None:
    reasons = refusals(policy, state, event, organisation.roster, events)
    if reasons:
        raise NotAllowedError(semicolon().join(map(str, reasons)))


def _refuse_shut_out(actor: Actor, policy: Policy, state: CaseState, before: Record) -> None:
    """NotAllowedError where the actor's roles would open the case and the actor's key does not: who was shut out does not act on it either.

    Exclusions are sealed, so only the actor's own key can tell; it is not asked for where it is under a passphrase or this clone has no keyring.
    """
    roster = actor.organisation.roster
    by_role = {c for c in set(before.header["seals"]) - {REPORTER} if actor.member in openers(policy, roster, c, state, before.events, Exceptions())}
    with suppress(InputError, EnvironmentFaultError):
        if by_role:
            _refuse_without(case_secrets(Actor(actor.organisation, actor.member, lambda _file: ""), before), actor, before)


def _refuse_without(secrets: Mapping[str, str], actor: Actor, before: Record) -> None:
    if not secrets:
        raise NotAllowedError(
            _("{member} can open nothing of case {case}, so cannot act on it").format(member=actor.member, case=before.id),
            hint=_("somebody else must; or, after a new role or key, somebody who can open it runs plaint rekey {case}").format(case=before.id),
        )


def _message(case: str, event: Event) -> str:
    return f"{event.kind}: {case}\n\nCase: {case}\nEvent: {event.id}\n"


def _seal(before: Record, event: Event, bodies: Bodies) -> dict[str, str]:
    sealed = {}
    for compartment, body in sorted(bodies.items()):
        recipient = before.header["seals"].get(compartment)
        if recipient is None:
            if compartment == REPORTER:
                raise UsageError(_("the reporter of this case has no receipt"), hint=_("write to them as they wished; what was said goes under report"))
            raise UsageError(_("this case has no {compartment} compartment").format(compartment=compartment))
        check_sealed(body, compartment, event.kind)
        check_access_words(event.kind, body, compartment)
        sealed[compartment] = seal_body(before.id, event.id, compartment, body, recipient)
    return sealed
