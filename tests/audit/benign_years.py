"""Benign years: what an organisation goes through as time passes, from a leap day to a handing over of the stewardship."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

from benign import Book
from benign_events import MAIN, NEW, closed, concluded, evidence, first_event, registered, verified
from benign_git import dated, sides, signing
from benign_house import draft
from consent import approve, roles
from evil import Org, at, message_of, new_id

from plaint.model.record import Event, dump_event, dump_header

benign = Book()


def later(org: Org, day: str) -> Org:
    """Time goes on to nine o'clock of a day."""
    org.now, org.clock = f"{day}T23:00", at(f"{day}T09:00")
    return org


def word(org: Org, by: str = "li.wei", signer: str = "", **how: object) -> str:
    """A message to the reporter is put on record."""
    return org.event("main", "message", by, signer=signer or by, author=by, direction="to-reporter", sealed=["report"], **how)


# Days and zones


@benign
def a_leap_day(org: Org) -> None:
    registered(later(org, "2028-02-29"), when=at("2028-02-29T08:59"))
    word(org, dated=at("2028-02-29T09:15"))


@benign
def new_year_s_eve(org: Org) -> None:
    later(org, "2026-12-31")
    org.clock = at("2026-12-31T23:40")
    registered(org, "F001-0006", when=at("2026-12-31T23:49"))
    org.now, org.clock = "2027-01-01T12:00", at("2027-01-01T00:01")
    registered(org, "F002-0006", when=at("2027-01-01T00:05"))


@benign
def summer_time_ends(org: Org) -> None:
    """Half past two comes twice."""
    later(org, "2027-10-31")
    for hour in ("2027-10-31T02:50:00+02:00", "2027-10-31T02:10:00+01:00", "2027-10-31T02:50:00+01:00"):
        word(org, dated=at(hour), when=at(hour), zone="+" + hour[-5:].replace(":", ""))


@benign
def summer_time_begins(org: Org) -> None:
    """Half past two does not come."""
    later(org, "2027-03-28")
    for hour in ("2027-03-28T01:55:00+01:00", "2027-03-28T03:05:00+02:00"):
        word(org, dated=at(hour), when=at(hour), zone="+" + hour[-5:].replace(":", ""))


@benign
def a_member_crosses_the_date_line(org: Org) -> None:
    """Tomorrow first, and then today: the same hour."""
    later(org, "2026-12-02")
    word(org, dated=at("2026-12-02T13:00:00+14:00"), when=at("2026-12-02T13:00:00+14:00"), zone="+1400")
    word(org, dated=at("2026-12-01T23:10:00+00:00"), when=at("2026-12-01T23:10:00+00:00"), zone="+0000")


@benign
def two_events_in_one_minute(org: Org) -> None:
    when = org.tick()
    word(org, when=when)
    word(org, "he.ping", when=when)


@benign
def a_week_s_words_are_put_on_record_on_friday(org: Org) -> None:
    later(org, "2026-11-27")
    for day in ("23", "24", "26"):
        org.event("main", "interview", "zhao.min", dated=at(f"2026-11-{day}T15:00"), person="witness", sealed=["inquiry"])


# Cases


@benign
def a_case_is_reopened_and_concluded_again(org: Org) -> None:
    closed(org)
    later(org, "2027-02-01")
    org.event("main", "reopen", "sun.li", reason="new-evidence")
    org.event("main", "assign", "chen.jie", team=["wang.fang", "zhao.min"], keyring="0" * 64)
    concluded(org)
    org.event("main", "decide", "liu.yang", measures=[{"id": "m2", "measure": "warning", "due": "2027-03-31"}], sealed=["inquiry"])
    org.event("main", "verify", "sun.li", measure="m2", result="fulfilled")
    org.event("main", "answer", "li.wei", result="delivered", sealed=["report"])
    org.event("main", "close", "chen.jie", satisfaction="dissatisfied")


@benign
def an_inquiry_rests_twice(org: Org) -> None:
    for day, reason in (("2026-11-23", "expert"), ("2026-12-07", "expert")):
        later(org, day)
        org.event("main", "suspend", "chen.jie", reason=reason)
        org.event("main", "resume", "chen.jie")


@benign
def an_inquiry_is_extended_twice(org: Org) -> None:
    org.event("main", "extend", "sun.li", clock="inquiry", until="2027-03-01T00:00:00+08:00", reason="complex")
    later(org, "2027-02-01")
    org.event("main", "extend", "sun.li", clock="inquiry", until="2027-05-01T00:00:00+08:00", reason="complex")


@benign
def a_measure_is_verified_in_part_and_then_whole(org: Org) -> None:
    verified(org, "partly")
    later(org, "2026-12-20")
    org.event("main", "verify", "sun.li", measure="m1", result="fulfilled")


@benign
def two_measures_and_their_dates(org: Org) -> None:
    concluded(org)
    measures = [{"id": "m1", "measure": "education", "due": "2026-12-31"}, {"id": "m2", "measure": "rule-change", "due": "2027-06-30"}]
    org.event("main", "decide", "liu.yang", measures=measures, sealed=["inquiry"])
    org.event("main", "verify", "sun.li", measure="m2", result="fulfilled")
    org.event("main", "verify", "sun.li", measure="m1", result="fulfilled")


@benign
def a_hold_outlasts_the_retention(org: Org) -> None:
    org.event("done", "hold", "zhou.ning", reason="litigation")
    later(org, "2031-03-03")
    org.event("done", "release-hold", "sun.li")
    org.event("done", "dispose", "zhou.ning", step="propose")
    org.event("done", "dispose", "sun.li", step="confirm")


@benign
def a_disposal_is_thought_over(org: Org) -> None:
    later(org, "2029-12-20")
    org.event("done", "dispose", "zhou.ning", step="propose")
    org.event("done", "dispose", "sun.li", step="withdraw")
    later(org, "2030-12-20")
    org.event("done", "dispose", "zhou.ning", step="propose")
    org.event("done", "dispose", "sun.li", step="confirm")


@benign
def evidence_is_handed_over_and_comes_back(org: Org) -> None:
    piece = evidence(org)
    for by in ("li.wei", "wang.fang"):
        org.event("main", "hand-over", by, piece=piece, sealed=["inquiry"])


@benign
def two_people_add_evidence_to_one_case(org: Org) -> None:
    for by, name in (("wang.fang", "e1.age"), ("zhao.min", "e2.age")):
        data = b"age-encryption.org/v1\n-> X25519 " + name.encode() * 8 + b"\n"
        codes = {"kind": "document", "digest": sha256(data).hexdigest(), "size": "small"}
        org.event("main", "evidence", by, more={MAIN.replace(".yaml", f"/{name}"): data}, **codes, sealed=["inquiry"])


@benign
def a_case_is_redacted_and_given_out(org: Org) -> None:
    org.event("main", "redact", "chen.jie", redacts=first_event(org, MAIN), part="inquiry", sealed=["report"])
    for recipient in ("0" * 64, "1" * 64):
        org.event("main", "export", "chen.jie", compartments=["report"], recipient=recipient, sealed=["report"])


@benign
def a_slip_is_corrected_and_corrected_again(org: Org) -> None:
    for category in ("other", "ethics"):
        org.event("new", "correct", "li.wei", corrects=first_event(org), category=category, sealed=["report"])


@benign
def access_comes_and_goes(org: Org) -> None:
    org.event("main", "grant", "chen.jie", keyring="1" * 64, sealed=["report"])
    org.event("main", "revoke", "chen.jie", keyring="2" * 64, sealed=["report"])
    org.event("main", "grant", "chen.jie", keyring="3" * 64, sealed=["report"])
    org.event("main", "rekey", "he.ping", keyring="4" * 64)


@benign
def a_big_import(org: Org) -> None:
    """Two commits of sixty rows each, of years past, by two people."""
    for number, by in enumerate(("li.wei", "chen.jie")):
        new = [(f"F{number}{n:02}-0006", at("2024-04-01T09:00") + timedelta(days=5 * n + number)) for n in range(60)]
        made = [(case, *org.new_case(case, by, when, kept=False)) for case, when in new]
        org.commit({path: text for _case, path, text, _id in made}, by, message_of("receive: 60 cases", *(w for c, _p, _t, id_ in made for w in (c, id_))))


# The house


@benign
def two_new_keys_in_a_row(org: Org) -> None:
    org.house_event("members/li.wei.yaml", "rotate", "li.wei", signing=[org.public("newcomer")])
    word(org, signer="newcomer")
    org.house_event("members/li.wei.yaml", "rotate", "li.wei", signer="newcomer", signing=[org.public("stranger")])
    word(org, signer="stranger")


@benign
def the_stewardship_is_handed_over(org: Org) -> None:
    org.join("newcomer", ["steward"], "zhou.ning")
    approve(org, "newcomer", "sun.li")
    org.house_event("members/zhou.ning.yaml", "leave", "newcomer")
    org.commit({"site/docs/index.md": "Report.\n"}, "newcomer")
    draft(org, 3, "2027-03-01", by="newcomer")


@benign
def two_join_on_one_day(org: Org) -> None:
    for member in ("newcomer", "stranger"):
        org.join(member, ["intake"], "zhou.ning")
    for member, by in (("stranger", "sun.li"), ("newcomer", "liu.yang")):
        approve(org, member, by)
        word(org, member)


@benign
def a_role_for_the_holidays(org: Org) -> None:
    roles(org, "li.wei", "zhou.ning", "intake", "coordinator")
    approve(org, "li.wei", "sun.li")
    org.event("new", "accept", "li.wei")
    later(org, "2027-01-04")
    roles(org, "li.wei", "zhou.ning", "intake")
    approve(org, "li.wei", "sun.li")
    word(org)


@benign
def a_policy_is_revised_while_cases_run(org: Org) -> None:
    """Each case keeps the revision that it was received under."""
    draft(org, 3, "2026-11-20")
    for by in ("sun.li", "liu.yang"):
        org.house_event("policy/3.yaml", "approve", by)
    org.event("run", "assign", "chen.jie", team=["wang.fang", "zhao.min"], keyring="0" * 64)
    org.event("new", "accept", "chen.jie")
    verified(org)
    path, text, id_ = org.new_case("F0DD-0006", "li.wei", org.tick(), policy=3)
    org.commit({path: text}, "li.wei", message_of("receive", "F0DD-0006", id_), when=org.clock)


@benign
def two_revisions_in_a_year(org: Org) -> None:
    for number, day in ((3, "2027-01-11"), (4, "2027-09-01")):
        later(org, day)
        draft(org, number, day)
        org.house_event(f"policy/{number}.yaml", "approve", "liu.yang")
        org.house_event(f"policy/{number}.yaml", "approve", "sun.li")
        path, text, id_ = org.new_case(f"F00{number}-0006", "li.wei", org.tick(), policy=number)
        org.commit({path: text}, "li.wei", message_of("receive", f"F00{number}-0006", id_), when=org.clock)


@benign
def a_review_of_samples(org: Org) -> None:
    seals = org.read(MAIN).decode().partition("  inquiry: ")[2].split()[0]
    events = (("open", {}), ("sample", {"cases": ["C0DD-0003", "E0DD-0005"]}), ("conclude", {"result": "in-order"}))
    text = dump_header({"plaint": 1, "review": "2026-H1", "policy": 2, "seals": {"inquiry": seals}})
    for kind, codes in events:
        when = org.tick()
        text += dump_event(Event(kind, new_id(), when, "sun.li", codes))
        org.commit({"reviews/2026-H1.yaml": text}, "sun.li", f"review: {kind}", when=when)


@benign
def more_hours_without_a_connection(org: Org) -> None:
    org.commit({"plaint.yaml": org.read("plaint.yaml") + b"offline-hours: 120\n"}, "zhou.ning")


@benign
def a_change_of_the_site_is_taken_back(org: Org) -> None:
    org.commit({"site/docs/index.md": "Wrong.\n", "site/docs/new.md": "Wrong too.\n"}, "zhou.ning")
    org.git("reset", "-q", "--hard")
    org.git(*signing(org, "zhou.ning"), "revert", "--no-edit", "-S", "HEAD", env=dated(org))


# Forges and git


@benign
def three_pull_requests_in_a_row(org: Org) -> None:
    for number in range(3):
        base = org.head
        side = org.commit({f"docs/{number}.md": "So.\n"}, "li.wei", parents=[base], ref="refs/heads/side")
        org.move(base)
        tree = org.git("rev-parse", f"{side}^{{tree}}")
        org.move(org.write_commit(tree, [base, side], f"Merge pull request #{number}", None))


@benign
def a_branch_that_is_merged_both_ways(org: Org) -> None:
    ours, theirs = sides(org)
    main = org.merge(ours, theirs)
    side = org.commit({"docs/side.md": "So.\n"}, "li.wei", parents=[theirs], ref="refs/heads/side")
    both = org.merge(side, main)
    org.move(main)
    word(org)
    org.merge(org.head, both)


@benign
def evidence_on_both_sides(org: Org) -> None:
    base = org.head
    evidence(org)
    ours = org.head
    data = b"age-encryption.org/v1\n-> X25519 " + b"B" * 43 + b"\n"
    codes = {"kind": "document", "digest": sha256(data).hexdigest(), "size": "small"}
    more = {NEW.replace(".yaml", "/e1.age"): data}
    org.move(base)
    org.event("new", "accept", "chen.jie")
    theirs = org.event("new", "evidence", "chen.jie", more=more, **codes, sealed=["report"])
    org.move(ours)
    org.merge(ours, theirs)


@benign
def somebody_else_s_words_are_taken_in(org: Org) -> None:
    """A patch by post: who wrote it is not a member, who commits it is."""
    org.git("reset", "-q", "--hard")
    (org.folder / "README.md").write_text("# By post\n")
    org.git(*signing(org, "chen.jie"), "commit", "-q", "-S", "-a", "--author", "A Stranger <stranger@example.com>", "-m", "by post", env=dated(org))


@benign
def a_release_is_tagged_and_noted(org: Org) -> None:
    word(org)
    org.git(*signing(org, "chen.jie"), "tag", "-s", "-m", "2026", "v2026")
    org.git(*signing(org, "chen.jie"), "notes", "add", "-m", "read", env=dated(org))


@benign
def files_that_become_programs(org: Org) -> None:
    org.commit({"docs/a.sh": "echo\n", "docs/Ordner mit Leerzeichen/ä.md": "ä\n"}, "li.wei")
    org.commit({"docs/a.sh": ("100755", org.put("echo\n")), "docs/Ordner mit Leerzeichen/ä.md": None}, "he.ping")


@benign
def a_year_gets_its_folder_first(org: Org) -> None:
    org.commit({"cases/2027/.gitkeep": ""}, "zhou.ning")
    registered(later(org, "2027-01-05"), when=at("2027-01-05T09:05"))
