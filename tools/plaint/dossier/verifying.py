"""Verifies a dossier by itself, without the organisation's repository: all that its own `verify.sh` does, and more.

Rules:
- The bundle is one commit, signed by a member; nothing but what a dossier holds is in it.
- Each step is a commit as git wrote it, signed by the member who recorded its events, with a key that was theirs then by the members' own records.
- The record that its folders name is the step's; it grew by whole events, and each was legal by the policy then (as `check` judges).
- Files of evidence have the hash that the record says and stand in the last commit's folders, and so do the records of members and the policy.
- Texts handed over are those of the record; with the recipient's key they open, and so do the files.

What it cannot know: whose keys these are (the fingerprint is to be compared), and whether the record went on after the last step.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from plaint.audit.commits import Commit, CommitError, parse_commit
from plaint.audit.sshsig import SignatureError
from plaint.audit.sshsig import verify as verify_signature
from plaint.check.course import Clocks, check_course
from plaint.check.findings import Collector
from plaint.dossier.content import fingerprint
from plaint.dossier.proof import STEP, allowed_signers, blob_at
from plaint.errors import EnvironmentFaultError, InputError, NotAllowedError, PlaintError
from plaint.evidence.pieces import pieces
from plaint.i18n import _
from plaint.model.membership import roster_of
from plaint.model.policy import Policy, policy_from
from plaint.model.record import Record, parse
from plaint.model.roster import Roster
from plaint.model.schema import check_record, check_sealed
from plaint.seal import age
from plaint.seal.envelope import open_body
from plaint.store.git import Git
from plaint.store.lfs import parse_pointer
from plaint.store.objects import Objects
from plaint.store.pack import object_id

_PLACES = re.compile(
    r"README\.txt|verify\.sh|case|path|allowed_signers|plaint\.yaml|record\.yaml|[A-Z0-9]{4}-[A-Z0-9]{4}\.(?:pdf|html)(?:\.age)?|steps/[0-9]{3,}\.(?:commit|yaml)"
    r"|folders/[0-9a-f]{40,64}|members/[^/]+\.yaml|policy/[0-9]+\.yaml|evidence/[0-9a-f]{64}\.(?:age|lfs)|keys/[a-z]+\.age|texts/[a-z0-9]{8}\.[a-z]+\.age"
)
_DOCUMENT = re.compile(r"[A-Z0-9]{4}-[A-Z0-9]{4}\.(?:pdf|html)(?:\.age)?")
_CONTENT = ("S", "T", "R103")
"""The rules of `check` that say something against a record; that something is late is no fault of a dossier."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found. Without `problems` it proves the case; `fingerprint` is of the key that signed the whole."""

    case: str
    events: int
    last: datetime | None
    member: str
    fingerprint: str
    made: datetime | None
    parts: tuple[str, ...]
    opened: int
    problems: tuple[str, ...]


@dataclass(slots=True)
class _Dossier:
    """The content of a bundle, and what is found wrong with it."""

    git: Git
    objects: Objects
    blobs: Mapping[str, str]
    problems: list[str]
    folder: Path
    """Where the bundle lies, with what is beside it."""

    def read(self, path: str) -> bytes:
        """A file of it; InputError where it lacks one that every dossier has."""
        data = self.objects.read_blob(self.blobs[path]) if path in self.blobs else None
        if data is None:
            raise InputError(_("the dossier lacks {file}").format(file=path))
        return data

    def under(self, folder: str) -> list[str]:
        """The paths in a folder."""
        return sorted(path for path in self.blobs if path.startswith(f"{folder}/"))


def verify(bundle: Path, documents: Mapping[str, bytes], key: str = "", identity: str = "") -> Verified:
    """Verifies a bundle, with the documents beside it by name. `key` is the fingerprint that the exporter's key must have; `identity` opens what was handed over."""
    with tempfile.TemporaryDirectory(prefix="plaint-") as place:
        git = Git(Path(place))
        result = git.call("clone", "-q", "--bare", "--", str(bundle.resolve()), f"{place}/dossier.git")
        if result.code != 0:
            raise InputError(_("this is not a bundle of git, or it is damaged"), where=str(bundle))
        git = Git(Path(place) / "dossier.git")
        objects = Objects(git)
        try:
            head = objects.get("HEAD")
            if head is None or head.type != "commit":
                raise InputError(_("this bundle holds no dossier"), where=str(bundle))
            entries = objects.ls_tree(head.sha)
            dossier = _Dossier(git, objects, {entry.path: entry.sha for entry in entries}, [], bundle.resolve().parent)
            if "steps/001.commit" not in dossier.blobs:
                raise InputError(_("this bundle holds no dossier"), where=str(bundle))
            dossier.problems += [_("{file} does not belong in a dossier").format(file=e.path[:100]) for e in entries if not _PLACES.fullmatch(e.path)]
            return _verified(dossier, head.sha, head.data, documents, key, identity)
        finally:
            objects.close()


def _verified(dossier: _Dossier, sha: str, data: bytes, documents: Mapping[str, bytes], key: str, identity: str) -> Verified:
    problems = dossier.problems
    try:
        policies = [(policy_from(each.header, path), each) for path in dossier.under("policy") for each in [_record(dossier, path)]]
        policies.sort(key=lambda each: each[0].revision)
        roster = roster_of([_record(dossier, path) for path in dossier.under("members")], policies)
        found = parse(dossier.read("record.yaml"), f"cases/{dossier.read('case').decode('ascii', 'replace')}.yaml")
        check_record(found)
        policy = next((policy for policy, _record in policies if policy.revision == found.header["policy"]), None)
        if policy is None:
            raise InputError(_("the dossier lacks {file}").format(file=f"policy/{found.header['policy']}.yaml"))
    except PlaintError as error:
        return Verified("", 0, None, "", "", None, (), 0, (*problems, str(error)))
    member, print_, made = _exporter(dossier, sha, data, roster, key)
    if found.id != dossier.read("case").decode("ascii", "replace"):
        problems.append(_("it is the record of another case: {case}").format(case=found.id))
    last = _steps(dossier, found, roster)
    _course(found, policy, roster, made, problems)
    if last is not None:
        _beside(dossier, found, last)
    parts = tuple(path.removeprefix("keys/").removesuffix(".age") for path in dossier.under("keys"))
    opened = _opened(dossier, found, parts, identity)
    _documents(dossier, found.id, documents, identity)
    return Verified(found.id, len(found.events), found.events[-1].at, member, print_, made, parts, opened, tuple(problems))


def _record(dossier: _Dossier, path: str) -> Record:
    record = parse(dossier.read(path), path)
    check_record(record)
    return record


def _signer(commit: Commit, roster: Roster) -> tuple[str, str]:
    """The member whose key signed a commit, and the key; SignatureError where it is nobody's, or not theirs then."""
    key = verify_signature(commit.payload, commit.signature)
    for member in roster.members:
        then = roster.at(member, commit.at)
        if then is not None and key in then.signing:
            return member, key
    raise SignatureError(_("nobody here has this key"))


def _exporter(dossier: _Dossier, sha: str, data: bytes, roster: Roster, key: str) -> tuple[str, str, datetime | None]:
    try:
        commit = parse_commit(sha, data)
        signed = verify_signature(commit.payload, commit.signature)
    except (CommitError, SignatureError) as error:
        dossier.problems.append(_("the dossier is not signed: {reason}").format(reason=error))
        return "", "", None
    lines = dossier.read("allowed_signers").decode("utf-8", "replace").splitlines()
    ours = {line for line in lines if line not in allowed_signers(roster).splitlines()}  # of an exporter who joined after the last event
    try:
        member, _key = _signer(commit, roster)
    except SignatureError:
        member = commit.author
        if not any(line.endswith(f" {signed}") for line in ours):
            dossier.problems.append(_("the dossier is not signed: {reason}").format(reason=_("nobody here has this key")))
    if any(not line.startswith(f"{member} ") for line in ours):
        dossier.problems.append(_("allowed_signers names keys that the members' records do not"))
    if commit.parents:
        dossier.problems.append(_("the dossier is not one commit"))
    if key and fingerprint(signed) != key:
        dossier.problems.append(_("it was signed with the key {found}, and not with {key}").format(found=fingerprint(signed), key=key))
    return member, fingerprint(signed), commit.at


def _steps(dossier: _Dossier, found: Record, roster: Roster) -> Commit | None:
    """Every step, from the first one; the last commit."""
    numbers = sorted({match[1] for path in dossier.under("steps") if (match := STEP.fullmatch(path))}, key=int)
    if [int(number) for number in numbers] != list(range(1, len(numbers) + 1)):
        dossier.problems.append(_("the steps are not numbered one after another"))
    folders = {object_id("tree", data, _algorithm(dossier)): data for path in dossier.under("folders") for data in [dossier.read(path)]}
    path = dossier.read("path").decode("utf-8", "surrogateescape")
    if not path.endswith(f"/{found.id}.yaml"):
        dossier.problems.append(_("it is the record of another case: {case}").format(case=path))
    before, done, commit = b"", 0, None
    for number in numbers:
        where = f"steps/{number}"
        try:
            commit = _step(dossier, where, path, folders)
            record = dossier.read(f"{where}.yaml")
            if not record.startswith(before) or len(record) <= len(before):
                raise InputError(_("the file does not begin with what it was before"))
            now = parse(record, f"cases/{found.id}.yaml")
            before, new, done = record, now.events[done:], len(now.events)
            member, _key = _signer(commit, roster)
            problems = [
                f"{where}: " + _("{event} names {by}, and {member} signed it").format(event=e.id, by=e.by, member=member) for e in new if e.by != member
            ]
            problems += [f"{where}: " + _("not one event came with it, but {n}").format(n=len(new))] if len(new) != 1 else []
            dossier.problems += problems
        except (PlaintError, CommitError, SignatureError) as error:
            dossier.problems.append(f"{where}: {error}")
    if before != dossier.read("record.yaml"):
        dossier.problems.append(_("the record is not the one of the last step"))
    return commit


def _algorithm(dossier: _Dossier) -> str:
    return "sha1" if len(next(iter(dossier.blobs.values()))) == 40 else "sha256"


def _step(dossier: _Dossier, where: str, path: str, folders: dict[str, bytes]) -> Commit:
    """One step's commit, whose folders name its record; it takes `folders` along, for what stands beside."""
    data = dossier.read(f"{where}.commit")
    commit = parse_commit(object_id("commit", data, _algorithm(dossier)), data)
    if blob_at(folders, commit.tree, path) != dossier.blobs.get(f"{where}.yaml"):
        raise InputError(_("the record is not the one that was signed"))
    return commit


def _course(found: Record, policy: Policy, roster: Roster, made: datetime | None, problems: list[str]) -> None:
    collector = Collector()
    check_course(found, Clocks.of(policy), roster, made or found.events[-1].at, collector)
    problems += [f"{each.event or found.id}: {each.rule} {each.message}" for each in collector.in_order() if each.rule.startswith(_CONTENT)]


def _beside(dossier: _Dossier, found: Record, last: Commit) -> None:
    """Members, policy and evidence as the last commit has them, and the hash of each file."""
    folders = {path.removeprefix("folders/"): dossier.read(path) for path in dossier.under("folders")}
    path = dossier.read("path").decode("utf-8", "surrogateescape")
    prefix, folder = path[: path.rindex("cases/")], path.removesuffix(".yaml")
    there = {f"{prefix}{each}": each for each in (*dossier.under("members"), *dossier.under("policy"))}
    there |= {f"{folder}/{each.removeprefix('evidence/')}": each for each in dossier.under("evidence")}
    for at, name in there.items():
        if blob_at(folders, last.tree, at) != dossier.blobs[name]:
            dossier.problems.append(_("{file} is not the one that was signed").format(file=name))
    for piece in pieces(found):
        file = f"evidence/{piece.digest}.age"
        if file in dossier.blobs:
            if dossier.objects.digest(dossier.blobs[file]) != piece.digest:
                dossier.problems.append(_("{file} is not the one that was signed").format(file=file))
        elif f"evidence/{piece.digest}.lfs" in dossier.blobs:
            _large(dossier, piece.digest)
        else:
            dossier.problems.append(_("the dossier lacks {file}").format(file=file))


def _large(dossier: _Dossier, digest: str) -> None:
    """A file that Git LFS keeps: its pointer names it by the hash of the record, and so is the file beside the bundle, if it was handed over."""
    pointer = parse_pointer(dossier.read(f"evidence/{digest}.lfs"))
    beside = dossier.folder / "evidence" / f"{digest}.age"
    if pointer is None or pointer.digest != digest:
        dossier.problems.append(_("{file} is not the one that was signed").format(file=f"evidence/{digest}.lfs"))
    elif beside.is_file():
        with beside.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                dossier.problems.append(_("{file} is not the one that was signed").format(file=beside.name))


def _opened(dossier: _Dossier, found: Record, parts: tuple[str, ...], identity: str) -> int:
    """Whether the texts handed over are those of the record, and how many open by the recipient's key."""
    wanted = {f"texts/{event.id}.{c}.age": (event, c) for event in found.events for c in event.sealed if c in parts}
    for path in dossier.under("texts"):
        if path not in wanted or dossier.read(path).decode("utf-8", "replace") != wanted[path][0].sealed[wanted[path][1]]:
            dossier.problems.append(_("{file} is not a text of the record").format(file=path))
    dossier.problems += [_("the dossier lacks {file}").format(file=path) for path in wanted if path not in dossier.blobs]
    if not identity:
        return 0
    count = 0
    for part in parts:
        try:
            secret = age.decrypt(dossier.read(f"keys/{part}.age"), identity).decode("ascii", "replace").strip()
            if age.recipient_of(secret) != found.header["seals"].get(part):
                raise InputError(_("the keyring holds a key of another case for “{name}”").format(name=part))
            for event in found.events:
                if part in event.sealed:
                    body = open_body(event.sealed[part], secret, found.id, event.id, part)
                    check_sealed(body, part, event.kind)
                    count += 1
        except PlaintError as error:
            dossier.problems.append(f"keys/{part}.age: {error}")
    return count


def _documents(dossier: _Dossier, case: str, documents: Mapping[str, bytes], identity: str) -> None:
    """Whether the documents are the one signed; a sealed one that was opened is compared where the key is here."""
    names = [path for path in dossier.blobs if _DOCUMENT.fullmatch(path)]
    if len(names) != 1 or not names[0].startswith(f"{case}."):
        dossier.problems.append(_("the dossier does not hold one document"))
    for name, data in documents.items():
        sealed = f"{name}.age"
        if sealed in dossier.blobs:
            same = not identity or _opened_text(dossier.read(sealed), identity) == data
        else:
            same = dossier.blobs.get(name) == object_id("blob", data, _algorithm(dossier))
        if not same:
            dossier.problems.append(_("{file} is not the document that was signed").format(file=name))


def _opened_text(sealed: bytes, identity: str) -> bytes:
    try:
        return age.decrypt(sealed, identity)
    except NotAllowedError:
        return b""


def documents_beside(path: Path) -> tuple[Path, dict[str, bytes]]:
    """The bundle of a dossier's folder, or the one named, and the documents beside it; InputError where there is not one of them."""
    bundles = [path] if path.is_file() else sorted(path.glob("*.bundle"))
    if len(bundles) != 1:
        raise InputError(_("there is not one bundle in this folder"), where=str(path))
    return bundles[0], dict(
        _read(each) for each in sorted(bundles[0].parent.iterdir()) if _DOCUMENT.fullmatch(each.name) and each.name.startswith(bundles[0].stem)
    )


def _read(path: Path) -> tuple[str, bytes]:
    try:
        return path.name, path.read_bytes()
    except OSError as error:
        raise EnvironmentFaultError(_("cannot read the file: {error}").format(error=error.strerror), where=str(path)) from error
