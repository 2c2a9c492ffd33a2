"""What the document of a dossier says: the course of the case, its time limits, its evidence, who signed, and how anybody proves it.

Sealed texts stand in it where they were opened for it. Everything else is open: codes, times, members' ids.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from plaint.agenda import status_word
from plaint.dossier.proof import Proof
from plaint.evidence.pieces import pieces
from plaint.evidence.reading import Known
from plaint.i18n import _, language, listed, ngettext, pick
from plaint.model.deadlines import readings
from plaint.model.machine import event_name
from plaint.model.policy import Policy
from plaint.model.record import Event, Record
from plaint.model.roster import Roster
from plaint.model.timeline import codes_said, sealed_parts
from plaint.model.words import event_title, local, word_title
from plaint.model.yamlio import dump_yaml
from plaint.organisation import Organisation
from plaint.report.document import Block, Bullets, Code, Document, Heading, Paragraph, Table

_ACCESS = ("excluded", "granted", "withdrawn", "pad")


@dataclass(frozen=True)
class Made:
    """A dossier in the making, less what was opened for it."""

    organisation: Organisation
    record: Record
    proof: Proof
    roster: Roster
    compartments: tuple[str, ...]
    recipient: str
    reader: str
    member: str
    key: str
    now: datetime

    @cached_property
    def policy(self) -> Policy:
        """The revision of the case."""
        return self.organisation.policy_of(self.record)

    @cached_property
    def fingerprint(self) -> str:
        """Of the exporter's signing key."""
        return fingerprint(self.key)

    @cached_property
    def commits(self) -> dict[str, str]:
        """The commit of each event."""
        found: dict[str, str] = {}
        waiting = iter(self.record.events)
        event = next(waiting, None)
        for step in self.proof.steps:
            while event is not None and f"\n  id: {event.id}\n".encode() in step.record:
                found[event.id] = step.sha
                event = next(waiting, None)
        return found

    def at(self, moment: datetime) -> str:
        """A time for people."""
        return local(moment, self.policy.timezone)


def fingerprint(key: str) -> str:
    """As ssh-keygen has it.

    >>> fingerprint("ssh-ed25519 AAAA")
    'SHA256:cJ6AyISHokEeHuTfufIqhhSS0gxHZRUMDHlKvXD4FHw'
    """
    digest = hashlib.sha256(base64.b64decode(key.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")


def commands(case: str, key: str) -> str:
    """What proves the dossier, to be copied into a terminal in its folder."""
    return f"""git clone -q --bare {case}.bundle {case}.git && cd {case}.git &&
git cat-file blob HEAD:allowed_signers > signers &&
test "$(git -c gpg.ssh.allowedSignersFile=signers log -1 --format='%G? %GF' HEAD)" = \\
  "G {key}" &&
git cat-file blob HEAD:verify.sh | sh || echo "NOT IN ORDER"
"""


def opening_commands(record: Record, compartments: Sequence[str], document: str = "") -> str:
    """What opens the sealed parts, by the recipient's own age key in ~/key.txt."""
    lines = [f"age -d -i ~/key.txt -o {document.removesuffix('.age')} {document}"] if document else []
    for compartment in compartments:
        lines.append(f"git -C {record.id}.git cat-file blob HEAD:keys/{compartment}.age | age -d -i ~/key.txt > {compartment}.key")
        event = next((event for event in record.events if compartment in event.sealed), None)
        if event:
            lines.append(f"git -C {record.id}.git cat-file blob HEAD:texts/{event.id}.{compartment}.age | age -d -i {compartment}.key")
    return "\n".join(lines) + "\n"


def document_of(made: Made, texts: Sequence[tuple[Event, str, Mapping[str, Any]]], known: Mapping[str, Known], name: str) -> Document:
    """The whole document; `name` is its file's."""
    title = _("Dossier of case {case}").format(case=made.record.id)
    organisation = pick(made.organisation.config.name)
    blocks: list[Block] = [
        *_summary(made),
        *course(made),
        *_limits(made),
        *_texts(made, texts),
        *_evidence(made, known),
        *_signers(made),
        *_proving(made, name),
    ]
    return Document(language(), title, f"{organisation} · {pick(made.policy.title)}", blocks)


def readme_of(made: Made, name: str) -> str:
    """The page that goes along: what is what, and the commands, in plain text."""
    case = made.record.id
    parts = [
        _("Dossier of case {case}").format(case=case),
        _("{document} is the document. {case}.bundle holds what proves it: a bundle of git.").format(document=name, case=case),
        _("To prove it, with git and OpenSSH, in this folder:"),
        commands(case, made.fingerprint),
        compare(made),
    ]
    if made.compartments:
        parts += [
            _("To open what is sealed, with age and the key that it was sealed to (here in ~/key.txt), after that:"),
            opening_commands(made.record, made.compartments, name),
            _sealed_files(),
        ]
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def compare(made: Made) -> str:
    """What whoever proves it has to compare."""
    return _(
        "It must say “In order”. Then ask the organisation, not by way of whoever gave you this, whether {member}'s key has this fingerprint: {key}"
    ).format(member=made.member, key=made.fingerprint)


def _sealed_files() -> str:
    return _(
        "A file of evidence is opened like a text, with the key of its part: from HEAD:evidence/HASH.age or, if it is large, from the file of that name in this "
        "folder. Zeros at its end fill it up to a round size. "
        "Delete the .key files and what you opened when you are done."
    )


def _summary(made: Made) -> Iterator[Block]:
    state = made.organisation.state(made.record)
    handed = listed(pick(made.policy.compartments[c].title) for c in made.compartments)
    items = [
        _("Made on {time} by {member}.").format(time=made.at(made.now), member=made.member),
        *([_("For {reader}.").format(reader=made.reader)] if made.reader else []),
        _("State: {state}. Channel: {channel}. Category: {category}.").format(
            state=pick(made.policy.states[state.state].title),
            channel=pick(made.policy.channels.get(state.channel, {"en": state.channel})),
            category=pick(made.policy.categories.get(state.category, {"en": state.category})),
        ),
        ngettext("{n} event, up to {time}.", "{n} events, up to {time}.", len(made.record.events)).format(
            n=len(made.record.events), time=made.at(made.record.events[-1].at)
        ),
        _("Handed over, sealed to the key {key}: {parts}.").format(key=made.recipient, parts=handed)
        if handed
        else _("No sealed text is opened here: what was reported, by whom, and what was found stay with the organisation."),
    ]
    yield Bullets(tuple(items))


def course(made: Made) -> Iterator[Block]:
    """The timeline."""
    commits = made.commits
    rows = []
    for event in made.record.events:
        said = [f"{name}: {value}" for name, value in codes_said(made.policy, event) if len(value) < 64]
        if event.sealed:
            said.append(_("sealed: {parts}").format(parts=sealed_parts(made.policy, event)))
        what = event_title(event_name(event)) + (f" – {'; '.join(said)}" if said else "")
        rows.append((what, made.at(event.at), event.by, commits.get(event.id, "")[:10]))
    yield Heading(_("The course of the case"))
    yield Table(_("Events"), (_("event"), _("when"), _("by"), _("commit")), tuple(rows), frozenset(range(4)))


def _limits(made: Made) -> Iterator[Block]:
    rows = [
        (pick(each.clock.title), made.at(each.due), made.at(each.stopped) if each.stopped else "", status_word(each.status(made.now), each.due, made.now))
        for each in readings(made.policy, made.record.events, made.now)
    ]
    if rows:
        yield Heading(_("Time limits"))
        yield Table(_("Time limits"), (_("time limit"), _("due"), _("done"), _("status")), tuple(rows), frozenset(range(4)))


def _texts(made: Made, texts: Sequence[tuple[Event, str, Mapping[str, Any]]]) -> Iterator[Block]:
    if not texts:
        return
    yield Heading(_("What was sealed"))
    yield Paragraph(_("These texts were opened for this document. Treat it as you would treat the people in it."))
    for event, compartment, body in texts:
        shown = {key: value for key, value in body.items() if value and key not in _ACCESS}
        if shown:
            what = pick(made.policy.compartments[compartment].title)
            yield Paragraph(f"{made.at(event.at)} · {event_title(event_name(event))} · {event.by} · {what} ({event.id})")
            yield Code(dump_yaml(shown))


def _evidence(made: Made, known: Mapping[str, Known]) -> Iterator[Block]:
    found = list(pieces(made.record))
    if not found:
        return
    yield Heading(_("Evidence"))
    rows, lines = [], []
    for piece in found:
        body = known[piece.id].body if piece.id in known else {}
        name = str(body.get("name", _("sealed")))
        rows.append((name, word_title(piece.kind), str(body.get("bytes", word_title(piece.size))), made.at(piece.at), piece.id))
        lines.append(f"{piece.digest}  evidence/{piece.digest[:12]}….age")
        if body:
            lines.append(f"{body['original']}  {name}")
    yield Table(_("Files"), (_("file"), _("kind"), _("size"), _("added"), _("event")), tuple(rows), frozenset({0, 1, 3, 4}))
    yield Paragraph(_("SHA-256 of each file as it is sealed in the bundle and, where it was opened, of what was collected:"))
    yield Code("\n".join(lines) + "\n")


def _signers(made: Made) -> Iterator[Block]:
    signed = Counter(event.by for event in made.record.events)
    rows = []
    for member, held in sorted(made.roster.members.items()):
        if signed[member] or member == made.member:
            roles = listed(pick(made.policy.roles.get(role, {"en": role})) for role in sorted(held[-1].roles or held[0].roles))
            keys = list(dict.fromkeys(key for each in held for key in each.signing))
            rows += [(f"{member} ({roles})", fingerprint(key), str(signed[member]) if key == keys[0] else "") for key in keys]
    yield Heading(_("Who signed"))
    yield Table(_("Members and their signing keys"), (_("member"), _("fingerprint"), _("events")), tuple(rows), frozenset({0, 1}))


def _proving(made: Made, name: str) -> Iterator[Block]:
    yield Heading(_("How to prove it"))
    yield Paragraph(
        _("With git and OpenSSH, in the folder that holds {bundle} and {document}. The same commands stand in README.txt there.").format(
            bundle=f"{made.record.id}.bundle", document=name
        )
    )
    yield Code(commands(made.record.id, made.fingerprint))
    yield Paragraph(compare(made))
    if made.compartments:
        yield Paragraph(_("To open what is sealed, with age and the key that it was sealed to (here in ~/key.txt), after that:"))
        yield Code(opening_commands(made.record, made.compartments))
        yield Paragraph(_sealed_files())
    yield Paragraph(_("plaint verify-dossier does all of this, and proves by the policy that each event was allowed."))
    yield Heading(_("What this proves, and what it does not"))
    yield Bullets(
        (
            _("Each event was signed by the member whom it names; nothing in the record was changed, left out in between or put in another order since."),
            _("It does not prove that the record went on no further after the last event here: ask for a new dossier, or audit the organisation's repository."),
            _("What is sealed and not handed over is in the bundle as it stands in the record, and opens to nobody who has no key of the case."),
            _("The bundle names the ids of other cases, which are random, and nothing else of them."),
        )
    )
