"""The certificate of destruction: what was destroyed, who proposed and confirmed it, where it was looked for and not found, and what nobody can promise.

It is the document of a disposed case's dossier, in every language, one after the other; the bundle beside it proves the signed events.

Rules:
- It says only what was looked at while it was made: this clone down to objects that nothing names, and each remote, by its refs and by the number that the
  keyring had. What was not reached is said to be unknown.
- It is made only where nothing is left here, and of a case that is disposed of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from plaint.dossier.content import Made, commands, compare, course
from plaint.errors import EnvironmentFaultError, PlaintError
from plaint.evidence.pieces import pieces
from plaint.i18n import LANGUAGES, _, language, listed, pick, speaking
from plaint.model.machine import event_name
from plaint.model.record import Event, Record
from plaint.organisation import Organisation
from plaint.report.document import Block, Bullets, Code, Document, Heading, Paragraph
from plaint.sync.remote import Remote


@dataclass(frozen=True, slots=True)
class There:
    """A remote: whether it was reached, whether it lists a keyring of the case, whether it gives one by its number (None: the number is not known here)."""

    name: str
    reached: bool = False
    lists: bool = False
    gives: bool | None = None


def look(organisation: Organisation, record: Record) -> tuple[There, ...]:
    """Looks here and at every remote; EnvironmentFaultError where something is left here."""
    repository = organisation.repository
    left = repository.forgetter.remnants([record.id])
    if left or record.id in repository.keyring_refs():
        raise EnvironmentFaultError(
            _("a part of the keyring of {case} is still here: {why}").format(case=record.id, why=left[0].why if left else record.id),
            hint=_("remove what is named there, run plaint sync, and make the certificate then"),
        )
    return tuple(
        _look_at(Remote(repository.git, name, ""), record.id, repository.forgetter.destroyed(record.id)) for name in repository.git.text("remote").split()
    )


def _look_at(remote: Remote, case: str, commit: str) -> There:
    try:
        shared = remote.look()
    except PlaintError:
        return There(remote.name)
    return There(remote.name, True, case in shared.keyrings, remote.serves({case: commit})[case] if commit else None)


def certificate_of(made: Made, there: Sequence[There]) -> Document:
    """The whole certificate."""
    first = language()
    blocks: list[Block] = []
    for lang in (first, *(each for each in LANGUAGES if each != first)):
        with speaking(lang):
            blocks += [Heading(_title(made))] if lang != first else []
            blocks += [*_what(made), *_where(made, there), *_beyond(made), *course(made)]
            blocks += [Heading(_("How to prove it")), Code(commands(made.record.id, made.fingerprint)), Paragraph(compare(made))]
    return Document(first, _title(made), f"{pick(made.organisation.config.name)} · {pick(made.policy.title)}", blocks, also=LANGUAGES)


def _title(made: Made) -> str:
    return _("Certificate of destruction: case {case}").format(case=made.record.id)


def _step(made: Made, name: str) -> Event:
    return next(event for event in reversed(made.record.events) if event_name(event) == name)


def _what(made: Made) -> Iterator[Block]:
    proposed, confirmed = _step(made, "dispose:propose"), _step(made, "dispose:confirm")
    closed = next((event for event in reversed(made.record.events) if event.kind == "close"), None)
    commits = made.commits
    line = _("{what}: {member}, {time} (event {event}, commit {commit})")
    bullets = [
        _("Received {received}, closed {closed}, {n} events.").format(
            received=made.at(made.record.events[0].at), closed=made.at(closed.at) if closed else "–", n=len(made.record.events)
        ),
        line.format(what=_("Destruction proposed"), member=proposed.by, time=made.at(proposed.at), event=proposed.id, commit=commits.get(proposed.id, "")),
        line.format(what=_("Destruction confirmed"), member=confirmed.by, time=made.at(confirmed.at), event=confirmed.id, commit=commits.get(confirmed.id, "")),
        _("Certified by {member}, {time}.").format(member=made.member, time=made.at(made.now)),
    ]
    yield Paragraph(
        _("The keys of this case were destroyed, and with them everything that was sealed in it: what was reported, by whom, what was found, and every file.")
    )
    yield Bullets(tuple(bullets))
    yield Paragraph(_("SHA-256 of the keyring that was in force:"))
    yield Code(made.organisation.state(made.record).keyring + "\n")


def _where(made: Made, there: Sequence[There]) -> Iterator[Block]:
    looked = [
        _("The clone in which this was made: no ref, no reflog and no object, named or not, holds a part of a keyring of the case. Verified {time}.").format(
            time=made.at(made.now)
        )
    ]
    for each in there:
        if not each.reached:
            looked.append(_("The shared repository “{name}” could not be reached: not verified.").format(name=each.name))
        elif each.lists or each.gives:
            looked.append(_("The shared repository “{name}” still holds the keyring: NOT destroyed there.").format(name=each.name))
        elif each.gives is None:
            looked.append(
                _("The shared repository “{name}” lists no keyring of the case. Whether its object is still there was not verified.").format(name=each.name)
            )
        else:
            looked.append(
                _("The shared repository “{name}” lists no keyring of the case, and gives none to whoever asks by its number. Verified.").format(name=each.name)
            )
    if not there:
        looked.append(_("This clone knows no shared repository."))
    looked.append(_("Every other clone destroys its keyring when it next runs plaint sync."))
    yield Heading(_("Where it was destroyed"))
    yield Bullets(tuple(looked))


def _beyond(made: Made) -> Iterator[Block]:
    files = len(list(pieces(made.record)))
    handed = [
        _("{parts} were handed over on {time} by {member}, to the key with the SHA-256 {key}; ask the recipient to delete them.").format(
            parts=listed(pick(made.policy.compartments[c].title) for c in event.codes["compartments"]),
            time=made.at(event.at),
            member=event.by,
            key=event.codes["recipient"],
        )
        for event in made.record.events
        if event.kind == "export"
    ]
    yield Heading(_("What cannot be promised"))
    yield Bullets(
        (
            *handed,
            _("Clones that never come back, and backups made before, keep the keyring: with them and a member's key the case still opens."),
            _("What people copied, printed or remember, and what the operator of a server keeps in backups of its own."),
            _("The sealed texts and {n} sealed files stay in the history, so that it can be audited; nobody has a key to them.").format(n=files),
        )
    )


def is_disposed(made: Made) -> bool:
    """Whether the case is over, so that its dossier is a certificate."""
    state = made.organisation.state(made.record)
    return made.policy.states[state.state].final and any(event_name(event) == "dispose:confirm" for event in made.record.events)
