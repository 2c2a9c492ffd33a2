"""The rules about the house: K (keys and compartments), P (policy and members) and R (retention, reviews and reports)."""

from __future__ import annotations

from plaint.check.rules import Rule, Severity
from plaint.i18n import _


def house_catalogue() -> tuple[Rule, ...]:
    """The rules of the families K, P and R, in the language in force."""
    return (*_sealed(), *_keyrings(), *_policy(), *_members(), *_duties())


def _sealed() -> tuple[Rule, ...]:
    error = Severity.ERROR
    return (
        Rule("K101", error, _("A sealed text is damaged"),
             _("A sealed text is one armoured age file, whole and well formed. This one cannot be opened by anybody."),
             _("Restore the file from git.")),
        Rule("K102", error, _("Something stands in the clear"),
             _("Where a sealed text belongs, or beside a case, stands something that is not encrypted."),
             _("If it was not committed, take it out and record it with plaint. If it was, treat it as a disclosure: it is in every clone.")),
        Rule("K103", error, _("A sealed text that others could open"),
             _("Each text is sealed to the one key of its compartment, of the type X25519, and to nobody else."),
             _("Restore the file from git, and record the event anew with plaint.")),
        Rule("K104", error, _("The seals of a case are not keys"),
             _("The header names the public key of each compartment (age1…), made for this case and this compartment alone."),
             _("Restore the file from git.")),
        Rule("K105", error, _("Sealed for a compartment that the case has not"),
             _("Texts are sealed in the compartments that the header names."),
             _("Restore the file from git, and record the event anew with plaint.")),
        Rule("K106", error, _("One key for two compartments"),
             _("Two compartments, of one case or of two, have the same key: whoever opens one opens the other."),
             _("Restore the file from git; if it was committed so, link the case to a new one and close it.")),
        Rule("K107", error, _("A sealed text that was copied"),
             _("No two sealed texts are the same, even of the same words. This one was taken from another event, case or compartment, and will not open here."),
             _("Find out who copied it (plaint log CASE), and record the event anew with plaint.")),
    )  # fmt: skip


def _keyrings() -> tuple[Rule, ...]:
    error = Severity.ERROR
    return (
        Rule("K201", error, _("A keyring is missing"),
             _("The keys of a case lie in refs/plaint/keys/CASE. This clone has keyrings, but not this one; without it the case cannot be opened."),
             _("plaint sync fetches it, from the shared repository or a clone that still has it.")),
        Rule("K202", error, _("A keyring that is not the one in force"),
             _("The record says by its hash which keyring is in force. This clone has another: an old one, or one that somebody replaced."),
             _("plaint sync fetches the right one. If everybody has this one, find out who replaced it: git log -p refs/plaint/keys/CASE.")),
        Rule("K203", error, _("A keyring that should be gone"),
             _("When a case was disposed of its keyring is destroyed everywhere. A keyring without a case opens nothing that is known."),
             _("plaint sync destroys the keyrings of cases that were disposed of.")),
        Rule("K204", error, _("Keyring and seals name other compartments"),
             _("A keyring holds one key for each compartment of the case, but for that of the reporter."),
             _("plaint sync fetches the right keyring; plaint rekey CASE makes a new one.")),
        Rule("K205", error, _("A keyring that tells who may open it"),
             _("Keyrings are filled up with decoys to a multiple of eight X25519 recipients, so that nobody sees who is shut out."),
             _("plaint rekey CASE seals it anew.")),
        Rule("K206", error, _("A keyring is damaged"),
             _("The ref is there, but what it names is missing or is no armoured age file with one key in it."),
             _("plaint sync restores it from a clone that still has it.")),
        Rule("K207", Severity.WARNING, _("A keyring that opens for who left, or to a key that was replaced"),
             _("When somebody leaves, gets new keys or gives up a role, the keyrings they were let into are sealed anew. Parts of this one were last sealed "
               "before that: with the old key they can still be opened."),
             _("Those who can open these parts seal them anew, each what they open: plaint rekey CASE, or plaint rekey --all.")),
    )  # fmt: skip


def _policy() -> tuple[Rule, ...]:
    error, warning = Severity.ERROR, Severity.WARNING
    return (
        Rule("P101", error, _("The policy is not sound"),
             _("A policy is proved: every state can be reached and left, every clock can be stopped, every word is declared."),
             _("plaint policy lint tells more. A revision in force is mended by a new revision.")),
        Rule("P102", warning, _("The policy lacks people"),
             _("The members there are cannot do all that the policy in force asks for: a role that nobody holds, duties that cannot be kept apart."),
             _("Give somebody the role: plaint member tells how; or make a revision that fits.")),
        Rule("P103", error, _("A gap in the revisions of the policy"),
             _("Revisions are numbered 1, 2, 3 and so on, and none is ever taken away."),
             _("Restore the missing file from git, or number the new revision after the last one.")),
        Rule("P104", error, _("A policy in use that was not approved"),
             _("A revision needs as many approvals, by different people, as the revision before it asks for."),
             _("Let those who may approve it do so.")),
        Rule("P105", error, _("A case under a policy that was not in force"),
             _("A case is received under the newest approved revision in effect on that day, and keeps it."),
             _("Restore the file from git, and register the case anew.")),
        Rule("P106", error, _("A policy that makes no sense"),
             _("The policy names a time zone, a country or a duration that there is not."),
             _("Correct it in the draft; a revision in force is mended by a new revision.")),
        Rule("P107", error, _("A policy revision that there is not"),
             _("The header names the revision that the case was received under, and there is no such file in policy/."),
             _("Restore the file of the revision from git.")),
        Rule("P108", error, _("An approval that does not count"),
             _("Revisions are approved by those whom the revision before names, each once."),
             _("Let somebody with the role approve it.")),
        Rule("P109", error, _("There is no policy"),
             _("Without a policy nobody can tell what may be done when, and what is late."),
             _("Restore policy/1.yaml from git; plaint init writes one.")),
        Rule("P301", error, _("plaint.yaml is missing or wrong"),
             _("plaint.yaml says who the organisation is: its name, languages, time zone and recovery recipient."),
             _("Correct what the message names, or restore the file from git.")),
    )  # fmt: skip


def _members() -> tuple[Rule, ...]:
    error = Severity.ERROR
    return (
        Rule("P201", error, _("A member who did not join"),
             _("A member's record begins with joining, once."),
             _("Restore the file from git.")),
        Rule("P202", error, _("Something after a member has left"),
             _("Leaving ends a member's record. Who comes back joins under a new id, with new keys."),
             _("Restore the file from git.")),
        Rule("P203", error, _("Two members with one key"),
             _("A key stands for one person. Two with the same could sign or read for each other, and the recovery key belongs to nobody."),
             _("Give one of them a new key: plaint member rotate.")),
        Rule("P204", error, _("A role or field that the policy does not have"),
             _("Members hold roles, and know fields, that some revision of the policy declares."),
             _("Correct the roles: plaint member tells how; a new role takes a new revision of the policy.")),
        Rule("P205", error, _("An approval of a member's change that does not count"),
             _("Where the policy asks for it, joining, roles and keys given by another wait for approvals, by others who hold the roles for it. This one "
               "is of nothing that waits, or by somebody who may not give it."),
             _("Let somebody with the role approve the change that waits: plaint member list shows it.")),
    )  # fmt: skip


def _duties() -> tuple[Rule, ...]:
    error, warning = Severity.ERROR, Severity.WARNING
    return (
        Rule("R101", error, _("Disposal is overdue"),
             _("The retention of a case has ended, and the time to dispose of it too. Personal data must not be kept longer than needed."),
             _("Propose and confirm its disposal (plaint dispose CASE), or record why it must be kept (plaint hold CASE).")),
        Rule("R102", warning, _("Retention ends"),
             _("The retention of a case ends soon, or has ended and it waits to be disposed of."),
             _("Prepare its disposal (plaint dispose CASE), or record why it must be kept (plaint hold CASE).")),
        Rule("R103", error, _("Disposed of too early"),
             _("Records are kept for at least the retention of the policy, counted from closing."),
             _("Withdraw the proposal. If it was carried out, plaint sync may still restore the keyring from a clone that has it.")),
        Rule("R201", error, _("A review is overdue"),
             _("The policy asks for a supervision review of each period. It is done when reviews/PERIOD.yaml is concluded."),
             _("Make the review of that period: plaint review.")),
        Rule("R202", warning, _("A review is due soon"),
             _("The policy asks for a supervision review of each period. It is done when reviews/PERIOD.yaml is concluded."),
             _("Make the review of that period in time: plaint review.")),
        Rule("R203", error, _("A report is overdue"),
             _("The policy asks for a report on each period. It counts as made when reviews/PERIOD.yaml is concluded or releases/PERIOD.yaml published."),
             _("Make the report (plaint report), and record it.")),
        Rule("R204", warning, _("A report is due soon"),
             _("The policy asks for a report on each period. It counts as made when reviews/PERIOD.yaml is concluded or releases/PERIOD.yaml published."),
             _("Make the report in time (plaint report), and record it.")),
        Rule("R205", error, _("The policy is past its review date"),
             _("The revision in force says by when the policy is to be looked at anew. The next revision that is approved, changed or not, settles it."),
             _("Review the policy, and let the next revision be approved: plaint policy next, draft and approve.")),
        Rule("R206", warning, _("The policy is to be reviewed soon"),
             _("The revision in force says by when the policy is to be looked at anew. The next revision that is approved, changed or not, settles it."),
             _("Review the policy in time: plaint policy next begins the next revision.")),
        Rule("R207", error, _("A sample that was not drawn"),
             _("Which cases a supervision review looks at is drawn by a hash of the history's entry, so that nobody picks. Drawn again, this one is another."),
             _("Look at the commit that wrote it and ask who made it. Then begin the review anew: plaint review begin.")),
        Rule("R301", error, _("A release from which a small count can be told"),
             _("Published figures keep to a threshold: each count is as large, each table counts every case once, and a hidden cell is never alone in "
               "its line. plaint publish proves that; a release written or changed by hand may not keep to it."),
             _("Take it down from the site and from every copy you can reach. Then restore the file from git, or publish the next period with plaint publish.")),
        Rule("R302", error, _("Releases that do not follow one another"),
             _("Each case counts once: a release begins where the one before it ended, and one of a longer period is the sum of its parts. Otherwise one less "
               "another gives small counts away."),
             _("Restore the file from git. Make releases with plaint publish alone, in order of time.")),
    )  # fmt: skip
