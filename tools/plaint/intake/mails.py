"""Mails become cases, and answers to what was acknowledged become messages of theirs. Safe to run twice, and to be killed at any moment.

Rules:
- A mail is known again by its Message-ID and what comes after its header, both keyed (`importkey`): a case carries them as its `source`, a message
  as the id of its event. The same Message-ID with another text is set aside: neither is dropped for the other.
- Who wrote is sealed apart from what they wrote: sender, addresses and the rest of the header under `identity`, subject, text and files under `report`.
- The clocks start when the mail arrived, by the mail server, not when its sender says that it was written.
- An answer names its case by the case's reference, 80 keyed bits that the acknowledgement told the reporter. Where the case cannot take a message
  any more, the answer becomes a case of its own that says which one it belongs to.
- What machines sent is set aside (`sorting`), unless a person says that it is to be brought in.

>>> reference_of(b"key", "Q7M4-K2XD")
'V3TB-MKN2-R9FH-DK5W'
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from plaint.desk import Entry, Ids, record, refuse_early, register
from plaint.errors import InputError
from plaint.evidence.adding import neutral_name
from plaint.i18n import _
from plaint.intake.attachments import Attachment, in_text, keep_large, refuse_large, shared_out
from plaint.intake.importkey import import_secret
from plaint.intake.known import HALF, Known
from plaint.intake.letter import Letter
from plaint.intake.mailfiles import Post
from plaint.intake.sorting import aside
from plaint.intake.telling import cleaned, telling
from plaint.model.machine import CaseState, apply, fold, transitions_for
from plaint.model.record import Event, Record, event_id_of, new_case_id, new_event_id

CHANNEL = "email"
ROOM = 200_000
"""Letters in base64 that the files of a mail may take in its sealed text; larger files become evidence."""
MOST_FILES = 200
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_REFERENCE = re.compile(r"(?<![0-9A-Za-z])([0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{4}(?:-?[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{4}){3})(?![0-9A-Za-z])")
_LONGEST_HEADER = 5000
_OF_USE = ("from", "sender", "reply-to", "to", "cc", "date", "message-id", "in-reply-to", "received", "authentication-results", "received-spf")
"""The headers that are kept, sealed with the identity."""
_ADDRESSED = ("subject", "to", "cc", "delivered-to", "x-original-to", "in-reply-to", "references")
"""Where a reference is looked for, before the text."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a mail: `registered` or `known` with its case, or `set-aside` with the reason. `first` where the mail began the case."""

    what: str
    letter: Letter
    case: str = ""
    event: str = ""
    reason: str = ""
    first: bool = False


@dataclass(slots=True)
class MailDesk:
    """One officer who brings mails in. `category` is what they are filed under, `anyway` takes in what would be set aside."""

    known: Known
    now: datetime
    category: str
    anyway: bool = False
    _key: bytes = b""

    @property
    def key(self) -> bytes:
        """The import key."""
        self._key = self._key or import_secret(self.known.actor)
        return self._key

    def take(self, letter: Letter, arrived: datetime, *, junk: bool = False) -> Taken:
        """Brings a mail in that arrived then; PlaintError where it must wait for somebody or something. `junk` where its mailbox marks it as that."""
        reason = "" if self.anyway else aside(letter, junk=junk)
        if reason:
            return Taken("set-aside", letter, reason=self._of_case(letter, reason))
        if len(letter.files) > MOST_FILES:
            raise InputError(_("it brings more than {n} files").format(n=MOST_FILES))
        at = arrived.astimezone(self.known.actor.organisation.config.timezone)
        with self.known.actor.organisation.repository.lock():  # who else brings the same mail in waits, and finds it there
            self.known.refresh()
            return self._taken(letter, at)

    def _taken(self, letter: Letter, at: datetime) -> Taken:
        source = self.source_of(letter)
        small, large = shared_out(letter.files, ROOM, telling(letter.files))
        if case := self.known.cases.get(source):
            self._keep(case, large, source, at)
            return Taken("known", letter, case, first=True)
        before = self._case_of(letter)
        event = event_id_of(self._digest("message", source))
        if before and any(each.id == event for each in before.events):
            self._keep(before.id, large, source, at)
            return Taken("known", letter, before.id, event)
        if source[:HALF] in self.known.halves:
            hint = _("bring it in with --anyway if it is another matter")
            if not self.anyway:
                raise InputError(
                    _("a mail with the same Message-ID and another text is known, of case {case}").format(case=self.known.halves[source[:HALF]]), hint=hint
                )
        if before and self._takes_message(before, large):
            return self._append(letter, before, event, at, small, large, source)
        return self._register(letter, before, at, small, large, source)

    def _append(self, letter: Letter, before: Record, event: str, at: datetime, small: Sequence[Attachment], large: Sequence[Attachment], source: str) -> Taken:
        body = {"reply": letter.text or _("(no text)"), "title": letter.subject, **_files(letter, small, large)}
        moment = max(at, before.events[-1].at.astimezone(at.tzinfo))
        entry = Entry("message", {"direction": "from-reporter"}, {"report": _filled(body)}, moment, Ids(before.id, event))
        actor = self.known.actor
        refuse_early(actor, before.id, entry, self.now)
        self._refuse(large, before)
        done = record(actor, before.id, entry, self.now.astimezone(at.tzinfo))
        self.known.done(done)
        self._keep(before.id, large, source, at)
        return Taken("registered", letter, done.case, done.event)

    def _register(self, letter: Letter, before: Record | None, at: datetime, small: Sequence[Attachment], large: Sequence[Attachment], source: str) -> Taken:
        actor = self.known.actor
        codes = {"channel": CHANNEL, "category": self.category, "source": source}
        ids = Ids(new_case_id(), new_event_id())
        while ids.case in actor.organisation.case_paths:
            ids = Ids(new_case_id(), ids.event)
        report = {"title": letter.subject, "narrative": letter.text, **_files(letter, small, large, reference_of(self.key, ids.case))}
        if before:
            report["earlier"] = _("It answers to case {case}, which takes no messages any more.").format(case=before.id)
        bodies = {"identity": _identity(letter), "report": _filled(report)}
        if large:
            policy = actor.organisation.policy_in_force(at)
            state = apply(policy, CaseState(), Event("receive", new_event_id(), at, actor.member, codes))
            refuse_large(actor, policy, state, (), large, self.now)
        done = register(actor, Entry("receive", codes, {name: body for name, body in bodies.items() if body}, at, ids))
        self.known.add(source, done)
        self._keep(done.case, large, source, at)
        return Taken("registered", letter, done.case, done.event, first=True)

    def _keep(self, case: str, large: Sequence[Attachment], source: str, at: datetime) -> None:
        zone = self.known.actor.organisation.config.timezone
        for done in keep_large(self.known.actor, case, large, self.key, source, at, max(self.now, at).astimezone(zone), cleaned):
            self.known.done(done)

    def _takes_message(self, before: Record, large: Sequence[Attachment]) -> bool:
        """Whether a case in its state takes a message with such files, by whomever."""
        policy = self.known.actor.organisation.policy_of(before)
        state = fold(policy, before.events)
        wanted = [("message", {"direction": "from-reporter"}), *(("evidence", {"kind": file.kind}) for file in large)]
        return all(transitions_for(policy, state, kind, codes) for kind, codes in wanted)

    def _refuse(self, large: Sequence[Attachment], before: Record) -> None:
        policy = self.known.actor.organisation.policy_of(before)
        refuse_large(self.known.actor, policy, fold(policy, before.events), before.events, large, max(self.now, before.events[-1].at))

    # What a mail is known by

    def source_of(self, letter: Letter) -> str:
        """By what a mail is known again: half for its Message-ID, half for its text."""
        id_ = letter.id or json.dumps([letter.header(name) for name in ("date", "from", "subject")] + [letter.digest])
        return self._digest("id", id_).hex()[:HALF] + self._digest("text", letter.digest).hex()[:HALF]

    def _digest(self, what: str, text: str) -> bytes:
        return hmac.digest(self.key, f"mail {what}\n{text}".encode("utf-8", "surrogatepass"), "sha256")

    def _case_of(self, letter: Letter) -> Record | None:
        """The case whose reference a mail names."""
        named = {each for place in _places(letter) for each in references_in(place)}
        if not named:
            return None
        organisation = self.known.actor.organisation
        found = next((case for case in organisation.case_paths if reference_of(self.key, case) in named), None)
        return organisation.case(found) if found else None

    def _of_case(self, letter: Letter, reason: str) -> str:
        """The reason, with the case where the mail is about one: an acknowledgement that came back, say."""
        self.known.refresh()
        case = self._case_of(letter)
        return _("{reason}, about case {case}").format(reason=reason, case=case.id) if case else reason


def arrival(letter: Letter, post: Post, now: datetime) -> datetime:
    """When a mail arrived: by its place, else by the last server that it passed, else when it says that it was written; never in the future."""
    return min(next((each for each in (post.at, letter.received, letter.date, post.file_time) if each), now), now)


def reference_of(key: bytes, case: str) -> str:
    """The reference of a case: what a reporter answers with. Nobody without the import key can tell it, or its case."""
    number = int.from_bytes(hashlib.blake2b(case.encode(), key=key, digest_size=10, person=b"reference").digest(), "big")
    text = "".join(_CROCKFORD[number >> shift & 31] for shift in range(75, -1, -5))
    return "-".join(text[start : start + 4] for start in range(0, 16, 4))


def references_in(text: str) -> Iterator[str]:
    """Whatever in a text looks like a reference, as `reference_of` writes it."""
    for found in _REFERENCE.finditer(text):
        plain = found[1].replace("-", "").upper()
        yield "-".join(plain[start : start + 4] for start in range(0, 16, 4))


def _places(letter: Letter) -> Iterator[str]:
    for name in _ADDRESSED:
        yield from letter.headers.get(name, ())
    yield letter.text
    for file in letter.files:
        if file.type.startswith(("message/", "text/rfc822")):  # what a notice of delivery brings back
            yield file.data[:20_000].decode("ascii", "replace")


def _identity(letter: Letter) -> dict[str, Any]:
    """What tells who wrote, and how they are reached."""
    headers = {name: "\n".join(letter.headers[name])[:_LONGEST_HEADER] for name in _OF_USE if letter.headers.get(name)}
    body: dict[str, Any] = {"name": letter.sender.name[:1000], "language": language_of(letter)}
    if address := letter.reply_to.address or letter.sender.address:
        body["contact"] = {"email": address}
    return _filled({**body, "fields": headers})


def _files(letter: Letter, small: Sequence[Attachment], large: Sequence[Attachment], reference: str = "") -> dict[str, Any]:
    """The files that stay in the text, and what else is told of a mail beside its text: with the reference, people answer it by hand."""
    fields = {"reference": reference} if reference else {}
    if letter.date:
        fields["sent"] = letter.date.isoformat()
    if large:
        fields["evidence"] = "\n".join(
            f"{neutral_name(file.name, file.kind)} ({len(file.data)} bytes, SHA-256 {hashlib.sha256(file.data).hexdigest()})" for file in large
        )
    if not letter.whole:
        fields["note"] = _("The mail could not be taken apart; all of it but its header is in message.eml.")
    return {"attachments": in_text(small), "fields": fields}


def _filled(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value}


_HAN, _KANA = re.compile("[\u4e00-\u9fff]"), re.compile("[\u3040-\u30ff]")


def language_of(letter: Letter) -> str:
    """The language that a mail is written in, as far as we speak it: Chinese by its script or by what the mail says, English otherwise where that is Latin."""
    text = letter.subject + letter.text[:5000]
    han, letters = len(_HAN.findall(text)), sum(c.isalpha() for c in text)
    if letters >= 4:  # a word or two
        return "zh" if 5 * han >= letters and not _KANA.search(text) else "en" if 2 * sum(c.isascii() and c.isalpha() for c in text) >= letters else ""
    said = (letter.header("content-language") or letter.header("accept-language")).lower()
    return next((each for each in ("zh", "en") if said.startswith(each)), "")
