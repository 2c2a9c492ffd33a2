"""Benign habits: what people, forges and their tools do that looks odd, and is nobody's fault."""

from __future__ import annotations

from benign import Book
from benign_events import concluded, evidence, first_event, registered, requested, told
from benign_git import dated, sides, signing
from benign_years import later, word
from evil import CASES, Org, at, message_of

from plaint.seal.identity import new_identity

benign = Book()


# Merges


@benign
def a_branch_that_is_kept_up_to_date(org: Org) -> None:
    """Main is merged into it again and again, and in the end it into main."""
    side = org.commit({"docs/side.md": "0\n"}, "wang.fang", ref="refs/heads/side")
    for number in range(1, 4):
        main = word(org)
        side = org.merge(side, main)
        side = org.commit({"docs/side.md": f"{number}\n"}, "wang.fang", parents=[side], ref="refs/heads/side")
        org.move(main)
    org.merge(org.head, side)


@benign
def an_import_on_one_side(org: Org) -> None:
    base = org.head
    registered(org, "F001-0006")
    registered(org, "F002-0006")
    org.merge(org.head, org.event("new", "accept", "chen.jie", parent=base, ref="refs/heads/side"))


@benign
def new_keys_on_one_side(org: Org) -> None:
    base = org.head
    org.house_event("members/li.wei.yaml", "rotate", "li.wei", signing=[org.public("newcomer")])
    word(org, signer="newcomer")
    org.merge(org.head, org.event("new", "accept", "chen.jie", parent=base, ref="refs/heads/side"))


@benign
def a_case_is_disposed_of_on_one_side(org: Org) -> None:
    later(org, "2029-12-20")
    base = org.head
    org.event("done", "dispose", "zhou.ning", step="propose")
    org.event("done", "dispose", "sun.li", step="confirm")
    ours = org.head
    org.merge(ours, org.event("main", "message", "li.wei", parent=base, ref="refs/heads/side", direction="to-reporter", sealed=["report"]))


@benign
def a_merge_days_after_its_branches(org: Org) -> None:
    ours, theirs = sides(org)
    later(org, "2026-11-24")
    org.merge(ours, theirs)
    word(org)


@benign
def a_forge_s_clock_is_minutes_behind(org: Org) -> None:
    ours, theirs = sides(org)
    org.merge(ours, theirs, when=org.clock.replace(minute=org.clock.minute - 3))


@benign
def a_branch_that_gives_nothing(org: Org) -> None:
    """Its changes were taken back before it was merged."""
    base = org.head
    side = org.commit({"docs/side.md": "0\n"}, "li.wei", ref="refs/heads/side")
    side = org.commit({"docs/side.md": None}, "li.wei", parents=[side], ref="refs/heads/side")
    ours = org.event("new", "accept", "chen.jie", parent=base)
    org.merge(ours, side)


# Commits


@benign
def a_commit_without_a_message(org: Org) -> None:
    org.git("reset", "-q", "--hard")
    (org.folder / "README.md").write_text("# Silent\n")
    org.git(*signing(org, "chen.jie"), "commit", "-q", "-S", "-a", "--allow-empty-message", "-m", "", env=dated(org))


@benign
def a_name_as_it_is_written(org: Org) -> None:
    org.git("reset", "-q", "--hard")
    (org.folder / "README.md").write_text("# 名\n")
    named = ["-c", "user.name=陈洁", "-c", "user.email=chen@example.cn"]
    org.git(*signing(org, "chen.jie"), *named, "commit", "-q", "-S", "-a", "-m", "改说明", env=dated(org))


@benign
def prose_that_looks_like_trailers(org: Org) -> None:
    org.commit(
        {"README.md": "# Works\n"}, "li.wei", "docs: say it better\n\nIn any case: the event is on Friday.\n\nCo-authored-by: A <a@example.com>\nRefs: #12"
    )


@benign
def three_commits_in_one_second(org: Org) -> None:
    when = org.tick()
    for number in range(3):
        org.commit({"docs/n.md": f"{number}\n"}, "li.wei", when=when)


@benign
def a_commit_is_amended_before_it_is_pushed(org: Org) -> None:
    org.git("reset", "-q", "--hard")
    for text in ("# Wrong\n", "# Right\n"):
        (org.folder / "README.md").write_text(text)
        amend = ["--amend"] if text == "# Right\n" else []
        org.git(*signing(org, "chen.jie"), "commit", "-q", "-S", "-a", *amend, "-m", "by hand", env=dated(org))


@benign
def files_of_every_sort(org: Org) -> None:
    many = {f"docs/{n % 10}/{n}.txt": f"{n}\n" for n in range(200)}
    org.commit(
        {**many, "docs/dos.txt": "a\r\nb\r\n", "docs/bom.txt": "\ufeffa\n", "docs/A.md": "A\n", "docs/a.md": "a\n", "docs/big.bin": b"\0" * 2_000_000}, "li.wei"
    )
    org.commit(dict.fromkeys(many), "li.wei")


@benign
def the_steward_looks_after_the_tools(org: Org) -> None:
    org.commit({".github/dependabot.yml": "version: 2\n", ".github/CODEOWNERS": "* @zhou\n", "site/mkdocs.yml": "site_name: x\n"}, "zhou.ning")
    org.commit({".github/dependabot.yml": None}, "zhou.ning")


# Cases


@benign
def a_long_case(org: Org) -> None:
    for number in range(25):
        org.event("main", "message", ("li.wei", "he.ping")[number % 2], direction=("to", "from")[number % 2] + "-reporter", sealed=["report"])


@benign
def a_case_of_a_public_holiday(org: Org) -> None:
    later(org, "2027-10-02")
    registered(org, "F001-0006", when=at("2027-10-02T09:05"))


@benign
def a_refusal_and_a_better_request(org: Org) -> None:
    org.event("main", "disclose", "he.ping", step="refuse", request=requested(org))
    told(org)


@benign
def two_cases_name_each_other(org: Org) -> None:
    org.event("new", "link", "li.wei", other=CASES["main"], relation="related")
    org.event("main", "link", "chen.jie", other=CASES["new"], relation="related")


@benign
def every_kind_of_evidence(org: Org) -> None:
    evidence(org)
    for by, kind in (("wang.fang", "interview"), ("zhao.min", "interview")):
        org.event("main", kind, by, person="witness", sealed=["inquiry"])
    org.event("main", "hear", "wang.fang", result="heard", sealed=["inquiry"])
    concluded(org)


@benign
def an_age_key_is_replaced_and_keyrings_with_it(org: Org) -> None:
    org.house_event("members/chen.jie.yaml", "rotate", "chen.jie", recipient=new_identity().recipient)
    texts = {case: org.text_of(case, "rekey", "chen.jie", when=org.tick(), keyring="5" * 64) for case in ("main", "new")}
    changes = {org.path(case): org.read(org.path(case)) + text for case, (_id, text) in texts.items()}
    org.commit(changes, "chen.jie", message_of("rekey: 2 cases", *(w for case, (id_, _t) in texts.items() for w in (CASES[case], id_))), when=org.clock)


@benign
def a_slip_is_found_a_month_later(org: Org) -> None:
    org.event("new", "accept", "chen.jie")
    later(org, "2026-12-21")
    org.event("new", "correct", "chen.jie", corrects=first_event(org), category="ethics", sealed=["report"])
