"""`plaint export` and `plaint verify-dossier`: a case for somebody outside, and the proof of one."""

from __future__ import annotations

from pathlib import Path

import click

from plaint.cli.common import ask_passphrase, common_options, complete_case, format_option, print_json, session
from plaint.errors import UsageError
from plaint.i18n import _, listed


@click.command(
    "export",
    help=_("Makes a dossier of a case: a document for people, and a bundle of git that proves it. No sealed text is opened unless --compartment asks for it."),
)
@click.argument("case", shell_complete=complete_case)
@click.option("--compartment", "compartments", metavar="C", multiple=True, help=_("Hand this part over; once for each. It goes on record."))
@click.option("--to", "recipient", metavar="AGE-KEY", default="", help=_("The age key (age1…) that the parts handed over are sealed to."))
@click.option("--for", "reader", metavar="TEXT", default="", help=_("For whom it is; stands in the document, and sealed in the record."))
@click.option("--format", "fmt", type=click.Choice(["pdf", "html"]), default="pdf", show_default=True, help=_("PDF/A, or a web page."))
@click.option("-o", "folder", metavar="DIR", type=click.Path(path_type=Path), help=_("The folder to make; dossier-CASE in this one if not given."))
@common_options
def export_command(case: str, compartments: tuple[str, ...], recipient: str, reader: str, fmt: str, folder: Path | None) -> None:
    """Makes the folder and says what is in it."""
    from plaint.dossier.making import Wanted, export

    call = session()
    found = call.organisation.case(case).id
    wanted = Wanted(tuple(dict.fromkeys(compartments)), recipient.strip(), reader.strip(), fmt)
    done = export(call.actor, found, wanted, folder or Path(f"dossier-{found}"), call.local_now)
    click.echo(_("{folder}: {files}").format(folder=done.folder, files=listed(done.files)))
    if done.event:
        click.echo(_("on record as event {event}; plaint sync shares that").format(event=done.event))
    click.echo(_("Tell the reader the fingerprint of your key another way: {key}").format(key=done.fingerprint))


@click.command("verify-dossier", help=_("Proves a dossier, with nothing else at hand: signatures, the course by the policy, the document, the evidence."))
@click.argument("path", metavar="DIR|BUNDLE", type=click.Path(exists=True, path_type=Path))
@click.option("--key", metavar="SHA256:…", default="", help=_("The fingerprint that the organisation told you; another key is refused."))
@click.option(
    "-i", "identity", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=_("Your age identity: opens what was handed over.")
)
@format_option("text", "json")
@common_options
@click.pass_context
def verify_command(context: click.Context, path: Path, key: str, identity: Path | None, fmt: str) -> None:
    """Exits with 1 where something is not in order."""
    from plaint.dossier.verifying import documents_beside, verify
    from plaint.seal.identity import load_identity

    if key and not key.startswith("SHA256:"):
        raise UsageError(_("a fingerprint begins with SHA256:"), where="--key")
    bundle, documents = documents_beside(path)
    secret = load_identity(identity, lambda: ask_passphrase(str(identity))) if identity else ""
    found = verify(bundle, documents, key, secret)
    if fmt == "json":
        print_json(
            {
                "case": found.case,
                "events": found.events,
                "last": found.last.isoformat() if found.last else None,
                "member": found.member,
                "key": found.fingerprint,
                "made": found.made.isoformat() if found.made else None,
                "parts": list(found.parts),
                "opened": found.opened,
                "documents": sorted(documents),
                "problems": list(found.problems),
            }
        )
    else:
        for problem in found.problems:
            click.echo(_("not in order: {problem}").format(problem=problem))
        if not found.problems:
            line = _("In order: case {case}, {n} events up to {time}, signed by {member}; documents: {documents}.")
            last = found.last.isoformat(timespec="minutes") if found.last else ""
            click.echo(line.format(case=found.case, n=found.events, time=last, member=found.member, documents=listed(documents) or "–"))
        if identity and not found.problems:
            click.echo(_("{n} sealed texts open with your key.").format(n=found.opened))
        if not key and found.fingerprint:
            click.echo(_("Ask the organisation, another way, whether this is {member}'s key: {key}").format(member=found.member, key=found.fingerprint))
    context.exit(1 if found.problems else 0)


COMMANDS = {"export": export_command, "verify-dossier": verify_command}
