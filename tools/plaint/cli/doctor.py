"""`plaint doctor`: what is missing here for plaint to work, one line each, with what to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import click

from plaint.cli.common import common_options, format_option, print_json, session
from plaint.errors import PlaintError
from plaint.i18n import _

Check = tuple[str, Callable[[], str]]


def _checks() -> Iterator[Check]:
    call = session()
    yield _("git"), lambda: _program("git", _("install git"))
    yield _("ssh-keygen"), lambda: _program("ssh-keygen", _("install OpenSSH"))
    yield _("repository"), lambda: str(call.organisation.repository.root)
    yield _("policy in force"), lambda: _("revision {n}").format(n=call.organisation.policy_in_force(call.now).revision)
    yield _("member"), lambda: call.actor.member
    yield _("signing key"), lambda: call.actor.signing_key.source
    yield _("age identity"), lambda: (call.actor.identity, str(call.actor.identity_path))[1]
    yield _("keyrings"), _keyrings


def _program(name: str, hint: str) -> str:
    from plaint.errors import EnvironmentFaultError

    path = shutil.which(name)
    if path is None:
        raise EnvironmentFaultError(_("{program} was not found").format(program=name), hint=hint)
    return path


def _keyrings() -> str:
    from plaint.errors import EnvironmentFaultError

    repository = session().organisation.repository
    if not repository.has_keyrings():
        raise EnvironmentFaultError(
            _("this clone has no keyrings, so no sealed text can be opened"), hint=_("git fetch origin 'refs/plaint/keys/*:refs/plaint/keys/*' brings them")
        )
    return str(len(repository.keyring_refs()))


@click.command("doctor", help=_("Looks for what plaint needs here, and says what is missing and what to do."))
@format_option("text", "json")
@common_options
def doctor(fmt: str) -> int:
    """Tries everything; the exit code is 3 if something is missing."""
    found = []
    for name, check in _checks():
        try:
            found.append((name, True, check()))
        except PlaintError as error:
            found.append((name, False, str(error)))
    if fmt == "json":
        print_json([{"what": name, "ok": good, "detail": detail} for name, good, detail in found])
    else:
        for name, good, detail in found:
            click.secho(f"{'✓' if good else '✗'} {name}: {detail}", fg="green" if good else "red")
    return 0 if all(good for _name, good, _detail in found) else 3


COMMANDS = {"doctor": doctor}
