"""`plaint doctor`: what is missing here for plaint to work, one line each, with what to do."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from plaint.cli.common import common_options, format_option, print_json, session
from plaint.errors import EnvironmentFaultError, PlaintError
from plaint.folders import config_folder
from plaint.i18n import _, ngettext
from plaint.model.words import local

Check = tuple[str, str, Callable[[], str]]
"""Its name, the check without which it makes no sense (or ""), what it does."""
NEWEST_ALLOWED = timedelta(minutes=5)
"""How far the last commit may lie in the future of this machine's clock: clocks differ a little."""
MAILBOX = "mailbox.yaml"
"""Looked at where this machine fetches mail, and only there."""
OLDEST_GIT = (2, 34)
_NEWEST_CASES = 8
"""Tried, whether one's own key opens any."""


def _checks() -> Iterator[Check]:
    call = session()
    yield "git", "", _git
    yield "ssh-keygen", "", lambda: _program("ssh-keygen", _("install OpenSSH"))
    yield "repository", "git", lambda: (call.organisation.config, str(call.organisation.repository.root))[1]
    yield "policy in force", "repository", lambda: _("revision {n}").format(n=call.organisation.policy_in_force(call.now).revision)
    yield "computer's clock", "repository", _clock
    yield "member", "repository", lambda: call.actor.member
    yield "signing key", "member", _signing_key
    yield "age identity", "member", lambda: (call.actor.identity, str(call.actor.identity_path))[1]
    yield "keyrings", "repository", _keyrings
    if _uses_lfs():
        yield "git-lfs", "git", _git_lfs
        yield "large evidence", "repository", _large_evidence
    if (config_folder() / MAILBOX).exists():
        yield "mailbox", "repository", _mailbox


def _git_lfs() -> str:
    from plaint.store.lfs import check_installed

    git = session().organisation.repository.git
    check_installed(git)
    return git.text("lfs", "version")


def _large_evidence() -> str:
    """That some is not here is no fault: `plaint evidence get` brings it. Whether the server has it, only bringing it tells."""
    from plaint.evidence.reading import large_files

    count, elsewhere = large_files(session().organisation)
    found = ngettext("{n} file in Git LFS", "{n} files in Git LFS", count).format(n=count)
    if not elsewhere:
        return found
    return _("{found}, {n} not here: brought when needed; plaint evidence verify --fetch brings and proves all").format(found=found, n=elsewhere)


def _uses_lfs() -> bool:
    try:
        return bool(session().organisation.config.lfs_above)
    except PlaintError:  # said where the repository is looked at
        return False


def _titles() -> dict[str, str]:
    """The names in words; those of programs stay as they are."""
    return {
        "repository": _("repository"),
        "policy in force": _("policy in force"),
        "computer's clock": _("computer's clock"),
        "member": _("member"),
        "signing key": _("signing key"),
        "age identity": _("age identity"),
        "keyrings": _("keyrings"),
        "large evidence": _("large evidence"),
        "mailbox": _("mailbox"),
    }


def _program(name: str, hint: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise EnvironmentFaultError(_("{program} was not found").format(program=name), hint=hint)
    return path


def _git() -> str:
    from plaint.store.git import Git

    path = _program("git", _("install git 2.34 or newer and put it on the PATH"))
    version = Git(Path()).text("version")
    found = re.search(r"(\d+)\.(\d+)", version)
    if found is None or tuple(map(int, found.groups())) < OLDEST_GIT:
        raise EnvironmentFaultError(
            _("{version} is too old: it cannot check SSH signatures").format(version=version), where=path, hint=_("install git 2.34 or newer")
        )
    return f"{path} ({version.removeprefix('git version ')})"


def _signing_key() -> str:
    """Signs something: the private half may be missing, or under a passphrase that nobody can be asked for."""
    from plaint.store.signing import sign_payloads

    key = session().actor.signing_key
    sign_payloads([b"plaint doctor\n"], key)
    return key.source


def _clock() -> str:
    from plaint.store.history import last_commit

    call = session()
    zone = call.organisation.config.timezone
    last = last_commit(call.organisation.repository)
    now = max(call.now, datetime.now(UTC))  # a demo may stand at another day by PLAINT_NOW
    if last > now + NEWEST_ALLOWED:
        raise EnvironmentFaultError(
            _("it is {now} here, but the last commit is of {last}").format(now=local(now, zone), last=local(last, zone)),
            hint=_("set this machine's clock, or PLAINT_NOW in a demo"),
        )
    return local(call.now, zone)


def _keyrings() -> str:
    organisation = session().organisation
    repository = organisation.repository
    hint = _("git fetch origin 'refs/plaint/keys/*:refs/plaint/keys/*' brings them")
    found = sorted(
        (record.events[0].at, record.id) for record in organisation.cases() if not organisation.policy_of(record).states[organisation.state(record).state].final
    )
    kept = [case for _at, case in found]
    there = repository.keyring_refs()
    if kept and not there:
        raise EnvironmentFaultError(_("this clone has no keyrings, so no sealed text can be opened"), hint=hint)
    missing = [case for case in kept if case not in there]
    if missing:
        names = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
        raise EnvironmentFaultError(_("{n} of {all} cases have no keyring here: {cases}").format(n=len(missing), all=len(kept), cases=names), hint=hint)
    if not _opens_any(kept):
        raise EnvironmentFaultError(
            _("your age identity opens none of the newest cases that your roles open"),
            hint=_("after a new role or key, somebody who can open them runs plaint rekey --all"),
        )
    return ngettext("of {n} case", "of {n} cases", len(kept)).format(n=len(kept))


def _opens_any(cases: Sequence[str]) -> bool:
    """Whether the member's identity opens one of the newest cases that by their roles they may open; also where there is none, or no identity to try."""
    from plaint.access import REPORTER, Exceptions, openers
    from plaint.model.machine import fold
    from plaint.opening import case_secrets

    call = session()
    organisation, tried = call.organisation, 0
    for record in (organisation.case(case) for case in reversed(cases[-_NEWEST_CASES:])):
        policy = organisation.policy_of(record)
        state = fold(policy, record.events)
        parts = set(record.header["seals"]) - {REPORTER}
        try:
            if any(call.actor.member in openers(policy, organisation.roster, part, state, record.events, Exceptions()) for part in parts):
                tried += 1
                if case_secrets(call.actor, record):
                    return True
        except PlaintError:  # the member or the identity; that has been said
            return True
    return not tried


def _mailbox() -> str:
    """Signs in where mail is fetched from, and moves nothing."""
    from plaint.postbox.account import load_postbox
    from plaint.postbox.imap import Mailbox

    postbox = load_postbox(config_folder() / MAILBOX, session().organisation.repository.top, os.environ)
    with Mailbox(postbox.account) as mailbox:
        count = sum(1 for _mail in mailbox.waiting())
    return ngettext("{user}: {n} mail waits", "{user}: {n} mails wait", count).format(user=postbox.account.user, n=count)


@click.command("doctor", help=_("Looks for what plaint needs here, and says what is missing and what to do."))
@format_option("text", "json")
@common_options
def doctor(fmt: str) -> int:
    """Tries everything; the exit code is 3 if something is missing."""
    found: dict[str, tuple[bool, str]] = {}
    titles = _titles()
    for name, needs, check in _checks():
        if needs and not found[needs][0]:
            found[name] = False, _("not looked at: it needs “{other}”").format(other=titles.get(needs, needs))
            continue
        try:
            found[name] = True, check()
        except PlaintError as error:
            found[name] = False, str(error)
    if fmt == "json":
        print_json([{"what": name, "ok": good, "detail": detail} for name, (good, detail) in found.items()])
    else:
        for name, (good, detail) in found.items():
            click.secho(f"{'✓' if good else '✗'} {titles.get(name, name)}: {detail}", fg="green" if good else "red")
    return 0 if all(good for good, _detail in found.values()) else 3


COMMANDS = {"doctor": doctor}
