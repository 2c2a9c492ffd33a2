"""The two pages that a reporter's browser runs: report online, and follow up with the receipt. Their scripts seal and open; see publish/browser.

What a script needs to know (recipients, words) stands in the form's `data-setup`, as plain data. Without JavaScript the pages say what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

from plaint.i18n import _, listed, pick
from plaint.i18n import language as spoken
from plaint.intake.submission import CHANNEL, LARGEST, MOST
from plaint.model.policy import TEAM, Policy
from plaint.organisation import Organisation
from plaint.publish import forms
from plaint.publish.page import Page, escape
from plaint.store.history import first_commit

REPORT, FOLLOW = "online", "follow"
SCRIPTS = {REPORT: ("js/built/report.js",), FOLLOW: ("js/mailboxes.js", "js/built/follow.js")}


def available(policy: Policy) -> bool:
    """Whether the policy has the channel, and the scripts were made when plaint was installed."""
    return CHANNEL in policy.channels and built()


def built() -> bool:
    """Whether the scripts are there."""
    return files("plaint.publish").joinpath("theme", "js", "built", "report.js").is_file()


def pages(organisation: Organisation, policy: Policy, drop: str) -> Sequence[Page]:
    """Both pages; `drop` is where the site's owner lets files be put, if anywhere."""
    return (report(organisation, policy, drop), follow(organisation, drop))


def officers(organisation: Organisation, policy: Policy) -> list[str]:
    """Those who may register what comes in: a report is sealed to them."""
    return sorted(organisation.roster.with_roles({role for transition in policy.transitions.get("receive", ()) for role in transition.roles}))


def later_readers(organisation: Organisation, policy: Policy) -> list[str]:
    """Those who may come to open a case later: holders of a part of it, and who may be put into a team."""
    roles = {role for compartment in policy.compartments for role in policy.holders(compartment)} - {TEAM}
    return sorted(set(organisation.roster.with_roles({*roles, *policy.team.roles})) - set(officers(organisation, policy)))


def needed(organisation: Organisation, policy: Policy) -> list[list[str]]:
    """Groups of which one member at least must be left: who receives, and who holds each part of a case."""
    held = [sorted(organisation.roster.with_roles(set(policy.holders(compartment)) - {TEAM})) for compartment in sorted(policy.compartments)]
    return [officers(organisation, policy), *(group for group in held if group)]


def report(organisation: Organisation, policy: Policy, drop: str) -> Page:
    """The form, by the policy's words."""
    first = officers(organisation, policy)
    setup: dict[str, Any] = {
        "language": spoken(),
        "officers": [{"member": member, "recipient": now.recipient} for member in first if (now := organisation.roster.now(member))],
        "needed": needed(organisation, policy),
        "text": {
            "category": _("Please choose what it is about."),
            "narrative": _("Please tell what happened."),
            "nobody": _("With these marks nobody is left to handle it. Leave somebody unmarked, or choose another way to reach us."),
            "failed": _("It could not be sealed in this browser. Nothing was sent. Please try another browser, or another way to reach us."),
            "working": _("Sealing …"),
        },
    }
    _limits(setup)
    named = "".join(forms.line(name, label) for name, label in (("name", _("Name")), ("phone", _("Phone")), ("email", _("Email")), ("address", _("Address"))))
    apart = forms.note(_("Who you are is sealed apart from what you report, and opened only on a recorded request that is granted."))
    questions = (
        ("who", _("Who is it about?")),
        ("when", _("When did it happen, or since when?")),
        ("where", _("Where?")),
        ("witnesses", _("Who else knows of it?")),
        ("evidence", _("What could prove it, and where is it?")),
        ("earlier", _("Have you told anybody before, and what came of it?")),
        ("risks", _("Do you fear to be treated badly for it?")),
        ("wishes", _("What do you hope for?")),
    )
    fields = [
        forms.select("category", _("What is it about?"), {word: pick(title) for word, title in policy.categories.items()}),
        forms.line("title", _("In one line: what happened?")),
        forms.area("narrative", _("What happened, in full?"), required=True, rows=10),
        forms.group(_("What helps us, as far as you know it"), "".join(forms.area(name, question) for name, question in questions)),
        forms.files("files", _("Files"), [*_file_hints(), _("A photo or document may tell who made it, where and when. Take out what gives you away, or say so in the report.")]),
        forms.group(
            _("Your name"),
            forms.radio("anonymous", "yes", _("I stay anonymous"), checked=True)
            + forms.radio("anonymous", "no", _("I give my name or a way to reach me"))
            + f"<div data-named hidden>{named}{apart}</div>",
        ),
        forms.line("relation", _("Your relation to us (staff, customer, supplier …), if you want to say")),
        forms.group(_("Must somebody here not read it?"), _exclusions(organisation, policy, first)),
    ]  # fmt: skip
    receipt = _(
        "Your receipt. Write it down now, away from your workplace: it is shown once, nobody can give it to you again, and with it anybody reads our answers to you."
    )
    printing, following, new, guide = (escape(text) for text in (_("Print the receipt"), _("Follow up"), _("New to this?"), _("How to report")))
    printed = f'<p><button type="button" class="quiet-button" data-print>{printing}</button></p>'
    back = _("Come back to “Follow up” with the receipt, often the next working day: you see what became of the report, and can write to us.")
    where = f'<p class="address"><a href="{FOLLOW}.html" data-address>{following}</a></p>'
    body = [
        forms.before(_("Your browser seals the report before it leaves this page: only the officers named below can open it. Nothing is kept here, and nothing is sent before you say so. Once the page is loaded you may switch off the network.")),
        forms.before(_("Do not write from a computer or a network of your workplace.")),
        f'<p data-before>{new} <a href="report.html">{guide}</a></p>',
        _noscript(),
        forms.form("report-form", "".join(fields) + forms.submit(_("Seal the report")), setup),
        forms.problem("report-problem"),
        forms.done("report-done", _("Your report is sealed. Three steps are left"), forms.steps([
            f'{forms.text(receipt)}<p class="receipt" data-receipt></p>{printed}',
            _handing_in(drop, _("Save the sealed report"), _("It is with us only when you have handed it in.")),
            forms.text(back) + where,
        ])),
    ]  # fmt: skip
    return Page(REPORT, _("Report online"), "\n".join(body) + "\n")


def follow(organisation: Organisation, drop: str) -> Page:
    """The page that opens a mailbox."""
    setup: dict[str, Any] = {
        "language": spoken(),
        "check": f"plaint audit --root {first_commit(organisation.repository)} --since ",
        "text": {
            "slip": _("That is not a receipt: it has 26 digits in groups, and a slip shows in the last two. Please look at it again."),
            "unknown": _(
                "There is nothing for this receipt yet. A new report shows here once it was registered and the site built again, often the next working day."
            ),
            "failed": _("It could not be opened in this browser. Please load the page again."),
            "unsealed": _("It could not be sealed in this browser. Nothing was sent. Please try another browser, or another way to reach us."),
            "empty": _("Please write something."),
            "working": _("Opening …"),
            "sealing": _("Sealing …"),
            "case": _("Case"),
            "received": _("Received"),
            "state": _("State"),
        },
    }
    _limits(setup)
    none, proof = escape(_("Nothing has been written to you yet.")), escape(_("Show the proof of filing"))
    how = _(
        "This commit registered your report. It proves that the report was filed; who finds it with you can tell that you filed one. Whoever has a copy of the repository, a court or an auditor say, checks it so; “How to verify” says what that proves:"
    )
    box = (
        forms.heading("box-title", _("Your report"))
        + f'<dl class="facts"></dl><ol class="messages"></ol><p data-none>{none}</p><p><button type="button" class="quiet-button" data-proof>{proof}</button></p>'
        + f"<div data-proven hidden><p><code></code><br>{escape(how)}</p><pre></pre></div>"
    )
    reply = (
        forms.heading("reply-title", _("Write back"))
        + forms.area("text", _("Your message"), required=True, rows=8)
        + forms.files("reply-files", _("Files"), _file_hints())
        + forms.submit(_("Seal the message"))
    )
    entry = forms.line("receipt", _("Your receipt"), more=' inputmode="numeric" spellcheck="false" placeholder="0000 0000 0000 0000 0000 0000 00"')
    sealed = _handing_in(drop, _("Save the sealed message"), _("It is with us only when you have handed it in."))
    body = [
        forms.text(
            _("Everybody downloads the same file with this page. Your receipt opens in it what is yours, in your browser: nobody learns that you looked.")
        ),
        _noscript(),
        forms.form("follow-form", entry + forms.submit(_("Open")), setup),
        forms.problem("follow-problem"),
        f'<section id="follow-box" tabindex="-1" hidden aria-labelledby="box-title">{box}</section>',
        f'<form id="follow-reply" class="ask" autocomplete="off" hidden>{reply}</form>',
        forms.done("follow-done", _("Your message is sealed. One step is left"), sealed),
    ]
    return Page(FOLLOW, _("Follow up"), "\n".join(body) + "\n")


def _limits(setup: dict[str, Any]) -> None:
    """How much may be attached, and what to say where it is more."""
    setup |= {"largest": LARGEST, "most": MOST}
    setup["text"] |= {
        "large": _("The files are too large: together at most {n} MB. Say what there is; you can hand it in another way.").format(n=LARGEST // 1_000_000),
        "many": _("At most {n} files can go with it: put them into an archive, or send the others later.").format(n=MOST),
        "hollow": _("The file {file} is empty."),
    }


def _file_hints() -> list[str]:
    return [_("Together at most {n} MB.").format(n=LARGEST // 1_000_000)]


def _exclusions(organisation: Organisation, policy: Policy, first: Sequence[str]) -> str:
    """Who would read the report, each to be marked."""
    later = later_readers(organisation, policy)
    parts = [
        forms.note(_("Your report is sealed to these officers. Whoever you mark cannot open it.")),
        forms.boxes("exclude", _titled(organisation, policy, first)),
    ]
    if later:
        parts += [
            forms.note(_("These may come to work on it later. Whoever you mark is shut out from the beginning.")),
            forms.boxes("exclude", _titled(organisation, policy, later)),
        ]
    return "".join(parts)  # fmt: skip


def _titled(organisation: Organisation, policy: Policy, members: Iterable[str]) -> Mapping[str, str]:
    """Members with what they are."""
    found = {}
    for member in members:
        now = organisation.roster.now(member)
        roles = listed(pick(policy.roles[role]) for role in sorted(now.roles if now else ()) if role in policy.roles)
        found[member] = f"{member} · {roles}" if roles else member
    return found


def _handing_in(drop: str, save: str, why: str) -> str:
    """How the sealed file gets to us."""
    link = f'<p><a class="button" data-download href="#">{escape(save)}</a></p>'
    if not drop:
        return (
            forms.text(why)
            + link
            + forms.text(
                _(
                    "Then send the file by email, or hand it in on a stick or by letter: whoever finds it cannot open it. Not from your own mailbox, if you want to stay anonymous."
                )
            )
        )
    words = {
        "sending": _("Sending …"),
        "done": _("It is handed in."),
        "failed": _("It could not be handed in. Save the file and send it another way."),
    }
    said = " ".join(f'data-{name}="{forms.quoted(text)}"' for name, text in words.items())
    now = escape(_("Hand it in now"))
    button = f'<p><button type="button" data-drop="{forms.quoted(drop)}">{now}</button> <span role="status" data-dropped {said}></span></p>'
    return forms.text(why) + button + forms.note(_("Or save it, and send the file by email or hand it in on a stick: whoever finds it cannot open it.")) + link


def _noscript() -> str:
    words = _(
        "This page seals in your browser and needs JavaScript for it. In Tor Browser, choose the security level “Standard” or “Safer” for this page, or use another way to reach us."
    )
    return f'<noscript><p class="problem">{escape(words)}</p></noscript>'
