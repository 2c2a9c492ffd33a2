"""Reading evidence back: where a sealed file lies, what is known of it, opening it, and proving that it is what was recorded.

Rules:
- A file is given out only if it is, sealed, what the record says, and, opened, what the sealed part says: both by SHA-256.
- The sealed part belongs to its case and event (`seal.envelope`), so a file put beside another case does not open there.
- Where it is to be written nothing is overwritten, and nothing stands before all of it is proven.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from plaint.actor import Actor
from plaint.errors import EnvironmentFaultError, InputError, NotAllowedError, UsageError
from plaint.evidence.pieces import Piece, pieces
from plaint.evidence.pipe import Progress, open_file
from plaint.i18n import _, reason
from plaint.model.machine import is_final
from plaint.model.record import Record
from plaint.model.schema import check_sealed
from plaint.opening import case_secrets
from plaint.organisation import Organisation
from plaint.seal.envelope import open_body
from plaint.store.lfs import fetch, place_of, read_pointer
from plaint.store.worktree import POINTER


class Condition(StrEnum):
    """How a piece of evidence was found."""

    WHOLE = "whole"
    MISSING = "missing"
    ELSEWHERE = "elsewhere"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Known:
    """What the sealed part of a piece says, and the secret key of the compartment it is sealed in."""

    compartment: str
    body: Mapping[str, Any]
    secret: str

    @property
    def name(self) -> str:
        """What the file was called."""
        return str(self.body["name"])


def blobs_beside(organisation: Organisation, record: Record) -> dict[str, str]:
    """The files beside a case: path -> blob id."""
    repository = organisation.repository
    folder = repository.prefix + record.path.removesuffix(".yaml")
    entries = repository.objects.ls_tree(str(organisation.revision), folder)
    return {entry.path.removeprefix(repository.prefix): entry.sha for entry in entries}


def known(actor: Actor, record: Record) -> dict[str, Known]:
    """What the actor may know of the case's evidence, by event; nothing of what is sealed in other compartments."""
    secrets = case_secrets(actor, record)
    found = {}
    for piece in pieces(record):
        for compartment, armoured in piece.event.sealed.items():
            if compartment in secrets:
                body = open_body(armoured, secrets[compartment], record.id, piece.id, compartment)
                check_sealed(body, compartment, piece.event.kind)
                found[piece.id] = Known(compartment, body, secrets[compartment])
    return found


def known_of(actor: Actor, record: Record, piece: Piece) -> Known:
    """The same for one piece; NotAllowedError where it is not for the actor. InputError where record and sealed part name different files."""
    found = known(actor, record).get(piece.id)
    if found is None:
        raise NotAllowedError(
            _("{member} cannot open the evidence {piece} of case {case}").format(member=actor.member, piece=piece.id, case=record.id),
            hint=_("ask a member who holds {compartments} for access").format(compartments=", ".join(piece.event.sealed) or "inquiry"),
        )
    if found.body["digest"] != piece.digest:
        raise InputError(_("the sealed part speaks of another file than the record"), where=f"{record.path} {piece.id}", hint=_("plaint audit shows by whom"))
    return found


@contextmanager
def sealed_stream(organisation: Organisation, record: Record, piece: Piece) -> Iterator[IO[bytes]]:
    """The sealed file, to be read piece by piece; EnvironmentFaultError where it is not here, nor can be had."""
    there = blobs_beside(organisation, record)
    whole, pointer = piece.paths
    if whole in there:
        with organisation.repository.objects.stream(there[whole]) as stream:
            yield stream
        return
    if pointer not in there:
        raise EnvironmentFaultError(_("the sealed file is not here"), where=whole, hint=_("plaint sync fetches it, if any clone still has it"))
    place = large_file(organisation, piece)
    if not place.is_file() and not fetch_large(organisation, piece):
        raise EnvironmentFaultError(
            _("the sealed file is in Git LFS, and cannot be had from there"),
            where=pointer,
            hint=_("whoever added it runs plaint sync; git lfs fetch {remote} tells more").format(remote=_remote(organisation)),
        )
    with place.open("rb", buffering=0) as file:
        yield file


def large_file(organisation: Organisation, piece: Piece) -> Path:
    """Where the file of a piece lies in Git LFS, if it is here."""
    return place_of(organisation.repository.lfs_folder, piece.digest)


def fetch_large(organisation: Organisation, piece: Piece) -> bool:
    """Brings the file of a piece out of Git LFS; whether it is here now."""
    repository = organisation.repository
    remote = _remote(organisation)
    if not remote or not fetch(repository.git, remote, repository.prefix + piece.paths[1]):
        return False
    return large_file(organisation, piece).is_file()


def _remote(organisation: Organisation) -> str:
    remotes = organisation.repository.git.text("remote").split()
    return "origin" if "origin" in remotes else next(iter(remotes), "")


def get(actor: Actor, record: Record, piece: Piece, target: Path, progress: Progress) -> Known:
    """Opens a piece into a new file that only its owner may read; InputError where it is not what was recorded."""
    found = known_of(actor, record, piece)
    if target.exists():
        raise UsageError(_("there is a file already"), where=str(target), hint=_("name another with -o"))
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".plaint-")  # mkstemp makes it 0600
    except OSError as error:
        raise UsageError(_("the file cannot be written: {reason}").format(reason=reason(error)), where=str(target)) from error
    try:
        with os.fdopen(handle, "wb", buffering=0) as file:
            _open_into(actor.organisation, record, piece, found, file, progress)
        os.link(name, target)  # refuses to overwrite what came there meanwhile
    except OSError as error:
        raise EnvironmentFaultError(_("the file cannot be written: {reason}").format(reason=reason(error)), where=str(target)) from error
    finally:
        Path(name).unlink(missing_ok=True)
    return found


def _open_into(organisation: Organisation, record: Record, piece: Piece, found: Known, file: IO[bytes], progress: Progress) -> None:
    with sealed_stream(organisation, record, piece) as stream:
        try:
            passed = open_file(stream, file, int(found.body["bytes"]), found.secret, progress)
        except (NotAllowedError, InputError):  # the key is the right one, for it has opened the sealed part
            passed = None
    if passed is None or passed.digest != piece.digest or passed.original != found.body["original"]:
        raise InputError(
            _("the file is not the one that was recorded"),
            where=piece.paths[0],
            hint=_("it was damaged or exchanged: plaint evidence verify {case}").format(case=record.id),
        )


def verify(organisation: Organisation, record: Record, *, bring: bool = False) -> Iterator[tuple[Piece, Condition]]:
    """How each piece of a case is found, by the hash that its record names; no key is needed. `bring` fetches what lies in Git LFS.

    Of a case that was disposed of nobody need keep the large files: those that are gone are left out, and none is brought.
    """
    there = blobs_beside(organisation, record)
    disposed = _disposed(organisation, record)
    for piece in pieces(record):
        if disposed and piece.paths[1] in there and not large_file(organisation, piece).is_file():
            continue
        path = next((path for path in piece.paths if path in there), None)
        if path is None:
            yield piece, Condition.MISSING
        elif path.endswith(POINTER):
            yield piece, _condition_of_large(organisation, piece, there[path], bring=bring)
        else:
            try:
                digest = organisation.repository.objects.digest(there[path])
            except EnvironmentFaultError:  # git itself finds that it is damaged
                digest = None
            yield piece, Condition.WHOLE if digest == piece.digest else Condition.DAMAGED


def large_files(organisation: Organisation) -> tuple[int, int]:
    """How many sealed files of cases that were not disposed of are in Git LFS, and how many of those are not in this clone."""
    repository = organisation.repository
    entries = repository.objects.ls_tree(str(organisation.revision), repository.prefix + "cases")
    there = {entry.path.removeprefix(repository.prefix) for entry in entries if entry.path.endswith(POINTER)}
    kept = (record for record in organisation.cases() if there and not _disposed(organisation, record))
    large = [piece for record in kept for piece in pieces(record) if piece.paths[1] in there]
    return len(large), sum(not large_file(organisation, piece).is_file() for piece in large)


def _disposed(organisation: Organisation, record: Record) -> bool:
    return is_final(organisation.policy_of(record), organisation.state(record))


def _condition_of_large(organisation: Organisation, piece: Piece, sha: str, *, bring: bool) -> Condition:
    pointer = read_pointer(organisation.repository.objects, sha)
    if pointer is None or pointer.digest != piece.digest:
        return Condition.DAMAGED
    place = large_file(organisation, piece)
    if not place.is_file():
        if not bring:
            return Condition.ELSEWHERE
        if not fetch_large(organisation, piece):
            return Condition.MISSING
    with place.open("rb") as file:
        return Condition.WHOLE if hashlib.file_digest(file, "sha256").hexdigest() == piece.digest else Condition.DAMAGED


def opens(actor: Actor, record: Record, piece: Piece, progress: Progress) -> Condition:
    """How a piece is found inside: opened, hashed, and kept nowhere. NotAllowedError where it is not for the actor."""
    found = known_of(actor, record, piece)
    with Path(os.devnull).open("wb", buffering=0) as nowhere:
        try:
            _open_into(actor.organisation, record, piece, found, nowhere, progress)
        except InputError:
            return Condition.DAMAGED
    return Condition.WHOLE
