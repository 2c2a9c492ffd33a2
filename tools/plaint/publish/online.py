"""The two pages that a reporter's browser runs: report online, and follow up with the receipt. Their scripts seal and open; see publish/browser.

What a script needs to know (recipients, words) stands in the form's `data-setup`, as plain data. Without JavaScript the pages say what to do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from plaint.i18n import _, pick
from plaint.i18n import language as spoken
from plaint.intake.submission import CHANNEL, INLINE
from plaint.model.policy import Policy, Text
from plaint.organisation import Organisation
from plaint.publish.page import Page, escape

REPORT, FOLLOW = "online", "follow"
SCRIPTS = {REPORT: ("js/built/report.js",), FOLLOW: ("js/mailboxes.js", "js/built/follow.js")}
LARGEST = INLINE * 3 // 4 - 1000
"""How many bytes of attachments a report may have."""


def available(policy: Policy) -> bool:
    """Whether the policy has the channel, and the scripts were made when plaint was installed."""
    return CHANNEL in policy.channels and built()


def built() -> bool:
    """Whether the scripts are there."""
    return files("plaint.publish").joinpath("theme", "js", "built", "report.js").is_file()


def pages(organisation: Organisation, policy: Policy, drop: str) -> Sequence[Page]:
    """Both pages; `drop` is where the site's owner lets files be put, if anywhere."""
    return (report(organisation, policy, drop), follow(drop))


def officers(organisation: Organisation, policy: Policy) -> list[dict[str, str]]:
    """Those who may register what comes in, and the keys that it is sealed to."""
    roles = {role for transition in policy.transitions.get("receive", ()) for role in transition.roles}
    roster = organisation.roster
    return [{"member": member, "recipient": now.recipient} for member in sorted(roster.with_roles(roles)) if (now := roster.now(member))]


def report(organisation: Organisation, policy: Policy, drop: str) -> Page:
    """The form, by the policy's words."""
    there = officers(organisation, policy)
    setup: dict[str, Any] = {
        "language": spoken(),
        "officers": there,
        "largest": LARGEST,
        "text": {
            "empty": _("Please choose what it is about, and tell what happened."),
            "nobody": _("Nobody is left to read it. Leave at least one officer, or choose another way to reach us."),
            "large": _("The files are too large: together at most {n} kB. Say in your report what there is; you can hand it in later.").format(
                n=LARGEST // 1000
            ),
            "failed": _("It could not be sealed in this browser. Nothing was sent. Please try another browser, or another way to reach us."),
            "working": _("Sealing …"),
            "seal": _("Seal the report"),
        },
    }
    shut = "".join(f'<p><label><input type="checkbox" name="exclude" value="{each["member"]}"> {each["member"]}</label></p>' for each in there)
    named = _line("name", _("Name")) + _line("phone", _("Phone")) + _line("email", _("Email")) + _line("address", _("Address"))
    sealed_apart = _note(_("Who you are is sealed apart from what you report, and opened only on a recorded request that is granted."))
    fields = [
        _select("category", _("What is it about?"), policy.categories),
        _line("title", _("In one line: what happened?")),
        _area("narrative", _("What happened, in full?"), required=True, rows=10),
        _area("who", _("Who is it about?")),
        _area("when", _("When did it happen, or since when?")),
        _area("where", _("Where?")),
        _area("witnesses", _("Who else knows of it?")),
        _area("evidence", _("What could prove it, and where is it?")),
        _area("wishes", _("What do you hope for?")),
        _files("files"),
        _note(_("A photo or document may tell who made it, where and when. Take out what gives you away, or say so in the report.")),
        _group(
            _("Your name"),
            _radio("anonymous", "yes", _("I stay anonymous"), checked=True)
            + _radio("anonymous", "no", _("I give my name or a way to reach me"))
            + f"<div data-named hidden>{named}{sealed_apart}</div>",
        ),
        _line("relation", _("Your relation to us (staff, customer, supplier …), if you want to say")),
        _group(_("Must somebody here not read it?"), _note(_("Your report is sealed to these officers. Whoever you mark cannot open it.")) + shut),
    ]
    receipt = _(
        "Your receipt. Write it down now, away from your workplace: it is shown once, nobody can give it to you again, and with it anybody reads our answers to you."
    )
    body = [
        _text(_("Your browser seals the report before it leaves this page: only the officers named below can open it. Nothing is kept here, and nothing is sent before you say so. Once the page is loaded you may switch off the network.")),
        _text(_("Do not write from a computer or a network of your workplace.")),
        _noscript(),
        _form("report-form", "".join(fields) + _submit(setup["text"]["seal"]), setup),
        _problem("report-problem"),
        _done("report-done", _("Your report is sealed"), _text(receipt) + '<p class="receipt" data-receipt></p>' + _handing_in(drop, _("Save the sealed report"))
              + _text(_("Come back to “Follow up” with the receipt: you see what became of the report, and can write to us."))),
    ]  # fmt: skip
    return Page(REPORT, _("Report online"), "\n".join(body) + "\n")


def follow(drop: str) -> Page:
    """The page that opens a mailbox."""
    setup: dict[str, Any] = {
        "language": spoken(),
        "largest": LARGEST,
        "text": {
            "slip": _("That is not a receipt: it has 26 digits in groups, and a slip shows in the last two. Please look at it again."),
            "unknown": _(
                "There is nothing for this receipt yet. A new report shows here once it was registered and the site built again, often the next working day."
            ),
            "failed": _("It could not be opened in this browser. Please load the page again."),
            "empty": _("Please write something."),
            "large": _("The files are too large: together at most {n} kB.").format(n=LARGEST // 1000),
            "working": _("Opening …"),
            "open": _("Open"),
            "case": _("Case"),
            "received": _("Received"),
            "state": _("State"),
        },
    }
    none, proof = escape(_("Nothing has been written to you yet.")), escape(_("Show the proof of filing"))
    how = _(
        "This commit registered your report. It proves that the report was filed; who finds it with you can tell that you filed one. Whoever has a copy of the repository can check it against what “How to verify” says."
    )
    box = (
        _heading("box-title", _("Your report"))
        + f'<dl class="facts"></dl><ol class="messages"></ol><p data-none>{none}</p><p><button type="button" data-proof>{proof}</button></p>'
        + f"<p data-proven hidden><code></code><br>{escape(how)}</p>"
    )
    reply = (
        _heading("reply-title", _("Write back"))
        + _area("text", _("Your message"), required=True, rows=8)
        + _files("reply-files")
        + _submit(_("Seal the message"))
    )
    label = escape(_("Your receipt"))
    entry = f'<p><label for="receipt">{label}</label><input id="receipt" name="receipt" inputmode="numeric" spellcheck="false" required></p>'
    body = [
        _text(_("Everybody downloads the same file with this page. Your receipt opens in it what is yours, in your browser: nobody learns that you looked.")),
        _noscript(),
        _form("follow-form", entry + _submit(setup["text"]["open"]), setup),
        _problem("follow-problem"),
        f'<section id="follow-box" tabindex="-1" hidden aria-labelledby="box-title">{box}</section>',
        f'<form id="follow-reply" class="ask" autocomplete="off" hidden>{reply}</form>',
        _done("follow-done", _("Your message is sealed"), _handing_in(drop, _("Save the sealed message"))),
    ]
    return Page(FOLLOW, _("Follow up"), "\n".join(body) + "\n")


def _handing_in(drop: str, save: str) -> str:
    """How the sealed file gets to us."""
    link = f'<p><a class="button" data-download href="#">{escape(save)}</a></p>'
    if not drop:
        return link + _text(_("Then send the file by email, or hand it in on a stick or by letter: whoever finds it cannot open it."))
    done, failed = _quoted(_("It is handed in.")), _quoted(_("It could not be handed in. Save the file and send it another way."))
    now = escape(_("Hand it in now"))
    said = f'<span role="status" data-dropped data-done="{done}" data-failed="{failed}"></span>'
    return f'<p><button type="button" data-drop="{_quoted(drop)}">{now}</button> {said}</p>' + link


def _noscript() -> str:
    text = _(
        "This page seals in your browser and needs JavaScript for it. In Tor Browser, choose the security level “Standard” or “Safer” for this page, or use another way to reach us."
    )
    return f'<noscript><p class="problem">{escape(text)}</p></noscript>'


def _form(ident: str, content: str, setup: Mapping[str, Any]) -> str:
    return f'<form id="{ident}" class="ask" autocomplete="off" hidden data-setup="{_quoted(json.dumps(setup, ensure_ascii=False))}">{content}</form>'


def _problem(ident: str) -> str:
    return f'<p id="{ident}" class="problem" role="alert" tabindex="-1" hidden></p>'


def _done(ident: str, title: str, content: str) -> str:
    return f'<section id="{ident}" class="done-box" tabindex="-1" hidden aria-labelledby="{ident}-title">{_heading(f"{ident}-title", title)}{content}</section>'


def _heading(ident: str, text: str) -> str:
    return f'<h2 id="{ident}">{escape(text)}</h2>'


def _text(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def _submit(text: str) -> str:
    return f'<p><button type="submit">{escape(text)}</button></p>'


def _line(name: str, label: str) -> str:
    return f'<p><label for="{name}">{escape(label)}</label><input id="{name}" name="{name}" maxlength="1000"></p>'


def _area(name: str, label: str, *, required: bool = False, rows: int = 2) -> str:
    need = " required" if required else ""
    return f'<p><label for="{name}">{escape(label)}</label><textarea id="{name}" name="{name}" rows="{rows}" maxlength="100000"{need}></textarea></p>'


def _files(ident: str) -> str:
    label = escape(_("Files"))
    return f'<p><label for="{ident}">{label}</label><input type="file" id="{ident}" name="files" multiple></p>'


def _select(name: str, label: str, words: Mapping[str, Text]) -> str:
    options = "".join(f'<option value="{_quoted(word)}">{escape(pick(title))}</option>' for word, title in words.items())
    return f'<p><label for="{name}">{escape(label)}</label><select id="{name}" name="{name}" required><option value=""></option>{options}</select></p>'


def _radio(name: str, value: str, label: str, *, checked: bool = False) -> str:
    mark = " checked" if checked else ""
    return f'<p><label><input type="radio" name="{name}" value="{value}"{mark}> {escape(label)}</label></p>'


def _group(legend: str, content: str) -> str:
    return f"<fieldset><legend>{escape(legend)}</legend>{content}</fieldset>"


def _quoted(text: str) -> str:
    return escape(text, quote=True)
