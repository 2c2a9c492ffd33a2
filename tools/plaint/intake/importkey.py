"""The key that tells rows imported already from new ones, without telling anybody else what a row says.

A case that came from a spreadsheet carries a `source`: HMAC-SHA256 of the row's key, half of it, in 32 hexadecimal digits. A plain hash of
"petition 2549" could be guessed by trying every number; this one cannot, without the organisation's import key. The key is an age secret
in a keyring of its own, `refs/plaint/keys/import` with the one file `import.age`, sealed to every member who may register, to recovery, and to
decoys as usual. The HMAC key is the SHA-256 of that secret.

>>> source_of(b"key", "petitions", [("id", "2549")])
'db1cdd053db481f468e7f9f4f0d016ad'
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from plaint.access import recipients
from plaint.errors import EnvironmentFaultError, NotAllowedError
from plaint.i18n import _
from plaint.model.record import RecordKind
from plaint.seal.keyring import Keyring, new_case_keys, open_secret, reseal, seal_keyring

if TYPE_CHECKING:
    from plaint.actor import Actor
    from plaint.model.policy import Policy
    from plaint.model.roster import Roster
    from plaint.store.repository import Repository

NAME = "import"
_SOURCE = re.compile(rb"^  source: '?([0-9a-f]{32})'?$", re.MULTILINE)


def new_import_keyring(roster: Roster, policy: Policy, recovery: str) -> Keyring:
    """A fresh import key, sealed to all who may register."""
    keys = new_case_keys([NAME])
    return seal_keyring({NAME: keys[NAME].secret}, {NAME: _recipients(roster, policy, recovery)})


def reseal_import_keyring(keyring: Keyring, identity: str, roster: Roster, policy: Policy, recovery: str) -> Keyring:
    """The same key for those who may register now; NotAllowedError when `identity` does not open it."""
    return reseal(keyring, identity, {NAME: _recipients(roster, policy, recovery)})


def renew_import_keyring(actor: Actor, policy: Policy) -> bool:
    """Seals the import key anew to those who may register now; False where the actor does not have it."""
    organisation = actor.organisation
    repository = organisation.repository
    with repository.lock():
        keyring = repository.read_keyring(NAME)
        if keyring is None:
            return False
        try:
            fresh = reseal_import_keyring(keyring, actor.identity, organisation.roster, policy, organisation.config.recovery)
        except NotAllowedError:
            return False
        repository.update_refs(repository.write_keyrings([(NAME, fresh)], actor.signing_key, actor.member))
    return True


def import_secret(actor: Actor) -> bytes:
    """The HMAC key; NotAllowedError where the actor may not have it."""
    keyring = actor.organisation.repository.read_keyring(NAME)
    if keyring is None:
        raise EnvironmentFaultError(
            _("this clone has no import key"),
            where=f"refs/plaint/keys/{NAME}",
            hint=_("git fetch origin 'refs/plaint/keys/*:refs/plaint/keys/*' brings it"),
        )
    return hashlib.sha256(open_secret(keyring, NAME, actor.identity).encode("ascii")).digest()


def source_of(key: bytes, name: str, row_key: Sequence[tuple[str, str]]) -> str:
    """The `source` of a row: `name` is the data set's (rows of two sets never meet), `row_key` the columns that make a row itself."""
    canonical = json.dumps([name, row_key], ensure_ascii=False, separators=(",", ":"))
    return hmac.new(key, canonical.encode("utf-8"), hashlib.sha256).digest()[:16].hex()


def known_sources(repository: Repository, revision: str | None = None) -> set[str]:
    """The sources of all cases committed in `revision` (HEAD)."""
    return set(cases_by_source(repository, revision))


def cases_by_source(repository: Repository, revision: str | None = None) -> dict[str, str]:
    """Source -> case, of all cases committed in `revision` (HEAD). Only the text is searched: a case has its source in its first event."""
    entries = list(repository.records(RecordKind.CASE, revision))
    blobs = repository.objects.read_blobs(entry.sha for entry in entries)
    found = ((entry.path, _SOURCE.search(data)) for entry, data in zip(entries, blobs, strict=True) if data)
    return {match[1].decode("ascii"): path.rpartition("/")[2].removesuffix(".yaml") for path, match in found if match}


def _recipients(roster: Roster, policy: Policy, recovery: str) -> frozenset[str]:
    roles = {role for transition in policy.transitions.get("receive", ()) for role in transition.roles}
    return recipients(roster, roster.with_roles(roles), recovery)
