"""The reporter's guide: what to avoid, the ways to reach us, what happens when, the receipt, rights, and what nobody can promise.

It speaks of the channels and time limits that the policy in force has, and of nothing that depends on an open case.
"""

from __future__ import annotations

from collections.abc import Iterator

from plaint.i18n import _, listed, pick
from plaint.model.policy import ClockKind, Policy
from plaint.model.policy_tables import duration
from plaint.model.words import event_title
from plaint.publish.page import Page, escape, heading, link, table


def reporting(policy: Policy, *, online: bool, contact: bool) -> Page:
    """The guide; `online` where the site takes reports, `contact` where the organisation has written how to reach it."""
    body = [
        escape(_("You need no proof, no form and no name. You need not be sure either: it is enough to have reason to believe what you report.")),
        heading(_("Before you report")) + _points(_avoid()),
        heading(_("Ways to reach us")) + _ways(policy, online=online, contact=contact),
        heading(_("What happens when")) + _steps(policy),
        heading(_("Your receipt")) + _points(_receipt()) if online else "",
        heading(_("Your rights")) + _points(_rights()),
        heading(_("What nobody can promise")) + _points(_limits()),
    ]
    return Page("report", _("How to report"), "\n\n".join(part for part in body if part))


def _avoid() -> Iterator[str]:
    yield _("Do not use a computer, telephone, network or mailbox of your workplace: they may keep a trace. Use a device of your own, away from work.")
    yield _("Whoever runs your network can see that you opened this site. Tor Browser hides that, too.")
    yield _("Leave out what only you can know, or tell us which part of it would give you away: then we can leave it out.")
    yield _("Photos, scans and documents can tell who made them, when, where and with what. Save a plain copy, or describe what there is.")
    yield _("Do not tell anybody that you report, and do not look for advice on it at your workplace.")
    yield _("Do not break the law or open what is closed to you to find proof: tell us where it is.")
    yield _("If somebody is in danger now, call the police or the rescue services first.")


def _ways(policy: Policy, *, online: bool, contact: bool) -> str:
    """Each channel of the policy, with what to know of it."""
    words = {
        "online": _("a form that your browser seals before it leaves your device. You get a receipt, with which you read our answers and write back."),
        "phone": _("we write down what you say and read it back to you. You may stay anonymous; ask for a receipt to come back with."),
        "visit": _("we write down what you say and let you read it; you may bring papers. Ask for a place outside if you would be seen here."),
        "letter": _("leave out the sender if you want to stay anonymous. Post it away from your workplace."),
        "email": _("is not sealed on its way, and shows your address. Use an address that does not name you, or the form on this site."),
    }
    parts = []
    for channel, title in policy.channels.items():
        name = link("online.html", pick(title)) if channel == "online" and online else escape(pick(title))
        said = words.get(channel, "") if channel != "online" or online else ""
        shown = f"**{name}**"
        parts.append("- " + (_("{channel}: {how}").format(channel=shown, how=escape(said)) if said else shown))
    where = link("contact.html", _("Addresses, numbers and hours"))
    return "\n".join(parts) + (f"\n\n{where}" if contact else "")


def _steps(policy: Policy) -> str:
    """Every time limit that a reporter should know, in the order of the policy, and what starts it."""
    after = {
        "receive": _("your report arrives"),
        "acknowledge": _("you were told that it arrived"),
        "accept": _("it is taken on"),
        "decline": _("it is declined"),
        "assign": _("the inquiry team is appointed"),
        "conclude": _("the inquiry ends"),
        "decide": _("measures are decided"),
        "close": _("the case is closed"),
        "reopen": _("it is taken up again"),
        "disclose:request": _("somebody asks for your name"),
    }
    rows = []
    for clock in policy.clocks.values():
        starts = listed(after.get(start, event_title(start)) for start in clock.starts)
        within = duration(clock.within) if clock.within else _("its own date")
        if clock.kind is ClockKind.RETENTION:
            within = _("at least {span}").format(span=within)
            if clock.at_most:
                within = listed((within, _("at most {span}").format(span=duration(clock.at_most))))
        rows.append((escape(pick(clock.title)), escape(within), escape(starts)))
    return table(_("Every time limit, and what starts it"), (_("what"), _("within"), _("counted from when")), rows)


def _receipt() -> Iterator[str]:
    yield _("Who reports on this site is shown a receipt of 26 digits, once; who calls, writes or comes here can ask for one.")
    yield _("Write it on paper and keep it where nobody finds it who must not know. It does not say what it is for.")
    yield _("With it, “Follow up” shows the state of your case and our answers, and takes what you want to add. Look in once a week.")
    yield _("Nobody can make it again for you. If it is lost, report once more and say so: the two will be brought together.")
    yield _("If you need to prove that you reported, “Follow up” shows the proof when you ask for it, and not before.")


def _rights() -> Iterator[str]:
    yield _("You may report without giving your name, on every channel.")
    yield _("Who you are is sealed apart from what you report; it is opened only on a recorded request that its custodian grants, and you can be told.")
    yield _("Whoever your report is about is shut out of the case.")
    yield _("You may see what was written down from your words, and have it corrected.")
    yield _("You are told that the report arrived, whether it was taken on, and what came of it.")
    yield _("You may ask for the result to be looked at again.")
    yield _("Nobody may punish you for reporting what you had reason to believe.")


def _limits() -> Iterator[str]:
    yield _("A device that somebody else controls sees what you type on it.")
    yield _("What you tell may point to you by itself, where only few people can know it.")
    yield _("A court or an authority may oblige us to name you, if we know who you are. You are told first, unless the law forbids that.")
    yield _("If we are the wrong place, or you do not trust us, you may turn to an authority outside.")


def _points(texts: Iterator[str]) -> str:
    return "\n".join(f"- {escape(text)}" for text in texts)
