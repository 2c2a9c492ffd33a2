"""The rules about records and cases: S (form), T (course) and D (deadlines)."""

from __future__ import annotations

from plaint.check.rules import Rule, Severity
from plaint.i18n import _


def cases_catalogue() -> tuple[Rule, ...]:
    """The rules of the families S, T and D, in the language in force."""
    return (*_form(), *_course(), *_deadlines())


def _form() -> tuple[Rule, ...]:
    error, warning = Severity.ERROR, Severity.WARNING
    return (
        Rule("S101", error, _("A file cannot be read"),
             _("Records are strict YAML in UTF-8: no repeated keys, anchors, tags or guessed types, and not larger than 4 MiB. "
               "So every YAML reader sees the same thing."),
             _("Restore the file from git (git restore FILE), and change records with plaint only.")),
        Rule("S102", error, _("A record does not fit its schema"),
             _("The open part of a record holds codes only, and only those that its schema names. Free text belongs in a sealed compartment."),
             _("Restore the file from git, and record the event anew with plaint; seal what is free text.")),
        Rule("S103", error, _("A record is not in canonical form"),
             _("A record has one spelling, the one plaint writes. So nothing can hide in it, a comment say, and an event is added by adding text."),
             _("Restore the file from git, and add events with plaint only.")),
        Rule("S201", error, _("A file that does not belong here"),
             _("In the folders of records stand records only (ID.yaml), and beside a case the sealed files of its own folder. "
               "Anything else could be in the clear, and would be published with the repository."),
             _("Move the file away; if it was committed, ask whoever looks after the repository what it tells.")),
        Rule("S202", error, _("File name and id differ"),
             _("A record's file is named after the id in its header, letter for letter; capital and small letters count."),
             _("Rename the file to the id in its header, or restore both from git.")),
        Rule("S203", error, _("A case lies in the wrong year"),
             _("A case lies in the folder of the year in which it was received: cases/YEAR/ID.yaml."),
             _("Move the file to the folder of that year.")),
        Rule("S204", error, _("Not a plain file"),
             _("Symbolic links, submodules and special files can point anywhere and are never followed."),
             _("Replace it by the file itself, or remove it.")),
        Rule("S205", error, _("Names that differ only in capitals"),
             _("On Windows and macOS two files whose names differ only in capital letters are one file, and one would be lost."),
             _("Rename or remove one of them.")),
        Rule("S206", error, _("A record in the wrong folder"),
             _("Each kind of record has its folder: cases, members, policy, reviews, releases."),
             _("Move the file to the folder of its kind.")),
        Rule("S207", error, _("Two cases with one id"),
             _("A case id names one case for ever. A copied file makes two of it."),
             _("Remove the copy.")),
        Rule("S208", error, _("An event that stands in two records"),
             _("The same event, with its id, kind, time and author, stands in two records: one of them is a copy."),
             _("Restore the record that it does not belong to from git.")),
        Rule("S209", warning, _("An event id that stands in two records"),
             _("Event ids are random, so two different events hardly ever have the same one. Nothing is lost, but look at both."),
             _("Look at both events; if both are genuine there is nothing to do.")),
        Rule("S210", error, _("A file is not as it was committed"),
             _("The last commit has this file, and the folder lacks it or has it otherwise. Nothing is lost: what was committed stands in git, and plaint "
               "works from there. What was deleted is judged as the commit has it."),
             _("Bring back what was committed (git restore FILE); git status shows what else differs.")),
        Rule("S301", warning, _("The schemas are not those of this plaint"),
             _("The folder schemas/ lets editors and other programs check records offline. It differs from what this version of plaint brings, "
               "so they would judge otherwise than plaint does."),
             _("Update plaint if it is the older one; else a steward runs plaint update.")),
    )  # fmt: skip


def _course() -> tuple[Rule, ...]:
    error = Severity.ERROR
    return (
        Rule("T101", error, _("An event that was not possible then"),
             _("The policy says which events may follow in which state of a case. This one may not follow here."),
             _("plaint show CASE tells the course; plaint policy show tells what may follow. Take an uncommitted event out again.")),
        Rule("T102", error, _("Recorded by somebody who was no member"),
             _("Every event names the member who recorded it, and that member must have joined by then and not have left."),
             _("Let a member record it; or record the joining first.")),
        Rule("T103", error, _("Recorded without the role for it"),
             _("The policy says which roles may record which event."),
             _("Let somebody with the role record it.")),
        Rule("T104", error, _("Duties that must be kept apart"),
             _("Some duties must not fall to one person in the same case: the one who concludes an inquiry does not decide on it, say."),
             _("Let somebody else do the second of the two.")),
        Rule("T105", error, _("Events are not in order of time"),
             _("Events stand in the order in which they were recorded, and none is earlier than the one before it."),
             _("Record it with the present time; what happened earlier belongs in the sealed text.")),
        Rule("T106", error, _("A condition of the policy was not met"),
             _("Some events wait for others: a case closes after the reporter was answered and every measure was verified, say."),
             _("Do first what the message names.")),
        Rule("T107", error, _("What must be sealed with an event"),
             _("The policy says which compartments an event must seal and which it may."),
             _("Record the event with the text that it needs, and without the one that it does not take.")),
        Rule("T108", error, _("A team that the policy does not allow"),
             _("A team is large enough, each of its members holds the role for it, and one of them knows the field."),
             _("Appoint another team.")),
        Rule("T109", error, _("A word that the policy does not have"),
             _("Channels, categories, reasons, outcomes and measures are words from the lists of the policy that the case was received under."),
             _("Use one of the words that the message names; a new word takes a new revision of the policy.")),
        Rule("T110", error, _("An event that refers to nothing"),
             _("Some events speak of an earlier one, of a measure, a request or another case. There is none with that id."),
             _("Name the right id: plaint show CASE tells them.")),
        Rule("T111", error, _("An event id that stands twice in a record"),
             _("An event id names one event, and sealed text is bound to it."),
             _("Restore the file from git, and record the event anew.")),
        Rule("T112", error, _("An event in the future"),
             _("An event is recorded when it has happened; its time cannot be later than now."),
             _("Check the clock of the computer that recorded it.")),
    )  # fmt: skip


def _deadlines() -> tuple[Rule, ...]:
    error, warning = Severity.ERROR, Severity.WARNING
    return (
        Rule("D101", error, _("A deadline has passed"),
             _("A clock of the policy has run out and nothing has stopped it. What was done late is not reported here: the statistics show it."),
             _("Take the next step now: plaint todo tells which. If it takes longer for good reason, record an extension.")),
        Rule("D102", warning, _("Due soon"),
             _("A clock of the policy runs out before long: from when on you are warned stands in the policy."),
             _("Take the next step in time: plaint todo tells which.")),
        Rule("D103", warning, _("A due date that may still move"),
             _("The due date counts working days of a year whose holidays are not announced yet, or that plaint does not know yet."),
             _("Take the step early, or update plaint when the holidays are announced.")),
        Rule("D104", error, _("A measure is late"),
             _("A measure that was decided has not been verified by its date."),
             _("Verify the measure: plaint verify CASE. If it is not fulfilled, record that.")),
        Rule("D105", error, _("A request is late"),
             _("A request to disclose the reporter's identity has not been answered in time."),
             _("Grant or refuse it: plaint disclose CASE.")),
        Rule("D106", error, _("A clock that cannot be computed"),
             _("The due time lies beyond the calendar, or the policy names a country whose working days are not known."),
             _("Look at the times of the case and at the calendar of its policy.")),
    )  # fmt: skip
