"""Attacks on the shape of the history: merges with something of their own, other beginnings, commits that are there no more, late branches."""

from __future__ import annotations

from datetime import timedelta

from attack import Book, Done
from consent import approve, roles
from evil import WORKFLOW, Org, at, message_of
from organisations import founding_files

attack = Book()
MAIN = "cases/2026/C0DD-0003.yaml"
NEW = "cases/2026/E0DD-0005.yaml"


def branches(org: Org) -> tuple[str, str]:
    """Two lines of work that do not touch one another: an event each."""
    base = org.head
    ours = org.event("main", "interview", "wang.fang", person="witness", sealed=["inquiry"])
    theirs = org.event("new", "accept", "chen.jie", parent=base, ref="refs/heads/side")
    return ours, theirs


@attack("A501")
def a_merge_adds_an_event(org: Org) -> str:
    ours, theirs = branches(org)
    _id, text = org.text_of("new", "decline", "chen.jie", when=org.tick(), reason="no-grounds")
    return org.merge(ours, theirs, changes={NEW: org.read(NEW, theirs) + text})


@attack("A501")
def a_merge_adds_a_case(org: Org) -> str:
    ours, theirs = branches(org)
    path, text, _id = org.new_case("F0DD-0006", "li.wei", org.tick())
    return org.merge(ours, theirs, changes={path: text})


@attack("A501")
def a_signed_merge_adds_a_member(org: Org) -> str:
    ours, theirs = branches(org)
    return org.merge(ours, theirs, by="li.wei", changes={"members/newcomer.yaml": org.member_file("newcomer", ["steward"], "li.wei", org.clock)})


@attack("A501")
def a_merge_drops_an_event(org: Org) -> str:
    ours, theirs = branches(org)
    return org.merge(ours, theirs, changes={NEW: org.read(NEW, ours)})


@attack("A501")
def a_merge_removes_a_case(org: Org) -> str:
    ours, theirs = branches(org)
    return org.merge(ours, theirs, changes={NEW: None})


@attack("A501")
def a_merge_rolls_a_case_back(org: Org) -> str:
    ours, theirs = branches(org)
    return org.merge(ours, theirs, changes={MAIN: org.read(MAIN, "HEAD~14")})


@attack("A501")
def a_merge_takes_one_side_for_all(org: Org) -> str:
    """As `git merge -s ours` does."""
    ours, theirs = branches(org)
    return org.move(org.write_commit(org.git("rev-parse", f"{ours}^{{tree}}"), [ours, theirs], "Merge branch 'side'", None))


@attack("A501")
def a_merge_mixes_both_sides_of_one_case(org: Org) -> str:
    base = org.head
    ours = org.event("main", "interview", "wang.fang", person="witness", sealed=["inquiry"])
    theirs = org.event("main", "interview", "zhao.min", person="expert", sealed=["inquiry"], parent=base, ref="refs/heads/side")
    both = org.read(MAIN, ours) + org.read(MAIN, theirs)[len(org.read(MAIN, base)) :]
    tree = org.tree({MAIN: both}, ours)
    return org.move(org.write_commit(tree, [ours, theirs], "Merge branch 'side'", None))


@attack("A501")
def a_merge_leaves_one_of_two_events_out(org: Org) -> str:
    base = org.head
    ours = org.event("main", "interview", "wang.fang", person="witness", sealed=["inquiry"])
    theirs = org.event("main", "interview", "zhao.min", person="expert", sealed=["inquiry"], parent=base, ref="refs/heads/side")
    return org.move(org.write_commit(org.git("rev-parse", f"{theirs}^{{tree}}"), [ours, theirs], "Merge branch 'side'", None))


@attack("A501")
def a_merge_changes_the_readme(org: Org) -> str:
    ours, theirs = branches(org)
    return org.merge(ours, theirs, changes={"README.md": "Report to me instead.\n"})


@attack("A501")
def a_merge_changes_a_workflow(org: Org) -> str:
    ours, theirs = branches(org)
    return org.merge(ours, theirs, changes={WORKFLOW: "jobs: {leak: {}}\n"})


@attack("A501")
def a_merge_takes_an_old_workflow_back(org: Org) -> str:
    theirs = org.event("new", "accept", "chen.jie", parent=org.rev("HEAD~1"), ref="refs/heads/side")
    return org.merge(org.head, theirs, changes={WORKFLOW: org.read(WORKFLOW, "HEAD~1")})


@attack("A501")
def a_merge_takes_a_new_workflow_out(org: Org) -> str:
    theirs = org.event("new", "accept", "chen.jie", parent=org.rev("HEAD~2"), ref="refs/heads/side")
    return org.merge(org.head, theirs, changes={WORKFLOW: None})


@attack("A501")
def a_merge_makes_a_record_run(org: Org) -> str:
    ours, theirs = branches(org)
    return org.merge(ours, theirs, changes={NEW: ("100755", org.git("rev-parse", f"{theirs}:{NEW}"))})


@attack("A501")
def an_octopus_with_something_of_its_own(org: Org) -> str:
    base = org.head
    ours, theirs = branches(org)
    third = org.commit({"README.md": "# Works\n"}, "zhou.ning", parents=[base], ref="refs/heads/third")
    return org.merge(ours, theirs, third, changes={"members/newcomer.yaml": org.member_file("newcomer", ["steward"], "zhou.ning", org.clock)})


@attack("A501")
def a_merge_of_one_parent_twice(org: Org) -> str:
    tree = org.tree({"README.md": "Report to me instead.\n"})
    return org.move(org.write_commit(tree, [org.head, org.head], "Merge", None, literally=True))


@attack("A501")
def a_merge_with_its_own_past(org: Org) -> str:
    return org.move(org.write_commit(org.git("rev-parse", "HEAD~4^{tree}"), [org.head, org.rev("HEAD~4")], "Merge", None))


@attack("A104")
def a_forgery_comes_in_by_a_merge(org: Org) -> str:
    base = org.head
    forged = org.event("new", "accept", "chen.jie", signer="li.wei", ref="refs/heads/side")
    ours = org.event("main", "interview", "wang.fang", person="witness", sealed=["inquiry"], parent=base)
    org.merge(ours, forged)
    return forged


# Branches from before


@attack("A103")
def a_key_of_somebody_who_left_signs_on_a_branch_from_before(org: Org) -> str:
    left = org.git("log", "--format=%H", "--grep", "^leave: members/gao.lan", "-1")
    path, text, id_ = org.new_case("F0DD-0006", "gao.lan", at("2022-02-28T09:00"), policy=1)
    sha = org.commit(
        {path: text}, "gao.lan", message_of("receive", "F0DD-0006", id_), when=at("2022-02-28T09:00"), parents=[org.rev(f"{left}~1")], ref="refs/heads/side"
    )
    org.merge(org.head, sha)
    return sha


def rotated(org: Org) -> str:
    """The commit before wang.fang lost her first key, among cases that still run."""
    org.house_event("members/wang.fang.yaml", "rotate", "zhou.ning", signing=[org.public("stranger")])
    return approve(org, "wang.fang", "sun.li")


@attack("A103")
def a_lost_key_signs_on_a_branch_from_before_it_was_replaced(org: Org) -> str:
    base = org.head
    ours = rotated(org)
    theirs = org.event("main", "interview", "wang.fang", person="witness", sealed=["inquiry"], parent=base, ref="refs/heads/side")
    org.merge(ours, theirs)
    return theirs


@attack("A103")
def a_lost_key_signs_on_a_branch_that_comes_first_in_the_merge(org: Org) -> str:
    base = org.head
    ours = rotated(org)
    theirs = org.event("main", "interview", "wang.fang", person="witness", sealed=["inquiry"], parent=base, ref="refs/heads/side")
    org.merge(theirs, ours)
    return theirs


@attack("T103")
def a_role_is_used_on_a_branch_after_it_was_taken_away(org: Org) -> Done:
    base = org.head
    roles(org, "chen.jie", "zhou.ning", "supervisor")
    ours = approve(org, "chen.jie", "sun.li")
    theirs = org.event("new", "accept", "chen.jie", parent=base, ref="refs/heads/side")
    return Done(org.merge(ours, theirs))


@attack("A302")
def an_event_is_dated_back_by_a_branch(org: Org) -> str:
    """Two weeks late, on a branch from two weeks ago."""
    base = org.git("log", "--format=%H", "--grep", "^interview", "-1")
    sha = org.event("main", "interview", "zhao.min", person="expert", sealed=["inquiry"], parent=base, ref="refs/heads/side", when=at("2026-11-05T10:00"))
    return org.merge(org.head, sha)


# Beginnings and ends


def another_history(org: Org) -> str:
    """Another organisation, founded by a stranger alone."""
    when = at("2022-01-05T09:00")
    tree = org.tree(founding_files(org, "stranger", when), None)
    return org.write_commit(tree, [], "found: house", "stranger", when=when)


@attack("A502", "A501")
def a_history_of_its_own_is_merged(org: Org) -> str:
    other = another_history(org)
    org.move(org.write_commit(org.git("rev-parse", "HEAD^{tree}"), [org.head, other], "Merge", None))
    return other


@attack("A502", "A308")
def a_member_comes_in_by_a_history_of_its_own(org: Org) -> str:
    when = at("2022-01-05T09:00")
    data = org.member_file("stranger", ["steward"], "stranger", when)
    other = org.write_commit(org.tree({"members/stranger.yaml": data}, None), [], "found", "stranger", when=when)
    tree = org.tree({"members/stranger.yaml": data})
    org.move(org.write_commit(tree, [org.head, other], "Merge", None))
    return other


@attack("A503")
def a_history_begins_anew(org: Org) -> Done:
    root = org.git("rev-list", "--max-parents=0", "HEAD")
    sha = org.move(another_history(org))
    return Done(sha, ["--root", root])


@attack("A504")
def a_history_begins_anew_and_the_clone_remembers(org: Org) -> Done:
    assert org.audit("memory").code == 0
    before = org.head
    org.move(another_history(org))
    return Done(before, ["memory"])


@attack("A504")
def a_history_is_taken_back_and_the_clone_remembers(org: Org) -> Done:
    assert org.audit("memory").code == 0
    before = org.head
    org.git("reset", "-q", "--hard", "HEAD~3")
    return Done(before, ["memory"])


@attack("A504")
def a_history_is_taken_back_and_told_anew(org: Org) -> Done:
    assert org.audit("memory").code == 0
    before = org.head
    org.git("reset", "-q", "--hard", "HEAD~3")
    org.commit({"README.md": "# Works\n"}, "zhou.ning")
    return Done(before, ["memory"])


@attack("A504")
def a_history_is_taken_back_behind_a_commit_that_was_noted(org: Org) -> Done:
    before = org.head
    org.git("reset", "-q", "--hard", "HEAD~1")
    return Done(before, ["--since", before])


@attack("A504")
def another_line_is_shown_than_the_one_that_was_noted(org: Org) -> Done:
    ours, theirs = branches(org)
    org.move(theirs)
    return Done(ours, ["--since", ours])


@attack("A504")
def a_branch_named_like_the_commit_that_was_noted(org: Org) -> Done:
    """`git rev-parse` would take the branch for the commit."""
    before = org.head
    org.git("reset", "-q", "--hard", "HEAD~1")
    org.git("update-ref", f"refs/heads/{before[:12]}", "HEAD")
    return Done(before, ["--since", before[:12]])


@attack("", code=2, error="--root")
def a_branch_named_like_the_first_commit(org: Org) -> Done:
    root = org.git("rev-list", "--max-parents=0", "HEAD")
    org.move(another_history(org))
    org.git("update-ref", f"refs/heads/{root[:12]}", org.head)
    return Done(None, ["--root", root[:12]])


@attack("A304")
def a_time_limit_is_kept_by_the_events_own_time_alone(org: Org) -> Done:
    """A warning: it may be honest."""
    path, text, id_ = org.new_case("F0DD-0006", "li.wei", at("2026-11-19T11:00"))
    org.commit({path: text}, "li.wei", message_of("receive", "F0DD-0006", id_), when=at("2026-11-19T11:00"))
    _id, event = org.text_of("new", "acknowledge", "li.wei", when=at("2026-11-19T12:00"), result="delivered")
    sha = org.commit({path: text + event}, "li.wei", message_of("acknowledge", "F0DD-0006", _id), when=at("2026-11-19T11:00") + timedelta(hours=25))
    return Done(sha, ["--strict"])


@attack("A304")
def a_time_limit_is_kept_on_a_branch_that_comes_in_after_it(org: Org) -> Done:
    """The commit on the side says itself when it was made; the merge says when everybody could see it. A warning: it may be honest."""
    path, text, id_ = org.new_case("F0DD-0007", "li.wei", at("2026-11-19T11:00"))
    base = org.commit({path: text}, "li.wei", message_of("receive", "F0DD-0007", id_), when=at("2026-11-19T11:00"))
    _id, event = org.text_of("new", "acknowledge", "li.wei", when=at("2026-11-20T10:50"), result="delivered")
    side = org.commit({path: text + event}, "li.wei", message_of("acknowledge", "F0DD-0007", _id), when=at("2026-11-20T10:50"))
    org.move(base)
    sha = org.merge(org.head, side, when=at("2026-11-20T11:55"))
    return Done(sha, ["--strict"])
