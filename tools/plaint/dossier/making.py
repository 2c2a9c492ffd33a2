"""Makes a dossier: a bundle of git with everything in it, signed as one commit, the document beside it, and a page on how to read both.

Rules:
- The bundle's one commit is signed by the exporter. Its tree holds the proof of the case (`proof`), the record, the evidence, the document, the keys.
- Sealed text is handed over only in the compartments asked for, to one age key, by an exporter who can open them; and only with an `export` event on
  record first, where the dossier itself shows it. Without compartments nothing is opened, no key is needed and nothing is recorded.
- Nothing in the clear is written: where texts are opened for the document, the document is sealed to the recipient.
- Of a case that was disposed of the document is a certificate of destruction (`certificate`).
- Files that Git LFS keeps are not in the bundle: those of the parts handed over lie beside it, under their hash.
- What was made is verified as the recipient will, before it is handed out.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from plaint.actor import Actor
from plaint.desk import Entry, record
from plaint.dossier.certificate import certificate_of, is_disposed, look
from plaint.dossier.content import Made, document_of, readme_of
from plaint.dossier.proof import Proof, allowed_signers, proof_of
from plaint.errors import EnvironmentFaultError, NotAllowedError, UsageError
from plaint.evidence.pieces import Piece, pieces
from plaint.evidence.reading import Known, blobs_beside, known, sealed_stream
from plaint.i18n import _, reason
from plaint.model.membership import roster_of
from plaint.model.policy import policy_from
from plaint.model.record import Event, Record, parse
from plaint.model.roster import Roster
from plaint.opening import case_secrets, open_case
from plaint.organisation import CONFIG, Organisation
from plaint.seal import age
from plaint.store.commits import ident, signed_commit, unsigned_commit
from plaint.store.git import Git
from plaint.store.pack import Pack
from plaint.store.signing import sign_payloads
from plaint.store.trees import TreeEditor

BRANCH = "dossier"
SEALED = ".age"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be exported: which compartments to whose age key, for whom in words, and in which format the document is."""

    compartments: tuple[str, ...] = ()
    recipient: str = ""
    reader: str = ""
    fmt: str = "pdf"


@dataclass(frozen=True, slots=True)
class Opened:
    """What the exporter opened: the secrets by compartment, each text, and what is known of the evidence."""

    secrets: Mapping[str, str] = field(default_factory=dict)
    texts: Sequence[tuple[Event, str, Mapping[str, Any]]] = ()
    known: Mapping[str, Known] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exported:
    """Where the dossier is, and the export's event, if there is one."""

    folder: Path
    files: tuple[str, ...]
    event: str
    fingerprint: str


def export(actor: Actor, case: str, wanted: Wanted, folder: Path, now: datetime) -> Exported:
    """Makes the dossier of a case in a new folder."""
    if folder.exists():
        raise UsageError(_("there is something of that name already"), where=str(folder), hint=_("name another folder with -o; nothing is written over"))
    before = actor.organisation.case(case)
    _refuse_early(actor, before, wanted)
    large = _large(actor, before, wanted)
    event = _recorded(actor, before.id, wanted, now) if wanted.compartments else ""
    organisation = Organisation(actor.organisation.repository)
    actor = Actor.find(organisation, actor.member, actor.ask_passphrase)
    found = organisation.case(before.id)
    made = _made(actor, found, wanted, now)
    with tempfile.TemporaryDirectory(prefix="plaint-") as place:
        bundle = Path(place) / f"{found.id}.bundle"
        _bundle(actor, made, bundle, now)
        _prove(bundle, made)
        contents = {made.document_name: made.document, bundle.name: bundle.read_bytes(), "README.txt": made.readme}
        _write(folder, contents, organisation, found, large)
    return Exported(folder, (*contents, *(f"evidence/{piece.digest}{SEALED}" for piece in large)), event, made.fingerprint)


def _large(actor: Actor, found: Record, wanted: Wanted) -> list[Piece]:
    """The files of the parts handed over that Git LFS keeps; EnvironmentFaultError where one cannot be had."""
    there = blobs_beside(actor.organisation, found)
    large = [piece for piece in pieces(found) if piece.paths[0] not in there and set(piece.event.sealed) & set(wanted.compartments)]
    for piece in large:
        with sealed_stream(actor.organisation, found, piece):
            pass
    return large


def _refuse_early(actor: Actor, found: Record, wanted: Wanted) -> None:
    """Everything that can be known to be wrong before anything is recorded."""
    policy = actor.organisation.policy_of(found)
    unknown = [c for c in wanted.compartments if c not in policy.compartments]
    if unknown:
        raise UsageError(_("{word} is none of: {words}").format(word=", ".join(unknown), words=", ".join(policy.compartments)), where="--compartment")
    if wanted.compartments and not wanted.recipient:
        raise UsageError(_("parts of a case are handed over to somebody's age key only"), where="--to", hint=_("ask for it: it begins with age1"))
    if wanted.recipient and not wanted.compartments:
        raise UsageError(_("nothing is to be sealed to that key"), where="--to", hint=_("say what with --compartment"))
    if not wanted.compartments:
        return
    age.check_recipient(wanted.recipient)
    if "export" not in policy.transitions:
        raise NotAllowedError(
            _("the policy that case {case} was received under lets nobody hand parts of it over").format(case=found.id),
            hint=_("without --compartment the dossier shows its course, and no sealed text"),
        )
    secrets = case_secrets(actor, found)
    shut = [c for c in wanted.compartments if c not in secrets]
    if shut:
        raise NotAllowedError(
            _("{member} cannot open {compartments} of case {case}, so cannot hand it over").format(
                member=actor.member, compartments=", ".join(shut), case=found.id
            ),
            hint=_("who reported is opened to those only who ask with plaint disclose and are granted it") if "identity" in shut else "",
        )


def _recorded(actor: Actor, case: str, wanted: Wanted, now: datetime) -> str:
    """Puts the export on record: which parts and the key's hash in the open; for whom, sealed."""
    codes = {"compartments": list(wanted.compartments), "recipient": hashlib.sha256(wanted.recipient.encode("ascii")).hexdigest()}
    note = " · ".join(part for part in (wanted.reader, wanted.recipient) if part)
    bodies = {wanted.compartments[-1]: {"note": note}}
    return record(actor, case, Entry("export", codes, bodies), now).event


@dataclass(frozen=True, slots=True)
class _Whole:
    """All that goes into the bundle."""

    record: Record
    proof: Proof
    signers: str
    config: bytes
    keys: Mapping[str, str]
    texts: Mapping[str, str]
    document_name: str
    document: bytes
    readme: bytes
    fingerprint: str


def _made(actor: Actor, found: Record, wanted: Wanted, now: datetime) -> _Whole:
    organisation = actor.organisation
    proof = proof_of(organisation, found, actor.member)
    policies = [(policy_from(each.header, each.path), each) for path, data in proof.policies.items() for each in [parse(data, path)]]
    roster = roster_of([parse(data, path) for path, data in proof.members.items()], policies)
    exporter = actor.signing_key.public
    signers = allowed_signers(roster)
    if exporter not in signers:  # they joined, or were given this key, after the last event of the case
        signers += allowed_signers(Roster({actor.member: organisation.roster.members[actor.member]}))
    opened = _open(actor, found, wanted)
    made = Made(organisation, found, proof, roster, wanted.compartments, wanted.recipient, wanted.reader, actor.member, exporter, now)
    name = f"{found.id}.{wanted.fmt}{SEALED if opened.texts else ''}"
    if is_disposed(made):
        document = _formatted(certificate_of(made, look(organisation, found)), wanted.fmt)
    else:
        document = _formatted(document_of(made, opened.texts, opened.known, name), wanted.fmt)
    config = organisation.repository.read(CONFIG, organisation.revision)
    assert config is not None
    texts = {f"{event.id}.{c}": text for event in found.events for c, text in event.sealed.items() if c in opened.secrets}
    return _Whole(
        found,
        proof,
        signers,
        config,
        {c: age.encrypt(secret.encode("ascii") + b"\n", [wanted.recipient]) for c, secret in opened.secrets.items()},
        texts,
        name,
        age.encrypt(document, [wanted.recipient]).encode("ascii") if opened.texts else document,
        readme_of(made, name).encode("utf-8"),
        made.fingerprint,
    )


def _open(actor: Actor, found: Record, wanted: Wanted) -> Opened:
    if not wanted.compartments:
        return Opened()
    secrets = {c: secret for c, secret in case_secrets(actor, found).items() if c in wanted.compartments}
    texts = [each for c in wanted.compartments for each in open_case(actor, found, c)]
    order = {event.id: place for place, event in enumerate(found.events)}
    of_evidence = {piece: each for piece, each in known(actor, found).items() if each.compartment in secrets}
    return Opened(secrets, sorted(texts, key=lambda each: order[each[0].id]), of_evidence)


def _formatted(document: Any, fmt: str) -> bytes:
    if fmt == "html":
        from plaint.report.html import as_html

        return as_html(document).encode("utf-8")
    from plaint.report.typeset import as_pdf

    return as_pdf(document)


def _bundle(actor: Actor, made: _Whole, target: Path, now: datetime) -> None:
    """Everything as one signed commit without parents, in a bundle. The evidence is taken from the organisation's own objects."""
    repository = actor.organisation.repository
    place = target.parent / "making.git"
    place.mkdir()
    git = Git(place)
    git.run("init", "-q", "--bare", "-b", BRANCH, f"--object-format={repository.object_format}")
    (place / "objects" / "info" / "alternates").write_text(f"{repository.common_folder / 'objects'}\n", encoding="utf-8")
    pack = Pack(repository.object_format)
    editor = TreeEditor(lambda _sha: None, None)
    for path, data in _contents(made).items():
        editor.put(path, pack.add("blob", data))
    for name, sha in made.proof.beside.items():
        editor.put(f"evidence/{name}", sha)
    who = ident(actor.member, repository.config("user.email"), now)
    payload = unsigned_commit(editor.write(pack.add_tree), [], who, f"Dossier of {made.record.id}")
    signature = sign_payloads([payload], actor.signing_key)[0]
    commit = pack.add("commit", signed_commit(payload, signature, repository.object_format))
    pack.store(git)
    git.run("update-ref", f"refs/heads/{BRANCH}", commit)
    git.run("repack", "-a", "-d", "-f", "-l", "-q")  # each step holds the one before: stored as differences they are small
    git.run("bundle", "create", "-q", str(target), "HEAD", BRANCH)


def _contents(made: _Whole) -> dict[str, bytes]:
    """The files by path, but for the evidence."""
    own = files("plaint.dossier").joinpath("verify.sh").read_bytes()
    named = {
        "README.txt": made.readme,
        "verify.sh": own,
        "case": made.record.id.encode(),
        "path": made.proof.path.encode(),
        "allowed_signers": made.signers.encode(),
        CONFIG: made.config,
        made.document_name: made.document,
        "record.yaml": made.proof.steps[-1].record,
    }
    steps = {
        f"steps/{number:03}.{kind}": data for number, step in enumerate(made.proof.steps, 1) for kind, data in (("commit", step.commit), ("yaml", step.record))
    }
    folders = {f"folders/{sha}": data for sha, data in made.proof.folders.items()}
    keys = {f"keys/{compartment}{SEALED}": text.encode() for compartment, text in made.keys.items()}
    texts = {f"texts/{name}{SEALED}": text.encode() for name, text in made.texts.items()}
    return {**named, **steps, **folders, **made.proof.members, **made.proof.policies, **keys, **texts}


def _prove(bundle: Path, made: _Whole) -> None:
    from plaint.dossier.verifying import verify

    found = verify(bundle, {made.document_name: made.document}, made.fingerprint)
    if found.problems:
        raise EnvironmentFaultError(
            _("the dossier does not prove the case: {problem}").format(problem=found.problems[0]),
            hint=_("no file was written; plaint audit says what is wrong"),
        )


def _write(folder: Path, contents: Mapping[str, bytes], organisation: Organisation, found: Record, large: Sequence[Piece]) -> None:
    """The finished files, in a folder that appears with all of them; for its owner alone."""
    draft = folder.with_name(f".{folder.name}.new-{os.getpid()}")
    try:
        draft.mkdir(mode=0o700, parents=True)
        for name, data in contents.items():
            (draft / name).write_bytes(data)
        for piece in large:
            (draft / "evidence").mkdir(exist_ok=True)
            with sealed_stream(organisation, found, piece) as source, (draft / "evidence" / f"{piece.digest}{SEALED}").open("xb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
        draft.rename(folder)
    except OSError as error:
        raise EnvironmentFaultError(_("cannot write the file: {error}").format(error=reason(error)), where=str(folder)) from error
