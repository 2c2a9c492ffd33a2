"""The rules of family A: what `plaint audit` finds in the history."""

from __future__ import annotations

from plaint.check.rules import Rule, Severity
from plaint.i18n import _


def history_catalogue() -> tuple[Rule, ...]:
    """The rules of family A, in the language in force."""
    return (*_signatures(), *_growth(), *_times(), *_places(), *_shape())


def _signatures() -> tuple[Rule, ...]:
    error = Severity.ERROR
    return (
        Rule("A101", error, _("A commit without a member's SSH signature"),
             _("Every commit is signed with an SSH key, as plaint does. This one is not signed, or in another way (OpenPGP, X.509)."),
             _("Ask its author to record it again with plaint; until then nobody answers for it.")),
        Rule("A102", error, _("A signature that does not match"),
             _("The signature was not made over this commit: the commit was changed after it was signed, or the signature comes from elsewhere."),
             _("Treat it as tampering: find out who pushed it, and go back to the last good checkpoint.")),
        Rule("A103", error, _("Signed with a key that no member held then"),
             _("At this point of the history no member had this key: it is unknown, was replaced, or its holder had left or not yet joined."),
             _("Find out whose key it is. If a key was stolen: plaint member rotate, and look at everything it signed since.")),
        Rule("A104", error, _("An event recorded in somebody else's name"),
             _("`by` names the member who recorded the event, and that member signs the commit. Here they are two people."),
             _("Ask both. The event counts for nobody until it is recorded again by whoever did it.")),
        Rule("A105", error, _("The author of a commit is not its signer"),
             _("Commits of records name their signer as author, so that git log tells the truth."),
             _("Ask the signer; record with plaint, which names the author itself.")),
    )  # fmt: skip


def _growth() -> tuple[Rule, ...]:
    error = Severity.ERROR
    return (
        Rule("A201", error, _("A record was changed, not only added to"),
             _("A record only grows: each commit leaves every byte of it as it was, and adds whole events at its end. Here something before the end "
               "was changed, taken out or put elsewhere."),
             _("Treat it as tampering: git show COMMIT tells what was changed; go back to the last good checkpoint.")),
        Rule("A202", error, _("A record was removed"),
             _("Records stay for ever, also those of cases that were disposed of: only keys are destroyed. Renaming is removing."),
             _("Restore the file from the commit before (git restore --source COMMIT^ FILE), and find out why.")),
        Rule("A203", error, _("What was added to a record is no event"),
             _("What a commit adds to a record is whole events, as plaint writes them, that fit the schema."),
             _("Is this plaint older than the one that recorded it? Update it. Else git show COMMIT tells what was added; record it again with plaint.")),
        Rule("A204", error, _("Several events in one commit"),
             _("One event is one signed commit. Only new cases (imports) and new keyrings (rekey) may share one, each in a case of its own."),
             _("Record events with plaint, one after another.")),
        Rule("A205", error, _("The message of a commit names other events"),
             _("A commit of events names them in its message (Case:, Event:). This one names others, or leaves some out."),
             _("Look at the commit: git show COMMIT. What counts is the record; the message misleads.")),
    )  # fmt: skip


def _times() -> tuple[Rule, ...]:
    error, warning = Severity.ERROR, Severity.WARNING
    return (
        Rule("A301", error, _("An event from the future of its commit"),
             _("An event is recorded after it happened: its time cannot be later than that of its commit."),
             _("Set the computer's clock (plaint doctor), and ask whoever signed it.")),
        Rule("A302", error, _("An event dated back too far"),
             _("Only the receipt of a report may lie long before its commit, as when an old book is entered. Anything else is recorded within seven days."),
             _("Ask whoever signed it what happened when; the commit's own time is when it was recorded.")),
        Rule("A303", error, _("The time of commits runs backwards"),
             _("A commit is not made more than an hour before the one it stands on."),
             _("Set the computer's clock (plaint doctor); if it was right, somebody dated the commit back.")),
        Rule("A305", error, _("A commit from the future"),
             _("No commit is later than now: whoever dates one ahead makes room to date others back."),
             _("Set the computer's clock (plaint doctor) if it is wrong; otherwise ask whoever made the commit.")),
        Rule("A304", warning, _("Recorded after the limit, dated before it"),
             _("By its own time the event kept a time limit, by the time of its commit, or of the merge that brought it in, it did not. That may be honest "
               "(an answer given on Friday, recorded on Monday), and it is what dating back looks like."),
             _("Ask for the proof of when it was done (a letter's date, a mail).")),
        Rule("A306", error, _("Pushed long after it was made, or before"),
             _("A commit says itself when it was made; only whoever takes it in can tell whether that is so. This one came more hours after its time than "
               "plaint.yaml allows for work without a connection (offline-hours, 72 if not given), or is dated after the push that brought it. It is said "
               "once, at the push."),
             _("Ask whoever signed it why it came then, and keep the answer. Push each day: plaint sync.")),
        Rule("A307", warning, _("Pushed after the limit, dated before it"),
             _("By its own time the event kept a time limit, but the forge saw it after that only. That may be honest (an answer given on a journey), and "
               "it is what setting back a computer's clock looks like."),
             _("Ask for the proof of when it was done (a letter's date, a mail), and push what keeps a limit at once: plaint sync.")),
        Rule("A308", error, _("A member's change dated before it took approvals"),
             _("By its own time the change takes no approvals, by the time of its commit, or of the merge that brought it in, it does: it was dated back "
               "to when nobody had to agree."),
             _("Ask whoever signed it. Let them propose the change again, and others approve it: plaint member approve.")),
    )  # fmt: skip


def _places() -> tuple[Rule, ...]:
    error = Severity.ERROR
    return (
        Rule("A401", error, _("Changed without the role for it"),
             _("Members, policy, reviews, releases, plaint.yaml, schemas and workflows are changed only by those whom the policy names for it."),
             _("Undo the change (git revert), and let somebody with the role make it.")),
        Rule("A402", error, _("Not a plain file among the records"),
             _("Links, submodules and executable files have no place among records: they can point anywhere, or run."),
             _("Remove it; ask whoever committed it.")),
        Rule("A403", error, _("A file beside a case was changed or came without an event"),
             _("A file of evidence comes with the event that names it, and is never changed; it may go when the case was disposed of."),
             _("git show COMMIT tells what was changed; restore the file from the commit before.")),
        Rule("A404", error, _("A stray file among the records"),
             _("In the folders of records stand records only, each in its place under its own name."),
             _("Remove it; ask whoever committed it.")),
    )  # fmt: skip


def _shape() -> tuple[Rule, ...]:
    error, warning = Severity.ERROR, Severity.WARNING
    return (
        Rule("A501", error, _("A merge with something of its own"),
             _("A merge brings together what its parents hold. This one changes, leaves out or takes back something."),
             _("Do not merge records by hand: plaint sync puts one's own events on top of the others'.")),
        Rule("A502", error, _("A second beginning"),
             _("A history has one first commit. This one was joined with another that does not stand on it."),
             _("Treat it as tampering: go back to the last good checkpoint.")),
        Rule("A503", error, _("Another beginning than the one that was pinned"),
             _("The first commit, signed by the founder, is what everybody can know an organisation's history by. This history begins with another."),
             _("Compare with the supervisor's note of it. If they differ, this is not the organisation's history.")),
        Rule("A504", error, _("The history does not contain the checkpoint"),
             _("What was verified before must still be there. Here commits are missing that were there: rolled back, or written anew."),
             _("Ask who pushed by force; bring back the history from a clone that has the checkpoint.")),
        Rule("A505", error, _("The history is not whole"),
             _("A shallow clone lacks the beginning, so nothing can be proved."),
             _("Fetch the rest: git fetch --unshallow.")),
        Rule("A506", error, _("A commit that git would not make"),
             _("The bytes of this commit are not what git writes, or not what its id says."),
             _("git fsck tells more; clone anew, and compare.")),
        Rule("A507", warning, _("Something makes git show another history"),
             _("This clone has replacement refs or grafts. The audit does not look at them, but git log and others do, and show something else."),
             _("git replace -d, or remove .git/info/grafts.")),
        Rule("A508", warning, _("A commit that tells the forge not to look"),
             _("Its message holds words at which a forge leaves out its checks, as [skip ci]: nobody looked at the time at which it was pushed."),
             _("Ask whoever made it why; compare its time with the forge's own list of pushes.")),
    )  # fmt: skip
