"""Who is acting, with which signing key and which age identity.

A member acts as `--as`, `PLAINT_MEMBER`, or the one whose signing key git would use. The age identity is `PLAINT_IDENTITY` (a file), the
one in the folder that git's `plaint.keys` names, or the one in the user's own configuration folder; it is loaded only when a text is to be opened.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from plaint.errors import EnvironmentFaultError, NotAllowedError, UsageError
from plaint.folders import config_folder
from plaint.i18n import _
from plaint.organisation import Organisation
from plaint.store.signing import SigningKey, signing_key_for

AskPassphrase = Callable[[str], str]


class Actor:
    """A member of the organisation at this desk."""

    def __init__(self, organisation: Organisation, member: str, ask_passphrase: AskPassphrase) -> None:
        self.organisation = organisation
        self.member = member
        self.ask_passphrase = ask_passphrase

    @classmethod
    def find(cls, organisation: Organisation, member: str | None, ask_passphrase: AskPassphrase) -> Actor:
        """The member who acts; UsageError where nobody is named or known by their key."""
        member = member or os.environ.get("PLAINT_MEMBER")
        if not member:
            key = signing_key_for(organisation.repository, "")
            roster = organisation.roster
            member = roster.by_signing_key(key.public) or roster.waiting_with(key.public)
            if member is None and (former := roster.formerly(key.public)):
                raise UsageError(
                    _("the signing key that git would use is of {member}, who left or has another by now").format(member=former),
                    hint=_("plaint member list shows who is; a steward records new keys"),
                )
            if member is None:
                raise UsageError(
                    _("nobody here has the signing key that git would use"),
                    hint=_("say who acts with --as MEMBER; a steward lets people in: plaint member add"),
                )
        if organisation.roster.now(member) is None:
            if member in organisation.roster.waiting:
                raise NotAllowedError(
                    _("{member} is not a member yet: the joining waits for approval").format(member=member), hint=f"plaint member approve {member}"
                )
            raise UsageError(_("{member} is no member of this organisation").format(member=member), hint=_("plaint member list shows who is"))
        return cls(organisation, member, ask_passphrase)

    def up_to_date(self) -> Actor:
        """The same member, looking at the state that is committed now; the same actor where nothing was committed since."""
        if self.organisation.revision == self.organisation.repository.head():
            return self
        fresh = Actor.find(Organisation(self.organisation.repository), self.member, self.ask_passphrase)
        here, there = self.organisation.roster.now(self.member), fresh.organisation.roster.now(self.member)
        if here and there and here.recipient == there.recipient and "identity" in self.__dict__:
            fresh.__dict__["identity"] = self.identity  # it was opened with a passphrase, perhaps, and is not asked for at each commit
        return fresh

    @cached_property
    def signing_key(self) -> SigningKey:
        """The key this member signs with; EnvironmentFaultError where git's key is not theirs."""
        key = signing_key_for(self.organisation.repository, self.member)
        membership = self.organisation.roster.now(self.member)
        if membership is None or " ".join(key.public.split()[:2]) not in membership.signing:
            raise EnvironmentFaultError(
                _("the signing key that git would use is not one of {member}'s").format(member=self.member),
                where=key.source,
                hint=_("set user.signingkey, or PLAINT_SIGNING_KEY, to the key in members/{member}.yaml").format(member=self.member),
            )
        return key

    @cached_property
    def identity(self) -> str:
        """The member's age secret key, or the organisation's recovery key; EnvironmentFaultError where it is not found or is another's."""
        from plaint.seal.age import recipient_of
        from plaint.seal.identity import load_identity

        path = self.identity_path
        secret = load_identity(path, lambda: self.ask_passphrase(str(path)))
        membership = self.organisation.roster.now(self.member)
        if membership is None or recipient_of(secret) not in (membership.recipient, self.organisation.config.recovery):
            raise EnvironmentFaultError(
                _("this age identity is not {member}'s").format(member=self.member),
                where=str(path),
                hint=_("set PLAINT_IDENTITY to the file whose public key stands in members/{member}.yaml").format(member=self.member),
            )
        return secret

    @property
    def identity_path(self) -> Path:
        """Where the identity lies."""
        if given := os.environ.get("PLAINT_IDENTITY"):
            return Path(given)
        candidates = []
        if folder := self.organisation.repository.config("plaint.keys"):
            candidates.append(self.organisation.repository.root / folder / f"{self.member}.age-identity")
        candidates += [config_folder() / f"{self.member}.age-identity", config_folder() / "identity"]
        for path in candidates:
            if path.exists():
                return path
        raise EnvironmentFaultError(
            _("{member}'s age identity was not found").format(member=self.member),
            where=str(candidates[-2]),
            hint=_("set PLAINT_IDENTITY to its file; plaint member keys makes one"),
        )
