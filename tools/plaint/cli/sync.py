"""`plaint sync`: bring this clone and the shared repository together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plaint.cli.audit import audit_memory
from plaint.cli.common import ask_passphrase, common_options, format_option, print_json, session
from plaint.errors import UsageError
from plaint.i18n import _, ngettext

if TYPE_CHECKING:
    from plaint.actor import Actor
    from plaint.organisation import Organisation


@click.command("sync", help=_("Fetch what others recorded, put what is yours on top of it, and push both, with the keyrings."))
@click.argument("remote", default="origin", required=False)
@format_option("text", "json")
@common_options
@click.pass_context
def sync_command(context: click.Context, remote: str, fmt: str) -> None:
    """Prints what came and went; exits with 1 where a history is not in order."""
    from plaint.actor import Actor
    from plaint.store.repository import Repository
    from plaint.sync.remote import Remote
    from plaint.sync.run import OutOfOrderError, sync

    call = session()
    repository = Repository.discover(call.directory)
    branch = repository.git.call("symbolic-ref", "-q", "--short", "HEAD").output.decode("utf-8", "replace").strip()
    if not branch:
        raise UsageError(_("no branch is checked out"), hint=_("check one out: git switch main"))
    if remote not in repository.git.text("remote").split():
        raise UsageError(_("there is no remote {remote}").format(remote=remote), hint=_("git remote add origin URL names the shared repository"))

    def find(organisation: Organisation) -> Actor:
        return Actor.find(organisation, call.member, ask_passphrase)

    try:
        done = sync(repository, find, Remote(repository.git, remote, branch), audit_memory(repository.git))
    except OutOfOrderError as error:
        for finding in error.findings[:10]:
            click.echo(f"{finding.record or finding.commit}: {finding.rule} {finding.message}", err=True)
        click.echo(_("Nothing was changed: what would come together is not in order. plaint audit --rev COMMIT tells more."), err=True)
        context.exit(1)
    if fmt == "json":
        print_json(
            {
                "head": done.head,
                "received": done.received,
                "sent": done.sent,
                "replayed": done.replayed,
                "keyrings": {"received": done.keyrings_here, "sent": done.keyrings_there, "destroyed": done.destroyed, "missing": done.missing},
                "notes": done.notes,
            }
        )
        return
    for note in done.notes:
        click.echo(_("note: {note}").format(note=note), err=True)
    came = ngettext("{n} commit received", "{n} commits received", done.received).format(n=done.received)
    went = ngettext("{n} sent", "{n} sent", done.sent).format(n=done.sent)
    keyrings = _("keyrings: {here} received, {there} sent, {destroyed} destroyed").format(
        here=done.keyrings_here, there=done.keyrings_there, destroyed=done.destroyed
    )
    click.echo(_("{came}, {went}; {keyrings}").format(came=came, went=went, keyrings=keyrings))
    for case in done.missing:
        click.echo(_("no clone that was seen has the keyring of {case}").format(case=case), err=True)


COMMANDS = {"sync": sync_command}
