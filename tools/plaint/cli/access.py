"""`plaint grant`, `revoke` and `rekey`: who may open a case. Who was let in or shut out is sealed; only that the keyring changed is open."""

from __future__ import annotations

import click

from plaint.cli.common import common_options, complete_case, complete_member, format_option, session
from plaint.cli.events import print_recorded
from plaint.desk import Entry, cases_with_keyring, record, rekey_many
from plaint.errors import NotAllowedError, UsageError
from plaint.i18n import _
from plaint.opening import case_secrets


def _change(case: str, who: str, compartments: tuple[str, ...], key: str, reason: str | None, fmt: str) -> None:
    call = session()
    organisation = call.organisation
    if key == "granted" and who in organisation.roster.waiting and organisation.roster.now(who) is None:
        raise UsageError(_("{member} waits for approval, and is let in only then").format(member=who), hint=_("plaint member list shows who is"))
    if who not in {*organisation.roster.members, *organisation.roster.waiting}:
        raise UsageError(_("{member} is no member of this organisation").format(member=who), hint=_("plaint member list shows who is"))
    before = organisation.case(case)
    mine = set(case_secrets(call.actor, before))
    kind = "revoke" if key == "excluded" else "grant"
    sealable = {c for t in organisation.policy_of(before).transitions.get(kind, ()) for c in (*t.seals, *t.may_seal)}
    wanted = set(compartments) or mine & sealable
    if not wanted or not wanted <= mine:
        names = ", ".join(sorted(wanted - mine)) or _("anything")
        raise NotAllowedError(_("{member} cannot open {compartments} of this case").format(member=call.actor.member, compartments=names))
    body = {key: [who]} | ({"reason": reason} if reason else {})
    done = record(call.actor, before.id, Entry(kind, {}, dict.fromkeys(sorted(wanted), body)), call.local_now)
    print_recorded(done, fmt)
    left = sorted(set(before.header["seals"]) - wanted - {"reporter"})
    if key == "excluded" and left:
        click.echo(_("Not yet shut out of: {compartments}. Somebody who can open it must revoke there too.").format(compartments=", ".join(left)), err=True)


COMPARTMENT = click.option("--compartment", "compartments", multiple=True, metavar="C", help=_("Only this part; all that you can open if not given."))


@click.command("grant", help=_("Lets a member open a case. Who it is stays sealed."))
@click.argument("case", shell_complete=complete_case)
@click.argument("who", metavar="MEMBER", shell_complete=complete_member)
@COMPARTMENT
@click.option("--lift", is_flag=True, help=_("They were shut out and need not be any more: what their roles open, they open again. Say why."))
@click.option("--reason", help=_("Why; it is sealed."))
@format_option("text", "json")
@common_options
def grant(case: str, who: str, compartments: tuple[str, ...], lift: bool, reason: str | None, fmt: str) -> None:
    """Appends a grant event with the new keyring."""
    if lift and not reason:
        raise UsageError(_("to lift an exclusion takes a reason"), where="--reason", hint=_("it is sealed with the event"))
    _change(case, who, compartments, "withdrawn" if lift else "granted", reason, fmt)


@click.command("revoke", help=_("Shuts a member out of a case, as in a conflict of interest. Who it is stays sealed."))
@click.argument("case", shell_complete=complete_case)
@click.argument("who", metavar="MEMBER", shell_complete=complete_member)
@COMPARTMENT
@click.option("--reason", help=_("Why; it is sealed."))
@format_option("text", "json")
@common_options
def revoke(case: str, who: str, compartments: tuple[str, ...], reason: str | None, fmt: str) -> None:
    """Appends a revoke event with the new keyring."""
    _change(case, who, compartments, "excluded", reason, fmt)


@click.command("rekey", help=_("Seals keyrings anew to those who may open them now: after members joined, left or changed keys."))
@click.argument("cases", nargs=-1, shell_complete=complete_case)
@click.option("--all", "everything", is_flag=True, help=_("Every case that you can open."))
@format_option("text", "json")
@common_options
def rekey(cases: tuple[str, ...], everything: bool, fmt: str) -> None:
    """Appends a rekey event to each case."""
    from plaint.intake.importkey import renew_import_keyring

    call = session()
    if bool(cases) == everything:
        raise UsageError(_("name the cases, or give --all"))
    organisation = call.organisation
    wanted = [organisation.case(case).id for case in cases] if cases else cases_with_keyring(organisation)
    recorded = rekey_many(call.actor, wanted, call.local_now, each=bool(cases))
    if wanted and not recorded:
        raise NotAllowedError(
            _("{member} can seal no keyring anew").format(member=call.actor.member),
            hint=_("it takes a role that may, and a key that opens the case: plaint rekey CASE says which is missing"),
        )
    for done in recorded:
        print_recorded(done, fmt)
    if everything:
        renew_import_keyring(call.actor, organisation.policy_in_force(call.now))
    click.echo(_("{n} of {all} keyrings sealed anew.").format(n=len(recorded), all=len(wanted)), err=True)


COMMANDS = {"grant": grant, "revoke": revoke, "rekey": rekey}
